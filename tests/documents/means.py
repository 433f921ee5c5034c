"""How is a block checked that cannot run here? By its syntax, its commands, and the tests that ask the programs which read it.

Those programs judge without doing anything: `systemd-analyze verify`, `docker stack config`, a Mosquitto on the written files.
"""

import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from tests.documents.blocks import ROOT, Block

_TESTS_BY_NEED: Final = {
    "systemd": ("tests/integration/admin/test_service.py",),
    "docker": ("tests/integration/admin/test_containers.py",),
    "root": ("tests/integration/broker/test_system_mosquitto.py",),
}


def check_by_own_means(blocks: Sequence[Block]) -> list[str]:
    """Run the tests that stand for blocks which need root, systemd or Docker; says which failed."""
    needed = {block.needs for block in blocks if block.needs is not None}
    paths = sorted({path for need in needed for path in _TESTS_BY_NEED.get(need, ())})
    if not paths:
        return []
    print(f"==> pytest {' '.join(paths)}", flush=True)
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", *paths], cwd=ROOT, check=False)
    return [] if done.returncode == 0 else [f"pytest {' '.join(paths)} ended with status {done.returncode}"]

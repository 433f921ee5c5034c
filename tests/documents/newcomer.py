"""How far has a newcomer come? The commands up to the first point of a rig are counted, and the page is asked for the point."""

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from admin.system import System
from tests.documents.blocks import Block
from tests.documents.machines import BlockFailedError

MOST_COMMANDS: Final = 8
PATIENCE_S: Final = 180.0


def count_commands(blocks: Sequence[Block]) -> int:
    """How many commands README gives from two fresh clones to the first point of a rig."""
    return sum(len(block.commands) for block in blocks if block.is_path)


def wait_for_first_point(folder: Path) -> None:
    """Wait until the page of the system in a folder has a point for the person who runs it; raises BlockFailedError."""
    system = System(folder)
    viewer = system.settings()["viewer"]
    login = f"ops:{system.password_file('ops').read_text('utf-8').strip()}".encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{viewer['port']}/projects/{viewer['projects'][0]}/status",
        headers={"Authorization": f"Basic {base64.b64encode(login).decode()}"},
    )
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - http, above
                cloud = json.load(answer)["cloud"]
        except (urllib.error.URLError, TimeoutError):
            cloud = None
        if cloud is not None and cloud["point_count"] > 0:
            return
        time.sleep(0.5)
    raise BlockFailedError(f"the page has no point {PATIENCE_S:.0f} s after the last command of the way to it")

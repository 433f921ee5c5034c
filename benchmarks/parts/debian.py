"""Where does a program of Debian's come from that need not be installed? apt downloads it with what it needs; nothing is set up.

An installed package would start a service of its own; an unpacked one does nothing until we start it.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from broker.errors import CairnError

UNPACKED: Final = Path(__file__).parents[2] / "build" / "debian"
_APT_TIMEOUT_S: Final = 300


class PackageMissingError(CairnError):
    """A package of Debian's is neither installed nor to be had."""

    code = "package_missing"
    remedy = "Run it on Debian or Ubuntu with a network, after `apt-get update`; or install the package."


def root_of(package: str, program: str) -> Path:
    """The folder below which a package lies: `/` when it is installed, else where it is unpacked, now or before.

    Args:
        package: the package's name.
        program: a file of it, without the leading slash.

    Raises:
        PackageMissingError: apt does not give it.
    """
    if (Path("/") / program).exists():
        return Path("/")
    root = UNPACKED / package
    if not (root / program).exists():
        _unpack(package, root)
    if not (root / program).exists():
        raise PackageMissingError(f"Debian's package {package} has no {program}: this release is not supported")
    return root


def _unpack(package: str, root: Path) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent) as name:
        folder = Path(name)
        plan = _run(["apt-get", "install", "--simulate", "--no-install-recommends", package], folder)
        lacking = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
        _run(["apt-get", "download", "-qq", *lacking], folder)
        for archive in sorted(folder.glob("*.deb")):
            _run(["dpkg-deb", "--extract", str(archive), "root"], folder)
        shutil.rmtree(root, ignore_errors=True)
        (folder / "root").rename(root)


def _run(words: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env=os.environ | {"LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=_APT_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        said = (getattr(exc, "stderr", None) or str(exc)).strip().splitlines()
        raise PackageMissingError(
            f"{words[0]} failed: {said[-1] if said else 'it said nothing'}; run `apt-get update` first"
        ) from exc
    return done.stdout

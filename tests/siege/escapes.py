"""What left the place where it belongs? Files, another project's bytes, and signs that a terminal would obey."""

import hashlib
import re
from pathlib import Path
from typing import Final

from broker.accounts.audit import FILE_NAME, LOCK_NAME
from tests.siege.programs import CASTLE, CHAPEL, Programs

# C0 but tab and newline, DEL and C1; and the marks that turn the direction of writing.
OBEYED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
FOREIGN_FILES: Final = (b"root:x:0:0", b"repositoryformatversion")
_IMAGE_SUFFIXES: Final = {".jpg", ".png", ".webp", ".tif"}
_SCRIPT_RAN: Final = Path("/tmp/escaped")  # noqa: S108 - what the hostile script in `images` would make


class LogReader:
    """Reads what the logs gained, and finds the signs in it that no log may have."""

    def __init__(self, logs: list[Path]) -> None:
        self._offsets = dict.fromkeys(logs, 0)

    def found(self) -> list[str]:
        """Describe each new line with such a sign."""
        lines = []
        for path, offset in self._offsets.items():
            with path.open("rb") as file:
                file.seek(offset)
                gained = file.read()
            self._offsets[path] = offset + len(gained)
            text = gained.decode("utf-8", "surrogateescape")
            lines += [f"{path.stem}'s log has {ascii(line)[:200]}" for line in text.split("\n") if OBEYED.search(line)]
        return lines


class Files:
    """Knows which files may be there, and finds those that may not."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._canary = programs.canary.read_bytes()
        self._top = {path.name for path in programs.folder.iterdir()} | {"rig"}
        self._data = {path.name for path in programs.data.iterdir()} | {CHAPEL, CASTLE, FILE_NAME, LOCK_NAME}
        self._was_script_there = _SCRIPT_RAN.exists()

    def found(self, castle_digests: set[str]) -> list[str]:
        """Describe each file outside of the projects' folders, and each of castle's images that castle was not sent."""
        programs = self._programs
        strange = [path for path in programs.folder.iterdir() if path.name not in self._top]
        strange += [path for path in programs.data.iterdir() if path.name not in self._data]
        strange += [path for path in programs.canary.parent.iterdir() if path != programs.canary]
        strange += [] if self._was_script_there else [path for path in (_SCRIPT_RAN,) if path.exists()]
        lines = [f"a file outside of its project: {str(path)!a}" for path in strange]
        if programs.canary.read_bytes() != self._canary:
            lines.append("the file outside of every project was changed")
        castle = [path for path in (programs.data / CASTLE).rglob("*") if path.suffix in _IMAGE_SUFFIXES]
        foreign = [path for path in castle if _digest(path) not in castle_digests]
        return lines + [f"castle has an image that was not sent to it: {path.name!a}" for path in foreign]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

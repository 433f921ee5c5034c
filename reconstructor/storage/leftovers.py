"""What lies in a project's folder that nothing needs any more? Older versions of the cloud, copies, unfinished files.

A photograph is never among it: nothing below `images/`, `previews/` and `uploads/` counts, and nothing that the database names.
Beside it lie the folders of killed commands; see `reconstructor.storage.interrupted`.
"""

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.files import UNFINISHED
from reconstructor.storage.database import COPY_INFIX
from reconstructor.storage.interrupted import interrupted
from reconstructor.storage.read_only import ReadOnlyStore
from reconstructor.storage.room import size_of

YOUNGEST_S: Final = 3600.0  # a file that a running service is writing is younger
_YOUNGEST_FOLDER_S: Final = 86_400.0  # a running backup reads for hours what it staged at its beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """One file or folder that may go.

    Attributes:
        what: in words.
        age_s: since it was changed.
    """

    path: Path
    what: str
    size_bytes: int
    age_s: float


def leftovers(folder: Path, *, older_than_s: float, now_s: float) -> list[Leftover]:
    """What may be removed of a project's folder, also beside a running service; nothing younger than an hour, of commands a day.

    Args:
        folder: the project's.
        older_than_s: the least age.
        now_s: the time, seconds of the wall clock.

    Raises:
        StoreError: there is no such project.
    """
    found = []
    for path, what in _candidates(folder):
        with contextlib.suppress(OSError):  # gone by now
            state = path.lstat()
            age_s = now_s - state.st_mtime
            youngest_s = _YOUNGEST_FOLDER_S if path.name.startswith(".") else YOUNGEST_S
            if age_s >= max(older_than_s, youngest_s):
                size_bytes = size_of(path) if path.is_dir() else state.st_size
                found.append(Leftover(path=path, what=what, size_bytes=size_bytes, age_s=age_s))
    return found


def remove(found: Iterable[Leftover]) -> int:
    """Remove leftovers as far as the disk lets us; returns how many bytes are free again."""
    freed_bytes = 0
    for each in found:
        if each.path.is_dir() and not each.path.is_symlink():
            shutil.rmtree(each.path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                each.path.unlink()
        freed_bytes += 0 if each.path.exists() else each.size_bytes
    return freed_bytes


def _candidates(folder: Path) -> Iterator[tuple[Path, str]]:
    store = ReadOnlyStore(folder=folder)
    named = store.generations()
    newest = store.newest()
    for path in sorted((folder / "generations").glob("*")):
        if path.name.isdecimal() and int(path.name) not in named:
            yield path, "an older version of the cloud"
    present = f"merged-{newest[0]}-{newest[1]}.ply" if newest else ""
    for path in sorted(folder.glob("merged-*.ply")):
        if path.name != present:
            yield path, "an older cloud in one file"
    for path in sorted(folder.glob(f"store{COPY_INFIX}*.sqlite")):
        yield path, "the database before a migration"
    for path in sorted([*folder.glob(f"*{UNFINISHED}"), *(folder / "generations").glob(f"*/*{UNFINISHED}")]):
        yield path, "an unfinished file"
    yield from interrupted(folder)

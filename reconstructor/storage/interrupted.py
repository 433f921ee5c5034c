"""What do commands leave behind that were killed? Folders with a dot, beside a project or in it; each begins with a word.

The only copy of a photograph is never among what may go: a copy that became complete stays, and so does a folder that was moved
away, unless the project that it became has every photograph of it.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.read_only import DATABASE_NAME, ReadOnlyStore

BACKUP: Final = ".backup-"  # links to a project's files
RESTORE: Final = ".restore-"  # what was unpacked of a backup
MOVING: Final = ".moving-"  # a copy in the other service's folder, not complete
MOVED: Final = ".moved-"  # a project whose copy is in place
DELETED: Final = ".deleted-"  # a project that a person deleted or archived
REOPENED: Final = ".reopened-"  # in a project: `reconstructor.engine.read_only_copy`
_TARGET: Final = "moved_to"
_WHAT: Final = {
    BACKUP: "an unfinished backup",
    RESTORE: "an unfinished restore",
    MOVING: "an unfinished move",
    MOVED: "a project that was moved",
    DELETED: "a deleted project",
    REOPENED: "an engine's unfinished copy",
}


def interrupted(folder: Path) -> Iterator[tuple[Path, str]]:
    """What killed commands left in a project's folder and beside it, with words for it."""
    for prefix, what in _WHAT.items():
        for path in sorted((folder if prefix == REOPENED else folder.parent).glob(f"{prefix}*")):
            if _may_go(path, prefix):
                yield path, what


def note_target(put_away: Path, target: Path) -> None:
    """Write into the folder of a moved project where the project is now; without the note the folder stays."""
    with contextlib.suppress(OSError):
        (put_away / _TARGET).write_bytes(os.fsencode(target.resolve()))


def note_progress(folder: Path) -> None:
    """Let the age of a folder count from now: a command works on it, or it was put away now."""
    with contextlib.suppress(OSError):  # it may have another owner
        os.utime(folder)


def _may_go(path: Path, prefix: str) -> bool:
    if prefix == MOVING:
        return not (
            path / DATABASE_NAME
        ).exists()  # the database comes last, shortly before the other folder is put away
    return prefix != MOVED or _has_moved(path)


def _has_moved(put_away: Path) -> bool:
    """Whether the project that a folder became has every photograph of it, also those of which only a preview came."""
    try:
        target = Path(os.fsdecode((put_away / _TARGET).read_bytes()))
        store = ReadOnlyStore(folder=target)
        there = {image.image_id: image for image in store.images()}
        previews = [image for image in ReadOnlyStore(folder=put_away).images() if not image.has_original]
        return (
            target.resolve() != put_away.resolve()
            and all(
                path.stat().st_size == (target / "images" / path.name).stat().st_size
                for path in (put_away / "images").iterdir()
            )
            and all(image.image_id in there and store.path(there[image.image_id]).is_file() for image in previews)
        )
    except (OSError, StoreError):  # no such note, no such project, or a file is missing
        return False

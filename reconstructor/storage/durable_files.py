"""How does the store write? Durably (`broker.files`), with the disk's troubles translated into errors of ours."""

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from broker import files as files_on_disk
from broker.errors import CairnError
from broker.files import UNFINISHED

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class StoreError(CairnError):
    """The disk fails."""

    code = "store_failed"
    remedy = "Check the data folder's disk and owner."


class DiskFullError(StoreError):
    """The disk is full; the same call may succeed later."""

    code = "disk_full"
    remedy = "Free some space; images wait on their rigs meanwhile."


def write_durably(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write several files of one folder; they survive a power cut, and none is ever incomplete.

    Raises:
        DiskFullError: there is no room.
        StoreError: another trouble with the disk.
    """
    try:
        files_on_disk.write_durably(folder, files)
    except OSError as exc:
        raise translate(exc) from exc


def make_folder(folder: Path) -> Path:
    """Make a folder whose name outlives a power cut; raises like `write_durably`."""
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            files_on_disk.sync(folder.parent)
    except OSError as exc:
        raise translate(exc) from exc
    return folder


def remove_unfinished(folder: Path) -> int:
    """Remove what a crash left half written below a folder; returns how many files."""
    left = [path for path in folder.rglob(f"*{UNFINISHED}") if path.is_file()]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def translate(exc: OSError) -> StoreError:
    """The store error for an operating system error."""
    if exc.errno in _FULL:
        where = f" ({exc.filename})" if exc.filename else ""  # a write does not say of which file it was
        return DiskFullError(f"the disk is full{where}: free some space, images wait meanwhile")
    return StoreError(f"cannot use {exc.filename or 'the disk'}: {exc.strerror}; check the folder's disk and owner")

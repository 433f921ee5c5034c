"""How does a file come to rest on the disk? Written aside, synced, renamed, its folder synced: whole or not there."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from broker.errors import CairnError

UNFINISHED: Final = ".tmp"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class StoreError(CairnError):
    """The disk does not do what is asked of it."""

    code = "store_failed"


class DiskFullError(StoreError):
    """No room; what was asked for can be asked again later."""

    code = "disk_full"


def write_durably(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write several files of one folder; when it returns they outlive a power cut, when it raises none is half there.

    Raises:
        DiskFullError: there is no room.
        StoreError: another trouble with the disk.
    """
    try:
        for name, payload in files.items():
            _write(folder / (name + UNFINISHED), payload)
        for name in files:  # after all are written: the first sync carries most of the others along
            _sync(folder / (name + UNFINISHED))
        for name in files:
            os.replace(folder / (name + UNFINISHED), folder / name)  # noqa: PTH105 - one module, one set of calls to watch
        _sync(folder)
    except OSError as exc:
        raise translate(exc) from exc


def make_folder(folder: Path) -> Path:
    """Make a folder whose name outlives a power cut; raises like `write_durably`."""
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            _sync(folder.parent)
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
    """The error of ours that an operating system's error becomes."""
    if exc.errno in _FULL:
        return DiskFullError(f"the disk is full ({exc.filename}): free some space, images wait meanwhile")
    return StoreError(f"cannot use {exc.filename}: {exc.strerror}; check the folder's disk and owner")


def _write(path: Path, payload: bytes) -> None:
    with path.open("wb") as file:
        file.write(payload)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

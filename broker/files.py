"""How is a file written so that a power cut cannot harm it? Temporary file, fsync, rename, fsync of the folder."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

UNFINISHED: Final = ".tmp"


def write_durably(folder: Path, files: Mapping[str, bytes], *, mode: int = 0o644) -> None:
    """Write several files of one folder; when it returns they outlive a power cut, when it raises none is half there.

    Raises:
        OSError: the disk does not take them.
    """
    for name, payload in files.items():
        write_bytes(folder / (name + UNFINISHED), payload, mode)
    # After all are written: the first sync carries most of the others along.
    for name in files:
        sync(folder / (name + UNFINISHED))
    for name in files:
        os.replace(folder / (name + UNFINISHED), folder / name)  # noqa: PTH105 - one set of calls to watch
    sync(folder)


def write_bytes(path: Path, payload: bytes, mode: int = 0o644) -> None:
    """Write a file that only its owner may read when the mode says so; not yet durable."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        view = memoryview(payload)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def keep_private() -> None:
    """Let this process and its children make files and folders that their owner alone may read."""
    os.umask(0o077)


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

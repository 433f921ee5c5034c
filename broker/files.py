"""How is a file written so that a power cut cannot harm it? Temporary file, fsync, rename, fsync of the folder."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


@contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Let root write as the owner of a folder: a service that runs as another user must read what its command lines write.

    For everybody else it does nothing.
    """
    found = folder.stat()
    if os.geteuid() != 0 or found.st_uid == 0:
        yield
        return
    group = os.getegid()
    os.setegid(found.st_gid)
    os.seteuid(found.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

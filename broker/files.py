"""How is a file written so that a power cut cannot harm it? Temporary file, fsync, rename, fsync of the folder."""

import fcntl
import os
import shutil
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
    try:
        descriptor = _create(path, mode)
    except FileExistsError:  # left by a power cut
        path.unlink()
        descriptor = _create(path, mode)
    try:
        view = memoryview(payload)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def append(path: Path, line: bytes, mode: int = 0o600) -> None:
    """Add to a file in one write; a new one belongs to the owner of the folder. Raises OSError."""
    try:
        descriptor = _create(path, mode)
    except FileExistsError:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "ab") as file:
        file.write(line)


def earlier(path: Path) -> Path:
    """Where `bound` keeps what a log said before."""
    return path.with_name(f"{path.name}.1")


def bound(path: Path, most_bytes: int) -> None:
    """Keep the log of a running program small: above this size copy it aside and empty it.

    The program must append (O_APPEND); a line that it writes at this moment may be lost.

    Raises:
        OSError: the disk does not take the copy; the log and its earlier copy stay as they are.
    """
    if not path.exists() or path.stat().st_size <= most_bytes:
        return
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        shutil.copy(path, unfinished)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    unfinished.replace(earlier(path))
    os.truncate(path, 0)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file while the block runs: two programs do not change the files beside it at once."""
    try:
        descriptor = _create(path, 0o600)
    except FileExistsError:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _create(path: Path, mode: int) -> int:
    """Create a file; what root creates belongs to the owner of the folder.

    So a service that runs as another user can read what its command lines write as root. O_EXCL and O_NOFOLLOW, because
    that user could have put a link there.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(descriptor, folder.st_uid, folder.st_gid)
    return descriptor


def give_to_owner_of_folder(path: Path) -> None:
    """Give what root made there to the owner of the folder; for others it does nothing."""
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid, follow_symlinks=False)


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

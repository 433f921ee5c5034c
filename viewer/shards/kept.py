"""Which shards lie on the page server's disk? Those asked for last, each in a file of its own, within a limit."""

import asyncio
import contextlib
import fcntl
import itertools
import os
import shutil
import tempfile
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from broker.errors import CairnError

_PREFIX: Final = "cairn-shards-"
_TRIES: Final = 3


class NoRoomForShardsError(CairnError):
    """The page server's disk takes no shard."""

    code = "no_room_for_shards"
    remedy = "Free the disk, or set viewer.shard_cache_folder to another one; shards come over MQTT meanwhile."


class KeptShards:
    """A folder of its own that is locked while the program runs and removed at its end; a context manager.

    Args:
        parent: where the folder is made; None: the system's place for temporary files.
        bytes_limit: how much is kept.
    """

    def __init__(self, parent: Path | None, bytes_limit: int) -> None:
        self._parent, self._bytes_limit = parent, bytes_limit
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._locked: int | None = None
        self._writing, self._write_numbers = asyncio.Lock(), itertools.count()
        self.size_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()
        if self._locked is not None:
            os.close(self._locked)
        self._folder, self._locked, self._sizes, self.size_bytes = None, None, OrderedDict(), 0

    def remove_leftovers(self) -> None:
        """Remove the folders of programs that were killed: those of our user that nobody holds."""
        with contextlib.suppress(OSError):
            for folder in Path(self._parent or tempfile.gettempdir()).glob(f"{_PREFIX}*"):
                with contextlib.suppress(OSError):
                    descriptor = _lock(folder)
                    try:
                        shutil.rmtree(folder, ignore_errors=True)
                    finally:
                        os.close(descriptor)

    def path(self, name: str) -> Path | None:
        """The file of a shard; None when it is not kept."""
        if name not in self._sizes or self._folder is None:
            return None
        self._sizes.move_to_end(name)
        return Path(self._folder.name) / name

    async def keep(self, name: str, payload: bytes) -> Path:
        """Write a shard whose digest was checked; those asked for longest ago give way.

        One that is kept already is not written again: somebody may be reading it.

        Raises:
            NoRoomForShardsError: the disk does not take it; nothing of it stays.
        """
        async with self._writing:
            if (there := self.path(name)) is not None:
                return there
            path = await asyncio.to_thread(self._write, name, payload)
            self.size_bytes += len(payload)
            self._sizes[name] = len(payload)
            while self.size_bytes > self._bytes_limit and len(self._sizes) > 1:  # the newest is about to be sent
                oldest, size_bytes = self._sizes.popitem(last=False)
                self.size_bytes -= size_bytes
                with contextlib.suppress(OSError):
                    path.with_name(oldest).unlink()
            return path

    def _write(self, name: str, payload: bytes) -> Path:
        """Write a file in the folder, which is made for the first one; raises NoRoomForShardsError."""
        part = None
        try:
            folder = self._opened()
            part = folder / f"part-{next(self._write_numbers)}"
            part.write_bytes(payload)
            return part.replace(folder / name)
        except OSError as exc:
            if part is not None:
                with contextlib.suppress(OSError):
                    part.unlink()
            raise NoRoomForShardsError(f"cannot keep a shard on this disk: {exc.strerror or exc}") from exc

    def _opened(self) -> Path:
        """The folder, locked; another program that removes leftovers may take one before it is."""
        for _ in range(_TRIES):
            if self._folder is not None:
                break
            if self._parent is not None:
                self._parent.mkdir(parents=True, exist_ok=True)
            made = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=self._parent, ignore_cleanup_errors=True)
            with contextlib.suppress(FileNotFoundError, BlockingIOError):
                self._locked, self._folder = _lock(Path(made.name)), made
        if self._folder is None:
            raise BlockingIOError
        return Path(self._folder.name)


def _lock(folder: Path) -> int:
    """Lock a folder of our user; returns what to close. Raises OSError, also when somebody else holds it or removed it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            raise PermissionError
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not folder.exists():
            raise FileNotFoundError
    except OSError:
        os.close(descriptor)
        raise
    return descriptor

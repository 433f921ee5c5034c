"""Which shards lie on the page server's disk? Those asked for last, each in a file of its own, within a limit."""

import contextlib
import tempfile
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import Self

from broker.errors import CairnError


class NoRoomForShardsError(CairnError):
    """The page server's disk takes no shard."""

    code = "no_room_for_shards"
    remedy = "Free the disk, or set viewer.shard_cache_folder to another one; shards come over MQTT meanwhile."


class KeptShards:
    """A folder of its own that is removed at the end; a context manager.

    Args:
        parent: where the folder is made; None: the system's place for temporary files.
        bytes_limit: how much is kept.
    """

    def __init__(self, parent: Path | None, bytes_limit: int) -> None:
        self._parent, self._bytes_limit = parent, bytes_limit
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.size_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()
        self._folder, self._sizes, self.size_bytes = None, OrderedDict(), 0

    def path(self, name: str) -> Path | None:
        """The file of a shard; None when it is not kept."""
        if name not in self._sizes or self._folder is None:
            return None
        self._sizes.move_to_end(name)
        return Path(self._folder.name) / name

    def keep(self, name: str, payload: bytes) -> Path:
        """Write a shard whose digest was checked; those asked for longest ago give way.

        One that is kept already is not written again: somebody may be reading it.

        Raises:
            NoRoomForShardsError: the disk does not take it; nothing of it stays.
        """
        if (there := self.path(name)) is not None:
            return there
        path = None
        try:
            if self._folder is None:
                if self._parent is not None:
                    self._parent.mkdir(parents=True, exist_ok=True)
                self._folder = tempfile.TemporaryDirectory(prefix="cairn-shards-", dir=self._parent)
            path = Path(self._folder.name) / name
            path.write_bytes(payload)
        except OSError as exc:
            if path is not None:
                with contextlib.suppress(OSError):
                    path.unlink()
            raise NoRoomForShardsError(f"cannot keep a shard on this disk: {exc.strerror or exc}") from exc
        self.size_bytes += len(payload)
        self._sizes[name] = len(payload)
        while self.size_bytes > self._bytes_limit and len(self._sizes) > 1:  # the newest is about to be sent
            oldest, size_bytes = self._sizes.popitem(last=False)
            self.size_bytes -= size_bytes
            with contextlib.suppress(OSError):
                path.with_name(oldest).unlink()
        return path

"""Where do depth maps live between uses? A disk-backed cache: an unlinked file, and the 64 MiB used last in memory.

The depth maps of 200 images of 612 x 408 pixels take 250 MB, and twice that during a refetch.
"""

import os
import tempfile
import weakref
from collections import OrderedDict, deque
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

import numpy as np
import torch

from reconstructor.engine.mvs.packed_depth import PackedDepth

_IN_MEMORY_BYTES: Final = 64 * 1024 * 1024


class CachedDepth(Protocol):
    """A depth map in the cache: in memory or on disk."""

    def load(self) -> PackedDepth:
        """Read the depth map."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """A depth map's place in the file, and its values that are not arrays."""

    offset: int
    shape: tuple[int, int]
    lowest: float
    octaves: float
    device: torch.device

    @property
    def size_bytes(self) -> int:
        height, width = self.shape
        return 4 * height * width


class DepthCache:
    """A least-recently-used cache for the depth maps of one engine; safe to use from several threads.

    Args:
        folder: where the file is created; it is unlinked at once, so it disappears with the process.
        in_memory_bytes: how much of what was used last stays in memory.
    """

    def __init__(self, folder: Path, *, in_memory_bytes: int = _IN_MEMORY_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file, name = tempfile.mkstemp(prefix=".depth-cache-", dir=folder)
        Path(name).unlink()
        weakref.finalize(self, os.close, self._file)
        self._in_memory_bytes = in_memory_bytes
        self._lock = Lock()
        self._end = 0
        self._free: dict[int, list[int]] = {}  # offsets by size
        # Records whose `_CachedOnDisk` was collected; the garbage collector appends to it without the lock.
        self.left: deque[_Record] = deque()
        self._recent: OrderedDict[int, PackedDepth] = OrderedDict()  # by offset
        self._recent_bytes = 0

    def store(self, kept: PackedDepth) -> CachedDepth:
        """Write a depth map to the file; if the disk is full it stays in memory."""
        height, width = kept.inverse_depth.shape
        with self._lock:
            record = _Record(
                offset=self._room(4 * height * width),
                shape=(height, width),
                lowest=kept.lowest,
                octaves=kept.octaves,
                device=kept.inverse_depth.device,
            )
        body = b"".join(each.cpu().numpy().tobytes() for each in kept.codes)
        if not self._write(body, record.offset):
            self.left.append(record)
            return kept
        self._note(record, kept)
        return _CachedOnDisk(self, record)

    def read(self, record: _Record) -> PackedDepth:
        """Read the depth map of a record, from memory if it was used recently."""
        with self._lock:
            if (kept := self._recent.get(record.offset)) is not None:
                self._recent.move_to_end(record.offset)
                return kept
        body = np.frombuffer(bytearray(os.pread(self._file, record.size_bytes, record.offset)), np.uint8)
        depths, deviations, confidences = np.split(body, [body.size // 2, 3 * body.size // 4])
        kept = PackedDepth(
            inverse_depth=torch.from_numpy(depths.view(np.int16).reshape(record.shape)).to(record.device),
            log_deviation=torch.from_numpy(deviations.reshape(record.shape)).to(record.device),
            confidence=torch.from_numpy(confidences.reshape(record.shape)).to(record.device),
            lowest=record.lowest,
            octaves=record.octaves,
        )
        self._note(record, kept)
        return kept

    def _write(self, body: bytes, offset: int) -> bool:
        try:
            return os.pwrite(self._file, body, offset) == len(body)
        except OSError:
            return False

    def _room(self, size_bytes: int) -> int:
        while self.left:
            record = self.left.popleft()
            if self._recent.pop(record.offset, None) is not None:
                self._recent_bytes -= record.size_bytes
            self._free.setdefault(record.size_bytes, []).append(record.offset)
        if offsets := self._free.get(size_bytes):
            return offsets.pop()
        self._end += size_bytes
        return self._end - size_bytes

    def _note(self, record: _Record, kept: PackedDepth) -> None:
        with self._lock:
            if record.offset not in self._recent:
                self._recent_bytes += record.size_bytes
            self._recent[record.offset] = kept
            self._recent.move_to_end(record.offset)
            while self._recent_bytes > self._in_memory_bytes:
                _, oldest = self._recent.popitem(last=False)
                self._recent_bytes -= 4 * oldest.inverse_depth.numel()


class _CachedOnDisk:
    """A depth map in the file; its place in the file is reused once this object is garbage collected."""

    def __init__(self, cache: DepthCache, record: _Record) -> None:
        self._cache, self._record = cache, record
        weakref.finalize(self, cache.left.append, record).atexit = False

    def load(self) -> PackedDepth:
        return self._cache.read(self._record)

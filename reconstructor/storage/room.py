"""How much may still be stored? What is free on the disk, and what the budgets leave of a project and of all of them."""

import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.ids import ProjectId
from reconstructor.storage.durable_files import DiskFullError, StoreError

_GIB: Final = 1024**3
_MEASURED_S: Final = 10.0
_MOST_OF_THE_TIME: Final = 200  # a folder that takes long to measure is measured less often: 0.5 % of one core at most
_MOST_WHEN_CHANGED: Final = 10  # and at most 10 % while something was deleted, or others write
_NOTHING_BYTES: Final = 16 * 1024**2  # what other programs write and remove all the time


class DiskBudgetError(StoreError):
    """A project, or all of them together, use the disk space that the settings allow; nothing is deleted."""

    code = "disk_budget"
    remedy = (
        "Raise the budget in the reconstructor's settings, or archive or delete a project; photographs wait meanwhile."
    )


class DiskUse:
    """The size of everything below a folder: measured now and then, and what is written in between is added.

    It is measured sooner when a folder in it goes away, as `cairn project delete` does, or the disk's free space changes.

    Args:
        folder: what is measured.
        clock: seconds that never go back.
        free: bytes that are free on a folder's disk.
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self.folder, self._clock, self._free = folder, clock, free
        self._lock, self._measuring = threading.Lock(), threading.Lock()
        self._size_bytes = self._noted_bytes = 0
        self._due_s: float | None = None
        self._soonest_s = 0.0
        self._names: frozenset[str] = frozenset()
        self._expected_free_bytes = 0

    def note(self, size_bytes: int) -> None:
        """Add what was written."""
        with self._lock:
            self._size_bytes += size_bytes
            self._expected_free_bytes -= size_bytes
            self._noted_bytes += size_bytes

    def size_bytes(self, limit_bytes: int) -> int:
        """Bytes below the folder, as measured some time ago; measured again where that may decide about the limit.

        Nobody but the thread that measures waits for it, except for the first time.
        """
        if self._due_s is None:
            with self._measuring:
                if self._due_s is None:
                    self._measure()
        elif self._is_due(limit_bytes) and self._measuring.acquire(blocking=False):
            try:
                self._measure()
            finally:
                self._measuring.release()
        with self._lock:
            return self._size_bytes

    def _measure(self) -> None:
        began_s = self._clock()
        names, free_bytes = _names_in(self.folder), self._free_bytes()
        with self._lock:
            self._noted_bytes = 0
        size_bytes = size_of(self.folder)
        took_s = self._clock() - began_s
        with self._lock:  # what was written meanwhile may be counted twice, but not forgotten
            self._size_bytes, self._expected_free_bytes = size_bytes + self._noted_bytes, free_bytes - self._noted_bytes
            self._names = names
            self._soonest_s = began_s + max(_MEASURED_S, _MOST_WHEN_CHANGED * took_s)
            self._due_s = began_s + max(_MEASURED_S, _MOST_OF_THE_TIME * took_s)

    def _is_due(self, limit_bytes: int) -> bool:
        now_s = self._clock()
        if self._due_s is None or now_s >= self._due_s:
            return True
        return now_s >= self._soonest_s and self._has_changed(limit_bytes)

    def _has_changed(self, limit_bytes: int) -> bool:
        """Whether a folder in it went away, or the disk has other room than expected, by more than the limit leaves."""
        if self._names - _names_in(self.folder):
            return True
        rest_bytes = max(limit_bytes - self._size_bytes, _NOTHING_BYTES)
        return abs(self._free_bytes() - self._expected_free_bytes) > rest_bytes

    def _free_bytes(self) -> int:
        try:
            return self._free(self.folder)
        except OSError:  # there is no folder yet
            return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most bytes that something may take on the disk.

    Attributes:
        name: of what, for people.
        setting: which setting says so.
        limit_bytes: the most.
        use: what it takes now.
    """

    name: str
    setting: str
    limit_bytes: int
    use: DiskUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What limits a project's folder.

    Attributes:
        reserve_bytes: what stays free on the disk.
        budgets: of the project, and of all projects together.
    """

    reserve_bytes: int = 0
    budgets: tuple[Budget, ...] = ()

    def check(self, folder: Path, size_bytes: int) -> None:
        """Check that so many bytes more may be written below a folder.

        Raises:
            DiskFullError: they would use up the reserve.
            DiskBudgetError: they would exceed a budget, or it is used up already.
        """
        if shutil.disk_usage(folder).free < self.reserve_bytes + size_bytes:
            raise DiskFullError(f"less than {self.reserve_bytes >> 20} MiB are free below {folder}: free some")
        for budget in self.budgets:
            used_bytes = budget.use.size_bytes(budget.limit_bytes)
            if used_bytes + max(size_bytes, 1) > budget.limit_bytes:
                raise DiskBudgetError(
                    f"{budget.name} takes {_shown(used_bytes)} of the {_shown(budget.limit_bytes)} that "
                    f"{budget.setting} allows: raise it, or archive or delete a project; photographs wait meanwhile"
                )

    def note(self, size_bytes: int) -> None:
        """Count what was written."""
        for budget in self.budgets:
            budget.use.note(size_bytes)


def room_of(
    folder: Path, project: ProjectId, *, reserve_bytes: int, project_bytes: int, all_bytes: int, all_use: DiskUse
) -> Room:
    """The room of a project's folder; a budget of 0 bytes is none."""
    budgets = []
    if project_bytes:
        use = DiskUse(folder)
        budgets.append(
            Budget(
                name=f"project {project}",
                setting="project_disk_budget_bytes or project_disk_budgets",
                limit_bytes=project_bytes,
                use=use,
            )
        )
    if all_bytes:
        budgets.append(
            Budget(name="all projects together", setting="disk_budget_bytes", limit_bytes=all_bytes, use=all_use)
        )
    return Room(reserve_bytes=reserve_bytes, budgets=tuple(budgets))


def size_of(folder: Path) -> int:
    """The size of everything below a folder, bytes; links are not followed, and what goes meanwhile is not counted.

    A file with several names (hard links, as backups and exports make them for a while) counts once.
    """
    total, waiting, linked = 0, [str(folder)], set[tuple[int, int]]()
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    total += _size_of_entry(entry, waiting, linked)
        except OSError:  # gone by now
            continue
    return total


def _names_in(folder: Path) -> frozenset[str]:
    try:
        return frozenset(path.name for path in folder.iterdir())
    except OSError:
        return frozenset()


def _size_of_entry(entry: os.DirEntry[str], waiting: list[str], linked: set[tuple[int, int]]) -> int:
    try:
        if entry.is_dir(follow_symlinks=False):
            waiting.append(entry.path)
            return 0
        state = entry.stat(follow_symlinks=False)
    except OSError:  # gone by now
        return 0
    name = (state.st_dev, state.st_ino)
    if name in linked:
        return 0
    if state.st_nlink > 1:
        linked.add(name)
    return state.st_size


def _shown(size_bytes: int) -> str:
    if size_bytes < _GIB:
        return f"{size_bytes / 1024**2:.1f} MiB"
    return f"{size_bytes / _GIB:.1f} GiB"

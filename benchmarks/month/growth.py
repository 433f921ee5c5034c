"""Does a program grow? Two equal phases are compared, both of one process: medians of memory, most common count of files.

A rig has two sockets less while its link is cut, so the median of its open files tells how often that was.
"""

import contextlib
import statistics
from collections import defaultdict
from dataclasses import dataclass, field

import psutil


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a process took at one moment."""

    pid: int
    phase: int
    memory_bytes: int
    descriptor_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How much more a process took in the last phase than in the one before."""

    memory_mb: float
    memory_share: float
    descriptor_count: int


@dataclass(slots=True)
class Samples:
    """What the watched programs took over the run."""

    by_name: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))

    def look(self, name: str, phase: int, process: psutil.Process | None) -> None:
        """Note what the program takes now, without its children, which are killed now and then."""
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process is not None:
                sample = Sample(
                    pid=process.pid,
                    phase=phase,
                    memory_bytes=process.memory_info().rss,
                    descriptor_count=process.num_fds(),
                )
                self.by_name[name].append(sample)

    def growth(self, name: str, before: int, after: int) -> Growth | None:
        """Compare two phases; None when no process lived through both, so that nothing can be said."""
        samples = self.by_name[name]
        pids = {each.pid for each in samples if each.phase == before} & {
            each.pid for each in samples if each.phase == after
        }
        if len(pids) != 1:
            return None
        ours = [each for each in samples if each.pid in pids]
        old, new = ([each for each in ours if each.phase == phase] for phase in (before, after))
        old_bytes, new_bytes = (statistics.median(each.memory_bytes for each in part) for part in (old, new))
        old_count, new_count = (statistics.mode(each.descriptor_count for each in part) for part in (old, new))
        return Growth(
            memory_mb=round(new_bytes / 1e6, 1),
            memory_share=round(new_bytes / old_bytes - 1, 4),
            descriptor_count=new_count - old_count,
        )

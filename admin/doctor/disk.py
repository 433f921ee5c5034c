"""Will there be room tomorrow? Free disk beside the reserve, and retained bytes of each project beside its budget."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from admin.doctor.findings import Finding, fault, ok, warning
from admin.facts import ProjectFacts
from admin.installation import Installation

SUBJECT = "disk"
MIB: Final = 1024 * 1024
LITTLE_ROOM_BYTES: Final = 5 * 1024 * MIB  # some 1,000 photographs
_NEARLY_FULL: Final = 0.8


def check_disk(installation: Installation) -> Iterator[Finding]:
    """Check the disks of photographs and of what the broker retains."""
    reserve_bytes = installation.reconstructor.disk_reserve_bytes
    yield check_room("photographs", installation.reconstructor.data_dir, reserve_bytes)
    if not _same_disk(installation.reconstructor.data_dir, installation.broker.data_dir):
        yield check_room("the broker", installation.broker.data_dir, reserve_bytes)


def check_room(owner: str, folder: Path, reserve_bytes: int) -> Finding:
    """Check the room beyond the reserve, in the nearest folder that exists."""
    free_bytes = shutil.disk_usage(_existing(folder)).free
    room_bytes = free_bytes - reserve_bytes
    found = f"{_shown(free_bytes)} free for {owner}, of which {_shown(reserve_bytes)} stay in reserve"
    if room_bytes <= 0:
        return fault(SUBJECT, f"{found}: no photograph is taken now", f"free some space on the disk of {folder}")
    if room_bytes < LITTLE_ROOM_BYTES:
        return warning(SUBJECT, found, f"free some space on the disk of {folder}")
    return ok(SUBJECT, found)


def check_budgets(projects: Iterable[ProjectFacts], limit_bytes: int) -> Iterator[Finding]:
    """Check what each project retains on the broker."""
    for project in projects:
        statistics = project.statistics
        if statistics is None:
            continue
        found = f"{project.project} retains {_shown(statistics.retained_bytes)} of {_shown(limit_bytes)} on the broker"
        left_out = project.left_out_point_count
        if left_out:
            yield warning(
                SUBJECT,
                f"{found}: {left_out:,} of the finest points are not shown",
                "raise retained_bytes_limit below [reconstructor], when the broker has the memory",
            )
        elif statistics.retained_bytes > _NEARLY_FULL * limit_bytes:
            yield warning(
                SUBJECT,
                f"{found}: soon the finest points are left out",
                "raise retained_bytes_limit below [reconstructor], when the broker has the memory",
            )
        else:
            yield ok(SUBJECT, found)


def _shown(size_bytes: int) -> str:
    size_mib = size_bytes / MIB
    return f"{size_mib / 1024:.1f} GiB" if size_mib >= 1024 else f"{size_mib:.1f} MiB"  # noqa: PLR2004 - MiB of a GiB


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())


def _same_disk(first: Path, second: Path) -> bool:
    return _existing(first).stat().st_dev == _existing(second).stat().st_dev

"""How do all projects stand, each on one row? The figures that somebody on call looks at first, the worst project on top."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict
from rich.table import Table

from broker.ids import ProjectId
from broker.rig_messages import AgentPresence
from viewer.status import ProjectStatus

GIB: Final = 1 << 30
_LONG_S: Final = 300.0
_HEADINGS: Final = ("project", "state", "photographs", "queued", "waits", "to shard", "errors", "disk free", "rigs")


class Row(BaseModel):
    """One project.

    Attributes:
        trouble: what keeps it from its work, in one sentence.
        backlog_s: age of the oldest image that waits for the black box, seconds.
        stored_to_shard_p95_s: from a photograph's receipt to its shard, 95th percentile, seconds.
        rig_count, rigs_away, rig_alarms, rig_spool_count: its rigs, those not connected, what they complain about, and
            how many photographs on them are not safe yet.
    """

    model_config = ConfigDict(frozen=True)

    project: ProjectId
    reconstructor: str
    trouble: str | None
    stored_count: int
    placed_count: int
    queued_count: int
    backlog_s: float | None
    stored_to_shard_p95_s: float | None
    error_count: int
    disk_free_bytes: int | None
    rig_count: int
    rigs_away: int
    rig_alarms: tuple[str, ...]
    rig_spool_count: int

    @property
    def is_bad(self) -> bool:
        """Whether somebody should look."""
        is_late = self.backlog_s is not None and self.backlog_s > _LONG_S
        return self.reconstructor != "ready" or self.trouble is not None or is_late or bool(self.rig_alarms)


def row_of(status: ProjectStatus, now: AwareDatetime) -> Row:
    """A project's row at this moment."""
    found, healths = status.statistics, [each.health for each in status.agents if each.health is not None]
    since = found.queued_since if found else None
    return Row(
        project=status.project,
        reconstructor=status.reconstructor,
        trouble=(status.reason or status.code) if status.code else None,
        stored_count=status.image_count,
        placed_count=found.placed_count if found else 0,
        queued_count=found.queued_count if found else 0,
        backlog_s=max(0.0, (now - since).total_seconds()) if since else None,
        stored_to_shard_p95_s=found.stored_to_shard_p95_s if found else None,
        error_count=found.error_count if found else 0,
        disk_free_bytes=found.disk_free_bytes if found else None,
        rig_count=len(status.agents),
        rigs_away=sum(each.presence != AgentPresence.ONLINE for each in status.agents),
        rig_alarms=tuple(f"{each.agent} {alarm}" for each in healths for alarm in each.alarms),
        rig_spool_count=sum(each.spool_count for each in healths),
    )


def unheard(project: ProjectId) -> ProjectStatus:
    """The status of a project of which no reconstructor ever said anything."""
    return ProjectStatus(
        project=project,
        reconstructor="unknown",
        code=None,
        reason=None,
        image_count=0,
        refetch_every=None,
        cloud=None,
        statistics=None,
        agents=(),
        is_stale=False,
    )


def rows_of(statuses: Iterable[ProjectStatus], now: datetime | None = None) -> list[Row]:
    """All rows: those that somebody should look at first, then by name."""
    at = now or datetime.now(UTC)
    return sorted((row_of(each, at) for each in statuses), key=lambda row: (not row.is_bad, row.project))


def table_of(rows: Iterable[Row], *, is_connected: bool) -> Table:
    """The rows for a terminal."""
    title = None if is_connected else "The broker is away; this is what it said last."
    table = Table(*_HEADINGS, title=title, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*_cells(row), style="bold red" if row.is_bad else None)
    return table


def _cells(row: Row) -> list[str]:
    rigs = f"{row.rig_count - row.rigs_away} of {row.rig_count}"
    if row.rig_spool_count:
        rigs += f", {row.rig_spool_count:,} photographs on them"
    if row.rig_alarms:
        rigs += f": {', '.join(row.rig_alarms)}"
    return [
        row.project,
        row.reconstructor + (f": {row.trouble}" if row.trouble else ""),
        f"{row.stored_count:,}, {row.placed_count:,} placed",
        f"{row.queued_count:,}",
        "" if row.backlog_s is None else _duration(row.backlog_s),
        "" if row.stored_to_shard_p95_s is None else _duration(row.stored_to_shard_p95_s),
        f"{row.error_count:,}",
        "" if row.disk_free_bytes is None else f"{row.disk_free_bytes / GIB:,.0f} GiB",
        rigs,
    ]


def _duration(seconds: float) -> str:
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes = int(seconds) // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - an hour

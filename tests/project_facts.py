"""What a broker would retain about a project, for checks that look at it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from admin.facts import ProjectFacts
from broker.ids import AgentId, ProjectId
from broker.messages import ReconstructorStatistics
from broker.rig_messages import AgentHealth
from viewer.status import AgentStatus, CloudStatus, ProjectStatus

CHAPEL, RIG = ProjectId("chapel"), AgentId("rig-1")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def statistics(retained_bytes: int = 0) -> ReconstructorStatistics:
    """Figures of twelve photographs."""
    return ReconstructorStatistics(
        project=CHAPEL,
        stored_count=12,
        placed_count=11,
        waiting_count=1,
        rejected_count=0,
        queued_count=0,
        error_count=0,
        shard_count=3,
        point_count=34_567,
        retained_bytes=retained_bytes,
        disk_free_bytes=1,
        memory_bytes=1,
        uptime_s=1,
    )


def cloud(left_out_point_count: int = 0) -> CloudStatus:
    """The second complete version."""
    return CloudStatus(
        generation=2,
        revision=1,
        published_at=NOW,
        image_count=11,
        shard_count=3,
        point_count=34_567,
        level_count=2,
        left_out_point_count=left_out_point_count,
        metres_per_unit=None,
    )


def health(age: timedelta = timedelta(seconds=10), **changes: Any) -> AgentHealth:
    """A rig's figures of so long ago."""
    counts = dict.fromkeys(
        ("captured_count", "kept_count", "dropped_count", "sent_count", "stored_count", "rejected_count"), 12
    )
    values = {"spool_count": 0, "spool_bytes": 0, "disk_free_bytes": 1, "memory_bytes": 1, "reconnect_count": 0}
    return AgentHealth(project=CHAPEL, agent=RIG, sent_at=NOW - age, **{**counts, **values, **changes})


def project(presence: str = "online", figures: AgentHealth | None = None, **changes: Any) -> ProjectFacts:
    """A project with one rig."""
    values = {
        "project": CHAPEL,
        "reconstructor": "ready",
        "code": None,
        "reason": None,
        "image_count": 12,
        "refetch_every": 10,
        "cloud": None,
        "statistics": None,
        "agents": (AgentStatus(agent=RIG, presence=presence, is_capturing=True, health=figures),),
        "is_stale": False,
    }
    status = ProjectStatus.model_validate({**values, **changes})
    return ProjectFacts(project=CHAPEL, status=status)

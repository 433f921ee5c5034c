"""How is a program, a project or a rig described on one line? The same words for `cairn up`, `status` and `doctor`."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from broker.ids import AgentId
from broker.rig_messages import AgentHealth
from viewer.status import AgentStatus, ProjectStatus

_UNITS: Final = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


def program_line(name: str, state: str) -> str:
    """One program on one line."""
    return f"{name:14} {state}"


def describe_project(status: ProjectStatus, healths: Mapping[AgentId, AgentHealth]) -> str:
    """One project on one line: state, photographs, points, and its rigs with what their figures say."""
    now = datetime.now(UTC)
    images = status.statistics.stored_count if status.statistics else status.image_count
    reason = f" ({status.reason or status.code})" if status.code else ""
    agents = ", ".join(_rig(each, healths.get(each.agent), now) for each in status.agents) or "no rig yet"
    previews = status.statistics.preview_count if status.statistics else 0
    count = counted(images, "photograph") + (f" ({previews:,} only as previews so far)" if previews else "")
    state = f"{status.reconstructor}{reason}: {count}, {_cloud(status)}; {agents}"
    return program_line(status.project, state)


def rig_words(presence: str, health: AgentHealth | None, now: datetime) -> str:
    """A rig's presence, its spool, and when it was last heard of."""
    if health is None:
        return presence
    waiting = f", {counted(health.spool_count, 'photograph')} waiting" if health.spool_count else ", nothing waiting"
    return f"{presence}{waiting}, last seen {_ago(now - health.sent_at)}"


def _rig(agent: AgentStatus, health: AgentHealth | None, now: datetime) -> str:
    return f"{agent.agent} {rig_words(agent.presence, health, now)}"


def _cloud(status: ProjectStatus) -> str:
    if status.cloud is None:
        return "no points yet"
    return f"{status.cloud.point_count:,} points, complete version {status.cloud.generation}"


def _ago(age: timedelta) -> str:
    for unit, word in _UNITS:
        if age >= unit:
            return f"{age // unit} {word} ago"
    return f"{max(0, age // timedelta(seconds=1))} s ago"


def counted(count: int, word: str) -> str:
    """A number with its noun, which gets an s unless it is 1."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"

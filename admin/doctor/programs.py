"""Are the reconstructor and the rigs there? Their presence by the broker's last will, and what they say of themselves."""

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime

from admin.doctor.clocks import check_reconstructor_clock
from admin.doctor.findings import Finding, fault, fault_of, ok, warning
from admin.facts import ProjectFacts
from admin.lines import rig_words
from broker.config import Connection
from broker.errors import CairnError
from broker.messages import ReconstructorPresence
from broker.rig_messages import AgentPresence
from viewer.asking import Pong, pings

RECONSTRUCTOR, RIGS = "reconstructor", "rigs"


async def check_reconstructors(
    projects: Iterable[ProjectFacts], viewer: Connection, advice: str
) -> AsyncIterator[Finding]:
    """Check each project's reconstructor: its state, and whether it answers a ping.

    Args:
        projects: what the broker retains.
        viewer: an account that may ping.
        advice: what to do about one that is not there.
    """
    for facts in projects:
        stopped = judge_state(facts, advice)
        if stopped is not None:
            yield stopped
        if not facts.is_served:
            continue
        try:
            async for pong in pings(viewer, facts.project, 1, 0):
                if isinstance(pong, Pong):
                    if stopped is None:
                        yield ok(RECONSTRUCTOR, f"{facts.project} is ready and answers in {pong.round_trip_ms:.0f} ms")
                    for finding in check_reconstructor_clock(facts.project, pong):
                        yield finding
        except CairnError as exc:
            yield fault_of(RECONSTRUCTOR, exc)


def judge_state(facts: ProjectFacts, advice: str) -> Finding | None:
    """What keeps a reconstructor from taking images, with what to do; None when nothing does."""
    status, project = facts.status, facts.project
    if status is None or not facts.is_served:
        return fault(RECONSTRUCTOR, f"{project} has no reconstructor", advice)
    reason = f": {status.reason or status.code}" if status.code else ""
    match status.reconstructor:
        case ReconstructorPresence.DISK_FULL:
            return fault(RECONSTRUCTOR, f"{project} takes no images, its disk is full{reason}", "free some space")
        case ReconstructorPresence.PAUSED:
            return warning(RECONSTRUCTOR, f"{project} is paused{reason}", "let it go on from the page, or `resume` it")
    if status.code:
        return warning(RECONSTRUCTOR, f"{project} is {status.reconstructor}{reason}", advice)
    return None


def check_rigs(projects: Iterable[ProjectFacts], now: datetime | None = None) -> Iterator[Finding]:
    """Check each rig: there or not, what waits in its spool, what it complains of."""
    now = now or datetime.now(UTC)
    for facts in projects:
        agents = facts.status.agents if facts.status else ()
        if not agents:
            yield ok(
                RIGS, f"{facts.project} has no rig yet: `cairn invite rig-1 --role agent --project {facts.project}`"
            )
        for each in agents:
            health = facts.healths.get(each.agent)
            found = f"{each.agent} in {facts.project}: {rig_words(each.presence, health, now)}"
            if health and health.alarms:
                advice = "look at it with `cairn edge doctor` on the rig"
                yield warning(RIGS, f"{found}; it complains of {', '.join(health.alarms)}", advice)
            elif each.presence != AgentPresence.ONLINE:
                yield warning(RIGS, found, "switch it on, and run `cairn edge doctor` there when it does not come")
            else:
                yield ok(RIGS, found)

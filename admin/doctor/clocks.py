"""Do the clocks agree? This machine's by its time service, the reconstructor's by a ping, a rig's by its messages.

A certificate or an invitation of a machine whose clock is wrong is refused, and figures of latency are wrong. The order
of images never depends on a clock.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from admin.doctor.findings import Finding, ok, warning
from admin.facts import ProjectFacts
from broker.ids import ProjectId
from broker.rig_messages import AgentPresence
from edge_agent.control.machine import is_clock_synchronised
from viewer.asking import Pong

SUBJECT = "clocks"
TOLERATED_S: Final = 5.0
# An online rig tells its figures every 30 s by default. What is much older was stamped by a clock that is behind.
LATE: Final = timedelta(minutes=3)
_SYNCHRONISE: Final = "switch time synchronisation on: `sudo timedatectl set-ntp true`"


def check_own_clock() -> Finding:
    """Check that a time server sets this machine's clock."""
    match is_clock_synchronised():
        case True:
            return ok(SUBJECT, "this machine's clock is synchronised")
        case False:
            return warning(SUBJECT, "this machine's clock is not synchronised", _SYNCHRONISE)
        case None:
            return ok(SUBJECT, "this machine does not say whether its clock is synchronised")


def check_reconstructor_clock(project: ProjectId, pong: Pong) -> Iterator[Finding]:
    """Compare the reconstructor's clock with ours: its stamp must lie in the middle of the round trip."""
    ahead_s = (pong.there_ms - pong.round_trip_ms / 2) / 1000
    if abs(ahead_s) > TOLERATED_S:
        yield warning(
            SUBJECT, f"the clock of {project}'s reconstructor is {_difference(ahead_s)}", f"there, {_SYNCHRONISE}"
        )


def check_rig_clocks(projects: Iterable[ProjectFacts], now: datetime | None = None) -> Iterator[Finding]:
    """Check what the rigs say about their clocks, and the stamps of their last figures."""
    now = now or datetime.now(UTC)
    for project in projects:
        online = (
            {each.agent for each in project.status.agents if each.presence == AgentPresence.ONLINE}
            if project.status
            else set()
        )
        for agent, health in project.healths.items():
            ahead = health.sent_at - now
            if ahead.total_seconds() > TOLERATED_S or (agent in online and -ahead > LATE):
                yield warning(
                    SUBJECT,
                    f"the clock of {agent} in {project.project} is {_difference(ahead.total_seconds())}, by its figures",
                    f"on the rig, {_SYNCHRONISE}",
                )
            elif health.is_clock_synchronised is False:
                yield warning(
                    SUBJECT,
                    f"the clock of {agent} in {project.project} is not synchronised",
                    f"on the rig, {_SYNCHRONISE}",
                )


def _difference(ahead_s: float) -> str:
    return f"{abs(ahead_s):.0f} s {'ahead' if ahead_s > 0 else 'behind'}"

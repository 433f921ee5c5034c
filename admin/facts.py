"""How do the projects and rigs of a system stand now? The broker's retained facts, read once with the operator's account."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from admin.installation import Installation
from broker.errors import CairnError
from broker.ids import AgentId, ProjectId
from broker.live import follow
from broker.logs import get_logger
from broker.messages import ReconstructorStatistics
from broker.rig_messages import AgentHealth
from viewer.status import Board, ProjectStatus, is_served

SILENCE_S: Final = 0.4  # retained messages come within milliseconds of the subscription
LONGEST_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFacts:
    """What the broker retains about one project; the status is None when nothing was ever published."""

    project: ProjectId
    status: ProjectStatus | None = None

    @property
    def healths(self) -> Mapping[AgentId, AgentHealth]:
        """The last figures of each rig."""
        agents = self.status.agents if self.status else ()
        return {each.agent: each.health for each in agents if each.health is not None}

    @property
    def statistics(self) -> ReconstructorStatistics | None:
        """The reconstructor's figures."""
        return self.status.statistics if self.status else None

    @property
    def left_out_point_count(self) -> int:
        """Points that the broker has no room for."""
        return self.status.cloud.left_out_point_count if self.status and self.status.cloud else 0

    @property
    def is_served(self) -> bool:
        """Whether a reconstructor is there, be it paused."""
        return self.status is not None and is_served(self.status)


async def read_facts(installation: Installation) -> tuple[ProjectFacts, ...]:
    """Read the retained facts of all projects.

    Raises:
        BrokerLostError: the broker does not run or does not let the operator in.
        BadSettingsError: the operator's password file cannot be read.
    """
    settings = installation.viewer.model_copy(
        update={"broker": installation.operator, "projects": installation.projects}
    )
    board = Board(settings)
    async with follow(settings.broker) as follower:
        await follower.subscribe(*board.filters())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_S):
                while (message := await follower.next_message(SILENCE_S)) is not None:
                    try:
                        board.take(message)
                    except CairnError as exc:
                        get_logger().warning("message_ignored", topic=message.topic, code=exc.code, reason=exc.sentence)
    return tuple(ProjectFacts(project=each, status=board.status(each)) for each in installation.projects)

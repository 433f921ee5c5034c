"""How do the projects and rigs of a system stand now? The broker's retained facts, read once with the operator's account."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from admin.installation import Installation
from broker.contract import AGENT_HEALTH, match
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import AgentId, ProjectId
from broker.live import LiveMessage, follow
from broker.logs import get_logger
from broker.messages import ReconstructorStatistics
from broker.rig_messages import AgentHealth
from viewer.status import Board, ProjectStatus

SILENCE_S: Final = 0.4  # retained messages come within milliseconds of the subscription
LONGEST_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFacts:
    """What the broker retains about one project.

    Attributes:
        status: None when nothing was ever published.
        healths: the last figures of each rig.
    """

    project: ProjectId
    status: ProjectStatus | None = None
    healths: Mapping[AgentId, AgentHealth] = field(default_factory=dict)

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
        return self.status is not None and self.status.reconstructor not in {"offline", "unknown"}


async def read_facts(installation: Installation) -> tuple[ProjectFacts, ...]:
    """Read the retained facts of all projects.

    Raises:
        BrokerLostError: the broker does not run or does not let the operator in.
        BadSettingsError: the operator's password file cannot be read.
    """
    settings = installation.viewer.model_copy(
        update={"broker": installation.operator, "projects": installation.projects}
    )
    board, space = Board(settings), settings.broker.space
    healths: dict[tuple[ProjectId, AgentId], AgentHealth] = {}

    def take(message: LiveMessage) -> None:
        try:
            found = match(space, message.topic)
            if found.channel is not AGENT_HEALTH:
                board.take(message)
            elif message.payload:
                healths[ProjectId(found.project), AgentId(found.agent)] = decode(message.payload, AgentHealth)
        except CairnError as exc:
            get_logger().warning("message_ignored", topic=message.topic, code=exc.code, reason=exc.sentence)

    async with follow(settings.broker) as follower:
        filters = [space.filter(AGENT_HEALTH.template, project) for project in installation.projects]
        await follower.subscribe(*board.filters(), *filters)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_S):
                while (message := await follower.next_message(SILENCE_S)) is not None:
                    take(message)
    return tuple(
        ProjectFacts(
            project=project,
            status=board.status(project),
            healths={agent: health for (where, agent), health in healths.items() if where == project},
        )
        for project in installation.projects
    )

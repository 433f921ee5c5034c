"""How do the projects stand? The broker's retained facts, followed while the server runs, as JSON for people and programs."""

import asyncio
import contextlib
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from broker.contract import AGENT_HEALTH, AGENT_STATE, RECONSTRUCTOR_STATE, RECONSTRUCTOR_STATISTICS, REFERENCE, match
from broker.coverage.messages import Advice
from broker.coverage.words import advice_sentences
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import AgentId, ProjectId
from broker.live import BrokerLostError, Follower, LiveMessage, follow
from broker.logs import get_logger
from broker.manifest import Manifest
from broker.messages import ReconstructorPresence, ReconstructorState, ReconstructorStatistics
from broker.rig_messages import AgentHealth, AgentState
from broker.wire.coverage_channels import ADVICE
from viewer.config import Settings

MAX_PROJECTS: Final = 1000
MAX_AGENTS: Final = 200
FIRST_RETRY_S: Final = 0.5
LAST_RETRY_S: Final = 10.0
_PATIENCE: Final = timedelta(minutes=5)
_FOLLOWED: Final = (RECONSTRUCTOR_STATE, RECONSTRUCTOR_STATISTICS, REFERENCE, ADVICE, AGENT_STATE, AGENT_HEALTH)


class CloudStatus(BaseModel):
    """What a manifest names, without its shards."""

    model_config = ConfigDict(frozen=True)

    generation: int
    revision: int
    published_at: AwareDatetime
    image_count: int
    shard_count: int
    point_count: int
    level_count: int
    left_out_point_count: int
    metres_per_unit: float | None


class AgentStatus(BaseModel):
    """Whether a rig is there, and how it does."""

    model_config = ConfigDict(frozen=True)

    agent: AgentId
    presence: str = "unknown"
    is_capturing: bool = False
    health: AgentHealth | None = None


class ProjectStatus(BaseModel):
    """One project, as `/projects/{id}/status` tells it."""

    model_config = ConfigDict(frozen=True)

    project: ProjectId
    title: str = ""
    reconstructor: str
    code: str | None
    reason: str | None
    image_count: int
    refetch_every: int | None
    cloud: CloudStatus | None
    statistics: ReconstructorStatistics | None
    agents: tuple[AgentStatus, ...]
    advice: tuple[str, ...] = ()  # where to stand next, in English sentences
    is_stale: bool


class Health(BaseModel):
    """`/health`: 200 while photographs can become points, else 503; a system where nothing happens is healthy.

    Attributes:
        is_broker_connected: whether the page server reaches the broker.
        has_reconstructor: whether any project has one that is there; true while no project is known.
        stuck_project_count: projects in which an image has waited for more than five minutes and nothing was processed
            in that time; a paused one is not stuck.
        connection_count: browsers connected through the relay.
    """

    model_config = ConfigDict(frozen=True)

    is_broker_connected: bool
    has_reconstructor: bool
    stuck_project_count: int
    connection_count: int

    @property
    def is_healthy(self) -> bool:
        return self.is_broker_connected and self.has_reconstructor and self.stuck_project_count == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """The last retained messages of one project."""

    state: ReconstructorState | None = None
    statistics: ReconstructorStatistics | None = None
    cloud: CloudStatus | None = None
    advice: Advice | None = None
    agents: Mapping[AgentId, AgentStatus] = field(default_factory=dict)


class Board:
    """Follows the retained facts of every project that the viewer's user may read."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._space = settings, settings.broker.space
        self._facts: dict[ProjectId, _Facts] = {}
        self._follower: Follower | None = None
        self._log = get_logger()
        self.chosen = settings.projects  # empty: every project that the viewer's user may read
        self.is_connected = False

    async def run(self) -> None:
        """Follow until cancelled; a lost broker is waited for, and what it said last stays."""
        pause_s = FIRST_RETRY_S
        while True:
            try:
                await self._follow()
            except BrokerLostError as exc:
                self._log.warning("broker_lost", reason=exc.sentence)
            pause_s = FIRST_RETRY_S if self.is_connected else min(2 * pause_s, LAST_RETRY_S)
            self.is_connected, self._follower = False, None
            await asyncio.sleep(pause_s)

    def filters(self) -> list[str]:
        """What to subscribe to."""
        projects = self.chosen or (None,)
        return [self._space.filter(channel.template, project) for project in projects for channel in _FOLLOWED]

    async def choose(self, projects: tuple[ProjectId, ...]) -> None:
        """Follow these projects instead, on the standing connection."""
        before = set(self.filters())
        self.chosen = projects
        after = set(self.filters())
        if projects:
            self._facts = {name: facts for name, facts in self._facts.items() if name in projects}
        with contextlib.suppress(BrokerLostError):  # the next connection follows them
            if self._follower is not None and (fresh := sorted(after - before)):
                await self._follower.subscribe(*fresh)
            if self._follower is not None and (old := sorted(before - after)):
                await self._follower.unsubscribe(*old)

    def projects(self) -> tuple[ProjectId, ...]:
        """Every project that has been heard of, by name."""
        return tuple(sorted(self._facts))

    def status(self, project: str) -> ProjectStatus | None:
        """How a project stands, or None when nothing has been heard of it."""
        facts = next((facts for name, facts in self._facts.items() if name == project), None)
        return None if facts is None else self._describe(ProjectId(project), facts)

    def health(self, connection_count: int) -> Health:
        """Whether photographs can become points."""
        every = [self._describe(name, facts) for name, facts in self._facts.items()]
        is_expected = bool(every or self.chosen)
        return Health(
            is_broker_connected=self.is_connected,
            has_reconstructor=not is_expected or any(map(is_served, every)),
            stuck_project_count=sum(map(_is_stuck, every)),
            connection_count=connection_count,
        )

    def take(self, message: LiveMessage) -> None:
        """Note one retained fact; an empty one clears it.

        Raises:
            CairnError: the message is not of this contract.
        """
        found = match(self._space, message.topic)
        project = ProjectId(found.project)
        if self.chosen and project not in self.chosen:  # it was on its way when we stopped following
            return
        if project not in self._facts and len(self._facts) >= MAX_PROJECTS:
            return
        facts = self._facts.get(project, _Facts())
        payload = message.payload
        if found.channel is RECONSTRUCTOR_STATE:
            state = decode(payload, ReconstructorState) if payload else None
            facts = dataclasses.replace(facts, state=state)
        elif found.channel is RECONSTRUCTOR_STATISTICS:
            statistics = decode(payload, ReconstructorStatistics) if payload else None
            facts = dataclasses.replace(facts, statistics=statistics)
        elif found.channel is REFERENCE:
            facts = dataclasses.replace(facts, cloud=_summarise(payload))
        elif found.channel is ADVICE:
            facts = dataclasses.replace(facts, advice=decode(payload, Advice) if payload else None)
        elif found.channel is AGENT_STATE:
            facts = dataclasses.replace(facts, agents=_with_agent(facts.agents, payload, found.agent))
        elif found.channel is AGENT_HEALTH:
            facts = dataclasses.replace(facts, agents=_with_health(facts.agents, payload, found.agent))
        if facts == _Facts():
            self._facts.pop(project, None)
        else:
            self._facts[project] = facts

    async def _follow(self) -> None:
        async with follow(self._settings.broker) as follower:
            self._follower = follower
            await follower.subscribe(*self.filters())
            self.is_connected = True
            self._log.info("connected", host=self._settings.broker.host, port=self._settings.broker.port)
            async for message in follower.messages():
                try:
                    self.take(message)
                except CairnError as exc:
                    self._log.warning("message_ignored", topic=message.topic, code=exc.code, reason=exc.sentence)

    def _describe(self, project: ProjectId, facts: _Facts) -> ProjectStatus:
        return ProjectStatus(
            project=project,
            title=facts.state.title if facts.state else "",
            reconstructor=facts.state.presence if facts.state else "unknown",
            code=facts.state.code if facts.state else None,
            reason=facts.state.reason if facts.state else None,
            image_count=_image_count(facts),
            refetch_every=facts.state.refetch_every if facts.state else None,
            cloud=facts.cloud,
            statistics=facts.statistics,
            advice=_advice(facts),
            agents=tuple(facts.agents[name] for name in sorted(facts.agents)),
            is_stale=not self.is_connected,
        )


def is_served(status: ProjectStatus) -> bool:
    """Whether the project's reconstructor is there, even if it takes no images now."""
    return status.reconstructor not in {ReconstructorPresence.OFFLINE, "unknown"}


def _is_stuck(status: ProjectStatus) -> bool:
    found = status.statistics
    if found is None or status.reconstructor != ReconstructorPresence.READY or found.queued_since is None:
        return False
    earliest = datetime.now(UTC) - _PATIENCE
    return found.queued_since < earliest and (found.processed_at is None or found.processed_at < earliest)


def _image_count(facts: _Facts) -> int:
    """By the statistics, which are newer than the birth message."""
    if facts.statistics is not None:
        return facts.statistics.stored_count
    return facts.state.image_count if facts.state else 0


def _advice(facts: _Facts) -> tuple[str, ...]:
    """Where to stand next; nothing while it is that of another generation than the cloud's."""
    if facts.advice is None or facts.cloud is None or facts.advice.generation != facts.cloud.generation:
        return ()
    return tuple(advice_sentences(facts.advice))


def _summarise(payload: bytes) -> CloudStatus | None:
    """How the cloud stands; None before there are points."""
    manifest = decode(payload, Manifest) if payload else None
    if manifest is None or manifest.generation == 0:
        return None
    return CloudStatus(
        generation=manifest.generation,
        revision=manifest.revision,
        published_at=manifest.sent_at,
        image_count=manifest.image_count,
        shard_count=manifest.shard_count,
        point_count=manifest.point_count,
        level_count=manifest.level_count,
        left_out_point_count=manifest.left_out.point_count,
        metres_per_unit=manifest.frame.metres_per_unit,
    )


def _with_agent(agents: Mapping[AgentId, AgentStatus], payload: bytes, name: str) -> dict[AgentId, AgentStatus]:
    agent = AgentId(name)
    others = {key: value for key, value in agents.items() if key != agent}
    if not payload or len(others) >= MAX_AGENTS:
        return others
    state = decode(payload, AgentState)
    known = agents.get(agent, AgentStatus(agent=agent))
    facts = {"presence": state.presence, "is_capturing": state.is_capturing}
    return others | {agent: known.model_copy(update=facts)}


def _with_health(agents: Mapping[AgentId, AgentStatus], payload: bytes, name: str) -> Mapping[AgentId, AgentStatus]:
    """The last figures stay as long as the rig's state does."""
    agent = AgentId(name)
    if not payload or (agent not in agents and len(agents) >= MAX_AGENTS):
        return agents
    known = agents.get(agent, AgentStatus(agent=agent))
    return {**agents, agent: known.model_copy(update={"health": decode(payload, AgentHealth)})}

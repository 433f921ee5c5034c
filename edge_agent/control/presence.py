"""How do others know the rig? Birth message and last will, description, health, thumbnail, replies."""

import asyncio
from importlib.metadata import version
from typing import Final

from broker.channel import Channel
from broker.contract import (
    AGENT_DESCRIPTION,
    AGENT_HEALTH,
    AGENT_STATE,
    AGENT_THUMBNAIL,
    CAMERAS,
    COMMAND,
    COMMAND_REPLY,
    DESIRED_SETTINGS,
    REPORTED_SETTINGS,
)
from broker.delivery import BrokerRefusedError, Delivery, DeliveryTimeoutError, PublishRefusedError
from broker.envelope import Message
from broker.ids import AgentId, ProjectId
from broker.logs import get_logger
from broker.messages import AgentDescription, AgentHealth, AgentPresence, AgentState, CommandReply
from broker.outgoing import Outgoing
from broker.topics import TopicSpace
from edge_agent.control import machine
from edge_agent.control.remote_settings import Running

LONG_S: Final = 3600.0
AFTER_REFUSAL_S: Final = 10.0
FAREWELL_TIMEOUT_S: Final = 2.0
WILL_DELAY_S: Final = 5  # a rig that is back by then was never away; its old connection's will is not published at all
LOG = get_logger()


class AgentPublisher:
    """Speaks for one agent below `agent/{agent}/`, on a connection that uploads never block."""

    def __init__(self, space: TopicSpace, project: ProjectId, agent: AgentId) -> None:
        self.space, self.project, self.agent = space, project, agent
        self._boot_id = machine.boot_id()

    def subscriptions(self, *, follows_cameras: bool = False) -> tuple[str, ...]:
        """What ops may tell this rig; and what became of photographs, when it counts those."""
        told = [
            self.space.topic(self.project, channel.template, agent=self.agent)
            for channel in (COMMAND, DESIRED_SETTINGS)
        ]
        return (*told, self.space.topic(self.project, CAMERAS.template)) if follows_cameras else tuple(told)

    def will(self) -> Outgoing:
        """What the broker says when the rig vanishes."""
        return self._outgoing(AGENT_STATE, self._state(AgentPresence.OFFLINE, reason="the connection was lost"))

    async def announce(self, delivery: Delivery, *, camera: str, is_capturing: bool) -> None:
        """Birth message and description, after every connect: a new broker knows neither."""
        state = self._state(AgentPresence.ONLINE, is_capturing=is_capturing)
        description = AgentDescription(
            project=self.project,
            agent=self.agent,
            program_version=version("cairn"),
            camera=camera,
            machine=machine.describe(),
        )
        await self.say(delivery, self._outgoing(AGENT_STATE, state))
        await self.say(delivery, self._outgoing(AGENT_DESCRIPTION, description))

    async def farewell(self, delivery: Delivery, reason: str) -> None:
        """The rig ends on purpose."""
        if delivery.is_connected:
            state = self._state(AgentPresence.OFFLINE, reason=reason)
            await self.say(delivery, self._outgoing(AGENT_STATE, state), timeout_s=FAREWELL_TIMEOUT_S)

    async def tell_health(self, delivery: Delivery, health: AgentHealth) -> None:
        """Health at QoS 0: yesterday's helps nobody."""
        if delivery.is_connected:
            await self.say(delivery, self._outgoing(AGENT_HEALTH, health))

    async def reply(self, delivery: Delivery, reply: CommandReply) -> None:
        outgoing = COMMAND_REPLY.outgoing(self.space, self.project, reply, agent=self.agent, request_id=reply.id)
        await self.say(delivery, outgoing)

    async def report(self, delivery: Delivery, running: Running, timeout_s: float = 30.0) -> bool:
        """Which settings the rig runs with; whether the broker took the word."""
        report = running.report(self.project, self.agent)
        return await self.say(delivery, self._outgoing(REPORTED_SETTINGS, report), timeout_s)

    async def show(self, delivery: Delivery, small: bytes) -> None:
        """The last photograph, small, at QoS 0."""
        if delivery.is_connected:
            await self.say(delivery, self._outgoing(AGENT_THUMBNAIL, small))

    async def say(self, delivery: Delivery, outgoing: Outgoing, timeout_s: float = 30.0) -> bool:
        """Publishes; what the broker does not take is logged, a rig goes on."""
        try:
            await delivery.publish(outgoing, timeout_s)
        except (PublishRefusedError, DeliveryTimeoutError) as exc:
            LOG.warning("unsaid", topic=outgoing.topic, code=exc.code, reason=exc.sentence)
            return False
        return True

    def _state(self, presence: AgentPresence, *, is_capturing: bool = False, reason: str | None = None) -> AgentState:
        return AgentState(
            project=self.project,
            agent=self.agent,
            boot_id=self._boot_id,
            presence=presence,
            is_capturing=is_capturing,
            reason=reason,
        )

    def _outgoing(self, channel: Channel, body: Message | bytes) -> Outgoing:
        return channel.outgoing(self.space, self.project, body, agent=self.agent)


async def next_count(delivery: Delivery, after: int) -> int:
    """Waits for a connection later than `after`; its count.

    Raises:
        BrokerRefusedError: the broker refused us before it ever let us in; later refusals are waited out.
    """
    while True:
        try:
            return (await delivery.next_connection(after, LONG_S)).count
        except DeliveryTimeoutError:
            continue
        except BrokerRefusedError:
            if after == 0:
                raise
            await asyncio.sleep(AFTER_REFUSAL_S)

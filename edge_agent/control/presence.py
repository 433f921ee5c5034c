"""How does a rig announce itself? Retained birth message and last will, description, health, thumbnail and replies."""

import asyncio
from importlib.metadata import version
from typing import Final

from broker.channel import Channel
from broker.clients.refusals import BrokerRefusedError, DeliveryTimeoutError, PublishRefusedError
from broker.contract import (
    AGENT_DESCRIPTION,
    AGENT_HEALTH,
    AGENT_STATE,
    AGENT_THUMBNAIL,
    CAMERA_PAGE,
    COMMAND,
    COMMAND_REPLY,
    DESIRED_SETTINGS,
    REFERENCE,
    REPORTED_SETTINGS,
)
from broker.delivery import Delivery
from broker.envelope import Message
from broker.ids import AgentId, ProjectId, fresh_token
from broker.logs import get_logger
from broker.outgoing import Outgoing
from broker.rig_messages import AgentDescription, AgentHealth, AgentPresence, AgentState, CommandReply
from broker.topics import TopicSpace
from edge_agent.control import machine
from edge_agent.control.remote_settings import Running

LONG_S: Final = 3600.0
AFTER_REFUSAL_S: Final = 10.0
FAREWELL_TIMEOUT_S: Final = 2.0
WILL_DELAY_S: Final = 5  # MQTT will delay: the will is not published if the rig is connected again by then
LOG = get_logger()


class AgentPublisher:
    """The publisher of one agent's messages below `agent/{agent}/`, on a connection that uploads never block."""

    def __init__(self, space: TopicSpace, project: ProjectId, agent: AgentId, *, session: str = "") -> None:
        self.space, self.project, self.agent, self.session = space, project, agent, session
        self.run_id = fresh_token()
        self._boot_id = machine.boot_id()

    def subscriptions(self, *, follows_cameras: bool = False) -> tuple[str, ...]:
        """Filters to subscribe to: commands, desired settings, our own state and, if wanted, the cameras and what points to them."""
        own = (COMMAND, DESIRED_SETTINGS, AGENT_STATE)
        shared = (CAMERA_PAGE, REFERENCE) if follows_cameras else ()
        return (
            *(self.space.filter(channel.template, self.project, agent=self.agent) for channel in own),
            *(self.space.filter(channel.template, self.project) for channel in shared),
        )

    def will(self) -> Outgoing:
        """The last will, which the broker publishes when the connection is lost."""
        return self._outgoing(AGENT_STATE, self._state(AgentPresence.OFFLINE, reason="the connection was lost"))

    async def announce(self, delivery: Delivery, *, camera: str, is_capturing: bool) -> None:
        """Publish birth message and description; needed after every connect, as a new broker has neither."""
        state = self._state(AgentPresence.ONLINE, is_capturing=is_capturing)
        description = AgentDescription(
            project=self.project,
            agent=self.agent,
            program_version=version("cairn"),
            camera=camera,
            machine=machine.describe(),
        )
        await self.publish(delivery, self._outgoing(AGENT_STATE, state))
        await self.publish(delivery, self._outgoing(AGENT_DESCRIPTION, description))

    async def farewell(self, delivery: Delivery, reason: str, *, is_finished: bool = False) -> None:
        """Publish that the rig ends on purpose."""
        if delivery.is_connected:
            state = self._state(AgentPresence.OFFLINE, reason=reason, is_finished=is_finished)
            await self.publish(delivery, self._outgoing(AGENT_STATE, state), timeout_s=FAREWELL_TIMEOUT_S)

    async def publish_health(self, delivery: Delivery, health: AgentHealth) -> None:
        """Publish health, if there is a connection; an old one is of no use."""
        if delivery.is_connected:
            await self.publish(delivery, self._outgoing(AGENT_HEALTH, health))

    async def reply(self, delivery: Delivery, reply: CommandReply) -> bool:
        """Answer a command, or report what became of it; whether the broker has it."""
        outgoing = COMMAND_REPLY.outgoing(self.space, self.project, reply, agent=self.agent, request_id=reply.id)
        return await self.publish(delivery, outgoing)

    async def report(self, delivery: Delivery, running: Running, timeout_s: float = 30.0) -> bool:
        """Publish the settings in use; whether the broker accepted the report."""
        report = running.report(self.project, self.agent)
        return await self.publish(delivery, self._outgoing(REPORTED_SETTINGS, report), timeout_s)

    async def publish_thumbnail(self, delivery: Delivery, small: bytes) -> None:
        """Publish the thumbnail of the last photograph, if there is a connection."""
        if delivery.is_connected:
            await self.publish(delivery, self._outgoing(AGENT_THUMBNAIL, small))

    async def publish(self, delivery: Delivery, outgoing: Outgoing, timeout_s: float = 30.0) -> bool:
        """Publish a message; a refusal is logged and does not stop the rig. Whether the broker accepted it."""
        try:
            await delivery.publish(outgoing, timeout_s)
        except (PublishRefusedError, DeliveryTimeoutError) as exc:
            LOG.warning("publish_refused", topic=outgoing.topic, code=exc.code, reason=exc.sentence)
            return False
        return True

    def _state(
        self,
        presence: AgentPresence,
        *,
        is_capturing: bool = False,
        is_finished: bool = False,
        reason: str | None = None,
    ) -> AgentState:
        return AgentState(
            project=self.project,
            agent=self.agent,
            boot_id=self._boot_id,
            run_id=self.run_id,
            session=self.session,
            presence=presence,
            is_capturing=is_capturing,
            is_finished=is_finished,
            reason=reason,
        )

    def _outgoing(self, channel: Channel, body: Message | bytes) -> Outgoing:
        return channel.outgoing(self.space, self.project, body, agent=self.agent)


async def next_count(delivery: Delivery, after: int) -> int:
    """Wait for a connection later than number `after`; its number.

    Raises:
        BrokerRefusedError: the broker refused the very first connection; later refusals are waited out.
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

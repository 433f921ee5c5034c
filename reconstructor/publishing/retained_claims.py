"""Who does the broker say publishes the project? The retained state and manifest, followed on a connection of its own."""

import asyncio
import secrets
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

from broker.channel import Channel
from broker.clients.refusals import DeliveryTimeoutError
from broker.config import Connection
from broker.contract import RECONSTRUCTOR_STATE, REFERENCE, RESPONSE
from broker.delivery import Delivery, Incoming
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ProjectId, fresh_client_id, level_of_account
from broker.live import fresh_connection_id
from broker.logs import get_logger
from broker.messages import ReconstructorState
from broker.outgoing import Outgoing
from reconstructor.publishing.candidates import Candidate, Seen
from reconstructor.publishing.retained_messages import QUIET_S
from reconstructor.signals import Signal

_CONNECT_WAIT_S: Final = 30.0


class RetainedClaims:
    """What is retained of a project's writers, kept up to date; an async context manager.

    Attributes:
        seen: who published what is retained.
        manifest: the bytes of the newest manifest, empty without one.
        news: notified after each message.
    """

    def __init__(self, project: ProjectId, connection: Connection) -> None:
        self._project, self._space = project, connection.space
        self._log = get_logger(project=project)
        self._user, self._connection_id = (
            level_of_account(connection.username or "reconstructor"),
            fresh_connection_id(),
        )
        self._mark_topic = self._space.topic(
            project, RESPONSE.template, user=self._user, connection=self._connection_id
        )
        self._delivery = Delivery(
            connection,
            client_id=fresh_client_id("reconstructor-election", project),
            subscriptions=(self._mark_topic, self._topic(RECONSTRUCTOR_STATE), self._topic(REFERENCE)),
            session_expiry_s=0,
        )
        self.seen, self.manifest, self.news = Seen(), b"", Signal()
        self._seen_at, self._latest_mark = 0, b""
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._opened.enter_async_context(self._delivery)
        reading = asyncio.create_task(self._read(), name=f"{self._project}.claims")
        self._opened.callback(reading.cancel)
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        await self._opened.aclose()

    async def publish(self, outgoing: Outgoing) -> None:
        """Publish a claim; raises what `Delivery.publish` raises."""
        await self._delivery.publish(outgoing)

    async def look(self) -> None:
        """Wait until all that is retained now was read: it came before the second of two messages of our own. Waits for the broker.

        Raises:
            BrokerRefusedError: the broker does not let us in.
        """
        while True:
            try:
                await self._delivery.wait_connected(_CONNECT_WAIT_S)
                async with asyncio.timeout(_CONNECT_WAIT_S):
                    await self._mark()
                    await asyncio.sleep(QUIET_S)  # another broker may deliver the first one before what is retained
                    await self._mark()
            except DeliveryTimeoutError as exc:
                self._log.warning("broker_away", reason=exc.sentence)
            except TimeoutError:
                self._log.warning("broker_away", reason="it does not deliver our own message")
            else:
                return

    async def _mark(self) -> None:
        """Send ourselves a message and wait until it is here."""
        mark = secrets.token_hex(8).encode()
        await self._delivery.publish(self._marking(mark))
        while self._latest_mark != mark:
            await self.news.wait_past(self.news.count)

    def _marking(self, mark: bytes) -> Outgoing:
        return RESPONSE.outgoing(self._space, self._project, mark, user=self._user, connection=self._connection_id)

    def _topic(self, channel: Channel) -> str:
        return self._space.topic(self._project, channel.template)

    async def _read(self) -> None:
        async for message in self._delivery.messages():
            message.acknowledge()
            if self._delivery.connect_count != self._seen_at:  # another broker may be there now
                self.seen, self.manifest, self._seen_at = Seen(), b"", self._delivery.connect_count
            self._note(message)
            self.news.notify()

    def _note(self, message: Incoming) -> None:
        if message.topic == self._mark_topic:
            self._latest_mark = message.payload
        elif message.topic == self._topic(REFERENCE):
            self.manifest = message.payload
            self.seen.manifest = Candidate.of_manifest(message.payload) if message.payload else None
        else:
            try:
                state = decode(message.payload, ReconstructorState)
            except CairnError:  # cleared, or not ours to read
                self.seen.state = None
            else:
                self.seen.state = Candidate.of_state(state)

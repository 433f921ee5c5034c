"""A stand-in for the reconstructor that answers requests of the page server, each in a task of its own."""

import asyncio
import contextlib
from abc import abstractmethod
from collections.abc import AsyncIterator

from broker.contract import REQUEST, RESPONSE, match
from broker.delivery import Delivery
from broker.envelope import decode
from broker.messages import Request, Response
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from tests.integration.viewer.publisher import CHAPEL


class Answerer:
    """Says of each request whether it is done, after it published what was asked for."""

    refusal = "unknown_image"

    def __init__(self, mosquitto: Mosquitto) -> None:
        connection = mosquitto.connection("reconstructor")
        self.space = connection.space
        topics = (self.space.filter(REQUEST.template, CHAPEL),)
        self._delivery = Delivery(connection, client_id="answerer", session_expiry_s=0, subscriptions=topics)
        self.asked: list[tuple[str, Request]] = []

    @abstractmethod
    async def prepare(self, user: str, request: Request) -> bool:
        """Publish what was asked for; whether there is such a thing."""

    def is_preview(self, _request: Request) -> bool:
        """Whether only a preview was there."""
        return False

    async def publish(self, outgoing: Outgoing) -> None:
        await self._delivery.publish(outgoing)

    async def run(self) -> None:
        async with self._delivery as delivery, asyncio.TaskGroup() as tasks:
            async for message in delivery.messages():
                message.acknowledge()
                user = str(match(self.space, message.topic).user)
                tasks.create_task(self._answer(user, decode(message.payload, Request)))

    async def _answer(self, user: str, request: Request) -> None:
        self.asked.append((user, request))
        is_known = await self.prepare(user, request)
        response = Response(
            project=CHAPEL,
            id=request.id,
            verb=request.verb,
            is_done=is_known,
            code=None if is_known else self.refusal,
            reason=None if is_known else "that is not kept any more",
            request_sent_at=request.sent_at,
            received_at=request.sent_at,
            is_preview=self.is_preview(request),
        )
        await self.publish(RESPONSE.outgoing(self.space, CHAPEL, response, user=user, connection=request.connection))


@contextlib.asynccontextmanager
async def answering(answerer: Answerer) -> AsyncIterator[None]:
    """Answer while the block runs."""
    task = asyncio.create_task(answerer.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

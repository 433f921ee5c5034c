"""A reconstructor's intake in a few lines, over real MQTT: counts what comes, answers as the test wishes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from broker.config import Connection
from broker.contract import IMAGE, RECEIPT, RECONSTRUCTOR_STATE, match
from broker.delivery import Delivery, Incoming, Outgoing
from broker.ids import ImageId, ImageName, ProjectId
from broker.messages import ReceiptStatus, ReconstructorPresence, ReconstructorState, UploadAcknowledged

PROJECT = ProjectId("chapel")


@dataclass(slots=True, kw_only=True)
class Receiver:
    """What has come, and how to answer. `is_mute` takes images without a receipt."""

    delivery: Delivery
    connection: Connection
    content_by_id: dict[str, bytes] = field(default_factory=dict)
    arrivals: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    is_mute: bool = False
    is_rejecting: bool = False

    async def say(self, presence: ReconstructorPresence) -> None:
        state = ReconstructorState(project=PROJECT, presence=presence, boot_id="b1")
        topic = self.connection.space.topic(PROJECT, RECONSTRUCTOR_STATE.template)
        await self.delivery.publish(Outgoing(topic=topic, payload=state.encode(), is_retained=True))

    async def serve(self) -> None:
        async for incoming in self.delivery.messages():
            await self._take(incoming)
            incoming.acknowledge()

    async def wait_for(self, count: int, timeout_s: float = 20.0) -> None:
        """Waits until so many different images have come."""
        async with asyncio.timeout(timeout_s):
            while len(self.content_by_id) < count:
                await asyncio.sleep(0.02)

    async def _take(self, incoming: Incoming) -> None:
        levels = match(self.connection.space, incoming.topic).levels
        name, digest = ImageName(str(levels["image_name"])), sha256(incoming.payload).hexdigest()
        self.arrivals.append(name)
        self.properties = dict(incoming.user_properties)
        if self.is_mute:
            return
        is_new = name not in self.content_by_id
        if not self.is_rejecting:
            self.content_by_id[name] = incoming.payload
        status = ReceiptStatus.STORED if is_new else ReceiptStatus.DUPLICATE
        receipt = UploadAcknowledged(
            project=PROJECT,
            status=ReceiptStatus.REJECTED if self.is_rejecting else status,
            image_name=name,
            image_id=ImageId.from_name(name, digest),
            image_number=None if self.is_rejecting else len(self.content_by_id),
            sha256=digest,
            code="not_an_image" if self.is_rejecting else None,
            reason="the bytes are not an image" if self.is_rejecting else None,
        )
        topic = self.connection.space.topic(PROJECT, RECEIPT.template, sender=str(levels["sender"]), image_name=name)
        await self.delivery.publish(Outgoing(topic=topic, payload=receipt.encode()))


@asynccontextmanager
async def receiving(connection: Connection, presence: ReconstructorPresence | None) -> AsyncIterator[Receiver]:
    """A receiver at work; `presence` is what it says of itself, None: nothing yet."""
    subscription = connection.space.filter(IMAGE.template, PROJECT)
    async with Delivery(connection, client_id="receiver", subscriptions=(subscription,)) as delivery:
        await delivery.wait_connected(10)
        receiver = Receiver(delivery=delivery, connection=connection)
        if presence is not None:
            await receiver.say(presence)
        serving = asyncio.create_task(receiver.serve())
        try:
            yield receiver
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

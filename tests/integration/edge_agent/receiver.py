"""A reconstructor's intake in a few lines, over real MQTT: counts what comes, answers as the test says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from broker.config import Connection
from broker.contract import (
    CAPTURE_ID_PROPERTY,
    IMAGE,
    MISSING,
    PREVIEW,
    RECEIPT,
    RECONSTRUCTOR_STATE,
    UPLOAD_BEGIN,
    UPLOAD_END,
    UPLOAD_PIECE,
    WANTED,
    match,
)
from broker.delivery import Delivery, Incoming
from broker.envelope import StoreId, decode
from broker.ids import ImageId, ImageName, ProjectId
from broker.messages import (
    ByteRange,
    Missing,
    MissingPieces,
    ReceiptStatus,
    ReconstructorPresence,
    ReconstructorState,
    UploadAcknowledged,
    UploadBegin,
    Wanted,
)
from broker.outgoing import Outgoing

PROJECT = ProjectId("chapel")


@dataclass(slots=True, kw_only=True)
class Receiver:
    """What has come, and how to answer. `is_mute` takes images without a receipt; previews are answered all the same."""

    delivery: Delivery
    connection: Connection
    content_by_id: dict[str, bytes] = field(default_factory=dict)
    arrivals: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    is_mute: bool = False
    is_rejecting: bool = False
    quota_count: int = 0  # so many images are refused by a quota that ends in a second
    pieces_by_id: dict[str, dict[int, bytes]] = field(default_factory=dict)
    begun: dict[str, UploadBegin] = field(default_factory=dict)
    lose_next_pieces: int = 0
    preview_side_px: int | None = None  # told with the state; None: no previews are taken
    store_id: StoreId | None = None
    capture_ids: dict[str, str | None] = field(default_factory=dict)  # of each image that came whole
    preview_by_id: dict[str, Incoming] = field(default_factory=dict)
    preview_answers: list[ReceiptStatus | None] = field(default_factory=list)  # then `previewed`; None: silence
    steps: list[tuple[str, str]] = field(default_factory=list)  # channel and image of everything that came

    async def say(self, presence: ReconstructorPresence) -> None:
        state = ReconstructorState(
            project=PROJECT,
            presence=presence,
            boot_id="b1",
            store_id=self.store_id,
            takes_previews=self.preview_side_px is not None,
            preview_max_side_px=self.preview_side_px or 1224,
        )
        topic = self.connection.space.topic(PROJECT, RECONSTRUCTOR_STATE.template)
        await self.delivery.publish(Outgoing(topic=topic, payload=state.encode(), is_retained=True))

    async def serve(self) -> None:
        async for incoming in self.delivery.messages():
            await self._take(incoming)
            incoming.acknowledge()

    async def want(self, sender: str, *images: ImageId) -> None:
        topic = self.connection.space.topic(PROJECT, WANTED.template, sender=sender)
        await self.delivery.publish(Outgoing(topic=topic, payload=Wanted(project=PROJECT, images=images).encode()))

    async def wait_until(self, is_so: Callable[[], bool], timeout_s: float = 30.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not is_so():
                await asyncio.sleep(0.02)

    async def wait_for(self, count: int, timeout_s: float = 20.0) -> None:
        """Waits until so many different images have come."""
        async with asyncio.timeout(timeout_s):
            while len(self.content_by_id) < count:
                await asyncio.sleep(0.02)

    async def wait_until_arrived(self, count: int, timeout_s: float = 20.0) -> None:
        """Waits until so many different images have come, whether they are answered or not."""
        async with asyncio.timeout(timeout_s):
            while len(set(self.arrivals)) < count:
                await asyncio.sleep(0.02)

    async def _take(self, incoming: Incoming) -> None:
        found = match(self.connection.space, incoming.topic)
        self.steps.append((found.channel.name, found.image_name if found.channel is IMAGE else found.image_id))
        if found.channel is PREVIEW:
            await self._take_preview(found.sender, found.image_id, incoming)
            return
        if found.channel is IMAGE:
            self.properties = dict(incoming.user_properties)
            self.capture_ids[found.image_name] = self.properties.get(CAPTURE_ID_PROPERTY)
            await self._take_image(found.sender, found.image_name, incoming.payload)
            return
        name = found.image_id
        if found.channel is UPLOAD_BEGIN:
            self.begun[name] = decode(incoming.payload, UploadBegin)
            self.pieces_by_id.setdefault(name, {})
            await self._answer_pieces(found.sender, name, is_begin=name not in self.content_by_id)
        elif found.channel is UPLOAD_PIECE and self.lose_next_pieces:
            self.lose_next_pieces -= 1
        elif found.channel is UPLOAD_PIECE:
            self.pieces_by_id[name][found.offset] = incoming.payload
        elif found.channel is UPLOAD_END:
            await self._answer_pieces(found.sender, name)

    async def _take_preview(self, sender: str, image_id: ImageId, incoming: Incoming) -> None:
        status = self.preview_answers.pop(0) if self.preview_answers else ReceiptStatus.PREVIEWED
        self.preview_by_id[image_id] = incoming
        if status is None:
            return
        receipt = UploadAcknowledged(
            project=PROJECT,
            status=status,
            image_name=ImageName(image_id),
            image_id=image_id,
            image_number=None if status is ReceiptStatus.PREVIEW_REFUSED else len(self.preview_by_id),
        )
        await self._answer(sender, receipt)

    async def _answer_pieces(self, sender: str, name: str, *, is_begin: bool = False) -> None:
        """What is missing, at a begin also that nothing is; at the end the receipt when everything is there."""
        missing = self.missing(name)
        if missing or is_begin:
            message = Missing(project=PROJECT, pieces=(MissingPieces(image_id=ImageId(name), ranges=missing),))
            topic = self.connection.space.topic(PROJECT, MISSING.template, sender=sender)
            await self.delivery.publish(Outgoing(topic=topic, payload=message.encode()))
            return
        whole = bytearray(self.begun[name].size_bytes)
        for offset, piece in self.pieces_by_id[name].items():
            whole[offset : offset + len(piece)] = piece
        await self._take_image(sender, ImageName(name), bytes(whole))

    def missing(self, name: str) -> tuple[ByteRange, ...]:
        """Byte ranges that have not come."""
        ranges, place = [], 0
        for offset, piece in sorted(self.pieces_by_id[name].items()):
            if offset > place:
                ranges.append(ByteRange(begin=place, end=offset))
            place = max(place, offset + len(piece))
        size_bytes = self.begun[name].size_bytes
        return (*ranges, ByteRange(begin=place, end=size_bytes)) if place < size_bytes else tuple(ranges)

    async def _take_image(self, sender: str, name: ImageName, payload: bytes) -> None:
        digest = sha256(payload).hexdigest()
        self.arrivals.append(name)
        if self.is_mute:
            return
        if self.quota_count:
            self.quota_count -= 1
            await self._answer(sender, self._over_quota(name))
            return
        is_new = name not in self.content_by_id
        if not self.is_rejecting:
            self.content_by_id[name] = payload
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
        await self._answer(sender, receipt)

    async def _answer(self, sender: str, receipt: UploadAcknowledged) -> None:
        topic = self.connection.space.topic(PROJECT, RECEIPT.template, sender=sender, image_name=receipt.image_name)
        await self.delivery.publish(Outgoing(topic=topic, payload=receipt.encode()))

    @staticmethod
    def _over_quota(name: ImageName) -> UploadAcknowledged:
        now = datetime.now(UTC)
        return UploadAcknowledged(
            project=PROJECT,
            sent_at=now,
            status=ReceiptStatus.REJECTED,
            image_name=name,
            code="quota",
            reason="too many photographs",
            retry_at=now + timedelta(seconds=1),
        )


@asynccontextmanager
async def receiving(
    connection: Connection, presence: ReconstructorPresence | None, *, preview_side_px: int | None = None
) -> AsyncIterator[Receiver]:
    """A receiver at work; `presence` is what it says of itself, None: nothing yet."""
    channels = (IMAGE, PREVIEW, UPLOAD_PIECE)  # the latter's filter matches begin and end too
    subscriptions = tuple(connection.space.filter(each.template, PROJECT) for each in channels)
    async with Delivery(connection, client_id="receiver", subscriptions=subscriptions) as delivery:
        await delivery.wait_connected(30)
        receiver = Receiver(delivery=delivery, connection=connection, preview_side_px=preview_side_px)
        if presence is not None:
            await receiver.say(presence)
        serving = asyncio.create_task(receiver.serve())
        try:
            yield receiver
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

"""A stand-in for the reconstructor as far as a page can see it: it keeps the contract, and does what a test says."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from broker.channel import Match
from broker.config import Connection
from broker.contract import (
    DESIRED_SCALE_BAR,
    EVENT,
    IMAGE,
    IMAGE_THUMBNAIL,
    MISSING,
    PHOTO,
    PREVIEW,
    RECEIPT,
    RECONSTRUCTOR_STATE,
    RESPONSE,
    SCALE_BAR,
    SHARD,
    UPLOAD_BEGIN,
    UPLOAD_END,
    UPLOAD_PIECE,
    match,
)
from broker.delivery import Delivery, Incoming
from broker.envelope import decode
from broker.ids import Encoding, ImageId, ImageName, ProjectId
from broker.manifest import CameraEntry, CameraState, Component, EncodedShard, Manifest, ShardEntry
from broker.messages import (
    Bounds,
    ByteRange,
    DesiredScaleBar,
    Error,
    Event,
    EventHistory,
    Missing,
    MissingPieces,
    ProcessingComplete,
    ProcessingStarted,
    ReceiptStatus,
    ReconstructorState,
    Request,
    Response,
    ScaleBar,
    ScaleSource,
    Similarity,
    UploadAcknowledged,
    UploadBegin,
    WorldFrame,
)
from broker.outgoing import Outgoing
from broker.shards import PointCloud, encode_packed, sha256
from broker.topics import LevelValue, TopicTemplate
from broker.wire.history_channels import EARLIER_SHARD, HISTORY
from tests.manifests import paged

CHAPEL = ProjectId("chapel")


@dataclass(slots=True)
class Reconstruction:
    """Publishes as the reconstructor, answers pings, gives receipts, and remembers what it published."""

    connection: Connection
    delivery: Delivery
    images: list[bytes] = field(default_factory=list)
    previews: list[bytes] = field(default_factory=list)
    names: list[ImageName] = field(default_factory=list)
    held: list[Outgoing] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    photographs: dict[str, bytes] = field(default_factory=dict)
    earlier: dict[int, bytes] = field(default_factory=dict)
    manifest: Manifest | None = None
    entries: list[ShardEntry] = field(default_factory=list)
    placed: list[CameraEntry] = field(default_factory=list)
    retained: dict[str, bytes] = field(default_factory=dict)
    withheld: set[int] = field(default_factory=set)
    pieces: list[bytes] = field(default_factory=list)
    is_giving_receipts: bool = True
    is_republishing: bool = True

    async def ready(self, *, presence: str = "ready", **facts: object) -> None:
        """Say that the reconstructor takes images, with facts of its state."""
        has_manifest = self.manifest is not None and self.manifest.generation > 0
        said = {"project": CHAPEL, "presence": presence, "boot_id": "b", "has_manifest": has_manifest}
        state = ReconstructorState.model_validate(said | facts)
        await self._retain(self._topic(RECONSTRUCTOR_STATE.template), state.encode())

    async def publish(
        self, clouds: list[PointCloud], *, generation: int, revision: int = 0, image_count: int = 10
    ) -> Manifest:
        """Shards first, then the manifest that names them all; more revisions add shards."""
        if revision == 0:
            self.entries = []
        kind = "reference" if revision == 0 else "incremental"
        for level, cloud in enumerate(clouds):
            for part in _runs(cloud):
                number = image_count if kind == "incremental" else None
                entry = await self._shard(part, generation, level=level, kind=kind, image_number=number)
                self.entries.append(entry)
        facts = {
            "generation": generation,
            "revision": revision,
            "previous_generation": generation - 1 if generation > 1 else None,
            "image_count": image_count,
            "frame": WorldFrame(up=(0.0, 1.0, 0.0)),
            "bounds": Bounds(minimum=(-7.0, -1.0, -7.0), maximum=(7.0, 8.0, 7.0)),
        }
        return await self._point(**facts)

    async def leave_out(self, point_count: int) -> None:
        """Say that the broker's budget leaves out so many points."""
        await self._point(left_out={"point_count": point_count, "shard_count": 1})

    async def further(self, cloud: PointCloud, *, generation: int, image_count: int) -> None:
        """Photographs that fit each other but not the rest: their points stand beside the object."""
        for part in _runs(cloud):
            entry = await self._shard(part, generation, level=0, kind="reference", image_number=None)
            self.entries.append(entry.model_copy(update={"component": 1}))
        beside = Similarity(scale=0.4, translation=(12.0, 0.0, 0.0))
        parts = (Component(), Component(id=1, image_count=image_count, world_from_component=beside))
        await self._point(components=parts)

    async def rescale(self, metres_per_unit: float, source: ScaleSource) -> None:
        """Say how large the object is, by another revision of the same shards."""
        if self.manifest is None:
            raise RuntimeError("there is no manifest to rescale")
        frame = self.manifest.frame.model_copy(update={"metres_per_unit": metres_per_unit, "scale_source": source})
        await self._point(frame=frame)

    async def clear(self, generation: int) -> None:
        """Take a generation's shards from the broker, as after the grace time."""
        for topic in [each for each in self.retained if f"/shard/{generation}/" in each]:
            await self._retain(topic, b"")

    async def cameras(self, count: int, *, waiting: int = 0, **facts: Any) -> None:
        """A ring of placed cameras that look at the chapel, and some that wait for their place; facts of all of them."""
        entries = [*_ring(count), *_waiting(range(count + 1, count + waiting + 1))]
        self.placed = [entry.model_copy(update=facts) for entry in entries]
        await self._point()

    async def thumbnail(self, number: int, jpeg: bytes) -> None:
        """Retain an image's small photograph."""
        await self._retain(self._topic(IMAGE_THUMBNAIL.template, image_id=image_id(number)), jpeg)

    async def remember(self, *events: ProcessingStarted | ProcessingComplete | Error) -> None:
        """Retain what happened before anybody looked."""
        history = EventHistory(project=CHAPEL, events=events)
        await self.delivery.publish(HISTORY.outgoing(self.connection.space, CHAPEL, history))

    async def tell(self, event: Event) -> None:
        """Say an event."""
        await self.delivery.publish(EVENT.outgoing(self.connection.space, CHAPEL, event))

    async def answer(self) -> None:
        """Give receipts and pongs until cancelled."""
        async for incoming in self.delivery.messages():
            found = match(self.connection.space, incoming.topic)
            if found.channel is IMAGE and incoming.payload:
                await self._receive(incoming.payload, found.sender, found.image_name)
            elif found.channel is PREVIEW:
                self.previews.append(incoming.payload)
                await self.delivery.publish(self._receipt(found.sender, found.image_id, ReceiptStatus.PREVIEWED))
            elif found.channel in {UPLOAD_BEGIN, UPLOAD_PIECE, UPLOAD_END}:
                await self._assemble(found, incoming)
            elif found.channel is DESIRED_SCALE_BAR:
                await self._scale(incoming.payload, found.user)
            elif incoming.payload:  # an empty image or request asks the broker whether it would be let through
                await self._respond(decode(incoming.payload, Request), found.user)
            incoming.acknowledge()

    async def republish(self) -> None:
        """Everything retained once more, for a broker that lost it."""
        for topic, payload in list(self.retained.items()):
            await self.delivery.publish(Outgoing(topic=topic, payload=payload, is_retained=True))

    async def _point(self, **changes: Any) -> Manifest:
        """Publish the pages and the pointer to all shards and cameras, by default one revision on."""
        before = self.manifest
        facts: dict[str, Any] = {"generation": 0}
        if before is not None:
            kept = ("generation", "previous_generation", "image_count", "frame", "bounds", "left_out", "components")
            facts = {name: getattr(before, name) for name in kept} | {"revision": before.revision + 1}
        made = paged(CHAPEL, self.entries, self.placed, **(facts | changes))
        for message in made.outgoing(self.connection.space):
            await self._retain(message.topic, message.payload)
        self.manifest = made.manifest
        return made.manifest

    async def _scale(self, desired: bytes, user: str) -> None:
        """Publish a person's scale bar as everybody's."""
        bar = b""
        if desired:
            facts = decode(desired, DesiredScaleBar).model_dump(
                include={"project", "generation", "begin", "end", "distance_m"}
            )
            bar = ScaleBar.model_validate(facts | {"user": user}).encode()
        await self._retain(self._topic(SCALE_BAR.template), bar)

    async def _assemble(self, found: Match, incoming: Incoming) -> None:
        """Keep pieces in order of arrival; a photograph is whole when its end comes."""
        sender, name = found.sender, found.image_id
        if found.channel is UPLOAD_BEGIN:
            begin = decode(incoming.payload, UploadBegin)
            lacking = MissingPieces(image_id=begin.image_id, ranges=(ByteRange(begin=0, end=begin.size_bytes),))
            message = Missing(project=CHAPEL, pieces=(lacking,))
            topic = self._topic(MISSING.template, sender=sender)
            await self.delivery.publish(Outgoing(topic=topic, payload=message.encode()))
        elif found.channel is UPLOAD_PIECE:
            self.pieces.append(incoming.payload)
        else:
            await self._receive(b"".join(self.pieces), sender, name)

    async def _receive(self, payload: bytes, sender: str, name: str) -> None:
        self.images.append(payload)
        digest = hashlib.sha256(payload).hexdigest()
        is_image = payload[:2] == b"\xff\xd8"
        status = ReceiptStatus.STORED if is_image else ReceiptStatus.REJECTED
        outgoing = self._receipt(sender, ImageName(name), status, digest)
        if self.is_giving_receipts:
            await self.delivery.publish(outgoing)
        else:
            self.held.append(outgoing)

    async def give_receipts(self) -> None:
        """Give the receipts that were held back, and those of the images to come."""
        self.is_giving_receipts = True
        for outgoing in self.held:
            await self.delivery.publish(outgoing)

    def _receipt(self, sender: str, name: ImageName, status: ReceiptStatus, digest: str | None = None) -> Outgoing:
        if status is not ReceiptStatus.REJECTED and name not in self.names:
            self.names.append(name)
        number = None if status is ReceiptStatus.REJECTED else self.names.index(name) + 1
        receipt = acknowledgement(name, number, status, digest)
        return Outgoing(topic=self._topic(RECEIPT.template, sender=sender, image_name=name), payload=receipt.encode())

    async def _respond(self, request: Request, user: str) -> None:
        self.requests.append(request)
        if request.verb == "resync" and self.is_republishing:
            self.withheld.clear()
            await self.republish()
        whole = self.photographs.get(str(request.image_id))
        if request.image_id is not None and whole is not None:
            outgoing = PHOTO.outgoing(self.connection.space, CHAPEL, whole, user=user, image_id=request.image_id)
            await self.delivery.publish(outgoing)
        body = self.earlier.get(request.generation or 0) if request.verb == "earlier" else None
        if request.generation is not None and body is not None:
            topic = self._topic(EARLIER_SHARD.template, user=user, generation=request.generation, index=0)
            await self.delivery.publish(Outgoing(topic=topic, payload=body))
        is_done = request.verb not in {"photograph", "earlier"} or whole is not None or body is not None
        response = Response(
            project=CHAPEL,
            id=request.id,
            verb=request.verb,
            is_done=is_done,
            code=None if is_done else "unknown_image",
            request_sent_at=request.sent_at,
            received_at=request.sent_at,
            republished_count=len(request.shards),
        )
        topic = self._topic(RESPONSE.template, user=user, connection=request.connection)
        await self.delivery.publish(Outgoing(topic=topic, payload=response.encode()))

    async def _shard(
        self, cloud: PointCloud, generation: int, *, level: int, kind: str, image_number: int | None
    ) -> ShardEntry:
        index, body = len(self.entries), encode_packed(cloud)
        topic = self._topic(SHARD.template, generation=generation, encoding="packed", index=index)
        await self._retain(topic, body, is_withheld=index in self.withheld)
        encoded = EncodedShard(encoding=Encoding.PACKED, size_bytes=len(body), sha256=sha256(body))
        fields = {
            "index": index,
            "level": level,
            "kind": kind,
            "image_number": image_number,
            "point_count": len(cloud),
            "bounds": {"minimum": cloud.minimum.tolist(), "maximum": cloud.maximum.tolist()},
            "encodings": (encoded,),
        }
        return ShardEntry.model_validate(fields)

    async def _retain(self, topic: str, payload: bytes, *, is_withheld: bool = False) -> None:
        self.retained[topic] = payload
        if not is_withheld:
            await self.delivery.publish(Outgoing(topic=topic, payload=payload, is_retained=True))

    def _topic(self, template: TopicTemplate, **levels: LevelValue) -> str:
        return self.connection.space.topic(CHAPEL, template, **levels)


def image_id(number: int) -> ImageId:
    """The id of an image of the tests."""
    return ImageId(f"walk-{number:06d}-{number:016x}")


def subscriptions(connection: Connection) -> tuple[str, ...]:
    """What a reconstruction listens to: images, previews, requests and scale bars."""
    space = connection.space
    requests, uploads = f"{space.root}/{CHAPEL}/request/+/+", f"{space.root}/{CHAPEL}/upload/#"
    others = (space.filter(channel.template, CHAPEL) for channel in (IMAGE, PREVIEW, DESIRED_SCALE_BAR))
    return requests, uploads, *others


def _ring(count: int) -> list[CameraEntry]:
    return [
        CameraEntry(
            image_id=image_id(number),
            image_number=number,
            state=CameraState.PLACED,
            world_from_camera=_looking_in(2 * np.pi * number / max(count, 12)),
            intrinsics=(900.0, 900.0, 640.0, 480.0),
            width_px=1280,
            height_px=960,
        )
        for number in range(1, count + 1)
    ]


def _waiting(numbers: Iterable[int]) -> list[CameraEntry]:
    return [
        CameraEntry(
            image_id=image_id(number),
            image_number=number,
            state=CameraState.WAITING,
            code="too_little_overlap",
            reason="It shares too little with the other photos: take one between.",
        )
        for number in numbers
    ]


def _runs(cloud: PointCloud) -> list[PointCloud]:
    return [cloud.take(slice(begin, begin + 16_384)) for begin in range(0, len(cloud), 16_384)]


def _looking_in(angle: float) -> tuple[tuple[float, ...], ...]:
    """`world_from_camera` of a camera 9 units from the chapel that looks at it, with y up in the world."""
    position = np.array([9 * np.cos(angle), 2.0, 9 * np.sin(angle)])
    forward = -position / np.linalg.norm(position)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    pose = np.eye(4)
    pose[:3, :4] = np.stack([right, down, forward, position], axis=1)
    return tuple(tuple(float(value) for value in row) for row in pose)


def acknowledgement(
    name: ImageName, number: int | None, status: ReceiptStatus, digest: str | None
) -> UploadAcknowledged:
    """The receipt of an image; one without a number is refused."""
    is_image = number is not None
    return UploadAcknowledged(
        project=CHAPEL,
        status=status,
        image_name=name,
        image_id=ImageId.from_name(name, digest or "") if is_image else None,
        image_number=number,
        sha256=digest,
        code=None if is_image else "not_an_image",
        reason=None if is_image else "The photo is damaged.",
    )

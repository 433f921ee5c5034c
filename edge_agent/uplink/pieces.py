"""How does a large photograph cross a bad link? As a resumable upload in pieces; only missing ones are resent.

Previews of other photographs go between its pieces, which are therefore short.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

from broker.channel import Channel
from broker.clients.refusals import DeliveryTimeoutError
from broker.clients.upload_sizes import PIECES_UNDER_WAY, cut, piece_bytes_at
from broker.contract import (
    CAPTURE_ID_PROPERTY,
    CAPTURED_AT_PROPERTY,
    FILE_NAME_PROPERTY,
    UPLOAD_BEGIN,
    UPLOAD_END,
    UPLOAD_PIECE,
)
from broker.ids import ImageId, ProjectId, SenderId
from broker.logs import get_logger
from broker.messages import ByteRange, Missing, UploadBegin, UploadEnd
from broker.topics import TopicSpace
from edge_agent.spool.index import SpooledImage
from edge_agent.uplink.rate import Uplink

ANSWER_TIMEOUT_S: Final = 30.0  # a half-open connection is noticed after one and a half keepalives
PIECE_TIMEOUT_S: Final = 900.0
LOG = get_logger()


class PieceSender:
    """The sender of one photograph at a time in pieces: begin, learn what is missing, send that, end, repeat."""

    def __init__(self, uplink: Uplink, *, space: TopicSpace, project: ProjectId, sender: SenderId) -> None:
        self._uplink = uplink
        self._space, self._project, self._sender = space, project, sender
        self._turn = asyncio.Lock()
        self._answers: dict[ImageId, asyncio.Queue[tuple[ByteRange, ...]]] = {}

    def take_missing(self, missing: Missing) -> None:
        """Pass on what the reconstructor lacks to the upload that waits for it."""
        for each in missing.pieces:
            if each.image_id in self._answers:
                self._answers[each.image_id].put_nowait(each.ranges)

    async def send(self, image: SpooledImage, content: bytes, receipt: asyncio.Event) -> None:
        """Send until the receipt, or until the reconstructor does not answer for a while.

        Raises:
            PublishRefusedError: the broker does not take a piece.
            DeliveryTimeoutError: the broker or the reconstructor does not answer.
        """
        async with self._turn:
            self._answers[image.image_id] = asyncio.Queue()
            try:
                await self._converse(image, content, receipt)
            finally:
                del self._answers[image.image_id]

    async def _converse(self, image: SpooledImage, content: bytes, receipt: asyncio.Event) -> None:
        begin = UploadBegin(
            project=self._project,
            image_id=image.image_id,
            content_type=image.content_type,
            size_bytes=len(content),
            piece_bytes=self._piece_bytes(),
            sha256=image.sha256,
        )
        end = UploadEnd(project=self._project, image_id=image.image_id, size_bytes=len(content), sha256=image.sha256)
        await self._announce(UPLOAD_BEGIN, begin, image)
        ranges = await self._hear(image, receipt)
        if ranges is None and not receipt.is_set():  # sending everything would repeat what arrived before a cut
            raise DeliveryTimeoutError(f"no answer in {ANSWER_TIMEOUT_S:.0f} s on what is missing of {image.image_id}")
        while ranges is not None and not receipt.is_set():
            if ranges:  # else all of it came before a quota or a crash, and only the end is to be said again
                LOG.info("pieces_sending", image_id=image.image_id, bytes=sum(each.end - each.begin for each in ranges))
                await self._send_ranges(image, content, ranges, receipt)
            await self._announce(UPLOAD_END, end, image)
            ranges = await self._hear(image, receipt)

    async def _hear(self, image: SpooledImage, receipt: asyncio.Event) -> tuple[ByteRange, ...] | None:
        """Wait for the ranges that the reconstructor lacks; None when it does not answer, or the receipt is there."""
        answer = asyncio.ensure_future(self._answers[image.image_id].get())
        receipted = asyncio.ensure_future(receipt.wait())
        try:
            await asyncio.wait({answer, receipted}, timeout=ANSWER_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
            return answer.result() if answer.done() and not receipt.is_set() else None
        finally:
            answer.cancel()
            receipted.cancel()

    async def _send_ranges(
        self, image: SpooledImage, content: bytes, ranges: Iterable[ByteRange], receipt: asyncio.Event
    ) -> None:
        under_way: set[asyncio.Task[None]] = set()
        try:
            for begin, end in cut(ranges, len(content), self._piece_bytes):
                if len(under_way) >= PIECES_UNDER_WAY:
                    done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                await self._uplink.wait_previews()
                if receipt.is_set():
                    break
                piece = self._send_piece(image, content[begin:end], begin)
                under_way.add(asyncio.create_task(piece, name=f"piece {begin} of {image.image_id}"))
            await asyncio.gather(*under_way)
        finally:
            for task in under_way:
                task.cancel()

    def _piece_bytes(self) -> int:
        return piece_bytes_at(self._uplink.rate_bytes_per_s, self._uplink.max_packet_bytes)

    async def _send_piece(self, image: SpooledImage, piece: bytes, offset: int) -> None:
        began_s = time.monotonic()
        outgoing = UPLOAD_PIECE.outgoing(
            self._space, self._project, piece, sender=self._sender, image_id=image.image_id, offset=offset
        )
        await self._uplink.delivery.publish(outgoing, PIECE_TIMEOUT_S)
        self._uplink.note_sent(len(piece), max(began_s, self._uplink.last_done_s))

    async def _announce(self, channel: Channel, message: UploadBegin | UploadEnd, image: SpooledImage) -> None:
        outgoing = channel.outgoing(
            self._space,
            self._project,
            message,
            user_properties=user_properties(image),
            sender=self._sender,
            image_id=image.image_id,
        )
        await self._uplink.delivery.publish(outgoing, PIECE_TIMEOUT_S)


def user_properties(image: SpooledImage) -> tuple[tuple[str, str], ...]:
    """The user properties of an image's messages; for information only."""
    shared = ((CAPTURE_ID_PROPERTY, image.capture_id),) if image.capture_id else ()
    return ((CAPTURED_AT_PROPERTY, image.captured_at.isoformat()), (FILE_NAME_PROPERTY, image.file_name), *shared)

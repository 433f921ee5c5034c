"""How is one photograph sent? Whole when it is small, else in pieces; after a cut only what is missing, until its receipt."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from broker.channel import Channel
from broker.clients.refusals import DeliveryTimeoutError
from broker.clients.upload_sizes import PIECES_UNDER_WAY, cut
from broker.contract import IMAGE, PREVIEW, UPLOAD_BEGIN, UPLOAD_END, UPLOAD_PIECE
from broker.ids import ProjectId, SenderId
from broker.images.previews import Preview
from broker.messages import ByteRange, Missing, ReceiptStatus, UploadAcknowledged, UploadBegin, UploadEnd
from broker.outgoing import Outgoing
from broker.topics import TopicSpace
from viewer.uploading.link import Link
from viewer.uploading.photographs import Photograph

LOOK_AGAIN_S: Final = 1.0
RESEND_AFTER_S: Final = 15.0
PREVIEW_PATIENCE_S: Final = 5.0


@dataclass(slots=True, kw_only=True)
class _UnderWay:
    """A photograph that is being sent, and what has come in answer."""

    photograph: Photograph
    content: bytes
    answer: asyncio.Future[UploadAcknowledged]
    missing: tuple[ByteRange, ...] | None = None
    heard_s: float = field(default_factory=time.monotonic)


class PhotographSender:
    """Sends photographs as one sender of one project over one link."""

    def __init__(
        self, link: Link, *, space: TopicSpace, project: ProjectId, sender: SenderId, timeout_s: float
    ) -> None:
        self._link, self._timeout_s = link, timeout_s
        self._space, self._project, self._sender = space, project, sender
        self._originals: dict[str, _UnderWay] = {}
        self._previews: dict[str, asyncio.Future[UploadAcknowledged]] = {}

    def take_receipt(self, receipt: UploadAcknowledged) -> None:
        """Hand a receipt to the one who waits for it: one of a photograph answers its preview, too."""
        under_way = self._originals.get(receipt.image_name)
        is_of_preview = receipt.status in {ReceiptStatus.PREVIEWED, ReceiptStatus.PREVIEW_REFUSED}
        answers = [self._previews.get(receipt.image_name)]
        if under_way is not None and not is_of_preview:
            answers.append(under_way.answer)
        for answer in answers:
            if answer is not None and not answer.done():
                answer.set_result(receipt)

    def take_missing(self, missing: Missing) -> None:
        """Note what the reconstructor lacks of the photographs in pieces."""
        for each in missing.pieces:
            if (under_way := self._originals.get(each.image_id)) is not None:
                under_way.missing, under_way.heard_s = each.ranges, time.monotonic()

    async def send_preview(self, photograph: Photograph, preview: Preview) -> None:
        """Send a preview and wait a moment for its receipt; if none comes, the photograph's own says everything.

        Raises:
            PublishRefusedError, DeliveryTimeoutError: the broker does not take it.
        """
        answer: asyncio.Future[UploadAcknowledged] = asyncio.get_running_loop().create_future()
        self._previews[photograph.image_id] = answer
        try:
            outgoing = PREVIEW.outgoing(
                self._space,
                self._project,
                preview.content,
                content_type=preview.content_type,
                user_properties=photograph.user_properties,
                sender=self._sender,
                image_id=photograph.image_id,
            )
            await self._link.publish(outgoing, self._timeout_s)
            await asyncio.wait({answer}, timeout=min(PREVIEW_PATIENCE_S, self._timeout_s))
        finally:
            del self._previews[photograph.image_id]

    async def send(self, photograph: Photograph, content: bytes, *, is_in_pieces: bool) -> UploadAcknowledged:
        """Send until the receipt; a photograph that was sent whole and got none is asked for in pieces.

        Raises:
            PublishRefusedError: the broker does not take it.
            DeliveryTimeoutError: the broker or the reconstructor said nothing for the time-out.
        """
        answer: asyncio.Future[UploadAcknowledged] = asyncio.get_running_loop().create_future()
        under_way = _UnderWay(photograph=photograph, content=content, answer=answer)
        self._originals[photograph.image_id] = under_way
        try:
            if not is_in_pieces:
                whole = IMAGE.outgoing(
                    self._space,
                    self._project,
                    content,
                    content_type=photograph.content_type,
                    user_properties=photograph.user_properties,
                    sender=self._sender,
                    image_name=photograph.image_id,
                )
                await self._publish(under_way, whole)
                await self._wait(under_way, RESEND_AFTER_S)
            while not answer.done():  # to be asked what is missing costs less than to send it twice
                await self._converse(under_way)
            return answer.result()
        finally:
            del self._originals[photograph.image_id]

    async def _converse(self, under_way: _UnderWay) -> None:
        """Begin, send what is missing, end, and again while something is missing; ends at a silence or a cut, too."""
        photograph = under_way.photograph
        facts = {
            "project": self._project,
            "image_id": photograph.image_id,
            "size_bytes": photograph.size_bytes,
            "sha256": photograph.sha256,
        }
        piece = {"content_type": photograph.content_type, "piece_bytes": self._link.piece_bytes}
        ranges = await self._ask(under_way, UPLOAD_BEGIN, UploadBegin.model_validate(facts | piece))
        while ranges is not None:  # with none missing, all came before a quota or a crash: only the end is said again
            await self._send_ranges(under_way, ranges)
            ranges = await self._ask(under_way, UPLOAD_END, UploadEnd.model_validate(facts))

    async def _ask(
        self, under_way: _UnderWay, channel: Channel, message: UploadBegin | UploadEnd
    ) -> tuple[ByteRange, ...] | None:
        under_way.missing = None
        await self._publish(under_way, self._announcement(channel, under_way.photograph, message))
        await self._wait(under_way, RESEND_AFTER_S)
        return None if under_way.answer.done() else under_way.missing

    async def _send_ranges(self, under_way: _UnderWay, ranges: Iterable[ByteRange]) -> None:
        tasks: set[asyncio.Task[None]] = set()
        try:
            for begin, end in cut(ranges, len(under_way.content), lambda: self._link.piece_bytes):
                if len(tasks) >= PIECES_UNDER_WAY:
                    done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                piece = UPLOAD_PIECE.outgoing(
                    self._space,
                    self._project,
                    under_way.content[begin:end],
                    sender=self._sender,
                    image_id=under_way.photograph.image_id,
                    offset=begin,
                )
                tasks.add(asyncio.create_task(self._publish(under_way, piece), name=f"piece {begin}"))
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _publish(self, under_way: _UnderWay, outgoing: Outgoing) -> None:
        await self._link.publish(outgoing, self._timeout_s)
        under_way.heard_s = time.monotonic()

    async def _wait(self, under_way: _UnderWay, patience_s: float) -> None:
        """Wait for a receipt or for missing ranges; a new connection, after which they would not come, ends it, too.

        Raises:
            DeliveryTimeoutError: nothing was heard for the time-out.
        """
        count, until_s = self._link.connect_count, time.monotonic() + patience_s
        while not under_way.answer.done() and under_way.missing is None and self._link.connect_count == count:
            now_s = time.monotonic()
            if now_s >= under_way.heard_s + self._timeout_s:
                raise DeliveryTimeoutError(
                    f"no receipt in {self._timeout_s:g} s: is the reconstructor of {self._project!r} running?"
                )
            if now_s >= until_s:
                return
            left_s = min(until_s, under_way.heard_s + self._timeout_s) - now_s
            await self._link.wait_change(self._link.moment(), min(left_s, LOOK_AGAIN_S))

    def _announcement(self, channel: Channel, photograph: Photograph, message: UploadBegin | UploadEnd) -> Outgoing:
        return channel.outgoing(
            self._space,
            self._project,
            message,
            user_properties=photograph.user_properties,
            sender=self._sender,
            image_id=photograph.image_id,
        )

"""How is a photograph shown before it has arrived? Its preview goes first, before every original and between their pieces.

A preview is made just before it is sent, one at a time in a thread: that takes no room in the spool, and on a link that is
slow enough for previews the next is made while the last is on its way.
"""

import asyncio
import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Final

from broker.clients.refusals import DeliveryTimeoutError, PublishRefusedError
from broker.clients.upload_sizes import PACKET_OVERHEAD_BYTES, SOON_S
from broker.contract import MAX_PREVIEW_BYTES, PREVIEW
from broker.errors import CairnError
from broker.ids import ImageId, ProjectId, SenderId
from broker.images.previews import Preview, preview
from broker.logs import get_logger
from broker.messages import ReceiptStatus, UploadAcknowledged
from broker.topics import TopicSpace
from edge_agent.spool.errors import PhotographSettledError
from edge_agent.spool.index import SpooledImage
from edge_agent.uplink.outbox import Outbox
from edge_agent.uplink.pieces import user_properties
from edge_agent.uplink.rate import Uplink
from edge_agent.uplink.sending import LOOK_AGAIN_S, PUBLISH_TIMEOUT_S, Sending

AHEAD: Final = 3  # previews that are being made or wait to be handed to the connection
UNDER_WAY: Final = 2  # of them unacknowledged by the broker; the second uses the link meanwhile
MOST_ATTEMPTS: Final = 3
ANSWERS: Final = frozenset({ReceiptStatus.PREVIEWED, ReceiptStatus.PREVIEW_REFUSED})
LOG = get_logger()


class PreviewSender:
    """The sender of previews: oldest image first, each until the reconstructor has answered."""

    def __init__(
        self,
        uplink: Uplink,
        outbox: Outbox,
        *,
        space: TopicSpace,
        project: ProjectId,
        sender: SenderId,
        keepalive_s: float,
    ) -> None:
        self._uplink, self._outbox, self._keepalive_s = uplink, outbox, keepalive_s
        self._space, self._project, self._sender = space, project, sender
        self._under_way: dict[ImageId, Sending] = {}
        self._unsent: set[ImageId] = set()  # of those under way
        self._unnoted: set[ImageId] = set()  # answered while the disk was full: until a restart none is sent again
        self._has_more = False
        self._making, self._handing = asyncio.Lock(), asyncio.Semaphore(UNDER_WAY)

    @property
    def under_way(self) -> Collection[Sending]:
        """The previews without answer."""
        return self._under_way.values()

    @property
    def is_nearly_done(self) -> bool:
        """Whether no more than one preview is to be sent: time to announce an original, which pays off in a round trip."""
        return not self._has_more and len(self._unsent) <= 1

    async def refill(
        self, tasks: asyncio.TaskGroup, has_room: Callable[[int], bool], *, without: frozenset[ImageId]
    ) -> None:
        """Begin the previews that are due and fit the flow window."""
        uplink, side_px = self._uplink, self._uplink.preview_side_px
        if side_px is None:
            self._has_more = False
            for image_id in self._under_way:
                self.leave(image_id)
            return
        due = await asyncio.to_thread(
            self._outbox.previews.waiting,
            AHEAD + 1,
            store_id=uplink.store_id,
            larger_than_bytes=uplink.rate_bytes_per_s * SOON_S,
            without=without | self._under_way.keys() | self._unnoted,
        )
        while due and len(self._unsent) < AHEAD and has_room(MAX_PREVIEW_BYTES):
            image = due.pop(0)
            self._under_way[image.image_id] = Sending(uplink, image, MAX_PREVIEW_BYTES)
            self._unsent.add(image.image_id)
            tasks.create_task(self._bring(self._under_way[image.image_id], side_px), name=f"preview {image.image_id}")
        self._has_more = bool(due)
        uplink.is_preview_due = bool(self._unsent)

    async def take_receipt(self, image_id: ImageId, receipt: UploadAcknowledged) -> None:
        """Note durably that the reconstructor has a preview, or wants none of this image."""
        number = receipt.image_number if receipt.status is ReceiptStatus.PREVIEWED else None
        LOG.info("preview_acknowledged", image_id=image_id, status=receipt.status, number=number, reason=receipt.reason)
        await self._note(image_id, number)
        self.leave(image_id)

    def leave(self, image_id: ImageId) -> None:
        """Stop sending a preview; the outbox offers it again if it is still due."""
        if image_id in self._under_way:
            self._under_way[image_id].receipt.set()

    async def _bring(self, sending: Sending, side_px: int) -> None:
        image = sending.image
        try:
            async with self._making:
                made = await asyncio.to_thread(self._make, image, side_px)
            if made is None:
                await self._note(image.image_id, None)
                return
            sending.size_bytes = len(made.content)
            await sending.repeat(partial(self._try_to_send, sending, made))
        except PhotographSettledError:  # by a receipt that was on its way when we began
            return
        except CairnError as exc:  # the photograph is gone, or the disk fails
            LOG.error("preview_failed", image_id=image.image_id, code=exc.code, reason=exc.sentence)  # noqa: TRY400
            self._hand_over(image.image_id)
            await asyncio.sleep(LOOK_AGAIN_S)
        finally:
            self._under_way.pop(image.image_id, None)
            self._hand_over(image.image_id)

    def _make(self, image: SpooledImage, side_px: int) -> Preview | None:
        """Make a preview that the link carries before the broker misses a sign of life."""
        uplink = self._uplink
        by_link, by_broker = uplink.rate_bytes_per_s * self._keepalive_s / 2, uplink.max_packet_bytes
        max_bytes = int(min(MAX_PREVIEW_BYTES, by_link, by_broker - PACKET_OVERHEAD_BYTES))
        return preview(self._outbox.read(image), side_px, max_bytes=max_bytes)

    async def _try_to_send(self, sending: Sending, made: Preview, attempt: int) -> bool:
        """Send once; whether an answer may follow."""
        image_id = sending.image.image_id
        if self._uplink.preview_side_px is None:  # no longer taken
            sending.receipt.set()
            return False
        if attempt == MOST_ATTEMPTS:
            LOG.warning("preview_given_up", image_id=image_id, reason="no answer: the photograph goes without")
            await self._note(image_id, None)
            sending.receipt.set()
            return False
        try:
            async with self._handing:
                return await self._publish(sending.image, made)
        except (PublishRefusedError, DeliveryTimeoutError) as exc:
            LOG.warning("preview_unsent", image_id=image_id, code=exc.code, reason=exc.sentence, attempt=attempt)
            return False

    async def _publish(self, image: SpooledImage, made: Preview) -> bool:
        """Publish a preview; whether there is a subscriber."""
        began_s = time.monotonic()
        outgoing = PREVIEW.outgoing(
            self._space,
            self._project,
            made.content,
            content_type=made.content_type,
            user_properties=user_properties(image),
            sender=self._sender,
            image_id=image.image_id,
        )
        publishing = asyncio.ensure_future(self._uplink.delivery.publish(outgoing, PUBLISH_TIMEOUT_S))
        try:
            await asyncio.sleep(0)  # now it is with the connection, and what follows goes behind it
            self._hand_over(image.image_id)
            outcome = await publishing
        finally:
            publishing.cancel()
        self._uplink.note_sent(len(made.content), max(began_s, self._uplink.last_done_s))
        LOG.info("preview_sent", image_id=image.image_id, bytes=len(made.content))
        return outcome.has_subscribers

    def _hand_over(self, image_id: ImageId) -> None:
        self._unsent.discard(image_id)
        self._uplink.is_preview_due = bool(self._unsent)
        self._uplink.wake()

    async def _note(self, image_id: ImageId, image_number: int | None) -> None:
        """Note an answer. A full disk must not hold up the photograph itself: its receipt is what frees room."""
        note, store_id = self._outbox.previews.note, self._uplink.store_id
        try:
            await asyncio.to_thread(note, image_id, store_id=store_id, image_number=image_number)
        except CairnError as exc:
            LOG.warning("preview_unnoted", image_id=image_id, code=exc.code, reason=exc.sentence)
            self._unnoted.add(image_id)

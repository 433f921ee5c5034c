"""How does a photograph get to the reconstructor? At-least-once delivery: resent with backoff until its receipt."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from broker.clients.refusals import DeliveryTimeoutError, PublishRefusedError
from broker.clients.trouble import Trouble
from broker.clients.upload_sizes import PIECE_S, single_limit_bytes
from broker.contract import (
    FLOW,
    IMAGE,
    MAX_PREVIEW_BYTES,
    MISSING,
    RECEIPT,
    RECONSTRUCTOR_STATE,
    WANTED,
    match,
)
from broker.delivery import Delivery, Incoming
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ImageId, ProjectId, SenderId
from broker.logs import get_logger
from broker.messages import (
    Flow,
    Missing,
    MissingSequences,
    ReconstructorPresence,
    ReconstructorState,
    UploadAcknowledged,
    Wanted,
)
from broker.topics import TopicSpace
from edge_agent.spool.errors import PhotographSettledError
from edge_agent.spool.index import SpooledImage, SpoolState
from edge_agent.uplink.outbox import Outbox
from edge_agent.uplink.pieces import PieceSender, user_properties
from edge_agent.uplink.previews import ANSWERS, PreviewSender
from edge_agent.uplink.rate import LinkStuckError, Uplink, Window
from edge_agent.uplink.sending import LOOK_AGAIN_S, PUBLISH_TIMEOUT_S, Sending

LONGEST_BEFORE_PREVIEW_S: Final = 3.0  # a photograph that takes longer goes in pieces, and a preview between them
LOG = get_logger()


def subscriptions(space: TopicSpace, project: ProjectId, sender: SenderId) -> tuple[str, ...]:
    """Topics that an uploader's connection must subscribe to: receipts, missing, wanted, flow, reconstructor's state."""
    return (
        space.filter(RECEIPT.template, project, sender=sender),
        space.topic(project, RECONSTRUCTOR_STATE.template),
    )


class Uploader:
    """The sender of an outbox: previews first, then the wanted and the oldest images, each until its receipt is noted.

    Args:
        connect: returns a connection with the `subscriptions` of project and sender, not yet entered.
        outbox: where the photographs wait.
        window: images under way until the reconstructor sends another window.
        keepalive_s: keepalive of the connection; a single message must not take longer.
        settled: called with each image whose receipt is noted.
    """

    def __init__(
        self,
        connect: Callable[[], Delivery],
        outbox: Outbox,
        *,
        space: TopicSpace,
        project: ProjectId,
        sender: SenderId,
        window: Window,
        keepalive_s: float,
        settled: Callable[[SpooledImage], None] = lambda _image: None,
    ) -> None:
        self._connect, self._outbox, self._settled = connect, outbox, settled
        self._space, self._project, self._sender = space, project, sender
        self.uplink, self._keepalive_s = Uplink(window), keepalive_s
        self._pieces = PieceSender(self.uplink, space=space, project=project, sender=sender)
        self._previews = PreviewSender(
            self.uplink, outbox, space=space, project=project, sender=sender, keepalive_s=keepalive_s
        )
        self._under_way: dict[ImageId, Sending] = {}
        self._wanted: tuple[ImageId, ...] = ()
        self._slow_turn, self._has_news = asyncio.Lock(), True  # the latter: the outbox was not looked at since a wake
        self.sent_count = 0
        self.resent_count = 0
        self.last_error: str | None = None
        self._refusals = Trouble(log=LOG, event="image_refused")

    def wake(self) -> None:
        """Look for another photograph in the outbox."""
        self._has_news = True
        self.uplink.wake()

    async def wait_previews(self, timeout_s: float) -> None:
        """Wait until no preview is on its way, or the time is over."""
        end_s = time.monotonic() + timeout_s
        while (self._previews.under_way or self._has_news) and time.monotonic() < end_s:
            await self.uplink.wait_change(LOOK_AGAIN_S)

    async def run(self, is_last: Callable[[], bool] = lambda: False) -> None:
        """Upload until cancelled, or until the outbox is empty and `is_last` says that no more will come."""
        is_done = False
        while not is_done:
            try:
                async with self._connect() as delivery:
                    self.uplink.attach(delivery)
                    await self._run_once(is_last)
                    is_done = True
            except* LinkStuckError as group:  # paho would send the same message again at every reconnect
                self.last_error = str(group.exceptions[0])
                LOG.warning("link_stuck", reason=self.last_error)

    async def _run_once(self, is_last: Callable[[], bool]) -> None:
        async with asyncio.TaskGroup() as tasks:
            followers = [
                tasks.create_task(self._receive(), name="receipts"),
                tasks.create_task(self.uplink.follow_connection(), name="connection"),
            ]
            async with asyncio.TaskGroup() as uploads:
                await self._feed(uploads, is_last)
            for follower in followers:
                follower.cancel()

    async def _feed(self, uploads: asyncio.TaskGroup, is_last: Callable[[], bool]) -> None:
        while True:
            was_last = is_last()  # asked before reading the outbox, which then sees what came in between
            uplink, room = self.uplink, self.uplink.window.image_count
            moment, is_open, side_px = uplink.moment(), uplink.is_open, uplink.preview_side_px
            # Before the previews: a photograph that comes in between is not begun without its own.
            following = await asyncio.to_thread(
                self._outbox.waiting, room, without=frozenset(self._under_way), first=self._wanted
            )
            if is_open:
                sent = frozenset(name for name, each in self._under_way.items() if each.is_sent)
                await self._previews.refill(uploads, self._has_room, without=sent)
            self._has_news = False
            is_idle = not self._under_way and not self._previews.under_way
            if not following and was_last and is_idle:  # a quota may send one back to the outbox
                return
            is_current = is_open and side_px == uplink.preview_side_px  # else previews may be due now
            while is_current and following and self._may_begin(following[0]):
                self._begin(uploads, following.pop(0))
            await uplink.wait_change(LOOK_AGAIN_S, since=moment)

    def _has_room(self, next_bytes: int) -> bool:
        under_way = [*self._under_way.values(), *self._previews.under_way]
        return self.uplink.window.has_room(len(under_way), sum(each.size_bytes for each in under_way), next_bytes)

    def _may_begin(self, image: SpooledImage) -> bool:
        """Whether an original may begin. While previews are taken, it leaves them room, and large ones go one by one.

        So the next is chosen late, and may be one that is wanted.
        """
        if self.uplink.preview_side_px is None or not self._under_way:
            return self._previews.is_nearly_done and self._has_room(image.size_bytes)
        is_small = image.size_bytes <= self._single_limit_bytes
        is_spare = len(self._under_way) < self.uplink.window.image_count - 1
        is_first = self._previews.is_nearly_done
        return is_first and is_small and is_spare and self._has_room(image.size_bytes + MAX_PREVIEW_BYTES)

    @property
    def _single_limit_bytes(self) -> int:
        uplink = self.uplink
        longest_s = math.inf if uplink.preview_side_px is None else LONGEST_BEFORE_PREVIEW_S
        return single_limit_bytes(
            uplink.rate_bytes_per_s, self._keepalive_s, uplink.max_packet_bytes, longest_s=longest_s
        )

    def _begin(self, uploads: asyncio.TaskGroup, image: SpooledImage) -> None:
        sending = self._under_way[image.image_id] = Sending(self.uplink, image, image.size_bytes)
        uploads.create_task(self._upload(sending), name=f"upload {image.image_id}")

    async def _upload(self, sending: Sending) -> None:
        try:
            await sending.repeat(partial(self._try_to_send, sending))
        except PhotographSettledError:  # by a receipt that was on its way when we began
            return
        except CairnError as exc:  # the photograph itself is gone, and the outbox does not offer it again
            self.last_error = exc.sentence
            image_id = sending.image.image_id
            LOG.error("photograph_lost", image_id=image_id, code=exc.code, reason=exc.sentence)  # noqa: TRY400
            await asyncio.sleep(LOOK_AGAIN_S)  # in case a failing disk offers it again
        finally:
            self._under_way.pop(sending.image.image_id, None)
            self.wake()

    async def _try_to_send(self, sending: Sending, attempt: int) -> bool:
        """Send once, whole or in pieces; whether the broker accepted it and has a subscriber."""
        image = sending.image
        content = await asyncio.to_thread(self._outbox.read, image)
        try:
            if len(content) > self._single_limit_bytes:
                await self._pieces.send(image, content, sending.receipt)
            elif not await self._send_whole(sending, content):
                self.uplink.hold()
                LOG.warning("image_unread", image_id=image.image_id, reason="no reconstructor subscribes: waiting")
                return False
        except (PublishRefusedError, DeliveryTimeoutError) as exc:
            self.last_error = exc.sentence
            self._refusals.note(exc.code, exc.sentence, image_id=image.image_id, attempt=attempt)
            return False
        self._refusals.clear()
        sending.is_sent = True
        self.sent_count += 1
        self.resent_count += attempt > 0
        LOG.info("image_sent", image_id=image.image_id, bytes=image.size_bytes, attempt=attempt)
        return True

    async def _send_whole(self, sending: Sending, content: bytes) -> bool:
        """Publish the photograph as one message; whether there is a subscriber."""
        uplink, image = self.uplink, sending.image
        outgoing = IMAGE.outgoing(
            self._space,
            self._project,
            content,
            content_type=image.content_type,
            user_properties=user_properties(image),
            sender=self._sender,
            image_name=image.image_id,
        )
        is_slow = uplink.preview_side_px is not None and len(content) > uplink.rate_bytes_per_s * PIECE_S
        async with self._slow_turn if is_slow else contextlib.nullcontext():
            await uplink.wait_previews()
            sending.is_sent, began_s = True, time.monotonic()
            outcome = await uplink.delivery.publish(outgoing, PUBLISH_TIMEOUT_S)
        uplink.note_sent(image.size_bytes, began_s)
        return outcome.has_subscribers

    async def _receive(self) -> None:
        async for incoming in self.uplink.delivery.messages():
            try:
                await self._take(incoming)
            except CairnError as exc:
                LOG.warning("message_ignored", topic=incoming.topic, code=exc.code, reason=exc.sentence)
            incoming.acknowledge()

    async def _take(self, incoming: Incoming) -> None:
        found = match(self._space, incoming.topic)
        if found.channel is RECEIPT:
            image_id = ImageId(found.image_name)  # as sent: the receipt of a duplicate may carry another image's id
            await self._take_receipt(image_id, decode(incoming.payload, UploadAcknowledged))
        elif found.channel is MISSING:
            missing = decode(incoming.payload, Missing)
            self._pieces.take_missing(missing)
            for gap in missing.sequences:
                await self._take_gap(gap)
        elif found.channel is WANTED:
            self._wanted = decode(incoming.payload, Wanted).images
            self.wake()
        elif found.channel is FLOW:
            self.uplink.take_flow(decode(incoming.payload, Flow))
            self._note_trouble()
        elif found.channel is RECONSTRUCTOR_STATE and incoming.payload:
            state = decode(incoming.payload, ReconstructorState)
            if state.presence is ReconstructorPresence.READY:
                await asyncio.to_thread(self._outbox.meet, state.store_id)
            self.uplink.take_state(state)
            self._note_trouble()

    def _note_trouble(self) -> None:
        """Let the rig's health say why the reconstructor waits."""
        self.last_error = self.uplink.reconstructor.reason or self.last_error

    async def _take_gap(self, gap: MissingSequences) -> None:
        """Send images under way again soon; log those that are gone. Waiting images follow in order."""
        for sending in (*self._under_way.values(), *self._previews.under_way):
            is_named = sending.image.image_id.sequence in gap.sequences
            sending.is_asked |= is_named and sending.image.image_id.session == gap.session
        gone = await asyncio.to_thread(self._outbox.lacking, gap.session, gap.sequences)
        if gone:  # quarantined or evicted: the reconstructor asks a few times, then continues without
            LOG.warning("sequences_gone", session=gap.session, count=len(gone), first=gone[0])
        self.wake()

    async def _take_receipt(self, image_id: ImageId, receipt: UploadAcknowledged) -> None:
        is_over_quota = self.uplink.take_receipt(receipt)
        if receipt.status in ANSWERS:
            await self._previews.take_receipt(image_id, receipt)
            return
        if is_over_quota:  # the image stays in the outbox, which offers it again when the quota allows it
            self.last_error = receipt.reason
            LOG.info("image_waits_for_quota", image_id=image_id, retry_at=str(receipt.retry_at))
            self._end(image_id)
            return
        image = await asyncio.to_thread(self._outbox.settle, receipt, image_id)
        if image is None:
            return
        LOG.info("upload_acknowledged", image_id=image_id, status=receipt.status, number=receipt.image_number)
        if image.reason:
            self.last_error = image.reason
        self._end(image_id)
        if image.state is not SpoolState.WAITING:
            self._settled(image)

    def _end(self, image_id: ImageId) -> None:
        """Nothing more of this image is to be sent for now."""
        self._previews.leave(image_id)
        if image_id in self._under_way:
            self._under_way[image_id].receipt.set()
        self.wake()

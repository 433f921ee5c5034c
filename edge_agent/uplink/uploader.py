"""How does a photograph get to the reconstructor? At-least-once delivery: resent with backoff until its receipt."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from typing import Final

from broker.clients.refusals import DeliveryTimeoutError, PublishRefusedError
from broker.clients.trouble import Trouble
from broker.contract import FLOW, IMAGE, MISSING, RECEIPT, RECONSTRUCTOR_STATE, match
from broker.delivery import Delivery, Incoming
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ImageId, ProjectId, SenderId
from broker.logs import get_logger
from broker.messages import Flow, Missing, MissingSequences, ReconstructorState, UploadAcknowledged
from broker.topics import TopicSpace
from edge_agent.spool.index import SpooledImage, SpoolState
from edge_agent.spool.spool import PhotographSettledError
from edge_agent.uplink.outbox import Outbox
from edge_agent.uplink.pieces import PieceSender, single_limit_bytes, user_properties
from edge_agent.uplink.rate import LinkStuckError, Uplink, Window

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 60.0
PUBLISH_TIMEOUT_S: Final = 900.0  # paho resends by itself after a reconnect; this is for a broker that never answers
LOOK_AGAIN_S: Final = 2.0
LOG = get_logger()


def subscriptions(space: TopicSpace, project: ProjectId, sender: SenderId) -> tuple[str, ...]:
    """Topics that an uploader's connection must subscribe to: receipts, missing, flow, reconstructor's state."""
    return (
        space.filter(RECEIPT.template, project, sender=sender),
        space.topic(project, RECONSTRUCTOR_STATE.template),
    )


class Uploader:
    """The sender of an outbox: oldest image first, within the flow window, each until its receipt is noted.

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
        self._under_way: dict[ImageId, SpooledImage] = {}
        self._receipts: dict[ImageId, asyncio.Event] = {}
        self._asked: set[ImageId] = set()  # under way, and missing at the reconstructor
        self.sent_count = 0
        self.resent_count = 0
        self.last_error: str | None = None
        self._refusals = Trouble(log=LOG, event="image_refused")

    def wake(self) -> None:
        """Look for another photograph in the outbox."""
        self.uplink.wake()

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
            moment, room = self.uplink.moment(), self.uplink.window.image_count
            following = await asyncio.to_thread(self._outbox.waiting, room, without=frozenset(self._under_way))
            if not following and was_last and not self._under_way:  # a quota may send one back to the outbox
                return
            while following and self._has_room(following[0]):
                self._begin(uploads, following.pop(0))
            await self.uplink.wait_change(LOOK_AGAIN_S, since=moment)

    def _has_room(self, image: SpooledImage) -> bool:
        size_bytes = sum(each.size_bytes for each in self._under_way.values())
        return self.uplink.window.has_room(len(self._under_way), size_bytes, image.size_bytes)

    def _begin(self, uploads: asyncio.TaskGroup, image: SpooledImage) -> None:
        self._under_way[image.image_id], self._receipts[image.image_id] = image, asyncio.Event()
        uploads.create_task(self._upload(image), name=f"upload {image.image_id}")

    async def _upload(self, image: SpooledImage) -> None:
        receipt, attempt = self._receipts[image.image_id], 0
        try:
            while not receipt.is_set():
                await self._until_open(receipt)
                if receipt.is_set():
                    return
                is_sent = await self._try_to_send(image, receipt, attempt)
                if is_sent and await self._wait_for_receipt(image, receipt):
                    return
                attempt += 1
                await self._pause(receipt, attempt)
        except PhotographSettledError:  # by a receipt that was on its way when we began
            return
        except CairnError as exc:  # the photograph itself is gone, and the outbox does not offer it again
            self.last_error = exc.sentence
            LOG.error("photograph_lost", image_id=image.image_id, code=exc.code, reason=exc.sentence)  # noqa: TRY400
            await asyncio.sleep(LOOK_AGAIN_S)  # in case a failing disk offers it again
        finally:
            self._under_way.pop(image.image_id, None)
            self._receipts.pop(image.image_id, None)
            self._asked.discard(image.image_id)
            self.wake()

    async def _until_open(self, receipt: asyncio.Event) -> None:
        while not (self.uplink.is_open or receipt.is_set()):
            await self.uplink.wait_change(LOOK_AGAIN_S)

    async def _try_to_send(self, image: SpooledImage, receipt: asyncio.Event, attempt: int) -> bool:
        """Send once, whole or in pieces; whether the broker accepted it and has a subscriber."""
        content = await asyncio.to_thread(self._outbox.read, image)
        uplink = self.uplink
        try:
            if len(content) > single_limit_bytes(uplink.rate_bytes_per_s, self._keepalive_s, uplink.max_packet_bytes):
                await self._pieces.send(image, content, receipt)
            elif not await self._send_whole(image, content):
                uplink.hold()
                LOG.warning("image_unread", image_id=image.image_id, reason="no reconstructor subscribes: waiting")
                return False
        except (PublishRefusedError, DeliveryTimeoutError) as exc:
            self.last_error = exc.sentence
            self._refusals.note(exc.code, exc.sentence, image_id=image.image_id, attempt=attempt)
            return False
        self._refusals.clear()
        self._asked.discard(image.image_id)  # asked while it was still on its way
        self.sent_count += 1
        self.resent_count += attempt > 0
        LOG.info("image_sent", image_id=image.image_id, bytes=image.size_bytes, attempt=attempt)
        return True

    async def _send_whole(self, image: SpooledImage, content: bytes) -> bool:
        """Publish the photograph as one message; whether there is a subscriber."""
        began_s = time.monotonic()
        outgoing = IMAGE.outgoing(
            self._space,
            self._project,
            content,
            content_type=image.content_type,
            user_properties=user_properties(image),
            sender=self._sender,
            image_name=image.image_id,
        )
        outcome = await self.uplink.delivery.publish(outgoing, PUBLISH_TIMEOUT_S)
        self.uplink.note_sent(image.size_bytes, began_s)
        return outcome.has_subscribers

    async def _wait_for_receipt(self, image: SpooledImage, receipt: asyncio.Event) -> bool:
        """Wait for the receipt; False when the image must be sent again."""
        began_s, sessions = time.monotonic(), self.uplink.lost_session_count
        left_s = self.uplink.receipt_wait_s(image.size_bytes)
        while left_s > 0:
            look_s, was_open = time.monotonic(), self.uplink.is_open
            await _wait_event(receipt, min(left_s, LOOK_AGAIN_S))
            if receipt.is_set():
                self.uplink.note_receipt(began_s)
                return True
            if image.image_id in self._asked:
                LOG.info("image_asked_for", image_id=image.image_id)
                return False
            if self.uplink.lost_session_count != sessions:  # the broker lost the session, and perhaps the image
                return False
            if was_open and self.uplink.is_open:  # time without a reconstructor does not count
                left_s -= time.monotonic() - look_s
        LOG.warning("receipt_late", image_id=image.image_id)
        return False

    async def _pause(self, receipt: asyncio.Event, attempt: int) -> None:
        ceiling_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt)
        await _wait_event(receipt, ceiling_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter is no secret

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
        elif found.channel is FLOW:
            self.uplink.take_flow(decode(incoming.payload, Flow))
            self._note_trouble()
        elif found.channel is RECONSTRUCTOR_STATE and incoming.payload:
            self.uplink.take_state(decode(incoming.payload, ReconstructorState))
            self._note_trouble()

    def _note_trouble(self) -> None:
        """Let the rig's health say why the reconstructor waits."""
        self.last_error = self.uplink.reconstructor.reason or self.last_error

    async def _take_gap(self, gap: MissingSequences) -> None:
        """Send images under way again soon; log those that are gone. Waiting images follow in order."""
        under_way = {each.sequence: each.image_id for each in self._under_way.values()}
        is_ours = any(each.session == gap.session for each in under_way.values())
        if is_ours:
            self._asked.update(under_way[each] for each in gap.sequences if each in under_way)
        gone = await asyncio.to_thread(self._outbox.lacking, gap.session, gap.sequences)
        if gone:  # quarantined or evicted: the reconstructor asks a few times, then continues without
            LOG.warning("sequences_gone", session=gap.session, count=len(gone), first=gone[0])
        self.wake()

    async def _take_receipt(self, image_id: ImageId, receipt: UploadAcknowledged) -> None:
        if self.uplink.take_receipt(receipt):
            self._leave(image_id, receipt)
            return
        image = await asyncio.to_thread(self._outbox.settle, receipt, image_id)
        if image is None:
            return
        LOG.info("upload_acknowledged", image_id=image_id, status=receipt.status, number=receipt.image_number)
        if image.reason:
            self.last_error = image.reason
        if image_id in self._receipts:
            self._receipts[image_id].set()
        if image.state is not SpoolState.WAITING:
            self._settled(image)
        self.wake()

    def _leave(self, image_id: ImageId, receipt: UploadAcknowledged) -> None:
        """Leave an image in the outbox, which offers it again when the quota allows it."""
        self.last_error = receipt.reason
        LOG.info("image_waits_for_quota", image_id=image_id, retry_at=str(receipt.retry_at))
        if image_id in self._receipts:
            self._receipts[image_id].set()
        self.wake()


async def _wait_event(event: asyncio.Event, timeout_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()

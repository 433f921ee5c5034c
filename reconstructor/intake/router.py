"""What happens to each message that arrives? Images and what people leave are stored, requests queued, surplus is cleared.

Commands to rigs are written into the audit log.
"""

import asyncio
import contextlib
import dataclasses
from dataclasses import dataclass
from functools import partial

from broker.channel import Match, clearing_of
from broker.clients.subscriptions import Subscription
from broker.contract import (
    COMMAND,
    DESIRED_SCALE_BAR,
    DESIRED_SETTINGS,
    IMAGE,
    PRESENCE,
    PREVIEW,
    PROBE,
    REQUEST,
    UPLOAD_BEGIN,
    UPLOAD_END,
    UPLOAD_PIECE,
    match,
)
from broker.delivery import Incoming
from broker.errors import CairnError
from broker.ids import ImageName, ProjectId
from broker.topics import TopicSpace
from reconstructor.context import BROKER_ERRORS, Context
from reconstructor.defects import MessageFailedError, translating_defects
from reconstructor.disk import send_flow, wait_for_disk
from reconstructor.gaps import Gaps
from reconstructor.intake.annotations import ANNOTATIONS, receive_annotation
from reconstructor.intake.commands import note_command
from reconstructor.intake.lanes import Lanes
from reconstructor.intake.pieces import receive_upload
from reconstructor.intake.previews import preview_refusal, receive_preview
from reconstructor.intake.receipts import receipt_for, rejection, send_receipt, upload_of
from reconstructor.intake.refused_names import refuse_name, refused_name
from reconstructor.intake.retained_by_people import RetainedByPeople
from reconstructor.intake.scale_bars import receive_scale_bar
from reconstructor.requests import ReceivedRequest, RequestQueues
from reconstructor.storage.attempts import key_of
from reconstructor.storage.durable_files import StoreError

# The filter of the pieces matches begin and end, too; filters of their own would bring those twice.
_QUEUED = (IMAGE, PREVIEW, UPLOAD_PIECE, DESIRED_SCALE_BAR, *ANNOTATIONS)
_MOMENTARY = (REQUEST, PRESENCE, PROBE)  # at QoS 0: the broker does not queue them for a reconstructor that is away
_TO_RIGS = (COMMAND, DESIRED_SETTINGS)
_IMAGES = (IMAGE, PREVIEW, UPLOAD_BEGIN, UPLOAD_PIECE, UPLOAD_END)
# One sender's flow window and some more: while its images wait for a decoder, other senders' still come.
RECEIVE_MAXIMUM = 8

# Messages at QoS 0 come without a limit; those at QoS 1 stay with the broker until others are acknowledged.
MAX_WAITING_BYTES = 64 * 1024 * 1024
SMALL_BYTES = 4096
_RESERVE_BYTES = 4 * 1024 * 1024  # for small messages: somebody's junk does not silence other people's requests
_SILENCE_LOOK_S = 30.0


class TooManyAtOnceError(CairnError):
    """Messages at QoS 0 come faster than they can be processed."""

    code = "too_many_at_once"
    remedy = "Publish images with QoS 1 (`mosquitto_pub -q 1`), which waits until there is room."


class MessageSetAsideError(CairnError):
    """Processing a message ended the whole process twice; it is not processed again."""

    code = "message_set_aside"
    remedy = "Report it with the file, which lies in the project's folder `set_aside`."


def subscriptions(space: TopicSpace, project: ProjectId) -> tuple[Subscription, ...]:
    """Everything that others write to us, each with whether its publisher had it retained; and what is written to rigs."""
    return tuple(
        Subscription(topics=space.filter(channel.template, project), qos=qos, is_retain_told=channel not in _TO_RIGS)
        for channels, qos in ((_QUEUED, 1), (_MOMENTARY, 0), (_TO_RIGS, 1))
        for channel in channels
    )


async def receive_messages(context: Context, requests: RequestQueues, gaps: Gaps) -> None:
    """Process messages until cancelled; acknowledge each once it is durable or refused with a reason."""
    retained = RetainedByPeople(context.space, context.project)
    router = _Router(context=context, requests=requests, gaps=gaps, retained=retained)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(router.clear_silent(), name="silent presences")
        lanes = Lanes(tasks)
        async for message in context.delivery.messages():
            if context.store.attempts.is_suspect(key_of(message.topic, message.payload)):
                await lanes.wait_idle()
                await router.process(message)
            elif message.qos == 0 and not has_room(lanes.waiting_bytes, len(message.payload)):
                without_bytes, is_left = dataclasses.replace(message, payload=b""), router.is_left(message)
                lanes.put(
                    router.lane_of(message), partial(router.refuse_unconfirmed, without_bytes, is_left=is_left), 0
                )
            else:
                lanes.put(router.lane_of(message), partial(router.process, message), len(message.payload))


def has_room(waiting_bytes: int, size_bytes: int) -> bool:
    """Whether a message at QoS 0 may wait beside those that wait already."""
    reserve_bytes = _RESERVE_BYTES if size_bytes <= SMALL_BYTES else 0
    return waiting_bytes + size_bytes <= MAX_WAITING_BYTES + reserve_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Router:
    context: Context
    requests: RequestQueues
    gaps: Gaps
    retained: RetainedByPeople

    def lane_of(self, message: Incoming) -> str:
        """Messages of one lane are processed one after the other: images of each sender, and what each user asks."""
        found = self._match(message)
        if found is None or found.channel in _TO_RIGS:
            return ""
        return found.sender if found.channel in _IMAGES else f"{found.user}/asks"

    async def process(self, message: Incoming) -> None:
        """Process one message to its end; only a lost broker leaves it unacknowledged, which brings it again."""
        context = self.context
        await context.election.until_confirmed(context.delivery)  # another reconstructor may have this project now
        try:
            found = self._match(message)
            is_annotation = found is not None and found.channel in ANNOTATIONS
            if message.payload or not message.is_retained or is_annotation:  # any other empty one clears a topic
                await self._process(message)
            if found is None or found.channel not in _TO_RIGS:
                for topic in self.retained.surplus(message, found):
                    await self._clear(topic, len(message.payload))
        except BROKER_ERRORS as exc:
            context.log.warning("answer_not_published", topic=message.topic, reason=exc.sentence)
            return
        message.acknowledge()

    async def refuse_unconfirmed(self, message: Incoming, *, is_left: bool) -> None:
        """Refuse a message at QoS 0 for which there is no room."""
        await self._refuse(message, TooManyAtOnceError("too many images at once with QoS 0: publish with QoS 1"))
        if is_left:
            with contextlib.suppress(*BROKER_ERRORS):  # the next connection brings it again
                await self._clear(message.topic, 0)

    @staticmethod
    def is_left(message: Incoming) -> bool:
        """Whether the broker keeps this message."""
        return message.is_retained and bool(message.payload)

    async def clear_silent(self) -> None:
        """Clear the presences of connections that are gone; never returns."""
        while True:
            await asyncio.sleep(_SILENCE_LOOK_S)
            for topic in self.retained.silent():
                with contextlib.suppress(*BROKER_ERRORS):
                    await self._clear(topic, 0)

    async def _clear(self, topic: str, size_bytes: int) -> None:
        self.context.log.info("retained_cleared", topic=topic[:1024], bytes=size_bytes)
        await self.context.delivery.publish(clearing_of(topic))

    async def _process(self, message: Incoming) -> None:
        context, attempts = self.context, self.context.store.attempts
        key = key_of(message.topic, message.payload)
        try:
            if attempts.has_ended_twice(key):
                await self._set_aside(key, message)
            else:
                with attempts.processing(key), translating_defects(context.log, topic=message.topic):
                    await self._receive(message)
        except BROKER_ERRORS:
            raise
        except MessageFailedError as exc:
            await self._refuse(message, exc)
        except CairnError as exc:
            if self._is_of_interest_to_all(message):
                await context.publish_error(exc, topic=message.topic)
                await self._answer_refused(message, exc)
            else:
                context.log.warning("message_ignored", topic=message.topic, code=exc.code, reason=exc.sentence)

    async def _receive(self, message: Incoming) -> None:
        context = self.context
        found = match(context.space, message.topic)
        if found.channel is REQUEST:
            if not message.is_retained:  # a retained one is nobody's wish of now
                self._queue(message, found)
            return
        if found.channel is DESIRED_SCALE_BAR:
            await receive_scale_bar(context, found.user, message.payload)
            return
        if found.channel in ANNOTATIONS:
            await receive_annotation(context, found, message.payload, is_retained=message.is_retained)
            return
        if found.channel in _TO_RIGS:
            await note_command(context, found, message)
            return
        if found.channel not in _IMAGES:
            return
        if found.sender not in context.senders:
            await send_flow(context, found.sender)
            context.senders.add(found.sender)
        context.wanted.note_heard(found.sender)
        if found.channel is IMAGE:
            await self._receive_image(found, message)
        elif found.channel is PREVIEW:
            await receive_preview(context, self.gaps, found, message)
        else:
            await receive_upload(context, self.gaps, found, message)

    def _queue(self, message: Incoming, found: Match) -> None:
        """Queue a request to be answered; too many at once stay without an answer."""
        asked = ReceivedRequest.read(self.context.project, message, found)
        self.retained.note_heard(found.user, asked.request.connection)
        try:
            self.requests.put(asked)
        except asyncio.QueueFull:
            self.context.log.warning("request_dropped", user=found.user, verb=found.verb.value)

    async def _receive_image(self, found: Match, message: Incoming) -> None:
        upload = upload_of(found.sender, found.image_name, message.payload, message)
        await send_receipt(self.context, self.gaps, found.sender, await receipt_for(self.context, upload))

    async def _set_aside(self, key: str, message: Incoming) -> None:
        while True:
            try:
                await asyncio.to_thread(self.context.store.check_room, len(message.payload))
                await asyncio.to_thread(self.context.store.attempts.set_aside, key, message.topic, message.payload)
            except StoreError as exc:
                await wait_for_disk(self.context, exc)
            else:
                break
        failed = MessageSetAsideError("processing this message ended the reconstructor twice: report it with its file")
        self.context.log.error("message_set_aside", topic=message.topic, file=key)
        await self._refuse(message, failed)
        self.context.store.attempts.forget(key)

    async def _refuse(self, message: Incoming, failed: CairnError) -> None:
        """Answer an image that cannot be processed; anything else is logged."""
        # A full disk or a lost broker must not make the refusal itself fail: the log has the message already.
        with contextlib.suppress(CairnError):
            if not await self._answer_refused(message, failed):
                self.context.log.warning("message_refused", topic=message.topic, code=failed.code)

    async def _answer_refused(self, message: Incoming, failed: CairnError) -> bool:
        """Send a rejected receipt, or that the name is refused; returns whether the message was an image."""
        context, found = self.context, self._match(message)
        if found is not None and found.channel in _IMAGES:
            name = found.image_name if found.channel is IMAGE else ImageName(found.image_id)
            if found.channel is PREVIEW:
                receipt = preview_refusal(context, found.sender, name, failed)
            else:
                receipt = await rejection(context, found.sender, name, failed)
            await send_receipt(context, self.gaps, found.sender, receipt)
            return True
        refused = refused_name(context.space, context.project, message.topic) if found is None else None
        if refused is not None:
            await refuse_name(context, refused, failed)
        return refused is not None

    def _match(self, message: Incoming) -> Match | None:
        with contextlib.suppress(CairnError):
            return match(self.context.space, message.topic)
        return None

    def _is_of_interest_to_all(self, message: Incoming) -> bool:
        """Whether a bad message is an `error` event: what all see is everybody's, the rest is its sender's."""
        rest = message.topic.removeprefix(f"{self.context.space.root}/{self.context.project}/")
        return rest.startswith(("image/", "preview/", "upload/", "scale/", "measure/", "note/"))

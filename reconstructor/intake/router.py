"""What happens to each message that arrives? Images, pieces and scale bars are stored, requests queued, commands to rigs noted.

Bad messages are answered by an error event.
"""

import asyncio
import contextlib
import dataclasses
from dataclasses import dataclass
from functools import partial

from broker.channel import Match
from broker.contract import COMMAND, DESIRED_SETTINGS, IMAGE, REQUEST, SCALE_BAR, UPLOAD_PIECE, match
from broker.delivery import Incoming
from broker.errors import CairnError
from broker.ids import ImageName
from reconstructor.context import BROKER_ERRORS, Context
from reconstructor.defects import MessageFailedError, translating_defects
from reconstructor.disk import send_flow, wait_for_disk
from reconstructor.gaps import Gaps
from reconstructor.intake.commands import note_command
from reconstructor.intake.lanes import Lanes
from reconstructor.intake.pieces import receive_upload
from reconstructor.intake.receipts import captured_at, receipt_for, rejection, send_receipt
from reconstructor.intake.scale_bars import receive_scale_bar
from reconstructor.intake.validation import Upload
from reconstructor.requests import ReceivedRequest
from reconstructor.storage.attempts import key_of
from reconstructor.storage.durable_files import StoreError

# The filter of the pieces matches begin and end, too; filters of their own would bring those twice.
READ = (IMAGE, UPLOAD_PIECE, REQUEST, SCALE_BAR, COMMAND, DESIRED_SETTINGS)
_WITHOUT_SENDER = frozenset({REQUEST, SCALE_BAR, COMMAND, DESIRED_SETTINGS})
# One sender's flow window and some more: while its images wait for a decoder, other senders' still come.
RECEIVE_MAXIMUM = 8

# Messages at QoS 0 come without a limit; those at QoS 1 stay with the broker until others are acknowledged.
MAX_WAITING_BYTES = 64 * 1024 * 1024


class TooManyAtOnceError(CairnError):
    """Messages at QoS 0 come faster than they can be processed."""

    code = "too_many_at_once"
    remedy = "Publish images with QoS 1 (`mosquitto_pub -q 1`), which waits until there is room."


class MessageSetAsideError(CairnError):
    """Processing a message ended the whole process twice; it is not processed again."""

    code = "message_set_aside"
    remedy = "Report it with the file, which lies in the project's folder `set_aside`."


async def receive_messages(context: Context, requests: asyncio.Queue[ReceivedRequest], gaps: Gaps) -> None:
    """Process messages until cancelled; acknowledge each once it is durable or refused with a reason."""
    router = _Router(context=context, requests=requests, gaps=gaps)
    async with asyncio.TaskGroup() as tasks:
        lanes = Lanes(tasks)
        async for message in context.delivery.messages():
            if context.store.attempts.is_suspect(key_of(message.topic, message.payload)):
                await lanes.wait_idle()
                await router.process(message)
            elif message.qos == 0 and lanes.waiting_bytes > MAX_WAITING_BYTES:
                without_bytes = dataclasses.replace(message, payload=b"")
                lanes.put(router.lane_of(message), partial(router.refuse_unconfirmed, without_bytes), 0)
            else:
                lanes.put(router.lane_of(message), partial(router.process, message), len(message.payload))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Router:
    context: Context
    requests: asyncio.Queue[ReceivedRequest]
    gaps: Gaps

    def lane_of(self, message: Incoming) -> str:
        """Messages of one lane are processed one after the other: one for each sender, one for everything else."""
        with contextlib.suppress(CairnError):
            found = match(self.context.space, message.topic)
            if found.channel not in _WITHOUT_SENDER:
                return found.sender
        return ""

    async def process(self, message: Incoming) -> None:
        """Process one message to its end; only a lost broker leaves it unacknowledged, which brings it again."""
        context, attempts = self.context, self.context.store.attempts
        key = key_of(message.topic, message.payload)
        await context.election.until_confirmed(context.delivery)  # another reconstructor may have this project now
        try:
            if attempts.has_ended_twice(key):
                await self._set_aside(key, message)
            else:
                with attempts.processing(key), translating_defects(context.log, topic=message.topic):
                    await self._receive(message)
        except BROKER_ERRORS as exc:
            context.log.warning("answer_not_published", topic=message.topic, reason=exc.sentence)
            return
        except MessageFailedError as exc:
            await self._refuse(message, exc)
        except CairnError as exc:
            await context.publish_error(exc, topic=message.topic)
        message.acknowledge()

    async def refuse_unconfirmed(self, message: Incoming) -> None:
        """Refuse a message at QoS 0 for which there is no room."""
        await self._refuse(message, TooManyAtOnceError("too many images at once with QoS 0: publish with QoS 1"))

    async def _receive(self, message: Incoming) -> None:
        context = self.context
        found = match(context.space, message.topic)
        if found.channel is REQUEST:
            if not message.is_retained:
                self.requests.put_nowait(ReceivedRequest.now(message, found))
            return
        if found.channel is SCALE_BAR:
            await receive_scale_bar(context, message.payload)
            return
        if found.channel in {COMMAND, DESIRED_SETTINGS}:
            await note_command(context, found, message)
            return
        if found.sender not in context.senders:
            await send_flow(context, found.sender)
            context.senders.add(found.sender)
        if found.channel is IMAGE:
            await self._receive_image(found, message)
        else:
            await receive_upload(context, self.gaps, found, message)

    async def _receive_image(self, found: Match, message: Incoming) -> None:
        upload = Upload(
            sender=found.sender, name=found.image_name, payload=message.payload, captured_at=captured_at(message)
        )
        await send_receipt(self.context, self.gaps, found.sender, await receipt_for(self.context, upload))

    async def _set_aside(self, key: str, message: Incoming) -> None:
        while True:
            try:
                self.context.store.check_room(len(message.payload))
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
        """Answer a message that cannot be processed: a rejected receipt for an image, else an `error` event."""
        # A full disk or a lost broker must not make the refusal itself fail: the log has the message already.
        with contextlib.suppress(CairnError):
            found = match(self.context.space, message.topic)
            if found.channel in _WITHOUT_SENDER:
                await self.context.publish_error(failed, topic=message.topic)
                return
            name = found.image_name if found.channel is IMAGE else ImageName(found.image_id)
            receipt = await rejection(self.context, found.sender, name, failed)
            await send_receipt(self.context, self.gaps, found.sender, receipt)

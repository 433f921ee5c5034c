"""What happens to each message that arrives? Images, pieces and scale bars are stored, requests queued, bad messages answered by an error event."""

import asyncio
import contextlib

from broker.channel import Match
from broker.contract import IMAGE, REQUEST, SCALE_BAR, UPLOAD_PIECE, match
from broker.delivery import Incoming
from broker.errors import CairnError
from broker.ids import ImageName, SenderId
from reconstructor.context import BROKER_ERRORS, Context
from reconstructor.gaps import Gaps
from reconstructor.intake.pieces import receive_upload
from reconstructor.intake.receipts import captured_at, receipt_for, rejection, send_flow, send_receipt
from reconstructor.intake.scale_bars import receive_scale_bar
from reconstructor.intake.validation import ImageRefusedError, Upload
from reconstructor.requests import ReceivedRequest

# The filter of the pieces matches begin and end, too; filters of their own would bring those twice.
READ = (IMAGE, UPLOAD_PIECE, REQUEST, SCALE_BAR)


class MessageFailedError(ImageRefusedError):
    """Processing a message failed by a defect of the program; the message is not processed again."""

    code = "message_failed"
    remedy = "Report it with the reconstructor's log, which names the exception."


async def receive_messages(context: Context, requests: asyncio.Queue[ReceivedRequest], gaps: Gaps) -> None:
    """Process messages one by one until cancelled; acknowledge each once it is durable or refused with a reason."""
    senders: set[SenderId] = set()
    async for message in context.delivery.messages():
        await context.election.until_confirmed(context.delivery)  # another reconstructor may have this project now
        try:
            await _receive_one(context, message, requests, gaps, senders)
        except BROKER_ERRORS as exc:  # not acknowledged: the broker or the sender brings it again
            context.log.warning("answer_not_published", topic=message.topic, reason=exc.sentence)
        except CairnError as exc:
            await context.publish_error(exc, topic=message.topic)
            message.acknowledge()
        except Exception:
            context.log.exception("message_failed", topic=message.topic)
            await _refuse(context, gaps, message)
            message.acknowledge()
        else:
            message.acknowledge()


async def _refuse(context: Context, gaps: Gaps, message: Incoming) -> None:
    """Answer a message whose processing failed by a defect: a rejected receipt for an image, else an `error` event."""
    failed = MessageFailedError("this message could not be processed: report it with the reconstructor's log")
    # A full disk or a lost broker must not make the refusal itself fail: the log has the message already.
    with contextlib.suppress(CairnError):
        found = match(context.space, message.topic)
        if found.channel in {REQUEST, SCALE_BAR}:
            await context.publish_error(failed, topic=message.topic)
            return
        name = found.image_name if found.channel is IMAGE else ImageName(found.image_id)
        receipt = await rejection(context, found.sender, name, failed)
        await send_receipt(context, gaps, found.sender, receipt)


async def _receive_one(
    context: Context,
    message: Incoming,
    requests: asyncio.Queue[ReceivedRequest],
    gaps: Gaps,
    senders: set[SenderId],
) -> None:
    found = match(context.space, message.topic)
    if found.channel is REQUEST:
        if not message.is_retained:
            requests.put_nowait(ReceivedRequest.now(message, found))
        return
    if found.channel is SCALE_BAR:
        await receive_scale_bar(context, message.payload)
        return
    sender = found.sender
    if sender not in senders:
        await send_flow(context, sender)
        senders.add(sender)
    if found.channel is IMAGE:
        await _receive_image(context, gaps, sender, found, message)
    else:
        await receive_upload(context, gaps, found, message)


async def _receive_image(context: Context, gaps: Gaps, sender: SenderId, found: Match, message: Incoming) -> None:
    upload = Upload(sender=sender, name=found.image_name, payload=message.payload, captured_at=captured_at(message))
    await send_receipt(context, gaps, sender, await receipt_for(context, upload))

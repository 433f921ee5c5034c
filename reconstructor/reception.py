"""What happens to each message that arrives? Images and pieces to the store, requests to their queue, rubbish a word."""

import asyncio

from broker.contract import IMAGE, REQUEST, UPLOAD_PIECE, Match, match
from broker.delivery import Incoming
from broker.errors import CairnError
from broker.ids import ImageName, SenderId
from reconstructor.context import BROKER_ERRORS, Context
from reconstructor.intake import Upload
from reconstructor.receipts import captured_at, receipt_for, send_flow, send_receipt
from reconstructor.requests import Asked
from reconstructor.uploads import receive_upload

READ = (IMAGE, UPLOAD_PIECE, REQUEST)  # the pieces' filter brings begin and end too; theirs would bring them twice


async def receive(context: Context, asked: asyncio.Queue[Asked]) -> None:
    """See to one message after the other, for ever; each is acknowledged when it is durable or refused in words."""
    senders: set[SenderId] = set()
    async for message in context.delivery.messages():
        try:
            await _receive_one(context, message, asked, senders)
        except BROKER_ERRORS as exc:  # not acknowledged: the broker or the sender brings it again
            context.log.warning("answer_not_published", topic=message.topic, reason=exc.sentence)
        except CairnError as exc:
            await context.tell_error(exc, topic=message.topic)
            message.acknowledge()
        else:
            message.acknowledge()


async def _receive_one(
    context: Context, message: Incoming, asked: asyncio.Queue[Asked], senders: set[SenderId]
) -> None:
    found = match(context.space, message.topic)
    if found.channel is REQUEST:
        if not message.is_retained:
            asked.put_nowait(Asked.now(message, found))
        return
    sender = SenderId(str(found.levels["sender"]))
    if sender not in senders:
        await send_flow(context, sender)
        senders.add(sender)
    if found.channel is IMAGE:
        await _receive_image(context, sender, found, message)
    else:
        await receive_upload(context, found, message)


async def _receive_image(context: Context, sender: SenderId, found: Match, message: Incoming) -> None:
    name = ImageName(str(found.levels["image_name"]))
    upload = Upload(sender=sender, name=name, payload=message.payload, captured_at=captured_at(message))
    await send_receipt(context, sender, await receipt_for(context, upload))

"""What happens to each message that arrives? Images get their receipts, requests go to their queue, rubbish a word."""

import asyncio

from broker.contract import IMAGE, RECEIPT, REQUEST, Match, match
from broker.delivery import Incoming, Outgoing
from broker.errors import CairnError
from broker.ids import ImageName, SenderId
from broker.messages import ReceiptStatus, UploadAcknowledged
from reconstructor.context import BROKER_ERRORS, RETRY_S, Context
from reconstructor.durable import StoreError
from reconstructor.intake import ImageRefusedError, Limits, Taken, Upload, take_in
from reconstructor.requests import Asked


async def receive(context: Context, asked: asyncio.Queue[Asked]) -> None:
    """See to one message after the other, for ever; each is acknowledged when it is durable or refused in words."""
    async for message in context.delivery.messages():
        await _receive_one(context, message, asked)


async def _receive_one(context: Context, message: Incoming, asked: asyncio.Queue[Asked]) -> None:
    try:
        found = match(context.space, message.topic)
    except CairnError as exc:
        await context.tell_error(exc, topic=message.topic)
        message.acknowledge()
        return
    if found.channel is IMAGE:
        await _receive_image(context, message, found)
    elif found.channel is REQUEST and not message.is_retained:
        asked.put_nowait(Asked.now(message, found))
        message.acknowledge()
    else:
        message.acknowledge()


async def _receive_image(context: Context, message: Incoming, found: Match) -> None:
    upload = Upload(
        sender=SenderId(str(found.levels["sender"])),
        name=ImageName(str(found.levels["image_name"])),
        payload=message.payload,
    )
    receipt = await receipt_for(context, upload)
    try:
        await send_receipt(context, upload, receipt)
    except BROKER_ERRORS as exc:  # not acknowledged: the broker or the sender brings the image again
        context.log.warning("receipt_not_published", image=upload.name, reason=exc.sentence)
        return
    message.acknowledge()


async def receipt_for(context: Context, upload: Upload) -> UploadAcknowledged:
    """Take an upload in and say what became of it; while the disk is full it waits here, unacknowledged."""
    settings = context.settings
    limits = Limits(pixels=settings.image_pixels_limit, side_px=settings.image_side_px_limit)
    while True:
        try:
            taken = await asyncio.to_thread(take_in, upload, context.store, limits)
        except ImageRefusedError as exc:
            return await _rejected(context, upload, exc)
        except StoreError as exc:
            await _wait_for_disk(context, exc)
        else:
            return await _stored(context, upload, taken)


async def send_receipt(context: Context, upload: Upload, receipt: UploadAcknowledged) -> None:
    """Publish a receipt; raises what `Delivery.publish` raises."""
    topic = context.space.topic(context.project, RECEIPT.template, sender=upload.sender, image_name=upload.name)
    await context.delivery.publish(Outgoing(topic=topic, payload=receipt.encode(), content_type="application/json"))


async def _rejected(context: Context, upload: Upload, exc: ImageRefusedError) -> UploadAcknowledged:
    context.log.warning("image_rejected", sender=upload.sender, image=upload.name, code=exc.code, reason=exc.sentence)
    await asyncio.to_thread(context.store.count_rejected)
    return UploadAcknowledged(
        project=context.project,
        status=ReceiptStatus.REJECTED,
        image_name=upload.name,
        code=exc.code,
        reason=exc.sentence[:2000],
    )


async def _stored(context: Context, upload: Upload, taken: Taken) -> UploadAcknowledged:
    image = taken.image
    if taken.status is ReceiptStatus.STORED:
        context.log.info(
            "image_stored",
            sender=upload.sender,
            image=image.image_id,
            number=image.number,
            bytes=len(upload.payload),
        )
        context.work.set()
    if context.is_disk_full:
        context.is_disk_full = False
        await _speak(context)
    return UploadAcknowledged(
        project=context.project,
        status=taken.status,
        image_name=upload.name,
        image_id=image.image_id,
        image_number=image.number,
        sha256=image.sha256,
    )


async def _wait_for_disk(context: Context, exc: StoreError) -> None:
    if not context.is_disk_full:
        context.is_disk_full = True
        await context.tell_error(exc)
        await _speak(context)
    await asyncio.sleep(RETRY_S)


async def _speak(context: Context) -> None:
    try:
        await context.speak_state()
    except BROKER_ERRORS as exc:
        context.log.warning("state_not_published", reason=exc.sentence)

"""What happens while the disk is full? Nothing is taken, senders get a pause with its reason, until there is room."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from broker.contract import FLOW
from broker.ids import SenderId
from broker.messages import Error, Flow
from reconstructor.context import BROKER_ERRORS, RETRY_S, Context
from reconstructor.storage.durable_files import StoreError

PAUSE_S: Final = 60.0  # if we end meanwhile, a sender tries again after it
RENEW_S: Final = 20.0
_ATTEMPT_S: Final = 5.0  # longest time between two attempts to store what waits


async def send_flow(context: Context, sender: SenderId) -> None:
    """Publish, retained, how much a sender may have under way, or its pause; raises what `Delivery.publish` raises."""
    settings, disk = context.settings, context.presence.disk
    flow = Flow(
        project=context.project,
        image_count=settings.flow_images,
        size_bytes=settings.flow_bytes,
        pause_until=datetime.now(UTC) + timedelta(seconds=PAUSE_S) if disk.code is not None else None,
        code=disk.code,
        reason=disk.reason,
    )
    await context.delivery.publish(FLOW.outgoing(context.space, context.project, flow, sender=sender))


async def wait_for_disk(context: Context, exc: StoreError) -> None:
    """Say once that nothing can be stored, then wait before the next attempt."""
    context.presence.disk_failed_at_s = time.monotonic()
    await _note(context, exc)
    await asyncio.sleep(RETRY_S)


async def note_room(context: Context) -> None:
    """Say that images are taken again, if they were not."""
    if context.presence.disk.clear():
        await _send_flows(context)
        await context.publish_state()


async def watch_disk(context: Context) -> None:
    """Notice a full disk before an image comes, renew pauses meanwhile, and notice when there is room; never returns."""
    renewed_at_s = time.monotonic()
    while True:
        await asyncio.sleep(RETRY_S)
        try:
            await asyncio.to_thread(context.store.check_room, 0)
        except StoreError as exc:
            await _note(context, exc)
        else:
            # While an image waits for more room than there is, its attempts decide.
            if time.monotonic() - context.presence.disk_failed_at_s > _ATTEMPT_S:
                await note_room(context)
        if context.presence.disk.code is not None and time.monotonic() - renewed_at_s > RENEW_S:
            renewed_at_s = time.monotonic()
            await _send_flows(context)


async def _note(context: Context, exc: StoreError) -> None:
    if context.presence.disk.note(exc.code, exc.sentence):
        await context.publish_event(Error(project=context.project, code=exc.code, reason=exc.sentence[:2000]))
        await context.publish_state()
        await _send_flows(context)


async def _send_flows(context: Context) -> None:
    """Tell every sender that this project knows."""
    known = {image.sender for image in await asyncio.to_thread(context.store.images)}
    for sender in sorted(context.senders | known):
        try:
            await send_flow(context, sender)
        except BROKER_ERRORS as exc:  # renewed soon
            context.log.warning("flow_not_published", sender=sender, reason=exc.sentence)

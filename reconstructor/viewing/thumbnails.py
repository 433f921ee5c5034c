"""How do viewers recognise an image? A small retained JPEG of each; a task of its own publishes it."""

import asyncio
import contextlib
import time

from broker.channel import clearing_of
from broker.clients.trouble import Trouble
from broker.config import Connection
from broker.contract import IMAGE_THUMBNAIL, match
from broker.ids import ImageId, ProjectId
from reconstructor.context import BROKER_ERRORS, LONGEST_RETRY_S, RETRY_S, Context
from reconstructor.defects import MessageFailedError, translating_defects
from reconstructor.publishing.retained_messages import retained_messages
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.images import StoredImage

_CONNECT_TIMEOUT_S = 10.0
_LOOK_S = 3600.0
_DAY_S = 86_400.0


async def publish_thumbnails(context: Context) -> None:
    """Keep a thumbnail of every stored image on the broker; never returns. A new broker gets all of them again."""
    listed_at, seen_count, shown, clear_at_s = 0, 0, set[ImageId](), 0.0
    waiting, pause_s = Trouble(log=context.log, event="thumbnails_wait"), RETRY_S
    while True:
        context.signals.thumbnails.clear()
        try:
            connected = await context.delivery.wait_connected(_CONNECT_TIMEOUT_S)
            if connected.count != listed_at:
                shown = await _list(context.settings.broker, context.project)
                listed_at, seen_count, clear_at_s = connected.count, 0, 0.0
            if (look_s := _look_s(context)) is not None and time.monotonic() >= clear_at_s:
                await _clear_old(context, shown)
                clear_at_s = time.monotonic() + look_s
            while seen_count < await asyncio.to_thread(context.store.image_count):
                image = await asyncio.to_thread(context.store.image, seen_count + 1)
                if image.image_id not in shown and image.stored_at >= _kept_since(context):
                    try:
                        await publish_thumbnail(context, image)
                        shown.add(image.image_id)
                    except (MessageFailedError, StoreError) as exc:  # the image goes without
                        context.log.warning(
                            "thumbnail_not_made", image=image.image_id, code=exc.code, reason=exc.sentence
                        )
                seen_count += 1
        except BROKER_ERRORS as exc:
            waiting.note(exc.code, exc.sentence)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_RETRY_S)
        else:
            waiting.clear()
            pause_s = RETRY_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(look_s):
                    await context.signals.thumbnails.wait()


async def _clear_old(context: Context, shown: set[ImageId]) -> None:
    """Clear the thumbnails that are no longer kept on the broker, and take them out of those shown."""
    old = await asyncio.to_thread(context.store.senders.stored_before, _kept_since(context))
    for image_id in sorted(shown & old):
        topic = context.space.topic(context.project, IMAGE_THUMBNAIL.template, image_id=image_id)
        await context.delivery.publish(clearing_of(topic))
        shown.discard(image_id)


def _kept_since(context: Context) -> float:
    """Images from here on have a thumbnail on the broker, seconds of the wall clock; 0 without a limit of their age."""
    days = context.settings.thumbnail_days
    return time.time() - days * _DAY_S if days > 0 else 0.0


def _look_s(context: Context) -> float | None:
    """How often thumbnails are looked at without a new image; None without a limit of their age."""
    days = context.settings.thumbnail_days
    return min(_LOOK_S, days * _DAY_S / 4) if days > 0 else None


async def _list(connection: Connection, project: ProjectId) -> set[ImageId]:
    """Ids of the images whose thumbnail the broker holds; an id names its bytes, so that none is ever out of date."""
    found = [
        match(connection.space, message.topic).image_id
        async for message in retained_messages(connection, project, IMAGE_THUMBNAIL)
    ]
    return set(found)


async def publish_thumbnail(context: Context, image: StoredImage) -> None:
    """Make and publish the thumbnail of an image, from its preview until the original is there."""
    with translating_defects(context.log, image=image.image_id):
        content = await asyncio.to_thread(context.store.content, image.number)
        small = await context.decoders.thumbnail(content)
        if small is not None:
            outgoing = IMAGE_THUMBNAIL.outgoing(context.space, context.project, small, image_id=image.image_id)
            await context.delivery.publish(outgoing)

"""How is a refetch's progress published? As `progress` events, about once a second, with a growing ratio."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from broker.ids import ImageId
from broker.messages import Progress
from reconstructor.context import Context
from reconstructor.progress import forget_progress, read_progress

INTERVAL_S: Final = 1.0


@asynccontextmanager
async def publishing_progress(context: Context, image_id: ImageId) -> AsyncIterator[None]:
    """Publish the black box's `progress.json` while the block runs."""
    await asyncio.to_thread(forget_progress, context.store.black_box_folder)
    telling = asyncio.create_task(_tell_progress(context, image_id), name=f"{context.project}.progress")
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _tell_progress(context: Context, image_id: ImageId) -> None:
    told_ratio = -1.0
    while True:
        note = await asyncio.to_thread(read_progress, context.store.black_box_folder)
        if note is not None and note.done_ratio > told_ratio:
            told_ratio = note.done_ratio
            await context.publish_event(
                Progress(project=context.project, image_id=image_id, stage=note.stage, done_ratio=told_ratio)
            )
        await asyncio.sleep(INTERVAL_S)

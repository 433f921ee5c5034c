"""What does the service remove by itself? What is left over in a project's folder, after the days that the settings say."""

import asyncio
import time
from typing import Final

from broker.errors import CairnError
from reconstructor.context import Context
from reconstructor.storage.leftovers import leftovers, remove

LOOK_S: Final = 3600.0
DAY_S: Final = 86_400.0


async def remove_leftovers(context: Context) -> None:
    """Remove leftovers every hour; ends at once when the settings keep them."""
    days = context.settings.retention_days
    while days > 0:
        try:
            await asyncio.to_thread(_remove, context, days * DAY_S)
        except (CairnError, OSError) as exc:  # tried again in an hour
            context.log.warning("leftovers_stay", reason=str(exc))
        await asyncio.sleep(LOOK_S)


def _remove(context: Context, older_than_s: float) -> None:
    found = leftovers(context.store.folder, older_than_s=older_than_s, now_s=time.time())
    freed_bytes = remove(found)
    left_count = sum(each.path.exists() for each in found)
    if len(found) > left_count:
        context.log.info("leftovers_removed", count=len(found) - left_count, bytes=freed_bytes)
    if left_count:
        context.log.warning("leftovers_stay", count=left_count, reason="the disk does not let us remove them")

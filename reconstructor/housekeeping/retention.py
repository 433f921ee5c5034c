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
    if found:
        context.log.info("leftovers_removed", count=len(found), bytes=remove(found))

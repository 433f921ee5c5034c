"""When does a project get its last refetch? When it has rested for a while and photographs came since the last one."""

import asyncio
import time
from typing import Final

from reconstructor.context import Context

_LOOK_S: Final = 5.0


async def refetch_at_rest(context: Context) -> None:
    """Queue a refetch whenever the project has rested for `refetch_at_rest_s`; until cancelled.

    Time is counted by this program and not read from the clock, which jumps on machines without one of their own.
    """
    rest_s, store = context.settings.refetch_at_rest_s, context.store
    change: tuple[int, ...] = ()
    since_s, looked_at, is_settled = time.monotonic(), -1, False
    while rest_s > 0:
        await asyncio.sleep(min(_LOOK_S, rest_s / 4))
        if store.rest.change_count == looked_at and is_settled:
            continue  # nothing was written since, so that nothing is read
        looked_at = store.rest.change_count
        newest = await asyncio.to_thread(store.rest.newest_change)
        if newest != change or store.is_paused:
            change, since_s, is_settled = newest, time.monotonic(), False
        elif time.monotonic() - since_s < rest_s:
            continue
        elif not await asyncio.to_thread(store.rest.lacks_refetch):
            is_settled = True
        else:
            number = await asyncio.to_thread(store.request_refetch)
            context.log.info("refetch_at_rest", number=number)
            context.signals.work.notify()

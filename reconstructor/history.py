"""How do people who join late see the day? The last events are retained as one message; a task of its own publishes it."""

import asyncio
from typing import Final

from broker.clients.trouble import Trouble
from broker.contract import HISTORY
from reconstructor.context import BROKER_ERRORS, RETRY_S, Context
from reconstructor.storage.durable_files import StoreError

_PAUSE_S: Final = 2.0  # an image has three events within seconds: it is published once for them


async def publish_history(context: Context) -> None:
    """Keep the last events on the broker; never returns. A new broker gets them again."""
    waiting = Trouble(log=context.log, event="history_waits")
    while True:
        await context.signals.history.wait()
        context.signals.history.clear()
        try:
            message = await asyncio.to_thread(context.store.past_events.message, context.project)
            if message is not None:
                await context.election.until_confirmed(context.delivery)
                await context.delivery.publish(HISTORY.outgoing(context.space, context.project, message))
        except (*BROKER_ERRORS, StoreError) as exc:
            waiting.note(exc.code, exc.sentence)
            context.signals.history.set()
            await asyncio.sleep(RETRY_S)
        else:
            waiting.clear()
            await asyncio.sleep(_PAUSE_S)

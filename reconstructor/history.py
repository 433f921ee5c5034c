"""How do people who join late see the day? Past events and generations are retained, as one message each, by two tasks."""

import asyncio
import contextlib
from typing import Final

from broker.clients.trouble import Trouble
from broker.wire.history import GenerationRow
from broker.wire.history_channels import GENERATIONS, HISTORY
from reconstructor.context import BROKER_ERRORS, RETRY_S, Context
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.generation_files import ShardGoneError

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


async def publish_generations(context: Context) -> None:
    """Copy replaced generations, and keep the rows of all on the broker; never returns. A new broker gets them again."""
    waiting = Trouble(log=context.log, event="generations_wait")
    published: tuple[int, tuple[GenerationRow, ...]] | None = None
    while True:
        await context.signals.generations.wait()
        context.signals.generations.clear()
        try:
            with contextlib.suppress(ShardGoneError):  # that one is not kept
                await asyncio.to_thread(context.store.references.keep_earlier)
            message = await asyncio.to_thread(context.store.references.earlier.message, context.project)
            if message is not None:
                await context.election.until_confirmed(context.delivery)
                state = (context.delivery.connect_count, message.generations)
                if state != published:
                    await context.delivery.publish(GENERATIONS.outgoing(context.space, context.project, message))
                    published = state
        except (*BROKER_ERRORS, StoreError) as exc:
            waiting.note(exc.code, exc.sentence)
            context.signals.generations.set()
            await asyncio.sleep(RETRY_S)
        else:
            waiting.clear()
            await asyncio.sleep(_PAUSE_S)

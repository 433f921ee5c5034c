"""How is one project served? Its connection, its store, its black box, and the tasks between them."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from broker.contract import RECONSTRUCTOR_STATISTICS
from broker.delivery import BrokerRefusedError, Delivery, DeliveryTimeoutError
from broker.ids import ProjectId
from broker.logs import get_logger
from broker.messages import ReconstructorPresence, ReconstructorState
from reconstructor.config import Settings
from reconstructor.context import BROKER_ERRORS, RETRY_S, Context, state_message
from reconstructor.executors.local import LocalExecutor
from reconstructor.gaps import Gaps
from reconstructor.intake.receipts import ask_for_gaps
from reconstructor.intake.router import READ, receive
from reconstructor.intake.scale_bars import publish_revisions
from reconstructor.jobs.runner import run_jobs
from reconstructor.publishing.publisher import Publisher
from reconstructor.requests import Asked, answer_requests
from reconstructor.statistics import collect
from reconstructor.storage.generation_files import ShardGoneError
from reconstructor.storage.store import Store
from reconstructor.thumbnails import publish_thumbnails

_CONNECT_WAIT_S: Final = 30.0
_FAREWELL_S: Final = 2.0
_CLEAR_INTERVAL_S: Final = 1.0


async def serve_project(settings: Settings, project: ProjectId) -> None:
    """Serve one project until cancelled.

    Raises:
        StoreError: its folder cannot be used.
        BrokerRefusedError: the broker does not let us in.
        BlackBoxNotFoundError: the settings name no function.
    """
    async with _opened(settings, project) as context, asyncio.TaskGroup() as tasks:
        asked: asyncio.Queue[Asked] = asyncio.Queue()
        work = {
            "connection": _follow_connection(context),
            "reception": receive(context, asked),
            "gaps": ask_for_gaps(context),
            "requests": answer_requests(context, asked),
            "revisions": publish_revisions(context),
            "jobs": run_jobs(context),
            "thumbnails": publish_thumbnails(context),
            "statistics": _publish_statistics(context),
            "clearing": _clear_old(context),
        }
        for name, coroutine in work.items():
            tasks.create_task(coroutine, name=f"{project}.{name}")


@asynccontextmanager
async def _opened(settings: Settings, project: ProjectId) -> AsyncIterator[Context]:
    """Everything that has to be closed again, in order."""
    store = await asyncio.to_thread(
        Store,
        settings.data_dir / project,
        refetch_every=settings.refetch_every,
        disk_reserve_bytes=settings.disk_reserve_bytes,
    )
    boot_id = uuid.uuid4().hex
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(store.close)
        delivery = await stack.enter_async_context(_delivery(settings, project, boot_id))
        executor = LocalExecutor(settings.black_box, store.black_box_folder, settings.memory_limit_bytes)
        context = Context(
            project=project,
            settings=settings,
            store=store,
            delivery=delivery,
            publisher=Publisher(
                project=project,
                connection=settings.broker,
                delivery=delivery,
                references=store.references,
                grace_s=settings.grace_s,
            ),
            executor=executor,
            boot_id=boot_id,
            gaps=Gaps(first_wait_s=settings.gap_wait_s),
            log=get_logger(project=project),
        )
        stack.push_async_callback(_say_farewell, context)
        stack.push_async_callback(executor.close)
        yield context


def _delivery(settings: Settings, project: ProjectId, boot_id: str) -> Delivery:
    space = settings.broker.space
    gone = ReconstructorState(
        project=project,
        presence=ReconstructorPresence.OFFLINE,
        boot_id=boot_id,
        black_box=settings.black_box,
        refetch_every=settings.refetch_every,
    )
    return Delivery(
        settings.broker,
        client_id=f"reconstructor-{project}",
        subscriptions=tuple(space.filter(channel.template, project) for channel in READ),
        will=state_message(space, gone),
    )


async def _say_farewell(context: Context) -> None:
    with contextlib.suppress(*BROKER_ERRORS):  # the last will says it for us
        farewell = context.state(ReconstructorPresence.OFFLINE)
        if context.delivery.is_connected:
            await context.delivery.publish(farewell, _FAREWELL_S)


async def _follow_connection(context: Context) -> None:
    """At each new connection say that we are there, and give back what the broker lost."""
    count = 0
    while True:
        try:
            count = (await context.delivery.next_connection(count, _CONNECT_WAIT_S)).count
            await context.speak_state()
        except DeliveryTimeoutError as exc:
            if not context.delivery.is_connected:
                context.log.warning("broker_away", reason=exc.sentence, contested=context.delivery.is_name_contested)
            continue
        except BrokerRefusedError as exc:
            if count == 0:
                raise
            context.log.warning("broker_refuses", reason=exc.sentence)
            await asyncio.sleep(RETRY_S)
            continue
        context.thumbnails.set()
        await context.reconcile()


async def _publish_statistics(context: Context) -> None:
    while True:
        message = await asyncio.to_thread(collect, context.project, context.store, context.figures)
        outgoing = RECONSTRUCTOR_STATISTICS.outgoing(context.space, context.project, message)
        with contextlib.suppress(*BROKER_ERRORS):  # the next ones come soon
            await context.delivery.publish(outgoing)
        await asyncio.sleep(context.settings.statistics_interval_s)


async def _clear_old(context: Context) -> None:
    while True:
        await asyncio.sleep(min(_CLEAR_INTERVAL_S, context.settings.grace_s / 2 + 0.05))
        try:
            await context.publisher.clear_old()
        except ShardGoneError as exc:
            await context.mend(exc)
        except BROKER_ERRORS as exc:
            context.log.warning("clearing_waits", reason=exc.sentence)

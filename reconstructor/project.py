"""How is one project served? Its connection, its store, its black box, and the tasks between them."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from broker.clients.limits import BrokerLimits
from broker.clients.refusals import BrokerRefusedError, DeliveryTimeoutError
from broker.clients.trouble import Trouble
from broker.contract import RECONSTRUCTOR_STATISTICS
from broker.delivery import Delivery
from broker.ids import ProjectId
from broker.logs import get_logger
from broker.shards import MAX_POINTS, PLY_BYTES_PER_POINT
from reconstructor.config import Settings
from reconstructor.context import BROKER_ERRORS, RETRY_S, Context
from reconstructor.decoders import Decoders
from reconstructor.disk import watch_disk
from reconstructor.executors import Executor
from reconstructor.executors.local import LocalExecutor
from reconstructor.gaps import Gaps
from reconstructor.intake.receipts import ask_for_gaps
from reconstructor.intake.router import READ, RECEIVE_MAXIMUM, receive_messages
from reconstructor.intake.scale_bars import publish_revisions
from reconstructor.jobs.runner import run_jobs
from reconstructor.presence import Presence, last_will
from reconstructor.publishing.publisher import Publisher
from reconstructor.requests import ReceivedRequest, answer_requests
from reconstructor.statistics import LatencySamples, collect
from reconstructor.storage.generation_files import ShardGoneError
from reconstructor.storage.store import Store
from reconstructor.thumbnails import publish_thumbnails

_CONNECT_WAIT_S: Final = 30.0
_OFFLINE_TIMEOUT_S: Final = 2.0
_CLEAR_INTERVAL_S: Final = 1.0
_PACKET_OVERHEAD_BYTES: Final = 1024  # header of the PLY, topic and properties of the PUBLISH
LARGEST_SHARD_PACKET_BYTES: Final = MAX_POINTS * PLY_BYTES_PER_POINT + _PACKET_OVERHEAD_BYTES


async def serve_project(settings: Settings, project: ProjectId, decoders: Decoders) -> None:
    """Serve one project until cancelled.

    Raises:
        StoreError: its folder cannot be used.
        BrokerRefusedError: the broker does not let us in.
        BlackBoxNotFoundError: the settings name no function.
    """
    requests: asyncio.Queue[ReceivedRequest] = asyncio.Queue()
    gaps, latencies = Gaps(first_wait_s=settings.gap_wait_s), LatencySamples()
    async with _opened(settings, project, decoders) as (context, executor), asyncio.TaskGroup() as tasks:
        work = {
            "connection": _follow_connection(context),
            "intake": receive_messages(context, requests, gaps),
            "gaps": ask_for_gaps(context, gaps),
            "disk": watch_disk(context),
            "requests": answer_requests(context, requests),
            "revisions": publish_revisions(context),
            "jobs": run_jobs(context, executor, latencies),
            "thumbnails": publish_thumbnails(context),
            "statistics": _publish_statistics(context, latencies),
            "clearing": _clear_old(context),
        }
        for name, coroutine in work.items():
            tasks.create_task(coroutine, name=f"{project}.{name}")


@asynccontextmanager
async def _opened(
    settings: Settings, project: ProjectId, decoders: Decoders
) -> AsyncIterator[tuple[Context, Executor]]:
    """Open everything that has to be closed again, in order."""
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
        log = get_logger(project=project)
        executor = LocalExecutor(
            settings.black_box,
            store.black_box_folder,
            memory_limit_bytes=settings.memory_limit_bytes,
            load_timeout_s=settings.load_timeout_s,
            log=log,
        )
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
            decoders=decoders,
            presence=Presence(project=project, settings=settings, store=store, delivery=delivery, boot_id=boot_id),
            log=log,
        )
        stack.push_async_callback(_publish_offline, context)
        stack.push_async_callback(executor.close)
        yield context, executor


def _delivery(settings: Settings, project: ProjectId, boot_id: str) -> Delivery:
    space = settings.broker.space
    return Delivery(
        settings.broker,
        client_id=f"reconstructor-{project}",
        subscriptions=tuple(space.filter(channel.template, project) for channel in READ),
        will=last_will(settings, project, boot_id),
        receive_maximum=RECEIVE_MAXIMUM,
    )


async def _publish_offline(context: Context) -> None:
    # On failure the last will says the same.
    with contextlib.suppress(*BROKER_ERRORS):
        if context.delivery.is_connected:
            await context.presence.publish_offline(_OFFLINE_TIMEOUT_S)


async def _follow_connection(context: Context) -> None:
    """Publish presence at each new connection, and what the broker lost meanwhile."""
    count = 0
    while True:
        try:
            connected = await context.delivery.next_connection(count, _CONNECT_WAIT_S)
            count = connected.count
            _check_limits(context, connected.limits)
            await context.publish_state()
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
        context.signals.thumbnails.set()
        await context.reconcile()


def _check_limits(context: Context, limits: BrokerLimits) -> None:
    """Say it at once if the broker takes no shard of full size; images are taken all the same."""
    if limits.max_packet_bytes < LARGEST_SHARD_PACKET_BYTES:
        context.log.warning(
            "packet_limit_low",
            limit_bytes=limits.max_packet_bytes,
            needed_bytes=LARGEST_SHARD_PACKET_BYTES,
            reason="larger shards are not published: raise the broker's limit (Mosquitto: max_packet_size)",
        )


async def _publish_statistics(context: Context, latencies: LatencySamples) -> None:
    while True:
        message = await asyncio.to_thread(collect, context.project, context.store, latencies)
        outgoing = RECONSTRUCTOR_STATISTICS.outgoing(context.space, context.project, message)
        with contextlib.suppress(*BROKER_ERRORS):  # the next ones come soon
            await context.delivery.publish(outgoing)
        if context.presence.telling.code is not None:
            await context.publish_state()
        await asyncio.sleep(context.settings.statistics_interval_s)


async def _clear_old(context: Context) -> None:
    waiting = Trouble(log=context.log, event="clearing_waits")
    while True:
        await asyncio.sleep(min(_CLEAR_INTERVAL_S, context.settings.grace_s / 2 + 0.05))
        try:
            await context.publisher.clear_old()
        except ShardGoneError as exc:
            await context.leave_out_damaged(exc)
        except BROKER_ERRORS as exc:
            waiting.note(exc.code, exc.sentence)
        else:
            waiting.clear()

"""How is one project served? By the tasks that follow its connection, take images in, run jobs and publish."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from broker.clients.limits import BrokerLimits
from broker.clients.refusals import BrokerRefusedError, DeliveryTimeoutError
from broker.clients.trouble import Trouble
from broker.contract import RECONSTRUCTOR_STATISTICS
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ProjectId
from broker.manifest import Manifest
from broker.shards import MAX_POINTS, PLY_BYTES_PER_POINT
from reconstructor.composition import Shared, context_of, open_store
from reconstructor.config import Settings
from reconstructor.context import BROKER_ERRORS, RETRY_S, Context
from reconstructor.disk import watch_disk
from reconstructor.executors import Executor
from reconstructor.executors.choice import executor_of
from reconstructor.gaps import Gaps
from reconstructor.history import publish_generations, publish_history
from reconstructor.housekeeping.retention import remove_leftovers
from reconstructor.intake.annotations import publish_annotations
from reconstructor.intake.originals import follow_originals
from reconstructor.intake.receipts import ask_for_gaps
from reconstructor.intake.router import receive_messages
from reconstructor.intake.scale_bars import publish_revisions, publish_scale_bar
from reconstructor.jobs.runner import run_jobs
from reconstructor.publishing.candidates import AnotherReconstructorError
from reconstructor.publishing.election import client_id_of, end_session
from reconstructor.requests import RequestQueues
from reconstructor.resting import refetch_at_rest
from reconstructor.statistics import LatencySamples, collect
from reconstructor.storage.generation_files import ShardGoneError
from reconstructor.viewing.coverage import publish_coverage
from reconstructor.viewing.exports import keep_few, remove_unfinished
from reconstructor.viewing.thumbnails import publish_thumbnails

_CONNECT_WAIT_S: Final = 30.0
_OFFLINE_TIMEOUT_S: Final = 2.0
_CLEAR_INTERVAL_S: Final = 1.0
_STATISTICS_AT_REST_S: Final = 60.0
_PACKET_OVERHEAD_BYTES: Final = 1024  # header of the PLY, topic and properties of the PUBLISH
LARGEST_SHARD_PACKET_BYTES: Final = MAX_POINTS * PLY_BYTES_PER_POINT + _PACKET_OVERHEAD_BYTES


async def serve_project(settings: Settings, project: ProjectId, shared: Shared) -> None:
    """Serve one project until cancelled.

    Raises:
        AnotherReconstructorError: another store publishes this project.
        StoreError: its folder cannot be used.
        BrokerRefusedError: the broker does not let us in.
        BlackBoxNotFoundError: the settings name no function.
    """
    requests = RequestQueues()
    gaps, latencies = Gaps(first_wait_s=settings.gap_wait_s), LatencySamples()
    confirmed = asyncio.Event()
    async with (
        _opened(settings, project, shared) as (context, executor),
        asyncio.TaskGroup() as tasks,
    ):
        work = {
            "connection": _follow_connection(context, confirmed),
            "publication": _publish_lost(context, confirmed),
            "election": context.election.defend(context.publisher.resync),
            "intake": receive_messages(context, requests, gaps),
            "gaps": ask_for_gaps(context, gaps),
            "disk": watch_disk(context),
            "requests": requests.answer(context),
            "originals": follow_originals(context),
            "revisions": publish_revisions(context),
            "annotations": publish_annotations(context),
            "jobs": run_jobs(context, executor, latencies),
            "rest": refetch_at_rest(context),
            "thumbnails": publish_thumbnails(context),
            "exports": keep_few(context),
            "history": publish_history(context),
            "generations": publish_generations(context),
            "coverage": publish_coverage(context, shared.coverage_turn),
            "statistics": _publish_statistics(context, executor, latencies),
            "clearing": _clear_old(context),
            "retention": remove_leftovers(context),
        }
        for name, coroutine in work.items():
            tasks.create_task(coroutine, name=f"{project}.{name}")


@asynccontextmanager
async def _opened(settings: Settings, project: ProjectId, shared: Shared) -> AsyncIterator[tuple[Context, Executor]]:
    """Open everything that has to be closed again, in order; the broker's session only once the election is won."""
    store = await open_store(settings, project, shared.all_use)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(store.close)
        context = context_of(settings, project, store, shared.decoders)
        await stack.enter_async_context(context.election)
        await stack.enter_async_context(_session_ended_when_lost(context))
        executor = executor_of(settings, project, store, shared.slots, context.log)
        stack.push_async_callback(executor.close)
        await stack.enter_async_context(_loading(executor))
        await context.election.win()
        await _count_on(context)
        await stack.enter_async_context(context.delivery)
        stack.push_async_callback(_publish_offline, context)
        await remove_unfinished(context)
        yield context, executor


async def _count_on(context: Context) -> None:
    """Count generations on from the one that the broker retains, before any job: another store may have published it."""
    with contextlib.suppress(CairnError):  # none, or one that does not read
        retained = decode(context.election.retained_manifest, Manifest)
        await asyncio.to_thread(context.store.references.raise_floor, retained.generation)


@asynccontextmanager
async def _loading(executor: Executor) -> AsyncIterator[None]:
    """Begin to load the black box while the election runs; both take seconds. The next start tells of an error."""

    async def load() -> None:
        with contextlib.suppress(CairnError):
            await executor.start()

    loading = asyncio.create_task(load(), name="black_box_loading")
    try:
        yield
    finally:
        loading.cancel()
        await asyncio.wait([loading])


@asynccontextmanager
async def _session_ended_when_lost(context: Context) -> AsyncIterator[None]:
    """End the broker's session of a store that another one replaces, so that nothing queues for it."""
    try:
        yield
    except* AnotherReconstructorError as group:
        if not any(each.is_copy for each in group.exceptions if isinstance(each, AnotherReconstructorError)):
            token = context.store.identity.session_token
            await end_session(context.settings.broker, client_id_of(context.project, token))
        raise


async def _publish_offline(context: Context) -> None:
    # On failure the last will says the same. Who stepped back says nothing: the state is the other one's.
    with contextlib.suppress(*BROKER_ERRORS):
        if context.delivery.is_connected and not context.election.is_lost:
            await context.presence.publish_offline(_OFFLINE_TIMEOUT_S)


async def _follow_connection(context: Context, confirmed: asyncio.Event) -> None:
    """At each new connection, confirm the claim and publish presence; everything else that publishes waits for that."""
    count = 0
    while True:
        try:
            connected = await context.delivery.next_connection(count, _CONNECT_WAIT_S)
            await context.election.confirm(connected.count)
            _note_contested(context)
            _check_limits(context, connected.limits)
            context.presence.is_serving = True
            await context.publish_state()
            count = connected.count
        except DeliveryTimeoutError as exc:
            if not context.delivery.is_connected:
                context.log.warning("broker_away", reason=exc.sentence, contested=context.delivery.is_name_contested)
            elif _note_contested(context):
                with contextlib.suppress(*BROKER_ERRORS):  # the next connection says it
                    await context.presence.publish()
            continue
        except BrokerRefusedError as exc:
            if count == 0:
                raise
            context.log.warning("broker_refuses", reason=exc.sentence)
            await asyncio.sleep(RETRY_S)
            continue
        confirmed.set()


async def _publish_lost(context: Context, confirmed: asyncio.Event) -> None:
    """Publish what the broker lost, after each confirmation; a task of its own, as it waits for the next one itself."""
    while True:
        await confirmed.wait()
        confirmed.clear()
        context.signals.thumbnails.set()
        context.signals.history.set()
        context.signals.generations.set()
        context.signals.annotations.set()
        await context.reconcile()
        await publish_scale_bar(context)


def _note_contested(context: Context) -> bool:
    """Say at once that another program takes our session over, and since when; whether that is news."""
    presence, is_contested = context.presence, context.delivery.is_name_contested
    if is_contested is (presence.contested_since is not None):
        return False
    presence.contested_since = datetime.now(UTC) if is_contested else None
    if is_contested:  # the broker does not say who it is
        reason = "another program connects with our client id, which only this store knows: was its folder copied?"
        context.log.error("session_contested", reason=reason)
    else:
        context.log.info("session_no_longer_contested")
    return True


def _check_limits(context: Context, limits: BrokerLimits) -> None:
    """Say it at once if the broker takes no shard of full size; images are taken all the same."""
    if limits.max_packet_bytes < LARGEST_SHARD_PACKET_BYTES:
        context.log.warning(
            "packet_limit_low",
            limit_bytes=limits.max_packet_bytes,
            needed_bytes=LARGEST_SHARD_PACKET_BYTES,
            reason="larger shards are not published: raise the broker's limit (Mosquitto: max_packet_size)",
        )


async def _publish_statistics(context: Context, executor: Executor, latencies: LatencySamples) -> None:
    """Publish the figures when something was stored or sent, and once in a while for those that change by themselves."""
    told: tuple[object, ...] = ()
    told_at_s = time.monotonic()
    while True:
        retained_bytes, is_told = context.publisher.retained_bytes, context.presence.telling.code is None
        present = (context.store.rest.change_count, retained_bytes, context.delivery.connect_count)
        if present != told or time.monotonic() - told_at_s >= _STATISTICS_AT_REST_S:
            message = await asyncio.to_thread(
                collect,
                context.project,
                context.store,
                latencies,
                retained_bytes=retained_bytes,
                memory_bytes=executor.memory_bytes,
            )
            with contextlib.suppress(*BROKER_ERRORS):  # else the next ones come soon
                await context.delivery.publish(
                    RECONSTRUCTOR_STATISTICS.outgoing(context.space, context.project, message)
                )
                told, told_at_s = present, time.monotonic()
        title = await asyncio.to_thread(lambda: context.store.identity.title)
        if not is_told or title != context.presence.told_title:
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

"""How does a rig run? One asyncio task each for camera, uploads, commands and health; the first error ends all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from broker.delivery import Delivery
from broker.errors import CairnError, first_error
from broker.ids import client_id
from broker.images.thumbnails import thumbnail
from broker.logs import get_logger
from broker.rig_messages import AgentState
from edge_agent.cameras.plan import CameraPlan
from edge_agent.cameras.watched import WatchedCamera
from edge_agent.capture.counters import Counters
from edge_agent.capture.gpio import Trigger
from edge_agent.capture.image_pipeline import ImagePipeline
from edge_agent.capture.photographer import Photographer
from edge_agent.capture.request import CaptureRequest
from edge_agent.capture.schedule import Hours
from edge_agent.clock import SYSTEM_CLOCK, Clock
from edge_agent.config import CameraKind, Settings
from edge_agent.control.command_reader import CommandReader, keep
from edge_agent.control.health import PHOTOGRAPHS_HELD, HealthTimer, UploadCounts, measure
from edge_agent.control.home_assistant import discovery
from edge_agent.control.machine import hardware_id
from edge_agent.control.name_watch import NameWatch
from edge_agent.control.presence import WILL_DELAY_S, AgentPublisher, next_count
from edge_agent.control.remote_settings import resume
from edge_agent.control.watchdog import notify_watchdog
from edge_agent.photograph import Photograph
from edge_agent.spool.destinations import Destination
from edge_agent.spool.identity import CloneCheck
from edge_agent.spool.index import SpooledImage, SpoolKey
from edge_agent.spool.spool import Spool
from edge_agent.uplink.rate import Window
from edge_agent.uplink.uploader import Uploader, subscriptions

SCRATCH: Final = "camera"  # below the spool's folder: temporary files of the camera's process
NAME_CONTESTED: Final = "name_contested"
THUMBNAIL_PAUSE_S: Final = 5.0  # between two thumbnails, whatever the interval of photographs
THUMBNAIL_PATIENCE_S: Final = 60.0  # a thumbnail takes a second of 20 KB/s, which previews need more
LOG = get_logger()


async def run(settings: Settings, stop: asyncio.Event, *, clock: Clock = SYSTEM_CLOCK) -> tuple[str, ...]:
    """Run the agent until `stop`, or until a fixed set of photographs has all its receipts.

    Returns:
        The files of the camera's folder that were left out, each with its reason.

    Raises:
        CairnError: the agent cannot start, because of its settings, spool, camera or account.
    """
    project, name = settings.named()
    CameraPlan.of(settings)  # a rig without a camera says so before it does anything
    destination = Destination.of(project, settings.broker)
    spool = await asyncio.to_thread(
        Spool, settings.spool_dir, name, reserve_bytes=settings.reserve_bytes, destination=destination
    )
    try:
        for held in spool.destinations.held():
            LOG.warning(PHOTOGRAPHS_HELD, count=held.count, bytes=held.size_bytes, reason=held.sentence)
        publisher = AgentPublisher(settings.broker.space, project, name, session=spool.session)
        reader = Delivery(
            settings.broker,
            client_id=client_id("edge-control", name, spool.session_token),
            subscriptions=publisher.subscriptions(follows_cameras=settings.until_placed is not None),
            will=publisher.will(),
            will_delay_s=WILL_DELAY_S,
        )
        clone_check = await asyncio.to_thread(CloneCheck, spool, name, hardware_id())
        clone_check.check()
        async with reader as control, _camera(settings, spool) as camera:
            agent = Agent(
                settings, publisher, spool, control=control, camera=camera, clone_check=clone_check, clock=clock
            )
            await agent.work(stop)
            await publisher.farewell(control, agent.reason(stop), is_finished=agent.is_finished(stop))
            return tuple(camera.left_out)
    finally:
        await asyncio.to_thread(spool.close)


def _upload_connection(settings: Settings, publisher: AgentPublisher, token: str) -> Delivery:
    """Make a second connection, so that commands never wait behind a photograph."""
    return Delivery(
        settings.broker,
        client_id=client_id("edge-upload", publisher.agent, token),
        subscriptions=subscriptions(settings.broker.space, publisher.project, publisher.agent),
    )


def _camera(settings: Settings, spool: Spool) -> WatchedCamera:
    plan = CameraPlan.of(settings)
    if plan.kind is CameraKind.SIMULATED:
        plan = plan.model_copy(update={"first": spool.counts().captured_count})
    return WatchedCamera(
        plan.model_copy(update={"taken_sources": spool.sources()}),
        shot_timeout_s=settings.shot_timeout_s,
        start_timeout_s=settings.start_timeout_s,
        scratch=settings.spool_dir / SCRATCH,
    )


class Agent:
    """The parts of a running rig, wired to each other."""

    def __init__(
        self,
        settings: Settings,
        publisher: AgentPublisher,
        spool: Spool,
        *,
        control: Delivery,
        camera: WatchedCamera,
        clone_check: CloneCheck,
        clock: Clock,
    ) -> None:
        self._publisher, self._spool, self._control = publisher, spool, control
        self._camera_name = describe_camera(CameraPlan.of(settings))
        self._counters, self._health_timer = Counters(), HealthTimer(settings.health_interval_s)
        self._is_capturing = True
        self._last: Photograph | None = None
        self._pin, self._home_assistant_prefix = settings.gpio_pin, settings.home_assistant_prefix
        self._clone_check, self._name_watch = clone_check, NameWatch(publisher.run_id, spool.session)
        self._taken, self._rebooting, self._changed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        running = resume(
            spool.recall(SpoolKey.LAST_GOOD_SETTINGS), spool.recall(SpoolKey.TRIAL_SETTINGS), settings.changeable()
        )
        keep(spool, running)
        pipeline = ImagePipeline(
            spool, is_gated=settings.is_gated, settings=running.settings, calibration=settings.calibration
        )
        self._photographer = Photographer(
            camera,
            spool,
            pipeline,
            self._counters,
            self,
            interval_s=settings.interval_s,
            policy=settings.spool_policy,
            hours=Hours.parse(settings.hours) if settings.hours else None,
            clock=clock,
        )
        self._command_reader = CommandReader(
            control,
            publisher,
            spool,
            self._photographer,
            pipeline,
            counters=self._counters,
            running=running,
            announce=self._changed.set,
            reboot=self._rebooting.set,
            state_seen=self._note_state,
            until_placed=settings.until_placed,
        )
        self._uploader = Uploader(
            lambda: _upload_connection(settings, publisher, spool.session_token),
            spool,
            space=settings.broker.space,
            project=publisher.project,
            sender=publisher.agent,
            window=Window.of(settings),
            keepalive_s=settings.broker.keepalive_s,
            settled=lambda _image: self._health_timer.notify_change(),
        )

    async def work(self, stop: asyncio.Event) -> None:
        """Run every part; the first that fails ends all."""
        try:
            async with self._gpio_trigger(), asyncio.TaskGroup() as tasks:
                parts = [
                    tasks.create_task(self._announce_each_connection(), name="presence"),
                    tasks.create_task(self._announce_changes(), name="changes"),
                    tasks.create_task(self._publish_health(), name="health"),
                    tasks.create_task(self._command_reader.read(), name="command_reader"),
                    tasks.create_task(self._command_reader.appointments.report(), name="appointments"),
                    tasks.create_task(self._publish_thumbnails(), name="thumbnail"),
                    tasks.create_task(notify_watchdog(), name="watchdog"),
                ]
                work = tasks.create_task(self._capture_and_upload(), name="work")
                stopping = tasks.create_task(stop.wait(), name="stop")
                rebooting = tasks.create_task(self._rebooting.wait(), name="reboot")
                await asyncio.wait({work, stopping, rebooting}, return_when=asyncio.FIRST_COMPLETED)
                for part in (*parts, work, stopping, rebooting):
                    part.cancel()
        except BaseExceptionGroup as group:  # after `except*`, Python 3.11.2 would raise a group again
            ours, others = group.split(CairnError)
            if ours is None or others is not None:
                raise
            raise first_error(ours) from None
        await self._measure_and_publish()

    def reason(self, stop: asyncio.Event) -> str:
        """The reason why the agent ends, for its last message."""
        if self._rebooting.is_set():
            return "ops restart the agent"
        return "the work is done" if self.is_finished(stop) else "the agent was stopped"

    def is_finished(self, stop: asyncio.Event) -> bool:
        """Whether the agent ends by itself, because nothing is left to do."""
        return not stop.is_set() and not self._rebooting.is_set()

    def photograph_kept(self, image: SpooledImage, photograph: Photograph) -> None:
        """Wake the uploader, the thumbnail and the health timer."""
        del image
        self._last = photograph
        self._taken.set()
        self._uploader.wake()
        self._health_timer.notify_change()

    def rig_changed(self) -> None:
        """Publish health soon."""
        self._health_timer.notify_change()

    @asynccontextmanager
    async def _gpio_trigger(self) -> AsyncIterator[None]:
        """Request a photograph at each contact on the rig's pin, as a command does."""
        if self._pin is None:
            yield
            return
        loop = asyncio.get_running_loop()
        trigger = Trigger(self._pin, lambda: loop.call_soon_threadsafe(self._photographer.request, CaptureRequest()))
        try:
            yield
        finally:
            trigger.close()

    async def _capture_and_upload(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._capture(), name="capture")
            tasks.create_task(self._uploader.run(lambda: not self._is_capturing), name="upload")

    async def _capture(self) -> None:
        await self._photographer.run()
        self._is_capturing = False
        self._uploader.wake()

    async def _announce_each_connection(self) -> None:
        """Publish everything retained again after each connect: it may be another broker."""
        count = 0
        while True:
            count = await next_count(self._control, count)
            self._counters.reconnect_count = count - 1
            self._name_watch.begin_connection()
            if self._check_for_a_clone():
                self._clone_check.contested()
            await self._announce()
            await self._publisher.report(self._control, self._command_reader.running)
            self._health_timer.notify_change()

    async def _announce_changes(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._check_for_a_clone():
                self._clone_check.contested()
            await self._announce()

    async def _announce(self) -> None:
        is_resting = self._photographer.is_paused or self._photographer.is_enough
        is_capturing = self._is_capturing and not is_resting
        self._publisher.session = self._spool.session  # another one after a million photographs
        await self._publisher.announce(self._control, camera=self._camera_name, is_capturing=is_capturing)
        if self._home_assistant_prefix is not None:
            publisher = self._publisher
            known = (self._home_assistant_prefix, publisher.space, publisher.project, publisher.agent)
            await publisher.publish(self._control, discovery(*known, camera=self._camera_name))

    async def _publish_thumbnails(self) -> None:
        while True:
            await self._taken.wait()
            self._taken.clear()
            await self._uploader.wait_previews(THUMBNAIL_PATIENCE_S)
            small = await asyncio.to_thread(thumbnail, self._last.content) if self._last else None
            if small is not None:
                await self._publisher.publish_thumbnail(self._control, small)
            await asyncio.sleep(THUMBNAIL_PAUSE_S)

    def _note_state(self, state: AgentState, is_retained: bool) -> None:
        if self._name_watch.note(state, is_retained=is_retained):
            self._changed.set()
            self._health_timer.notify_change()

    def _check_for_a_clone(self) -> bool:
        """Raise an alarm while a second rig, often a cloned card, uses our name."""
        is_contested = self._name_watch.is_contested or self._control.is_name_contested
        if is_contested and NAME_CONTESTED not in self._counters.alarms:
            self._counters.alarms.add(NAME_CONTESTED)
            LOG.error(NAME_CONTESTED, agent=self._publisher.agent, reason=self._name_watch.sentence)
        elif not is_contested:
            self._counters.alarms.discard(NAME_CONTESTED)
        return is_contested

    async def _publish_health(self) -> None:
        while True:
            await self._health_timer.wait()
            if self._check_for_a_clone():
                self._changed.set()  # the other rig hears of us for as long as we hear of it
            await self._measure_and_publish()

    async def _measure_and_publish(self) -> None:
        uploader = self._uploader
        uploads = UploadCounts(
            sent_count=uploader.sent_count, receipt_s=uploader.uplink.receipt_s, last_error=uploader.last_error
        )
        parts = (self._publisher.project, self._publisher.agent, self._spool, uploads, self._counters)
        try:
            health = await asyncio.to_thread(measure, *parts)
        except CairnError as exc:
            LOG.warning("health_unknown", code=exc.code, reason=exc.sentence)
            return
        await self._publisher.publish_health(self._control, health)


def describe_camera(plan: CameraPlan) -> str:
    """Describe the camera in a few words."""
    detail = {
        CameraKind.SIMULATED: plan.object_name,
        CameraKind.V4L2: f"/dev/video{plan.device}",
        CameraKind.FOLDER: str(plan.folder),
        CameraKind.WATCH: str(plan.folder),
    }.get(plan.kind)
    return (f"{plan.kind}: {detail}" if detail else plan.kind.value)[:128]

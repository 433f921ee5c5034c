"""The rig's program: camera, spool, uploads and what ops say, each going on whatever the others do."""

import asyncio
from typing import Final

from broker.contract import COMMAND, match
from broker.delivery import Delivery, Incoming
from broker.envelope import decode
from broker.errors import CairnError
from broker.logs import get_logger
from broker.messages import Command, CommandReply
from edge_agent.camera import Photograph
from edge_agent.cameras.plan import CameraKind, CameraPlan
from edge_agent.cameras.watched import WatchedCamera
from edge_agent.commands import CommandUnknownError, Inbox, wish_of
from edge_agent.config import Settings
from edge_agent.health import Pulse, Tally, measure
from edge_agent.photographer import Photographer
from edge_agent.presence import Voice, next_count
from edge_agent.spool import Spool
from edge_agent.spool_index import SpooledImage
from edge_agent.uploader import Uploader, subscriptions

NAME_CONTESTED: Final = "name_contested"
LOG = get_logger()


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Runs the agent until `stop`, or until a fixed set of photographs has all its receipts.

    Raises:
        CairnError: it cannot begin: settings, spool, camera or the broker's account.
    """
    project, name = settings.named()
    voice = Voice(settings.broker.space, project, name)
    reader = Delivery(
        settings.broker,
        client_id=f"{name}-control",
        subscriptions=voice.subscriptions(),
        will=voice.will(),
    )
    spool = await asyncio.to_thread(Spool, settings.spool_dir, name, reserve_bytes=settings.reserve_bytes)
    try:
        async with reader as control, _camera(settings, spool) as camera:
            agent = Agent(settings, voice, spool, control=control, camera=camera)
            await agent.work(stop)
            await voice.farewell(control, "the agent was stopped" if stop.is_set() else "the work is done")
    finally:
        await asyncio.to_thread(spool.close)


def _upload_connection(settings: Settings, voice: Voice) -> Delivery:
    """A second connection, so that commands never wait behind a photograph."""
    return Delivery(
        settings.broker,
        client_id=f"{voice.agent}-upload",
        subscriptions=subscriptions(settings.broker.space, voice.project, voice.agent),
    )


def _camera(settings: Settings, spool: Spool) -> WatchedCamera:
    plan = settings.camera_plan()
    if plan.kind is CameraKind.SIMULATED:
        plan = plan.model_copy(update={"first": spool.figures().captured_count})
    return WatchedCamera(
        plan.model_copy(update={"taken_sources": spool.sources()}),
        shot_timeout_s=settings.shot_timeout_s,
        start_timeout_s=settings.start_timeout_s,
    )


class Agent:
    """The parts of a running rig and what they tell each other."""

    def __init__(
        self,
        settings: Settings,
        voice: Voice,
        spool: Spool,
        *,
        control: Delivery,
        camera: WatchedCamera,
    ) -> None:
        self._voice, self._spool, self._control = voice, spool, control
        self._camera_name = describe_camera(settings.camera_plan())
        self._tally, self._inbox, self._pulse = Tally(), Inbox(), Pulse(settings.health_interval_s)
        self._is_capturing = True
        self._photographer = Photographer(camera, spool, self._tally, self, interval_s=settings.interval_s)
        self._uploader = Uploader(
            lambda: _upload_connection(settings, voice),
            spool,
            space=settings.broker.space,
            project=voice.project,
            sender=voice.agent,
            window=settings.window(),
            keepalive_s=settings.broker.keepalive_s,
            settled=lambda _image: self._pulse.quicken(),
        )

    async def work(self, stop: asyncio.Event) -> None:
        """Runs every part; the first that fails ends all."""
        try:
            async with asyncio.TaskGroup() as tasks:
                parts = [
                    tasks.create_task(self._announce(), name="presence"),
                    tasks.create_task(self._tell_health(), name="health"),
                    tasks.create_task(self._obey(), name="commands"),
                ]
                work = tasks.create_task(self._capture_and_upload(), name="work")
                stopping = tasks.create_task(stop.wait(), name="stop")
                await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
                for part in (*parts, work, stopping):
                    part.cancel()
        except* CairnError as group:
            raise first_error(group) from None
        await self._measure_and_tell()

    def photograph_kept(self, image: SpooledImage, photograph: Photograph) -> None:
        """There is something to upload."""
        del image, photograph
        self._uploader.wake()
        self._pulse.quicken()

    def rig_changed(self) -> None:
        """Tell it soon."""
        self._pulse.quicken()

    async def _capture_and_upload(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._capture(), name="capture")
            tasks.create_task(self._uploader.run(lambda: not self._is_capturing), name="upload")

    async def _capture(self) -> None:
        await self._photographer.run()
        self._is_capturing = False
        self._uploader.wake()

    async def _announce(self) -> None:
        count = 0
        while True:
            count = await next_count(self._control, count)
            self._tally.reconnect_count = count - 1
            self._look_for_a_double()
            is_capturing = self._is_capturing and not self._photographer.is_paused
            await self._voice.announce(self._control, camera=self._camera_name, is_capturing=is_capturing)
            self._pulse.quicken()

    def _look_for_a_double(self) -> None:
        """A cloned card brings a second rig of our name, and the broker throws each out in turn."""
        if self._control.is_name_contested:
            self._tally.alarms.add(NAME_CONTESTED)
            LOG.error(NAME_CONTESTED, agent=self._voice.agent, reason="another rig has our name: give each its own")
        else:
            self._tally.alarms.discard(NAME_CONTESTED)

    async def _tell_health(self) -> None:
        while True:
            await self._pulse.wait()
            await self._measure_and_tell()

    async def _measure_and_tell(self) -> None:
        parts = (self._voice.project, self._voice.agent, self._spool, self._uploader, self._tally)
        try:
            health = await asyncio.to_thread(measure, *parts)
        except CairnError as exc:
            LOG.warning("health_unknown", code=exc.code, reason=exc.sentence)
            return
        await self._voice.tell_health(self._control, health)

    async def _obey(self) -> None:
        async for incoming in self._control.messages():
            try:
                await self._follow(incoming)
            except CairnError as exc:
                self._tally.note_error(exc)
                LOG.warning("message_refused", topic=incoming.topic, code=exc.code, reason=exc.sentence)
            incoming.acknowledge()

    async def _follow(self, incoming: Incoming) -> None:
        if match(self._voice.space, incoming.topic).channel is not COMMAND or not incoming.payload:
            return
        command = decode(incoming.payload, Command)
        error: CairnError | None = None
        try:
            if self._inbox.admit(command, is_retained=incoming.is_retained):
                await self._carry_out(command)
        except CairnError as exc:
            error = exc
        LOG.info("command", verb=command.verb, id=command.id, is_done=error is None)
        reply = CommandReply(
            project=self._voice.project,
            agent=self._voice.agent,
            id=command.id,
            is_done=error is None,
            code=error.code if error else None,
            reason=error.sentence if error else None,
        )
        await self._voice.reply(self._control, reply)

    async def _carry_out(self, command: Command) -> None:
        wish = wish_of(command)
        if wish is not None:
            self._photographer.wish(wish)
        elif command.verb in {"pause", "resume"}:
            await self._photographer.pause(is_paused=command.verb == "pause")
        elif command.verb == "cancel":
            self._photographer.cancel()
        else:
            raise CommandUnknownError(f"this rig does not follow {command.verb!r}")
        is_capturing = self._is_capturing and not self._photographer.is_paused
        await self._voice.announce(self._control, camera=self._camera_name, is_capturing=is_capturing)


def describe_camera(plan: CameraPlan) -> str:
    """The camera in a few words."""
    what = plan.object_name if plan.kind is CameraKind.SIMULATED else plan.folder
    return f"{plan.kind}: {what}"[:128]


def first_error(group: BaseExceptionGroup[CairnError]) -> CairnError:
    """The first error of ours, however deep the task groups lie."""
    first = group.exceptions[0]
    return first_error(first) if isinstance(first, BaseExceptionGroup) else first

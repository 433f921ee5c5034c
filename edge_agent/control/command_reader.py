"""How does the rig react to messages of ops? It executes and answers commands, and merges desired settings."""

import asyncio
from collections.abc import Callable
from typing import Final

from broker.contract import AGENT_STATE, CAMERA_PAGE, COMMAND, DESIRED_SETTINGS, REFERENCE, match
from broker.delivery import Delivery, Incoming
from broker.envelope import decode
from broker.errors import CairnError
from broker.logs import get_logger
from broker.rig_messages import AgentState, Command, CommandReply
from edge_agent.capture.counters import Counters
from edge_agent.capture.image_pipeline import ImagePipeline
from edge_agent.capture.photographer import Photographer
from edge_agent.capture.request import CaptureRequest
from edge_agent.control.appointments import Appointments
from edge_agent.control.camera_book import CameraBook
from edge_agent.control.commands import Inbox, check_instant
from edge_agent.control.presence import AgentPublisher
from edge_agent.control.remote_settings import CONFIRM_S, DesiredChange, Running, dump, follow, roll_back
from edge_agent.spool.index import SpoolKey
from edge_agent.spool.sessions import own_placed, sessions_of
from edge_agent.spool.spool import Spool

ABLE: Final = frozenset({"interval_s", "blur_ratio", "duplicate_bits", "is_gps_stripped"})
LOG = get_logger()


class CommandReader:
    """The loop over the control connection; it runs until it is cancelled.

    Args:
        control: the connection on which messages of ops arrive.
        publisher: sends the replies.
        spool: keeps settings over restarts.
        photographer: executes capture commands.
        pipeline: applies settings.
        counters: where errors are noted.
        running: the settings to begin with.
        announce: called after the rig's state changes; must not block.
        reboot: ends the agent, so that its service manager starts it again.
        state_seen: called with each state on our own topic, and whether it was retained; must not block.
        until_placed: number of placed photographs that is enough; needs a subscription to the cameras.
        confirm_s: longest time that new settings may stay unconfirmed, seconds.
    """

    def __init__(
        self,
        control: Delivery,
        publisher: AgentPublisher,
        spool: Spool,
        photographer: Photographer,
        pipeline: ImagePipeline,
        *,
        counters: Counters,
        running: Running,
        announce: Callable[[], None],
        reboot: Callable[[], None],
        state_seen: Callable[[AgentState, bool], None],
        until_placed: int | None = None,
        confirm_s: float = CONFIRM_S,
    ) -> None:
        self._control, self._publisher, self._spool, self._counters = control, publisher, spool, counters
        self._photographer, self._pipeline, self._announce = photographer, pipeline, announce
        self._state_seen = state_seen
        self._reboot, self._until_placed, self._confirm_s = reboot, until_placed, confirm_s
        self._inbox = Inbox(already=spool.recall(SpoolKey.REBOOTED_BY))
        self._is_rebooting = False
        self._book = CameraBook()
        self.appointments = Appointments(control, publisher, spool, photographer)
        self.running = running
        self._apply(running)

    async def read(self) -> None:
        """Process one message after the other; each is acknowledged once it was processed or refused."""
        async for incoming in self._control.messages():
            try:
                await self._follow(incoming)
            except CairnError as exc:
                self._counters.note_error(exc)
                LOG.warning("message_refused", topic=incoming.topic, code=exc.code, reason=exc.sentence)
            incoming.acknowledge()
            if self._is_rebooting:
                self._reboot()

    async def _follow(self, incoming: Incoming) -> None:
        found = match(self._publisher.space, incoming.topic)
        channel = found.channel
        if channel in {REFERENCE, CAMERA_PAGE} and self._until_placed is not None:
            self._book.take(found, incoming.payload)
            await self._count_placed(self._until_placed)
            return
        if not incoming.payload:  # a retained message was cleared
            return
        if channel is COMMAND:
            await self._answer(decode(incoming.payload, Command), is_retained=incoming.is_retained)
        elif channel is DESIRED_SETTINGS:
            await self._change(DesiredChange.read(incoming.payload))
        elif channel is AGENT_STATE:
            self._state_seen(decode(incoming.payload, AgentState), incoming.is_retained)

    async def _answer(self, command: Command, *, is_retained: bool) -> None:
        error: CairnError | None = None
        try:
            if self._inbox.admit(command, is_retained=is_retained):
                await self._execute(command)
        except CairnError as exc:
            error = exc
        LOG.info("command", verb=command.verb, id=command.id, is_done=error is None)
        reply = CommandReply(
            project=self._publisher.project,
            agent=self._publisher.agent,
            id=command.id,
            is_done=error is None,
            code=error.code if error else None,
            reason=error.sentence if error else None,
        )
        await self._publisher.reply(self._control, reply)
        if error is None and command.verb in {"pause", "resume"}:
            self._announce()

    async def _execute(self, command: Command) -> None:
        if command.verb == "capture":
            self._photographer.request(CaptureRequest(count=command.image_count or 1))
        elif command.verb == "capture_at":
            check_instant(command)
            await self.appointments.accept(command)
        elif command.verb in {"pause", "resume"}:
            await self._photographer.pause(is_paused=command.verb == "pause")
        elif command.verb == "cancel":
            self._photographer.cancel()
        elif command.verb == "reboot":
            await asyncio.to_thread(self._spool.remember, SpoolKey.REBOOTED_BY, command.id)
            self._is_rebooting = True

    async def _count_placed(self, least: int) -> None:
        cameras = self._book.cameras()
        if cameras is None:
            return
        sessions = await asyncio.to_thread(sessions_of, self._publisher.agent, self._spool.recall)
        placed_count = len(own_placed(cameras, sessions))
        is_enough = placed_count >= least
        if is_enough != self._photographer.is_enough:
            LOG.info("placed_count", placed=placed_count, least=least, is_enough=is_enough)
            self._photographer.set_enough(is_enough=is_enough)
            self._announce()

    async def _change(self, change: DesiredChange) -> None:
        """Apply a change at once; keep it if the broker accepts the report of it, else roll it back.

        Until then it is on trial, also over a restart: settings that crash the agent must not crash it at every start.
        """
        before, after = self.running, follow(self.running, change, able=ABLE)
        if after is before:
            return
        await asyncio.to_thread(self._spool.remember, SpoolKey.TRIAL_SETTINGS, dump(after))
        self._apply(after)
        if await self._publisher.report(self._control, after, timeout_s=self._confirm_s):
            await asyncio.to_thread(keep, self._spool, after)
            LOG.info("settings_changed", version=after.version, refused=len(after.refused))
            return
        self._apply(roll_back(before, after))
        await asyncio.to_thread(keep, self._spool, self.running)
        LOG.error("settings_rolled_back", version=after.version, kept=before.version)

    def _apply(self, running: Running) -> None:
        self.running = running
        if running.settings.interval_s is not None:
            self._photographer.interval_s = running.settings.interval_s
        self._pipeline.change(running.settings)


def keep(spool: Spool, running: Running) -> None:
    """Keep these as the last good settings, and end the trial."""
    spool.remember(SpoolKey.LAST_GOOD_SETTINGS, dump(running))
    spool.remember(SpoolKey.TRIAL_SETTINGS, "")

"""What does the rig do with what ops publish? Commands are followed and answered, wishes for settings merged."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from broker.contract import COMMAND, DESIRED_SETTINGS, match
from broker.delivery import Delivery, Incoming
from broker.envelope import decode
from broker.errors import CairnError
from broker.logs import get_logger
from broker.messages import Command, CommandReply, DesiredSettings
from edge_agent.commands import CommandUnknownError, Inbox, wish_of
from edge_agent.darkroom import Darkroom
from edge_agent.health import Tally
from edge_agent.photographer import Photographer
from edge_agent.presence import Voice
from edge_agent.remote_settings import CONFIRM_S, KEPT_WORD, Running, dump, follow
from edge_agent.spool import Spool

ABLE: Final = frozenset({"interval_s", "blur_ratio", "duplicate_bits", "is_gps_stripped"})
LOG = get_logger()


class Desk:
    """Reads the control connection, for ever. `announce` tells the rig's state anew after it changed."""

    def __init__(
        self,
        control: Delivery,
        voice: Voice,
        spool: Spool,
        photographer: Photographer,
        darkroom: Darkroom,
        *,
        tally: Tally,
        running: Running,
        announce: Callable[[], Awaitable[None]],
    ) -> None:
        self._control, self._voice, self._spool, self._tally = control, voice, spool, tally
        self._photographer, self._darkroom, self._announce = photographer, darkroom, announce
        self._inbox = Inbox()
        self.running = running
        self._apply(running)

    async def read(self) -> None:
        """Follows one message after the other; each is acknowledged when it was followed or refused."""
        async for incoming in self._control.messages():
            try:
                await self._follow(incoming)
            except CairnError as exc:
                self._tally.note_error(exc)
                LOG.warning("message_refused", topic=incoming.topic, code=exc.code, reason=exc.sentence)
            incoming.acknowledge()

    async def _follow(self, incoming: Incoming) -> None:
        if not incoming.payload:  # a retained message was cleared
            return
        channel = match(self._voice.space, incoming.topic).channel
        if channel is COMMAND:
            await self._obey(decode(incoming.payload, Command), is_retained=incoming.is_retained)
        elif channel is DESIRED_SETTINGS:
            await self._change(decode(incoming.payload, DesiredSettings))

    async def _obey(self, command: Command, *, is_retained: bool) -> None:
        error: CairnError | None = None
        try:
            if self._inbox.admit(command, is_retained=is_retained):
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
            await self._announce()
        elif command.verb == "cancel":
            self._photographer.cancel()
        else:
            raise CommandUnknownError(f"this rig does not follow {command.verb!r}")

    async def _change(self, desired: DesiredSettings) -> None:
        """Follows a wish at once, keeps it when the broker took our report of it, else goes back."""
        before, after = self.running, follow(self.running, desired, able=ABLE)
        if after is before:
            return
        self._apply(after)
        if await self._voice.report(self._control, after, timeout_s=CONFIRM_S):
            await asyncio.to_thread(self._spool.remember, KEPT_WORD, dump(after))
            LOG.info("settings_changed", version=after.version, refused=len(after.refused))
            return
        LOG.error("settings_rolled_back", version=after.version, kept=before.version)
        self._apply(before)

    def _apply(self, running: Running) -> None:
        self.running = running
        if running.settings.interval_s is not None:
            self._photographer.interval_s = running.settings.interval_s
        self._darkroom.change(running.settings)

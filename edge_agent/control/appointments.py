"""Did the rig fire at the instant of a `capture_at`? A list of appointments in the spool; each ends in a report to ops.

The list survives restarts: an instant that is still to come is kept, one that passed meanwhile is reported as missed. A
report stays in the list until the broker has it.
"""

import asyncio
import contextlib
from datetime import timedelta
from functools import partial
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from broker.delivery import Delivery
from broker.errors import CairnError
from broker.ids import ProjectId, RequestId
from broker.logs import get_logger
from broker.rig_messages import CaptureReport, Command, CommandReply
from edge_agent.capture.photographer import Photographer
from edge_agent.capture.request import LATEST_S, CaptureOutcome, CaptureRequest
from edge_agent.control.commands import ClockNotSynchronisedError, CommandRefusedError, capture_id_of
from edge_agent.control.machine import is_clock_synchronised
from edge_agent.control.presence import AgentPublisher
from edge_agent.photograph import now_utc
from edge_agent.spool.index import SpoolKey
from edge_agent.spool.spool import Spool

MOST_OPEN: Final = 64
MOST_NAMED: Final = 64
AGAIN_S: Final = 10.0
LOG = get_logger()


class AgentWasDownError(CairnError):
    """The agent did not run at the instant of a request."""

    code = "agent_was_down"
    remedy = "Send the command again; the rig's log says why its agent was down."


class Appointment(BaseModel):
    """A command for an instant, and the report once there is one."""

    model_config = ConfigDict(frozen=True)

    command: Command
    report: CommandReply | None = None


_BOOK: Final = TypeAdapter(dict[RequestId, Appointment])


class Appointments:
    """The appointments of a rig: accepted, kept by the photographer, reported."""

    def __init__(self, control: Delivery, publisher: AgentPublisher, spool: Spool, photographer: Photographer) -> None:
        self._control, self._publisher, self._spool, self._photographer = control, publisher, spool, photographer
        self._changed = asyncio.Event()
        self._ended: list[tuple[Command, CaptureOutcome]] = []
        self._saved = spool.recall(SpoolKey.APPOINTMENTS) or "{}"
        self._open = _read(self._saved, publisher.project)
        for each in self._open.values():
            if each.report is None:
                self._resume(each.command)

    async def accept(self, command: Command) -> None:
        """Keep a command for its instant; safe on disk before it returns.

        Raises:
            CommandRefusedError: the instant has passed, the clock is not synchronised, or too many wait.
        """
        if command.id in self._open:
            return
        if len(self._open) >= MOST_OPEN:
            raise CommandRefusedError(f"{MOST_OPEN} appointments wait: cancel them first")
        if await asyncio.to_thread(is_clock_synchronised) is False:
            raise ClockNotSynchronisedError("this rig's clock is not synchronised: it would miss the instant")
        self._open[command.id] = Appointment(command=command)
        await self._save()
        self._request(command)

    async def report(self) -> None:
        """Publish each report until the broker has it; runs until cancelled."""
        while True:
            await self._note_ended()
            for each in [each for each in self._open.values() if each.report is not None]:
                if each.report is not None and await self._publisher.reply(self._control, each.report):
                    del self._open[each.command.id]
                    await self._save()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S if any(each.report for each in self._open.values()) else None):
                    await self._changed.wait()
            self._changed.clear()

    def _request(self, command: Command) -> None:
        request = CaptureRequest(
            count=command.image_count or 1,
            at=command.capture_at,
            capture_id=capture_id_of(command),
            ended=partial(self._end, command),
        )
        self._photographer.request(request)

    def _resume(self, command: Command) -> None:
        """Go on with an appointment that was made before the agent's start."""
        if command.capture_at is not None and now_utc() - command.capture_at > timedelta(seconds=LATEST_S):
            self._end(command, CaptureOutcome(error=AgentWasDownError("the agent did not run at this instant")))
        else:
            self._request(command)

    def _end(self, command: Command, outcome: CaptureOutcome) -> None:
        self._ended.append((command, outcome))
        self._changed.set()

    async def _note_ended(self) -> None:
        """Keep the report of each appointment that has ended."""
        while self._ended:
            command, outcome = self._ended.pop(0)
            is_synchronised = await asyncio.to_thread(is_clock_synchronised)
            report = self._reply(command, outcome, is_synchronised=is_synchronised is not False)
            self._open[command.id] = Appointment(command=command, report=report)
        await self._save()

    def _reply(self, command: Command, outcome: CaptureOutcome, *, is_synchronised: bool) -> CommandReply:
        error, fired_at, capture_at = outcome.error, outcome.fired_at, command.capture_at or now_utc()
        if error is None and not is_synchronised:  # a rig without a clock believes any instant
            error = ClockNotSynchronisedError("photographed, but by a clock that is not synchronised")
        deviation_s = (fired_at - capture_at).total_seconds() if fired_at else None
        LOG.info("capture_reported", id=command.id, code=error.code if error else None, deviation_s=deviation_s)
        return CommandReply(
            project=self._publisher.project,
            agent=self._publisher.agent,
            id=command.id,
            is_done=error is None,
            code=error.code if error else None,
            reason=error.sentence if error else None,
            report=CaptureReport(
                capture_at=capture_at,
                capture_id=capture_id_of(command),
                fired_at=fired_at,
                deviation_s=deviation_s,
                image_count=len(outcome.image_ids),
                image_ids=outcome.image_ids[:MOST_NAMED],
            ),
        )

    async def _save(self) -> None:
        book = _BOOK.dump_json(self._open).decode()
        if book != self._saved:
            await asyncio.to_thread(self._spool.remember, SpoolKey.APPOINTMENTS, book)
            self._saved = book


def _read(kept: str, project: ProjectId) -> dict[RequestId, Appointment]:
    """The appointments that were kept; those of another project, or of a program that wrote others, are dropped."""
    try:
        return {name: each for name, each in _BOOK.validate_json(kept).items() if each.command.project == project}
    except ValidationError as exc:
        LOG.warning("appointments_unreadable", reason=str(exc.errors()[0]["msg"]))
        return {}

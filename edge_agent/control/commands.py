"""What does the rig do when ops say something? Pure decisions; the agent carries them out."""

from datetime import datetime
from typing import Final

from broker.errors import CairnError
from broker.messages import Command
from edge_agent.capture.request import CaptureRequest
from edge_agent.photograph import now_utc

REMEMBERED: Final = 256  # ids of answered commands: QoS 1 may bring one twice


class CommandRefusedError(CairnError):
    """A command that is not followed; its leaves say why."""

    code = "command_refused"


class CommandTooLateError(CommandRefusedError):
    """Its deadline is over."""

    code = "command_too_late"


class CommandRetainedError(CommandRefusedError):
    """A retained command would be followed anew at every start."""

    code = "command_retained"


class Inbox:
    """Judges commands: each is followed once, in time, and never because a broker kept it."""

    def __init__(self, already: str | None = None) -> None:
        self._seen: dict[str, None] = {already: None} if already else {}

    def admit(self, command: Command, *, is_retained: bool, now: datetime | None = None) -> bool:
        """Whether to follow a command; False when it was followed already.

        Raises:
            CommandRefusedError: late or retained.
        """
        if is_retained:
            raise CommandRetainedError(f"command {command.id} was retained: publish commands without retain")
        instant = now or now_utc()
        if command.deadline_at <= instant:
            late_s = (instant - command.deadline_at).total_seconds()
            raise CommandTooLateError(
                f"command {command.id} came {late_s:.0f} s after its deadline, by this rig's clock"
            )
        if command.id in self._seen:
            return False
        self._seen[command.id] = None
        while len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return True


def capture_request_of(command: Command) -> CaptureRequest | None:
    """The photographs a command asks for; None for other verbs."""
    if command.verb == "capture":
        return CaptureRequest(count=command.image_count or 1)
    if command.verb == "capture_at":
        if command.capture_at is None:
            raise CommandRefusedError("capture_at needs the field capture_at: an instant with its time zone")
        return CaptureRequest(count=command.image_count or 1, at=command.capture_at)
    return None

"""What does the rig do when ops say something? Pure decisions; the agent carries them out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from broker.errors import CairnError
from broker.rig_messages import Command
from edge_agent.cameras.camera import now_utc

REMEMBERED: Final = 256  # ids of answered commands: QoS 1 may bring one twice


class CommandRefusedError(CairnError):
    """A command that is not followed; its leaves say why."""

    code = "command_refused"
    remedy = "Read the reason in the reply."


class CommandTooLateError(CommandRefusedError):
    """Its deadline is over."""

    code = "command_too_late"
    remedy = "Send the command again with a later deadline; compare the clocks."


class CommandRetainedError(CommandRefusedError):
    """A retained command would be followed anew at every start."""

    code = "command_retained"
    remedy = "Send commands without the retain flag, and clear the retained one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Photographs that somebody asked for: how many, and from when on."""

    count: int = 1
    at: datetime | None = None


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


def wish_of(command: Command) -> Wish | None:
    """The photographs a command asks for; None for other verbs."""
    if command.verb == "capture":
        return Wish(count=command.image_count or 1)
    if command.verb == "capture_at":
        if command.capture_at is None:
            raise CommandRefusedError("capture_at needs the field capture_at: an instant with its time zone")
        return Wish(count=command.image_count or 1, at=command.capture_at)
    return None

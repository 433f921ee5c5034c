"""Is this command to be executed? Checks of deadline, retain flag and duplicate id; pure."""

from datetime import UTC, datetime
from typing import Final

from broker.errors import CairnError
from broker.ids import RequestId
from broker.rig_messages import Command
from edge_agent.capture.request import LATEST_S
from edge_agent.photograph import now_utc

REMEMBERED: Final = 256  # ids of answered commands: QoS 1 may deliver a command twice


class CommandRefusedError(CairnError):
    """A command that is not executed; the subclasses say why."""

    code = "command_refused"
    remedy = "Read the reason in the reply."


class CommandTooLateError(CommandRefusedError):
    """The command's deadline has passed."""

    code = "command_too_late"
    remedy = "Send the command again with a later deadline; compare the clocks."


class CommandRetainedError(CommandRefusedError):
    """A retained command, which would be executed again at every start."""

    code = "command_retained"
    remedy = "Send commands without the retain flag, and clear the retained one."


class ClockNotSynchronisedError(CommandRefusedError):
    """A command for an instant, to a rig whose clock nobody sets."""

    code = "clock_not_synchronised"
    remedy = "Let the rig reach a time server (`timedatectl set-ntp true`), or use `capture`, which needs no clock."


class Inbox:
    """The commands seen so far; each is executed once, in time, and never from a retained message."""

    def __init__(self, already: str | None = None) -> None:
        self._seen: dict[str, None] = {already: None} if already else {}

    def admit(self, command: Command, *, is_retained: bool, now: datetime | None = None) -> bool:
        """Whether to execute a command; False when it was executed already.

        Raises:
            CommandRefusedError: the command is late or retained.
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


def check_instant(command: Command, now: datetime | None = None) -> None:
    """Check the instant of a `capture_at`.

    Raises:
        CommandRefusedError: there is none, or it has passed by this rig's clock.
    """
    if command.capture_at is None:
        raise CommandRefusedError("capture_at needs the field capture_at: an instant with its time zone")
    late_s = ((now or now_utc()) - command.capture_at).total_seconds()
    if late_s > LATEST_S:
        raise CommandTooLateError(f"the instant passed {late_s:.0f} s ago, by this rig's clock")


def capture_id_of(command: Command) -> RequestId:
    """What the photographs of one instant share: the command's word, else one that every rig makes of the instant."""
    if command.capture_id is not None or command.capture_at is None:
        return command.capture_id or command.id
    return RequestId(f"at-{command.capture_at.astimezone(UTC):%Y%m%dt%H%M%S%f}")

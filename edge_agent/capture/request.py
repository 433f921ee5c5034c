"""Which photographs are asked for outside of the interval? A number of them, now or at an instant, and what became of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from broker.errors import CairnError
from broker.ids import ImageId

# How late the camera may be asked: what is taken later does not belong to the photographs of the other rigs.
LATEST_S: Final = 2.0


class CameraBusyError(CairnError):
    """The camera was still at work, or had to be started, when the instant of a request passed."""

    code = "camera_busy"
    remedy = "Pause the rig's interval, or plan instants further apart than its camera takes."


class InstantMissedError(CairnError):
    """The instant of a request passed without the camera being at work: the clock was set, or the machine stood still."""

    code = "instant_missed"
    remedy = "Send the command again; see that the rig's clock is synchronised."


class NoPhotographError(CairnError):
    """A camera that was asked and had nothing, or a full spool that keeps nothing."""

    code = "no_photograph"
    remedy = "See the rig's health: is its folder empty, or its spool full?"


class CaptureCancelledError(CairnError):
    """Operators cancelled the request."""

    code = "capture_cancelled"
    remedy = "Send the command again if the photographs are wanted after all."


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOutcome:
    """What became of a request: when the camera was asked first, what is in the spool, and the last failure."""

    fired_at: datetime | None = None
    image_ids: tuple[ImageId, ...] = ()
    error: CairnError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRequest:
    """A request for photographs.

    Attributes:
        at: the instant of the first one; None means now. The others follow as fast as the camera can.
        capture_id: of the first one, which several rigs take at the same instant.
        ended: called once, when no more photograph will be taken for it; must not block.
    """

    count: int = 1
    at: datetime | None = None
    capture_id: str | None = None
    ended: Callable[[CaptureOutcome], None] = field(default=lambda _outcome: None)


class OpenRequest:
    """A request of which photographs are still to be taken."""

    def __init__(self, request: CaptureRequest) -> None:
        self._request, self._left_count = request, request.count
        self._fired_at: datetime | None = None
        self._image_ids: list[ImageId] = []
        self._error: CairnError | None = None

    @property
    def at(self) -> datetime | None:
        """The instant that is still to come; None means now."""
        return self._request.at if self._left_count == self._request.count else None

    @property
    def capture_id(self) -> str | None:
        """Of the next photograph: the first one has it."""
        return self._request.capture_id if self._left_count == self._request.count else None

    @property
    def is_open(self) -> bool:
        """Whether a photograph is still to be taken."""
        return self._left_count > 0

    def is_due(self, now: datetime) -> bool:
        """Whether the next photograph is to be taken now."""
        return self.at is None or now >= self.at

    def late_s(self, now: datetime) -> float:
        """By how much the instant is missed, seconds; 0 within the tolerance."""
        late_s = (now - self.at).total_seconds() if self.at is not None else 0.0
        return late_s if late_s > LATEST_S else 0.0

    def note_taken(self, image_id: ImageId, fired_at: datetime) -> None:
        """Note a photograph that is in the spool."""
        self._fired_at = self._fired_at or fired_at
        self._image_ids.append(image_id)
        self._count_down()

    def note_failure(self, error: CairnError, fired_at: datetime | None = None) -> None:
        """Note that the camera was asked in vain."""
        self._fired_at, self._error = self._fired_at or fired_at, error
        self._count_down()

    def end(self, error: CairnError) -> None:
        """Take no more photographs for it."""
        self._error, self._left_count = error, 1
        self._count_down()

    def _count_down(self) -> None:
        self._left_count -= 1
        if self._left_count == 0:
            outcome = CaptureOutcome(fired_at=self._fired_at, image_ids=tuple(self._image_ids), error=self._error)
            self._request.ended(outcome)

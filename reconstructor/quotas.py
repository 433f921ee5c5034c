"""How much may one sender send? So many photographs and bytes a day, so many photographs and changed notes a minute."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from broker.errors import CairnError
from broker.ids import SenderId

_MINUTE: Final = timedelta(minutes=1)
_GIB: Final = 1024**3


class QuotaExceededError(CairnError):
    """A photograph beyond what its sender may send now; it is taken when it is sent again later."""

    code = "quota"
    remedy = "Wait until the time that the receipt names, or raise the quota in the reconstructor's settings."

    def __init__(self, message: str, retry_at: datetime) -> None:
        super().__init__(message)
        self.retry_at = retry_at


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaLimits:
    """The most of one sender in one project."""

    images_per_day: int
    bytes_per_day: int
    images_per_minute: int
    annotations_per_minute: int = 300


@dataclass(slots=True)
class _Used:
    image_count: int = 0
    size_bytes: int = 0


class _Rate:
    """How often each sender did something within the last minute."""

    def __init__(self) -> None:
        self._done: dict[SenderId, deque[datetime]] = {}

    def of(self, sender: SenderId, now: datetime) -> int:
        """How often within the minute before now."""
        done = self._done.get(sender)
        if done is None:
            return 0
        while done and not now - _MINUTE < done[0] <= now:  # later than now: our clock was set back since
            done.popleft()
        return len(done)

    def newest(self, sender: SenderId) -> datetime:
        return self._done[sender][-1]

    def note(self, sender: SenderId, now: datetime) -> None:
        self._done.setdefault(sender, deque()).append(now)


class Quotas:
    """What each sender has used of its quotas. A day is one of UTC; after a restart it goes on with what is stored.

    Args:
        limits: the quotas.
        stored: sender and size of every image that was stored today.
        now: the clock.
    """

    def __init__(
        self,
        limits: QuotaLimits,
        stored: Iterable[tuple[SenderId, int]] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._limits, self._now = limits, now
        self._day: date = now().date()
        self._used: dict[SenderId, _Used] = {}
        self._tried, self._changed, self._refused = _Rate(), _Rate(), _Rate()
        for sender, size_bytes in stored:
            self.note_stored(sender, size_bytes)

    def check(self, sender: SenderId, size_bytes: int, *, is_new: bool = True) -> None:
        """Raise QuotaExceededError when this is too much now; the original of a preview is no new image."""
        limits, used, now = self._limits, self._of_today(sender), self._now()
        if is_new and used.image_count >= limits.images_per_day:
            raise self._over_today(f"{sender} has sent {used.image_count} photographs today", now)
        if used.size_bytes + size_bytes > limits.bytes_per_day:
            raise self._over_today(f"{sender} has sent {used.size_bytes / _GIB:.1f} GiB today", now)
        if (tried_count := self._tried.of(sender, now)) >= limits.images_per_minute:
            raise QuotaExceededError(
                f"{sender} has sent {tried_count} photographs within a minute, the most that one sender may: "
                "the next is taken in a minute",
                self._tried.newest(sender) + _MINUTE,
            )

    def note_tried(self, sender: SenderId) -> None:
        """Count an image that is decoded, whether it is good or not."""
        self._tried.note(sender, self._now())

    def takes_annotation(self, sender: SenderId) -> bool:
        """Whether a measure or a note may be left, changed or taken away now; counts it if so."""
        now = self._now()
        if self._changed.of(sender, now) >= self._limits.annotations_per_minute:
            return False
        self._changed.note(sender, now)
        return True

    def is_first_refusal(self, sender: SenderId) -> bool:
        """Whether nothing of this sender was refused by `takes_annotation` within a minute; notes that it is now."""
        now = self._now()
        if self._refused.of(sender, now):
            return False
        self._refused.note(sender, now)
        return True

    def note_stored(self, sender: SenderId, size_bytes: int, *, is_new: bool = True) -> None:
        """Count an image, its preview, or with `is_new` false its original, that is stored."""
        used = self._of_today(sender)
        used.image_count += is_new
        used.size_bytes += size_bytes

    def _of_today(self, sender: SenderId) -> _Used:
        today = self._now().date()
        if today != self._day:
            self._day = today
            self._used.clear()
        return self._used.setdefault(sender, _Used())

    @staticmethod
    def _over_today(what: str, now: datetime) -> QuotaExceededError:
        tomorrow = start_of_day(now) + timedelta(days=1)
        return QuotaExceededError(
            f"{what}, the most that one sender may: the next is taken from {tomorrow:%Y-%m-%d %H:%M} UTC on", tomorrow
        )


def start_of_day(now: datetime) -> datetime:
    """Midnight of UTC before an instant."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

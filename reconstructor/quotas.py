"""How much may one sender send? So many photographs and bytes a day, and so many photographs a minute."""

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


@dataclass(slots=True)
class _Used:
    image_count: int = 0
    size_bytes: int = 0


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
        self._tried: dict[SenderId, deque[datetime]] = {}
        for sender, size_bytes in stored:
            self.note_stored(sender, size_bytes)

    def check(self, sender: SenderId, size_bytes: int, *, is_new: bool = True) -> None:
        """Raise QuotaExceededError when this is too much now; the original of a preview is no new image."""
        limits, used, now = self._limits, self._of_today(sender), self._now()
        if is_new and used.image_count >= limits.images_per_day:
            raise self._over_today(f"{sender} has sent {used.image_count} photographs today", now)
        if used.size_bytes + size_bytes > limits.bytes_per_day:
            raise self._over_today(f"{sender} has sent {used.size_bytes / _GIB:.1f} GiB today", now)
        tried = self._tried.get(sender, deque())
        while tried and not now - _MINUTE < tried[0] <= now:  # later than now: our clock was set back since
            tried.popleft()
        if len(tried) >= limits.images_per_minute:
            raise QuotaExceededError(
                f"{sender} has sent {len(tried)} photographs within a minute, the most that one sender may: "
                "the next is taken in a minute",
                tried[-1] + _MINUTE,
            )

    def note_tried(self, sender: SenderId) -> None:
        """Count an image that is decoded, whether it is good or not."""
        self._tried.setdefault(sender, deque()).append(self._now())

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

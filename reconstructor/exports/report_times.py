"""When was an image taken? By its own EXIF, else by its sender's word; a report says by which clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

from broker.envelope import LAST_YEAR
from reconstructor.exports.report_html import time

CLOCKS: Final = (
    "Taken: the time that the camera wrote into the photograph, in UTC, or by the camera's clock where it says no time zone. "
    "Said by the sender: when the photograph was made or, of a file in a folder, when it was read or last changed."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """When an image was taken.

    Attributes:
        order_s: seconds of the wall clock to sort by; a time without a time zone counts as UTC.
        words: the time and whose clock it is.
    """

    order_s: float
    words: str

    @classmethod
    def of(cls, in_photograph: datetime | None, said_at: float | None) -> Self | None:
        """From the time in the photograph, and from what its sender said, an instant in seconds; None without both."""
        if in_photograph is not None and not 1 < in_photograph.year <= LAST_YEAR:
            in_photograph = None  # of a foreign record: Python cannot write it in UTC
        if in_photograph is not None and in_photograph.tzinfo is not None:
            return cls(order_s=in_photograph.timestamp(), words=time(in_photograph.timestamp()))
        if in_photograph is not None:
            order_s = in_photograph.replace(tzinfo=UTC).timestamp()
            return cls(order_s=order_s, words=f"{time(order_s)} (by the camera's clock)")
        if said_at is not None:
            return cls(order_s=said_at, words=f"{time(said_at)} (said by the sender)")
        return None


def first_and_last(times: Iterable[Taken | None]) -> tuple[str, str] | None:
    """The earliest and the latest time that is known; None without one."""
    known = sorted((each for each in times if each is not None), key=lambda each: each.order_s)
    return (known[0].words, known[-1].words) if known else None

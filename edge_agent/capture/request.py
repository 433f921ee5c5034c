"""Which photographs are asked for outside of the interval? A number of them, now or from an instant on."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRequest:
    """A request for photographs: how many, and from which instant on; None means now."""

    count: int = 1
    at: datetime | None = None

"""What is asked of the photographer out of turn? A number of photographs, now or from an instant on."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRequest:
    """Photographs that somebody asked for: how many, and from when on."""

    count: int = 1
    at: datetime | None = None

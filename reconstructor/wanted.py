"""Which originals is a sender asked for? Those of which there is only a preview; it gets each change, and reminders while it sends."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from broker.ids import ImageId, SenderId

MOST_WANTED: Final = 64  # of one sender
AGAIN_S: Final = 60.0

Images = tuple[ImageId, ...]


@dataclass(slots=True, kw_only=True)
class _Told:
    images: Images
    at_s: float
    is_heard: bool = False  # since then


class WantedLists:
    """The list that each sender got last. A sender that is silent gets no list twice: it may be away."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[SenderId, _Told] = {}

    def note_heard(self, sender: SenderId) -> None:
        """Note that a sender sent something."""
        if sender in self._told:
            self._told[sender].is_heard = True

    def note_told(self, sender: SenderId, images: Images) -> None:
        """Note that a list was published."""
        self._told[sender] = _Told(images=images, at_s=self._clock())

    def due(self, awaited: Mapping[SenderId, Images]) -> Iterator[tuple[SenderId, Images]]:
        """The lists to publish now, with an empty one for a sender of whom nothing is wanted any more."""
        for sender in sorted({*awaited, *self._told}):
            images, told = awaited.get(sender, ()), self._told.get(sender)
            if (
                told is None
                or images != told.images
                or (images and told.is_heard and self._clock() - told.at_s >= AGAIN_S)
            ):
                yield sender, images

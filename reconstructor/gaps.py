"""Which images of a session have not come? Gaps in its count, named to the sender a few times and then forgotten.

A gap may stay for good: a rig's gate lays photographs aside, a full spool thins them. So a sender is asked a few times only.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from broker.ids import ImageId, ImageName, SenderId
from broker.messages import MissingSequences

FIRST_WAIT_S: Final = 30.0  # images overtake each other by seconds, on a bad link by more
LONGER_EACH_TIME: Final = 4.0
MOST_ASKS: Final = 3
MOST_NAMED: Final = 1000  # of one session
MOST_SESSIONS: Final = 256


@dataclass(slots=True, kw_only=True)
class _Gap:
    due_s: float
    asked_count: int = 0


@dataclass(slots=True, kw_only=True)
class _Session:
    highest: int
    gaps: dict[int, _Gap] = field(default_factory=dict)


class Gaps:
    """Which images of each sender's sessions came; counting begins with the first image of a session that was seen."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, first_wait_s: float = FIRST_WAIT_S) -> None:
        self._clock, self._first_wait_s = clock, first_wait_s
        self._sessions: dict[tuple[SenderId, str], _Session] = {}

    def note(self, sender: SenderId, name: ImageName) -> None:
        """Note that an image arrived, accepted or not; a name without a sequence number is ignored."""
        if re.fullmatch(ImageId.pattern, name, re.ASCII) is None:
            return
        image_id = ImageId(name)
        key, sequence = (sender, image_id.session), image_id.sequence
        session = self._sessions.get(key)
        if session is None:
            while len(self._sessions) >= MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[key] = _Session(highest=sequence)
            return
        session.gaps.pop(sequence, None)
        first = max(session.highest + 1, sequence - MOST_NAMED)
        due_s = self._clock() + self._first_wait_s
        session.gaps.update((each, _Gap(due_s=due_s)) for each in range(first, sequence))
        while len(session.gaps) > MOST_NAMED:
            del session.gaps[next(iter(session.gaps))]
        session.highest = max(session.highest, sequence)

    def due(self) -> list[tuple[SenderId, MissingSequences]]:
        """The gaps to ask for now; a gap is forgotten after `MOST_ASKS` times, with growing pauses.

        A list, because images are noted while the caller waits between two of them.
        """
        now_s, due = self._clock(), []
        for (sender, name), session in self._sessions.items():
            asked = [sequence for sequence, gap in session.gaps.items() if gap.due_s <= now_s]
            for sequence in asked:
                gap = session.gaps[sequence]
                gap.asked_count += 1
                gap.due_s = now_s + self._first_wait_s * LONGER_EACH_TIME**gap.asked_count
                if gap.asked_count >= MOST_ASKS:
                    del session.gaps[sequence]
            if asked:
                due.append((sender, MissingSequences(session=name, sequences=tuple(sorted(asked)))))
        return due

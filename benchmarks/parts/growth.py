"""What grows over a long run? Memory and descriptors of each program, and what the broker says of itself in `$SYS`."""

import contextlib
import statistics
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import psutil

from broker.config import Connection
from broker.live import BrokerLostError, follow

BROKER: Final = "broker"
MAY_GROW_RATIO: Final = 0.05
MAY_OPEN: Final = 0  # descriptors more than when it was warm
RETAINED_OVERHEAD_BYTES: Final = 3_000  # of each retained message in Mosquitto 2.0.11's heap, measured 2026-11-29
RETAINED: Final = "$SYS/broker/retained messages/count"
KEPT: Final = "$SYS/broker/store/messages/bytes"
DROPPED: Final = "$SYS/broker/publish/messages/dropped"
CONNECTED: Final = "$SYS/broker/clients/connected"


@dataclass(slots=True)
class BrokerFigures:
    """The broker's newest words about itself; it renews them every ten seconds."""

    figures: dict[str, int] = field(default_factory=dict)
    most_connected: int = 0

    async def follow(self, connection: Connection) -> None:
        """Follow them until cancelled; raises BrokerLostError."""
        async with follow(connection) as follower:
            await follower.subscribe(KEPT, RETAINED, DROPPED, CONNECTED)
            async for message in follower.messages():
                with contextlib.suppress(ValueError):
                    self.figures[message.topic] = int(message.payload)
                self.most_connected = max(self.most_connected, self.figures.get(CONNECTED, 0))
        raise BrokerLostError("the broker ended the connection that reads $SYS")

    @property
    def kept_bytes(self) -> int:
        """Memory of what the broker keeps: payload of retained messages and of those on their way, and their overhead."""
        return self.figures.get(KEPT, 0) + RETAINED_OVERHEAD_BYTES * self.figures.get(RETAINED, 0)

    @property
    def dropped(self) -> int | None:
        """Messages that it threw away; None when it never said."""
        return self.figures.get(DROPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a program takes at one moment, with its children.

    Attributes:
        own_bytes: resident memory; of the broker without what it keeps for the project, which is published on purpose.
    """

    own_bytes: int
    resident_bytes: int
    descriptor_count: int


@dataclass(slots=True)
class Growth:
    """Looks at each program over the run; the second quarter, when everything is warm, is compared with the last."""

    looks: dict[str, list[Look]] = field(default_factory=lambda: defaultdict(list))

    def look(self, process_by_name: Mapping[str, psutil.Process], kept_bytes: int) -> None:
        """Note what each takes now; one that has ended is passed over."""
        for name, process in process_by_name.items():
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                family = [process, *process.children(recursive=True)]
                resident = sum(each.memory_info().rss for each in family)
                self.looks[name].append(
                    Look(
                        own_bytes=resident - (kept_bytes if name == BROKER else 0),
                        resident_bytes=resident,
                        descriptor_count=sum(each.num_fds() for each in family),
                    )
                )

    def memory_mb(self, name: str) -> tuple[float, float]:
        """A program's own memory, warm and at the end."""
        warm, last = self._quarters([look.own_bytes for look in self.looks[name]])
        return warm / 1e6, last / 1e6

    def resident_mb(self, name: str) -> float:
        """Its resident memory at the end."""
        return self._quarters([look.resident_bytes for look in self.looks[name]])[1] / 1e6

    def descriptors(self, name: str) -> tuple[int, int]:
        """Its descriptors, warm and at the end."""
        warm, last = self._quarters([look.descriptor_count for look in self.looks[name]])
        return round(warm), round(last)

    def grown(self) -> list[str]:
        """The programs that take more memory, or more descriptors, than they may."""
        found = []
        for name in self.looks:
            (warm_mb, last_mb), (warm, last) = self.memory_mb(name), self.descriptors(name)
            if last_mb > (1 + MAY_GROW_RATIO) * warm_mb:
                found.append(f"{name} memory")
            if last - warm > MAY_OPEN:
                found.append(f"{name} descriptors")
        return found

    @staticmethod
    def _quarters(values: list[int]) -> tuple[float, float]:
        quarter = max(1, len(values) // 4)
        return statistics.median(values[quarter : 2 * quarter] or values), statistics.median(values[-quarter:])

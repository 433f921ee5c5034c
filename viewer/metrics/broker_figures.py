"""What does the broker say of itself? Its `$SYS` figures, read with the login that asks. Only operators and observers may.

Mosquitto renews them every ten seconds and retains them, so that one short connection reads all of them.
"""

import asyncio
import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from broker.config import Connection
from broker.live import BrokerLostError, Follower, follow

_SYS: Final = "$SYS/broker/"
FIELDS: Final = MappingProxyType(
    {  # by topic below `$SYS/broker/`
        "clients/connected": "client_count",
        "publish/messages/dropped": "dropped_count",
        "messages/received": "received_count",
        "messages/sent": "sent_count",
        "bytes/received": "received_bytes",
        "bytes/sent": "sent_bytes",
        "retained messages/count": "retained_count",
        "store/messages/bytes": "kept_bytes",
        "heap/current": "heap_bytes",
    }
)
_MOST_SIGNS: Final = 32
_SILENCE_S: Final = 0.3  # retained messages come within milliseconds of the subscription
_LONGEST_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerFigures:
    """The broker's own figures; None where it does not say.

    Attributes:
        client_count: clients that are connected.
        dropped_count: messages that were thrown away because a client did not take them in time.
        received_count, sent_count, received_bytes, sent_bytes: everything since its start.
        retained_count: retained messages.
        kept_bytes: payload that it keeps.
        heap_bytes: memory that it has taken.
    """

    client_count: float | None = None
    dropped_count: float | None = None
    received_count: float | None = None
    sent_count: float | None = None
    received_bytes: float | None = None
    sent_bytes: float | None = None
    retained_count: float | None = None
    kept_bytes: float | None = None
    heap_bytes: float | None = None


async def read_broker_figures(connection: Connection) -> BrokerFigures:
    """Read the figures; without any when this login may not, or the broker is away or of another make."""
    found: dict[str, float] = {}
    try:
        async with asyncio.timeout(_LONGEST_S), follow(connection) as follower:
            await follower.subscribe(*(_SYS + topic for topic in FIELDS))
            await _collect(follower, found)
    except (BrokerLostError, TimeoutError):
        pass
    return BrokerFigures(**found)


async def _collect(follower: Follower, found: dict[str, float]) -> None:
    while len(found) < len(FIELDS) and (message := await follower.next_message(_SILENCE_S)) is not None:
        name, value = FIELDS.get(message.topic.removeprefix(_SYS)), _number(message.payload)
        if name is not None and value is not None:
            found[name] = value


def _number(payload: bytes) -> float | None:
    """A count in decimal digits; None for anything else."""
    try:
        value = float(payload[:_MOST_SIGNS])
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None

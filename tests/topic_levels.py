"""A valid value for every level of every topic."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from broker.topics import LevelValue

EXAMPLE_LEVELS: Final[Mapping[str, LevelValue]] = MappingProxyType(
    {
        "sender": "anna",
        "agent": "rig-north",
        "user": "anna",
        "connection": "c1",
        "image_id": "day-000001-0123456789abcdef",
        "image_name": "door1",
        "annotation": "a1",
        "request_id": "r1",
        "generation": 2,
        "encoding": "packed",
        "index": 0,
        "offset": 262_144,
        "page": "0123456789abcdef0123456789abcdef",
        "verb": "ping",
        "event_type": "error",
    }
)

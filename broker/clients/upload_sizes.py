"""What goes as one message over a link, what in pieces, and how large is a piece? By the link's rate and the broker's limits."""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from broker.contract import MAX_PIECE_BYTES
from broker.messages import ByteRange

SOON_S: Final = 2.0  # a photograph that is there by then needs no preview
LEAST_PIECE_BYTES: Final = 16 * 1024  # of two under way, a preview waits less than two seconds at 20 KB/s
PIECE_S: Final = 1.0  # duration of a piece: a cut costs at most two, and keepalive packets pass between them
PIECES_UNDER_WAY: Final = 2  # the second uses the link while the first is acknowledged
LARGEST_SINGLE_BYTES: Final = 4 * 1024 * 1024
SMALLEST_PIECE_BYTES: Final = 1024  # a broker that takes less takes no message of ours
PACKET_OVERHEAD_BYTES: Final = 2048  # topic and properties of a PUBLISH


def single_limit_bytes(
    rate_bytes_per_s: float, keepalive_s: float, max_packet_bytes: int, *, longest_s: float = math.inf
) -> int:
    """The largest photograph that is sent as one message; a larger one might never finish before a cut, bytes."""
    by_broker = max_packet_bytes - PACKET_OVERHEAD_BYTES
    return int(min(LARGEST_SINGLE_BYTES, by_broker, rate_bytes_per_s * min(keepalive_s / 4, longest_s)))


def piece_bytes_at(rate_bytes_per_s: float, max_packet_bytes: int) -> int:
    """The size of a piece at this rate, bytes."""
    by_broker = max(SMALLEST_PIECE_BYTES, max_packet_bytes - PACKET_OVERHEAD_BYTES)
    return int(min(max(LEAST_PIECE_BYTES, rate_bytes_per_s * PIECE_S), MAX_PIECE_BYTES, by_broker))


def cut(ranges: Iterable[ByteRange], size_bytes: int, piece_bytes: Callable[[], int]) -> Iterator[tuple[int, int]]:
    """Cut ranges of a photograph into pieces, each as large as `piece_bytes` says at that moment."""
    for each in ranges:
        begin, end = min(each.begin, size_bytes), min(each.end, size_bytes)
        while begin < end:
            stop = min(end, begin + piece_bytes())
            yield begin, stop
            begin = stop

"""What goes whole, what in pieces, and how large they are."""

from broker.clients.limits import LARGEST_PACKET_BYTES
from broker.clients.upload_sizes import (
    LARGEST_SINGLE_BYTES,
    LEAST_PIECE_BYTES,
    cut,
    piece_bytes_at,
    single_limit_bytes,
)
from broker.contract import MAX_PIECE_BYTES
from broker.messages import ByteRange

MIB = 1024 * 1024


def test_on_a_good_link_photographs_go_whole_up_to_four_megabytes() -> None:
    assert single_limit_bytes(50 * MIB, 30, 32 * MIB) == LARGEST_SINGLE_BYTES


def test_what_goes_whole_takes_a_quarter_of_the_keepalive_at_most() -> None:
    assert single_limit_bytes(20_000, 30, LARGEST_PACKET_BYTES) == 150_000


def test_nothing_goes_whole_that_the_broker_would_refuse() -> None:
    assert single_limit_bytes(50 * MIB, 30, MIB) < MIB


def test_pieces_grow_with_the_link_between_their_limits() -> None:
    assert piece_bytes_at(1_000, LARGEST_PACKET_BYTES) == LEAST_PIECE_BYTES
    assert piece_bytes_at(200_000, LARGEST_PACKET_BYTES) == 200_000
    assert piece_bytes_at(50 * MIB, LARGEST_PACKET_BYTES) == MAX_PIECE_BYTES
    assert piece_bytes_at(50 * MIB, 256 * 1024) < 256 * 1024
    assert piece_bytes_at(50 * MIB, 100) > 0


def test_a_link_may_become_twenty_times_slower_before_a_piece_outlasts_the_keepalive() -> None:
    rate, keepalive_s = 400_000.0, 30.0
    assert piece_bytes_at(rate, LARGEST_PACKET_BYTES) / (rate / 20) < 1.5 * keepalive_s


def test_ranges_are_cut_to_the_size_of_each_moment_and_never_beyond_the_photograph() -> None:
    sizes = iter((10, 20, 100, 100))
    ranges = (ByteRange(begin=0, end=25), ByteRange(begin=40, end=90))
    assert list(cut(ranges, 60, lambda: next(sizes))) == [(0, 10), (10, 25), (40, 60)]

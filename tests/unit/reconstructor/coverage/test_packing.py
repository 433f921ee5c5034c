"""Does a grid come back from its bytes, and are other bytes refused?"""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconstructor.coverage.packing import BadCoverageError, CoverageGrid, pack, unpack


def grid(count: int, seed: int = 0) -> CoverageGrid:
    random = np.random.default_rng(seed)
    return CoverageGrid(
        origin=np.array([1.5, -2.0, 1e6]),
        side=0.25,
        shape=(64, 50, 40),
        cells=np.sort(random.choice(64 * 50 * 40, count, replace=False)),
        scores=random.integers(0, 256, count).astype(np.uint8),
        views=random.integers(0, 16, count).astype(np.uint8),
        angles=random.integers(0, 16, count).astype(np.uint8),
    )


@pytest.mark.parametrize("count", [0, 1, 2, 6442])
def test_a_grid_comes_back(count: int) -> None:
    sent = grid(count)
    received = unpack(pack(sent))
    assert received.shape == sent.shape
    assert received.side == sent.side
    for name in ("origin", "cells", "scores", "views", "angles"):
        np.testing.assert_array_equal(getattr(received, name), getattr(sent, name))


def test_six_thousand_cells_are_small() -> None:
    assert len(pack(grid(6442))) < 27_000


@given(st.binary(max_size=300))
def test_other_bytes_are_refused(payload: bytes) -> None:
    with pytest.raises(BadCoverageError):
        unpack(payload)


@given(st.integers(0, 2000), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_harmless(place: int, change: int) -> None:
    payload = bytearray(pack(grid(200)))
    payload[place % len(payload)] ^= change
    try:
        received = unpack(bytes(payload))
    except BadCoverageError:
        return
    assert (np.diff(received.cells) > 0).all()
    assert len(received.scores) == len(received.cells) == len(received.views)


def test_bytes_that_unpack_to_very_many_are_refused() -> None:
    bomb = struct.pack("<4sI3dd3H", b"CVG1", 200_000, 0, 0, 0, 1.0, 100, 100, 100) + zlib.compress(bytes(50_000_000))
    with pytest.raises(BadCoverageError):
        unpack(bomb)

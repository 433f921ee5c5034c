"""Does a grid come back from its bytes, and are other bytes refused?"""

import dataclasses
import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.coverage.grid import BadCoverageError, CoverageGrid, pack, unpack

GOLDEN = Path(__file__).parents[3] / "golden" / "coverage.bin"
HEADER = "<4sI3dd3HBx"


def grid(count: int, seed: int = 0) -> CoverageGrid:
    random = np.random.default_rng(seed)
    return CoverageGrid(
        origin=np.array([1.5, -2.0, 1e6]),
        side=0.25,
        shape=(64, 50, 40),
        is_dense=True,
        cells=np.sort(random.choice(64 * 50 * 40, count, replace=False)),
        scores=random.integers(0, 256, count).astype(np.uint8),
        views=random.integers(0, 16, count).astype(np.uint8),
        angles_deg=random.integers(0, 180, count).astype(np.uint8),
    )


@pytest.mark.parametrize("count", [0, 1, 2, 6442])
def test_a_grid_comes_back(count: int) -> None:
    sent = grid(count)
    received = unpack(pack(sent))
    assert (received.shape, received.side, received.is_dense) == (sent.shape, sent.side, sent.is_dense)
    for name in ("origin", "cells", "scores", "views", "angles_deg"):
        np.testing.assert_array_equal(getattr(received, name), getattr(sent, name))


def test_the_golden_grid_which_the_page_reads_too() -> None:
    received = unpack(GOLDEN.read_bytes())
    assert received.shape == (4, 3, 2)
    assert received.origin.tolist() == [1.0, 2.0, 3.0]
    assert received.cells.tolist() == [0, 5, 6, 23]
    assert received.scores.tolist() == [0, 1, 128, 255]
    assert received.views.tolist() == [0, 1, 3, 15]
    assert received.angles_deg.tolist() == [0, 0, 12, 90]


def test_six_thousand_cells_of_noise_are_small() -> None:
    assert len(pack(grid(6442))) < 32_000


def test_too_many_cells_are_not_packed() -> None:
    none = np.zeros(200_001, np.uint8)
    many = dataclasses.replace(
        grid(0), shape=(160, 160, 160), cells=np.arange(200_001), scores=none, views=none, angles_deg=none
    )
    with pytest.raises(BadCoverageError):
        pack(many)


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
    bomb = struct.pack(HEADER, b"CVG1", 1000, 0, 0, 0, 1.0, 100, 100, 100, 1) + gzip.compress(bytes(50_000_000))
    with pytest.raises(BadCoverageError):
        unpack(bomb)


@pytest.mark.parametrize("differences", [[0, 0], [0, 1_000_000]])
def test_cells_twice_or_outside_are_refused(differences: list[int]) -> None:
    planes = np.array(differences, "<u4").view(np.uint8).reshape(2, 4).T.tobytes() + bytes(6)
    payload = struct.pack(HEADER, b"CVG1", 2, 0, 0, 0, 1.0, 4, 4, 4, 1) + gzip.compress(planes)
    with pytest.raises(BadCoverageError):
        unpack(payload)

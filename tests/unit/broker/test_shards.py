"""Shard bytes in and out; the same golden files are read by the page's tests."""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from broker.ids import Encoding
from broker.shards import (
    MAX_POINTS,
    BadShardError,
    PointCloud,
    decode,
    decode_packed,
    decode_ply,
    encode,
    encode_packed,
    encode_ply,
    morton_codes,
)

GOLDEN = Path(__file__).parents[2] / "golden"
CLOUDS = st.integers(1, 300).flatmap(
    lambda count: st.builds(
        lambda points, colors: PointCloud(points_in_world=points, colors_rgb=colors),
        hnp.arrays(np.float32, (count, 3), elements=st.floats(-1e6, 1e6, width=32)),
        hnp.arrays(np.uint8, (count, 3)),
    )
)


def wall(count: int = 2000) -> PointCloud:
    """A gently curved coloured wall, the same for every run and language."""
    rng = np.random.default_rng(7)
    across = rng.random((count, 2)) * (3.0, 2.0)
    depth = 0.2 * np.sin(across[:, :1] * 4)
    colors = 120 + 60 * np.sin(across[:, :1] * (1.0, 1.3, 1.7))
    return PointCloud(points_in_world=np.hstack([across, depth]).astype(np.float32), colors_rgb=colors.astype(np.uint8))


@given(CLOUDS)
def test_ply_comes_back_exactly(cloud: PointCloud) -> None:
    back = decode_ply(encode_ply(cloud))
    np.testing.assert_array_equal(back.points_in_world, cloud.points_in_world)
    np.testing.assert_array_equal(back.colors_rgb, cloud.colors_rgb)


@given(CLOUDS)
@settings(max_examples=60)
def test_packed_point_moves_by_at_most_half_a_step_and_keeps_its_colour(cloud: PointCloud) -> None:
    back = decode_packed(encode_packed(cloud))
    origin = cloud.minimum.astype(np.float64)
    step = struct.unpack_from("<f", encode_packed(cloud), 20)[0]
    cells = np.rint((cloud.points_in_world - origin) / step).clip(0, 65_535).astype(np.uint16)
    order = np.argsort(morton_codes(cells), kind="stable")
    tolerance = 0.5 * step + np.abs(cloud.points_in_world).max() * 2**-23
    assert np.abs(back.points_in_world - cloud.points_in_world[order]).max() <= tolerance
    np.testing.assert_array_equal(back.colors_rgb, cloud.colors_rgb[order])


def test_packed_surface_takes_less_than_half_of_the_ply() -> None:
    cloud = wall(MAX_POINTS)
    assert len(encode_packed(cloud)) < 0.5 * len(encode_ply(cloud))


def test_morton_code_interleaves_the_bits() -> None:
    cells = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [2, 0, 0], [65_535] * 3], np.uint16)
    assert [int(code) for code in morton_codes(cells)] == [1, 2, 4, 8, 2**48 - 1]


def test_single_point_and_flat_clouds_are_shards() -> None:
    point = PointCloud(points_in_world=np.full((1, 3), 5, np.float32), colors_rgb=np.full((1, 3), 9, np.uint8))
    np.testing.assert_array_equal(decode_packed(encode_packed(point)).points_in_world, point.points_in_world)


@pytest.mark.parametrize(
    ("points", "colors"),
    [
        (np.zeros((2, 3), np.float64), np.zeros((2, 3), np.uint8)),
        (np.zeros((2, 2), np.float32), np.zeros((2, 2), np.uint8)),
        (np.zeros((2, 3), np.float32), np.zeros((3, 3), np.uint8)),
        (np.zeros((2, 3), np.float32), np.zeros((2, 3), np.float32)),
        (np.full((2, 3), np.nan, np.float32), np.zeros((2, 3), np.uint8)),
        (np.full((2, 3), np.inf, np.float32), np.zeros((2, 3), np.uint8)),
    ],
)
def test_arrays_that_are_no_cloud_are_refused(points: np.ndarray, colors: np.ndarray) -> None:
    with pytest.raises(BadShardError):
        PointCloud(points_in_world=points, colors_rgb=colors)


@pytest.mark.parametrize("count", [0, MAX_POINTS + 1])
def test_packed_shard_of_no_or_too_many_points_is_refused(count: int) -> None:
    cloud = PointCloud(points_in_world=np.zeros((count, 3), np.float32), colors_rgb=np.zeros((count, 3), np.uint8))
    with pytest.raises(BadShardError, match="1 to 16384"):
        encode_packed(cloud)


@pytest.mark.parametrize("encoding", list(Encoding))
@given(data=st.data())
def test_damaged_bytes_are_refused_or_still_a_valid_cloud(encoding: Encoding, data: st.DataObject) -> None:
    payload = bytearray(encode(wall(50), encoding))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(payload[: data.draw(st.integers(0, len(payload)))])
    try:
        cloud = decode(cut, encoding)
    except BadShardError:
        return
    assert np.isfinite(cloud.points_in_world).all()


def test_gzip_bomb_is_stopped_at_the_length_its_header_allows() -> None:
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = squeezer.compress(bytes(50_000_000)) + squeezer.flush()
    header = struct.pack("<4sI3ff", b"CRN1", 10, 0, 0, 0, 1)
    with pytest.raises(BadShardError, match="another length"):
        decode_packed(header + bomb)


def golden_files() -> dict[str, bytes]:
    cloud = wall()
    packed = encode_packed(cloud)
    back = decode_packed(packed)
    truth = {
        "count": len(back),
        "first_points": back.points_in_world[:5].tolist(),
        "first_colors": back.colors_rgb[:5].tolist(),
        "points_sum": back.points_in_world.astype(np.float64).sum(axis=0).tolist(),
        "colors_sum": back.colors_rgb.astype(np.int64).sum(axis=0).tolist(),
    }
    return {"shard.ply": encode_ply(back), "shard.packed": packed, "cloud.json": json.dumps(truth, indent=1).encode()}


@pytest.mark.parametrize("name", ["shard.ply", "cloud.json"])
def test_golden_file_is_what_the_codec_writes(name: str) -> None:
    assert (GOLDEN / name).read_bytes() == golden_files()[name]


def test_golden_packed_shard_still_reads_the_same() -> None:
    golden = decode_packed((GOLDEN / "shard.packed").read_bytes())  # zlib versions may squeeze differently
    np.testing.assert_array_equal(golden.points_in_world, decode_ply(golden_files()["shard.ply"]).points_in_world)

"""Levels and runs: nothing is lost, coarse comes first, shards are small."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.ids import Encoding
from broker.messages import Bounds
from broker.shards import MAX_POINTS, PointCloud, decode, morton_codes, sha256
from reconstructor.clouds.sharding import Shard, cut, entries, join_bounds, longest_edge


def cloud(count: int, seed: int = 0) -> PointCloud:
    random = np.random.default_rng(seed)
    points = random.uniform(-3, 5, (count, 3)).astype(np.float32)
    return PointCloud(points_in_world=points, colors_rgb=random.integers(0, 256, (count, 3), np.uint8))


def rows(*clouds: PointCloud) -> list[tuple[float, ...]]:
    """Points with their colours, sorted."""
    return sorted(
        (*point, *color)
        for each in clouds
        for point, color in zip(each.points_in_world.tolist(), each.colors_rgb.tolist(), strict=True)
    )


def voxels(points: np.ndarray, whole: PointCloud, per_axis: int) -> set[tuple[int, ...]]:
    """Occupied voxels of a grid over the whole cloud's cube."""
    edge = float((whole.maximum - whole.minimum).max())
    cells = ((points - whole.minimum.astype(np.float64)) * (per_axis / edge)).clip(0, per_axis - 1).astype(int)
    return set(map(tuple, cells.tolist()))


@settings(max_examples=25, deadline=None)
@given(count=st.integers(1, 40_000), seed=st.integers(0, 5))
def test_every_point_goes_into_exactly_one_small_shard(count: int, seed: int) -> None:
    whole = cloud(count, seed)
    shards = cut(whole)
    assert rows(*(shard.cloud for shard in shards)) == rows(whole)
    assert max(len(shard.cloud) for shard in shards) <= MAX_POINTS


def test_each_level_has_a_point_in_every_voxel_that_is_occupied() -> None:
    whole = cloud(60_000)
    shards = cut(whole)
    levels = sorted({shard.level for shard in shards})
    assert levels[0] == 0
    assert len(levels) > 1
    for level in levels[:-1]:
        shown = np.concatenate([shard.cloud.points_in_world for shard in shards if shard.level <= level])
        per_axis = 16 << level
        assert voxels(shown, whole, per_axis) == voxels(whole.points_in_world, whole, per_axis)


def test_no_level_but_the_last_has_two_points_in_one_voxel() -> None:
    whole = cloud(60_000)
    first = np.concatenate([shard.cloud.points_in_world for shard in cut(whole) if shard.level == 0])
    assert len(voxels(first, whole, 16)) == len(first)


def test_levels_come_coarse_to_fine_and_runs_of_one_level_are_equal() -> None:
    shards = cut(cloud(100_000))
    assert [shard.level for shard in shards] == sorted(shard.level for shard in shards)
    sizes = [len(shard.cloud) for shard in shards if shard.level == 0]
    assert max(sizes) - min(sizes) <= 1


def test_runs_follow_the_morton_curve() -> None:
    whole = cloud(40_000)
    edge = float((whole.maximum - whole.minimum).max())
    for shard in cut(whole):
        cells = (shard.cloud.points_in_world - whole.minimum.astype(np.float64)) * (65_536 / edge)
        codes = morton_codes(cells.clip(0, 65_535).astype(np.uint16))
        assert (np.diff(codes.astype(np.int64)) >= 0).all()


@pytest.mark.parametrize("count", [1, 2, 8192])
def test_a_small_cloud_has_one_level(count: int) -> None:
    assert [(shard.level, len(shard.cloud)) for shard in cut(cloud(count))] == [(0, count)]


def test_level_0_of_a_surface_shows_the_whole_object_in_60_kb() -> None:
    random = np.random.default_rng(0)
    points = random.normal(size=(400_000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points += random.normal(0, 0.002, points.shape)
    tones = (128 + 60 * np.sin(9 * points) + random.normal(0, 6, points.shape)).clip(0, 255)
    ball = PointCloud(points_in_world=points.astype(np.float32), colors_rgb=tones.astype(np.uint8))
    coarse = [shard for shard in entries(cut(ball), first_index=0) if shard.entry.level == 0]
    assert sum(len(shard.payloads[Encoding.PACKED]) for shard in coarse) <= 60_000
    assert sum(shard.entry.point_count for shard in coarse) > 4000


def test_many_points_in_one_place_are_still_cut_into_small_shards() -> None:
    same = PointCloud(points_in_world=np.ones((50_000, 3), np.float32), colors_rgb=np.zeros((50_000, 3), np.uint8))
    shards = cut(same)
    assert sum(len(shard.cloud) for shard in shards) == 50_000
    assert max(len(shard.cloud) for shard in shards) <= MAX_POINTS


def test_an_increment_has_levels_as_fine_as_the_reference_set() -> None:
    small = cloud(60_000)  # 8 units wide, in a world of 80
    assert len([shard for shard in cut(small, edge=80.0) if shard.level == 0]) == 1


def test_entries_describe_the_bytes_that_go_out() -> None:
    ready = list(entries(cut(cloud(30_000)), first_index=7, image_number=3))
    assert [shard.entry.index for shard in ready] == list(range(7, 7 + len(ready)))
    for shard in ready:
        assert shard.entry.kind == "incremental"
        assert shard.entry.image_number == 3
        for each in shard.entry.encodings:
            payload = shard.payloads[each.encoding]
            assert (each.size_bytes, each.sha256) == (len(payload), sha256(payload))
            decoded = decode(payload, each.encoding)
            assert len(decoded) == shard.entry.point_count
        points = decode(shard.payloads[Encoding.PLY], Encoding.PLY).points_in_world
        assert tuple(points.min(axis=0).tolist()) == shard.entry.bounds.minimum
        assert tuple(points.max(axis=0).tolist()) == shard.entry.bounds.maximum


def test_a_reference_set_belongs_to_no_image() -> None:
    (ready,) = entries([Shard(level=0, cloud=cloud(5))], first_index=0)
    assert (ready.entry.kind, ready.entry.image_number) == ("reference", None)


def test_boxes_join_to_the_box_around_them() -> None:
    joined = join_bounds(
        [Bounds(minimum=(0, 0, 0), maximum=(1, 1, 1)), Bounds(minimum=(-2, 0.5, 0), maximum=(0, 3, 1))]
    )
    assert joined == Bounds(minimum=(-2, 0, 0), maximum=(1, 3, 1))
    assert longest_edge(joined) == 3

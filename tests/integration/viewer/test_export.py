"""One PLY of the present cloud, from a real broker."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from broker.ids import Encoding
from broker.mosquitto import Mosquitto
from broker.shards import PointCloud, encode_ply, ply_body
from tests.integration.viewer.publisher import CHAPEL, Publisher, random_cloud
from viewer import fetch as fetching
from viewer.export import CannotWriteError, write_ply
from viewer.wanted import UnevenManifestError


def rows(ply: bytes) -> list[bytes]:
    body = ply.partition(b"end_header\n")[2]
    return sorted(body[at : at + 15] for at in range(0, len(body), 15))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_pulled_file_has_exactly_the_points_of_the_manifest(
    mosquitto: Mosquitto, publisher: Publisher, tmp_path: Path
) -> None:
    clouds = [random_cloud(1000 + number, number) for number in range(20)]
    manifest = await publisher.reference_set(clouds, offset=(4_500_000.25, -1.0, 0.0))
    out, told = tmp_path / "chapel.ply", []
    async with asyncio.timeout(30):
        written = await write_ply(mosquitto.connection("viewer"), CHAPEL, out, lambda *counts: told.append(counts))
    assert written == manifest
    ply = out.read_bytes()
    assert f"element vertex {manifest.point_count}\n".encode() in ply
    assert b"comment add_to_xyz 4500000.25 -1.0 0.0\n" in ply
    assert rows(ply) == rows(b"end_header\n" + ply_body(PointCloud.join(clouds)))
    assert told[0] == (0, manifest.point_count)
    assert told[-1] == (manifest.point_count, manifest.point_count)
    assert names(tmp_path) == ["broker", "chapel.ply"]


async def test_once_a_scale_is_known_points_and_offset_are_metres(
    mosquitto: Mosquitto, publisher: Publisher, tmp_path: Path
) -> None:
    cloud = random_cloud(1000, 3)
    await publisher.reference_set([cloud], offset=(8.0, -1.0, 0.0), metres_per_unit=2.5)
    async with asyncio.timeout(30):
        await write_ply(mosquitto.connection("viewer"), CHAPEL, tmp_path / "chapel.ply")
    ply = (tmp_path / "chapel.ply").read_bytes()
    assert b"comment units metres\ncomment add_to_xyz 20.0 -2.5 0.0\n" in ply
    metric = PointCloud(points_in_world=cloud.points_in_world * np.float32(2.5), colors_rgb=cloud.colors_rgb)
    assert rows(ply) == rows(b"end_header\n" + ply_body(metric))


async def test_each_further_component_is_a_file_of_its_own_without_metres(
    mosquitto: Mosquitto, publisher: Publisher, tmp_path: Path
) -> None:
    clouds = [random_cloud(100 + number, number) for number in range(4)]
    await publisher.reference_set(clouds, components=(0, 2, 0, 5))
    async with asyncio.timeout(30):
        await write_ply(mosquitto.connection("viewer"), CHAPEL, tmp_path / "chapel.ply")
    assert names(tmp_path) == ["broker", "chapel-component-2.ply", "chapel-component-5.ply", "chapel.ply"]
    assert rows((tmp_path / "chapel.ply").read_bytes()) == rows(
        b"end_header\n" + ply_body(PointCloud.join([clouds[0], clouds[2]]))
    )
    second = (tmp_path / "chapel-component-2.ply").read_bytes()
    assert rows(second) == rows(b"end_header\n" + ply_body(clouds[1]))
    assert b"comment component 2\n" in second


async def test_a_cloud_that_moves_on_meanwhile_is_fetched_anew(
    mosquitto: Mosquitto, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching._Silence.LOADING, "_value_", 0.3)
    await publisher.reference_set([random_cloud(10), random_cloud(10, 1)], withheld=(1,))
    pulling = asyncio.create_task(write_ply(mosquitto.connection("viewer"), CHAPEL, tmp_path / "c.ply"))
    await asyncio.sleep(0.15)
    newer = await publisher.reference_set([random_cloud(30, 2)], generation=2)
    async with asyncio.timeout(30):
        assert await pulling == newer
    assert len(rows((tmp_path / "c.ply").read_bytes())) == 30


async def test_packed_shards_serve_when_there_is_no_ply(
    mosquitto: Mosquitto, publisher: Publisher, tmp_path: Path
) -> None:
    cloud = random_cloud(500)
    await publisher.reference_set([cloud])
    packed = tuple(each for each in publisher.entries[0].encodings if each.encoding is Encoding.PACKED)
    await publisher.pointer([publisher.entries[0].model_copy(update={"encodings": packed})], revision=1)
    async with asyncio.timeout(30):
        await write_ply(mosquitto.connection("viewer"), CHAPEL, tmp_path / "c.ply")
    body = (tmp_path / "c.ply").read_bytes().partition(b"end_header\n")[2]
    points = np.frombuffer(body, np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3)]))["xyz"]
    assert np.abs(np.sort(points, axis=0) - np.sort(cloud.points_in_world, axis=0)).max() < 2 / 65_535


async def test_a_manifest_whose_counts_disagree_is_refused(
    mosquitto: Mosquitto, publisher: Publisher, tmp_path: Path
) -> None:
    await publisher.reference_set([random_cloud(10)])
    await publisher.pointer(publisher.entries, point_count=11, revision=1)
    with pytest.raises(UnevenManifestError, match="says 11 points, its shards have 10"):
        await write_ply(mosquitto.connection("viewer"), CHAPEL, tmp_path / "c.ply")
    assert not (tmp_path / "c.ply").exists()


async def test_a_shard_of_another_length_than_the_manifest_says_is_refused(
    mosquitto: Mosquitto, publisher: Publisher, tmp_path: Path
) -> None:
    await publisher.reference_set([random_cloud(10), random_cloud(10, 1)])
    one, other = publisher.entries
    uneven = (one.model_copy(update={"point_count": 9}), other.model_copy(update={"point_count": 11}))
    await publisher.pointer(uneven, revision=1)
    with pytest.raises(UnevenManifestError, match="its manifest says"):
        await write_ply(mosquitto.connection("viewer"), CHAPEL, tmp_path / "c.ply")
    assert names(tmp_path) == ["broker"]


async def test_a_folder_that_is_not_there_is_said_in_words(
    mosquitto: Mosquitto, publisher: Publisher, tmp_path: Path
) -> None:
    await publisher.reference_set([random_cloud(10)])
    await publisher.shard(1, Encoding.PLY, 9, encode_ply(random_cloud(1)))
    with pytest.raises(CannotWriteError, match="No such file or directory"):
        await write_ply(mosquitto.connection("viewer"), CHAPEL, tmp_path / "missing" / "c.ply")

"""A photograph's camera, and coarse points of it, are shown before its points are there, if the black box says so."""

import asyncio
import contextlib

from broker.envelope import BadMessageError
from broker.manifest import CameraState, Manifest
from broker.messages import Error, ShardUpdate
from broker.mosquitto import Mosquitto
from tests.black_boxes import POINTS_PER_IMAGE
from tests.early_black_box import FIRST_POINTS
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import (
    PATIENCE_S,
    PROJECT,
    NoManifestError,
    Rig,
    Watcher,
    retained_cameras,
    retained_manifest,
)


async def manifest_with_placed(mosquitto: Mosquitto, count: int) -> Manifest:
    """The manifest, once the broker retains so many placed cameras with it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                cameras = await retained_cameras(mosquitto)
                if sum(camera.state is CameraState.PLACED for camera in cameras) == count:
                    return await retained_manifest(mosquitto)
            except (NoManifestError, BadMessageError, KeyError):
                pass  # none yet, or a page was replaced meanwhile
            await asyncio.sleep(0.1)


async def test_cameras_come_before_their_points_and_once(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    program = start_program("says_placed_first")
    folder = program.folder / PROJECT / "black_box"
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        for number in (1, 2):
            await rig.send_many(range(number - 1, number))
            early = await manifest_with_placed(mosquitto, number)
            assert early.point_count == (number - 1) * POINTS_PER_IMAGE
            assert early.image_count == number
            assert len(seen.completed) == number - 1
            (folder / "go").touch()
            await seen.until_complete(number)
            whole = await manifest_with_placed(mosquitto, number)
            assert whole.point_count == number * POINTS_PER_IMAGE
            assert whole.camera_pages == early.camera_pages
        assert (folder / "cloud.txt").read_text() == "False", "it reads no cloud: none is written"
        assert not seen.of_type(Error)


async def manifest_with_points(mosquitto: Mosquitto, count: int) -> Manifest:
    """The manifest, once the broker retains one of so many points."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(NoManifestError, BadMessageError, KeyError):
                if (manifest := await retained_manifest(mosquitto)).point_count == count:
                    return manifest
            await asyncio.sleep(0.1)


async def test_first_points_are_shown_and_then_replaced(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    program = start_program("tests.early_black_box:shows_first_points")
    folder = program.folder / PROJECT / "black_box"
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(1))  # a project's first points are those of an answer
        (folder / "go").touch()
        await seen.until_complete(1)
        await rig.send_many(range(1, 2))
        early = await manifest_with_points(mosquitto, POINTS_PER_IMAGE + FIRST_POINTS)
        assert len(seen.completed) == 1
        (folder / "go").touch()
        await seen.until_complete(2)
        whole = await manifest_with_points(mosquitto, 2 * POINTS_PER_IMAGE)
        assert whole.generation == early.generation
        assert whole.revision > early.revision
        assert (early.shard_count, whole.shard_count) == (2, 2)
        updates = [each for each in seen.of_type(ShardUpdate) if each.image_number == 2]
        assert [each.point_count for each in updates] == [FIRST_POINTS, POINTS_PER_IMAGE]
        assert not set(updates[0].shards) & set(updates[1].shards), "no index means two shards"
        assert not seen.of_type(Error)

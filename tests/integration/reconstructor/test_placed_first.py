"""A photograph is shown where it stands before its points are there, if the black box says so."""

import asyncio

from broker.envelope import BadMessageError
from broker.manifest import CameraState, Manifest
from broker.messages import Error
from broker.mosquitto import Mosquitto
from tests.black_boxes import POINTS_PER_IMAGE
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

"""What the index of a project costs, and what a full budget shows: by pages, of which an image changes the last ones."""

import asyncio
import contextlib

from broker.contract import MANIFEST_PAGE, match
from broker.ids import PageDigest
from broker.manifest import ManifestPage, shards_of
from broker.messages import Error
from broker.mosquitto import Mosquitto
from reconstructor.publishing.retained import list_retained
from reconstructor.storage.store import Store
from tests.black_boxes import POINTS_PER_IMAGE
from tests.heavy_black_box import HEAVY_POINTS_PER_IMAGE
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.index_bytes import IndexBytes
from tests.integration.reconstructor.programs import (
    PROJECT,
    SPACE,
    Rig,
    Watcher,
    join,
    retained_cameras,
    retained_manifest,
    retained_pages,
)

MIB = 1024 * 1024
IMAGE_COUNT = 24


async def test_an_image_costs_a_few_pages_whatever_the_size_of_the_project(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program(refetch_every=1000, grace_s=0.5)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(130))
        await seen.until_complete(130, 120)
        async with IndexBytes.counted(mosquitto.connection("viewer")) as index:
            await asyncio.sleep(1)  # what is retained comes first
            index.sizes.clear()
            await rig.send_many(range(130, 140))
            await seen.until_complete(140)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(30):  # this connection may hear of the last one later than the other
                    while sum(map(bool, index.sizes)) < 30:
                        await asyncio.sleep(0.05)
            sent = [size for size in index.sizes if size]
            assert len(sent) == 30  # a page of shards, a page of cameras and the manifest for each image
            assert sum(sent) / 10 <= 20_000
        manifest = await join(mosquitto.connection("viewer"))
        assert (manifest.shard_count, len(manifest.shard_pages), len(manifest.camera_pages)) == (140, 3, 3)
        assert manifest.point_count == 140 * POINTS_PER_IMAGE
        assert [each.image_number for each in await retained_cameras(mosquitto)] == list(range(1, 141))
        named = {*manifest.shard_pages, *manifest.camera_pages}
        async with asyncio.timeout(30):
            while await retained_digests(mosquitto) != named:  # replaced pages go after the grace time
                await asyncio.sleep(0.1)


async def retained_digests(mosquitto: Mosquitto) -> set[PageDigest]:
    retained = await list_retained(mosquitto.connection("reconstructor"), PROJECT)
    return {match(SPACE, topic).page for topic in retained.pages | retained.torn}


async def test_images_that_wait_are_told_before_there_are_points(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program("waits_until_the_third")
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(2))
        await seen.until_complete(2)
        manifest = await retained_manifest(mosquitto)
        assert (manifest.generation, manifest.shard_count, manifest.image_count) == (0, 0, 2)
        assert {each.state for each in await retained_cameras(mosquitto)} == {"waiting"}
        await rig.send_many(range(2, 3))
        await seen.until_complete(3)
        assert (await retained_manifest(mosquitto)).generation == 1


async def test_at_a_full_budget_each_image_shows_when_it_is_processed(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program("tests.heavy_black_box:heavy", retained_bytes_limit=MIB)
    connection = mosquitto.connection("reconstructor")
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        for number in range(1, IMAGE_COUNT + 1):
            await rig.send_many(range(number - 1, number))
            await seen.until_complete(number)
            if number % 10:  # after a refetch all images are in its reference set
                manifest = await retained_manifest(mosquitto)
                pages = await retained_pages(connection, MANIFEST_PAGE, ManifestPage, manifest.shard_pages)
                own = [each for each in shards_of(pages) if number in {each.image_number, 1}]
                assert sum(each.point_count for each in own) == HEAVY_POINTS_PER_IMAGE
            retained = await list_retained(connection, PROJECT)
            assert sum(retained.sizes.values()) <= MIB
        assert [each.code for each in seen.of_type(Error)] == ["retained_budget_reached"]
        manifest = await retained_manifest(mosquitto)
        assert manifest.left_out.point_count > 0
        assert manifest.point_count + manifest.left_out.point_count == IMAGE_COUNT * HEAVY_POINTS_PER_IMAGE
    assert program.stop() == 0
    stored = Store.read_only(program.folder / PROJECT).reference()
    assert stored is not None
    assert stored.manifest.point_count == IMAGE_COUNT * HEAVY_POINTS_PER_IMAGE

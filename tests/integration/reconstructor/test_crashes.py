"""kill -9 of the reconstructor and of the broker: all images are there, none twice, the manifest never goes back."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.delivery import Delivery
from broker.ids import Encoding
from broker.live import BrokerLostError
from broker.manifest import Manifest
from broker.messages import Error, ProcessingComplete
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from broker.outgoing import Outgoing
from reconstructor.storage.store import Store
from tests.black_boxes import POINTS_PER_IMAGE
from tests.conftest import credentials
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import (
    PROJECT,
    NoManifestError,
    Program,
    Rig,
    Watcher,
    retained_generations,
    retained_manifest,
    shard_topic,
)

WITH_AND_WITHOUT = pytest.mark.parametrize(
    "mosquitto", [True, False], indirect=True, ids=["default persistence", "no persistence"]
)


@pytest.fixture
def mosquitto(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Mosquitto]:
    """A broker that forgets everything when it is killed: it never comes to its autosave, with persistence or without."""
    is_persistent = getattr(request, "param", True)
    plan = BrokerPlan(data_dir=tmp_path / "broker", port=free_port(), is_persistent=is_persistent)
    with Mosquitto(plan, credentials()) as broker:
        yield broker


async def settled(mosquitto: Mosquitto, point_count: int) -> Manifest:
    """The retained manifest once it names that many points; all that it names is there, each time one looks."""
    async with asyncio.timeout(60):
        while True:
            try:
                manifest = await retained_manifest(mosquitto)
            except (NoManifestError, BrokerLostError):
                manifest = None
            if manifest is not None and manifest.point_count == point_count:
                return manifest
            await asyncio.sleep(0.1)


def check_store(program: Program, count: int) -> None:
    """Every image is on the disk once, with numbers from 1."""
    store = Store(program.folder / PROJECT, refetch_every=10)
    images = store.images()
    assert [image.number for image in images] == list(range(1, count + 1))
    assert len({image.sha256 for image in images}) == count
    assert all(store.path(image).exists() for image in images)
    assert store.counts()["open_jobs"] == 0
    store.close()


async def test_killed_again_and_again_it_places_every_image_once(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program("slow", refetch_every=4)
    seconds = random.Random(2)  # noqa: S311 - moments of a test
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        sending = asyncio.create_task(rig.send_many(range(9)))
        for _ in range(5):
            await asyncio.sleep(seconds.uniform(1.0, 3.0))
            await asyncio.to_thread(program.kill)
            program.start()
        names = await sending
        await seen.until_complete(9, 60)
        assert [seen.completed[number].image_id for number in range(1, 10)] == names
        manifest = await settled(mosquitto, 9 * POINTS_PER_IMAGE)
        assert (manifest.generation, manifest.revision) == (3, 1)
        assert not seen.of_type(Error)
    assert program.stop() == 0
    check_store(program, 9)


async def test_an_image_that_was_in_the_black_box_is_done_again_after_a_kill(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program("slow")
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(1))
        await seen.until(lambda each: len(each.events) == 1)  # processing_started
        await asyncio.to_thread(program.kill)
        program.start()
        await seen.until_complete(1)
        assert len(seen.of_type(ProcessingComplete)) == 1
        assert (await retained_manifest(mosquitto)).point_count == POINTS_PER_IMAGE


@WITH_AND_WITHOUT
async def test_what_a_broker_lost_is_given_back_and_goes_on(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(4))
        await seen.until_complete(4)
        before = await retained_manifest(mosquitto)
        mosquitto.kill()
        mosquitto.start()
        assert await settled(mosquitto, 4 * POINTS_PER_IMAGE) == before
        await rig.send_many(range(4, 6))
        manifest = await settled(mosquitto, 6 * POINTS_PER_IMAGE)
        assert (manifest.generation, manifest.revision) == (1, 5)


@WITH_AND_WITHOUT
async def test_a_broker_that_is_killed_while_images_come_costs_none(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program(refetch_every=5)
    async with Rig.of(mosquitto.connection("rig-north")) as rig:
        sending = asyncio.create_task(rig.send_many(range(12)))
        for _ in range(3):
            await asyncio.sleep(0.7)
            mosquitto.kill()
            mosquitto.start()
        await sending
        manifest = await settled(mosquitto, 12 * POINTS_PER_IMAGE)
        assert (manifest.generation, manifest.revision) == (3, 2)
    assert program.stop() == 0
    check_store(program, 12)


async def test_at_its_start_it_clears_foreign_generations_and_gives_back_its_own(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(3))
        await seen.until_complete(3)
        before = await retained_manifest(mosquitto)
        await asyncio.to_thread(program.kill)
        async with Delivery(mosquitto.connection("reconstructor"), client_id="mischief") as mischief:
            await mischief.wait_connected(30)
            for generation, payload in ((1, b""), (1, b"damaged"), (7, b"left over"), (2, b"half published")):
                index = 1 if payload == b"damaged" else 0
                topic = shard_topic(generation, Encoding.PLY, index)
                await mischief.publish(Outgoing(topic=topic, payload=payload, is_retained=True))
        program.start()
        async with asyncio.timeout(30):
            while await retained_generations(mosquitto) != {1}:
                await asyncio.sleep(0.1)
        after = await retained_manifest(mosquitto)
        assert (after.revision, after.shard_pages, after.store_id) == (
            before.revision,
            before.shard_pages,
            before.store_id,
        )


async def test_a_damaged_shard_on_the_disk_is_reported_and_replaced(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(2))
        await seen.until_complete(2)
        await asyncio.to_thread(program.kill)
        (program.folder / PROJECT / "generations/000001/000001.ply").write_bytes(b"rotten")
        mosquitto.kill()
        mosquitto.start()
        program.start()
        manifest = await settled(mosquitto, 2 * POINTS_PER_IMAGE)
        assert (manifest.generation, manifest.revision) == (2, 0)
        assert program.logged("error", code="shard_gone")
        assert program.logged("manifest_published", generation=1, revision=2, points=POINTS_PER_IMAGE)


async def test_a_broker_that_kept_everything_is_not_read_again(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program(refetch_every=1000)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await rig.send_many(range(2))
        await seen.until_complete(2)
        mosquitto.stop()  # it writes down what it retains
        mosquitto.start()
        async with asyncio.timeout(60):
            while not program.logged("retained_kept"):
                await asyncio.sleep(0.1)
        await rig.send_many(range(2, 3))
        await seen.until_complete(3)
    assert (await settled(mosquitto, 3 * POINTS_PER_IMAGE)).shard_count == 3
    assert len(program.logged("retained_listed")) == 1

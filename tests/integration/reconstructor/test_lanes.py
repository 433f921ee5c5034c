"""Images go on while a refetch runs: each has its shards at once, and after the refetch everything is there exactly once."""

import asyncio
from pathlib import Path

import pytest

from broker.messages import Error, ProcessingComplete, Progress, RefetchStarting, ShardUpdate
from broker.mosquitto import Mosquitto
from tests.black_boxes import POINTS_PER_IMAGE
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import PROJECT, Program, Rig, Watcher, join, retained_manifest


def go(program: Program) -> None:
    """Let the refetch of `beside_its_refetch` come to its end."""
    (program.folder / PROJECT / "black_box/go").touch()


def refetches(seen: Watcher) -> list[ProcessingComplete]:
    return [each for each in seen.of_type(ProcessingComplete) if each.is_refetch]


async def begin_refetch(seen: Watcher, rig: Rig, count: int) -> None:
    """Send so many images, the last of which brings a refetch."""
    await seen.until_ready()
    await rig.send_many(range(count))
    await seen.until(lambda each: bool(each.of_type(RefetchStarting)))


async def test_images_have_their_shards_before_the_refetch_ends_and_are_in_its_cloud(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program("beside_its_refetch", refetch_every=4, grace_s=0.5)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await begin_refetch(seen, rig, 4)
        await rig.send_many(range(4, 6))
        await seen.until_complete(6)
        assert not refetches(seen)
        manifest = await retained_manifest(mosquitto)
        assert (manifest.generation, manifest.revision) == (1, 5)
        await seen.until(lambda each: len(each.of_type(Progress)) >= 2)
        go(program)
        await seen.until(lambda each: bool(refetches(each)))
        manifest = await retained_manifest(mosquitto)
        assert (manifest.generation, manifest.revision) == (2, 0)
        assert manifest.point_count == 6 * POINTS_PER_IMAGE
        await rig.send_many(range(6, 7))
        await seen.until_complete(7)
        assert (await join(mosquitto.connection("viewer"))).point_count == 7 * POINTS_PER_IMAGE
        updates = [(each.generation, each.revision) for each in seen.of_type(ShardUpdate)]
        assert updates == [*((1, revision) for revision in range(6)), (2, 0), (2, 1)]
        ratios = [each.done_ratio for each in seen.of_type(Progress)]
        assert ratios == sorted(set(ratios))
        assert not seen.of_type(Error)


async def test_refetches_that_come_due_while_one_runs_become_one(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program("beside_its_refetch", refetch_every=2)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await begin_refetch(seen, rig, 2)
        await rig.send_many(range(2, 7))
        await seen.until_complete(7)
        go(program)
        await seen.until(lambda each: len(refetches(each)) == 2)
        assert [each.image_number for each in seen.of_type(RefetchStarting)] == [2, 6]
        assert (await retained_manifest(mosquitto)).point_count == 7 * POINTS_PER_IMAGE


@pytest.mark.parametrize("is_over", [False, True], ids=["before its end", "after its end"])
async def test_killed_in_the_middle_of_a_refetch_nothing_is_lost_or_there_twice(
    mosquitto: Mosquitto, start_program: StartProgram, *, is_over: bool
) -> None:
    program = start_program("beside_its_refetch", refetch_every=4)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await begin_refetch(seen, rig, 4)
        await rig.send_many(range(4, 6))
        await seen.until_complete(6)
        if is_over:  # for the black box, not yet for the store
            go(program)
            await until_exists(program.folder / PROJECT / "black_box/solved-1")
        await asyncio.to_thread(program.kill)
        program.start()
        await rig.send_many(range(6, 7))
        if not is_over:
            await seen.until_complete(7)
            assert not refetches(seen)
            go(program)
        await seen.until(lambda each: bool(refetches(each)) and len(each.completed) == 7)
        manifest = await retained_manifest(mosquitto)
        assert (manifest.generation, manifest.point_count) == (2, 7 * POINTS_PER_IMAGE)
        assert not seen.of_type(Error)
    assert program.stop() == 0


async def until_exists(path: Path) -> None:
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(path.exists):
            await asyncio.sleep(0.001)


async def test_a_process_that_dies_under_an_image_and_a_refetch_costs_neither(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program("dies_once_beside_its_refetch", refetch_every=2)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await begin_refetch(seen, rig, 2)
        await until_exists(program.folder / PROJECT / "black_box/refetching")
        await rig.send_many(range(2, 3))
        await until_exists(program.folder / PROJECT / "black_box/died")
        go(program)
        await seen.until(lambda each: bool(refetches(each)) and len(each.completed) == 3)
        assert (await retained_manifest(mosquitto)).point_count == 3 * POINTS_PER_IMAGE
        assert not seen.of_type(Error)
    assert len(program.logged("call_interrupted")) == 2


async def test_stopping_does_not_wait_for_a_refetch(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    program = start_program("beside_its_refetch", refetch_every=2)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await begin_refetch(seen, rig, 2)
        async with asyncio.timeout(30):  # the refetch waits for a minute
            assert await asyncio.to_thread(program.stop) == 0

"""Two reconstructors of one project: exactly one serves, the other says who does, and nothing published is lost."""

import asyncio
import contextlib
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from broker.contract import IMAGE, RECONSTRUCTOR_STATE, REFERENCE
from broker.delivery import Delivery
from broker.envelope import decode
from broker.live import follow
from broker.manifest import Manifest
from broker.messages import ReconstructorPresence, ReconstructorState
from broker.mosquitto import Mosquitto
from reconstructor.storage.store import Store
from tests.black_boxes import POINTS_PER_IMAGE
from tests.integration.reconstructor.programs import (
    PATIENCE_S,
    PROJECT,
    RIG,
    ROOT,
    SPACE,
    Program,
    Rig,
    retained_manifest,
)
from tests.photographs import image_id, photograph

IMAGE_COUNT = 40
MakeProgram = Callable[[str], Program]


@pytest.fixture
def program(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[MakeProgram]:
    """Make a service with a data folder of its own; killed at the end."""
    made: list[Program] = []

    def make(name: str) -> Program:
        (tmp_path / name).mkdir(exist_ok=True)
        made.append(Program(mosquitto.connection("reconstructor"), tmp_path / name, "instant", retry_s=1.0))
        return made[-1]

    yield make
    for each in made:
        each.kill()


async def until(is_so: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    async with asyncio.timeout(timeout_s):
        while not is_so():
            await asyncio.sleep(0.05)


def is_refused(each: Program) -> bool:
    return bool(each.logged("project_failed", code="another_reconstructor"))


def is_serving(each: Program) -> bool:
    return bool(each.logged("retained_listed"))


def image_count(each: Program) -> int:
    return sum(Store.read_only(each.folder / PROJECT).images_by_state().values())


def store_id(each: Program) -> str:
    store = Store(each.folder / PROJECT, refetch_every=10)
    store.close()
    return store.identity.store_id


@contextlib.asynccontextmanager
async def manifests(mosquitto: Mosquitto) -> AsyncIterator[list[Manifest]]:
    """Every manifest that a viewer sees, in order."""
    seen: list[Manifest] = []

    async def read() -> None:
        async with follow(mosquitto.connection("viewer")) as follower:
            await follower.subscribe(SPACE.topic(PROJECT, REFERENCE.template))
            async for message in follower.messages():
                seen.append(decode(message.payload, Manifest))  # noqa: PERF401 - others read the list meanwhile

    reading = asyncio.create_task(read())
    yield seen
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading


async def retained_state(mosquitto: Mosquitto) -> ReconstructorState:
    async with asyncio.timeout(PATIENCE_S), follow(mosquitto.connection("viewer")) as follower:
        await follower.subscribe(SPACE.topic(PROJECT, RECONSTRUCTOR_STATE.template))
        return decode((await anext(follower.messages())).payload, ReconstructorState)


def adopt(mosquitto: Mosquitto, each: Program) -> subprocess.CompletedProcess[str]:
    connection = mosquitto.connection("reconstructor")
    password = each.folder.parent / "password"
    password.write_text(connection.secret() or "", encoding="utf-8")
    words = ["adopt", PROJECT, "--data", str(each.folder), "--broker-port", str(connection.port)]
    words += ["--user", str(connection.username), "--password-file", str(password)]
    return subprocess.run(
        [sys.executable, "-m", "cairn", "reconstructor", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("are_together", [True, False])
async def test_of_two_stores_one_serves_and_the_other_says_who(
    mosquitto: Mosquitto, program: MakeProgram, *, are_together: bool
) -> None:
    first, second = program("first"), program("second")
    first.start()
    if not are_together:
        await until(lambda: is_serving(first))
    second.start()
    await until(lambda: is_refused(first) or is_refused(second))
    serving, refused = (first, second) if is_refused(second) else (second, first)
    async with manifests(mosquitto) as seen, Rig.of(mosquitto.connection(RIG)) as rig:
        await rig.send_many(range(IMAGE_COUNT))
        await until(lambda: bool(seen) and seen[-1].point_count == IMAGE_COUNT * POINTS_PER_IMAGE, 2 * PATIENCE_S)
        orders = [(each.generation, each.revision) for each in seen]
    assert orders == sorted(orders)
    assert not is_refused(serving)
    assert (image_count(serving), image_count(refused)) == (IMAGE_COUNT, 0)
    serving.kill()
    refused.kill()  # it tries again and again, and then has its store
    (line, *_) = refused.logged("project_failed", code="another_reconstructor")
    assert store_id(serving) in line
    assert store_id(refused) in line
    assert "cairn reconstructor adopt chapel" in line
    assert {each.store_id for each in seen} == {store_id(serving)}


async def test_an_empty_folder_never_replaces_a_cloud_and_adopts_it_on_purpose(
    mosquitto: Mosquitto, program: MakeProgram
) -> None:
    first, second = program("first"), program("second")
    first.start()
    async with Rig.of(mosquitto.connection(RIG)) as rig, manifests(mosquitto) as seen:
        await rig.send_many(range(3))
        await until(lambda: bool(seen) and seen[-1].point_count == 3 * POINTS_PER_IMAGE)
        before = await retained_manifest(mosquitto)
        await asyncio.to_thread(first.kill)
        second.start()
        await until(lambda: is_refused(second))
        assert await retained_manifest(mosquitto) == before
        assert (await retained_state(mosquitto)).store_id == before.store_id
        assert image_count(second) == 0

        done = await asyncio.to_thread(adopt, mosquitto, second)
        assert done.returncode == 0, done.stderr
        assert before.store_id in done.stdout
        adopted = await retained_manifest(mosquitto)  # the cloud stays until the new store has one
        assert adopted.shard_pages == before.shard_pages
        assert adopted.store_id == store_id_of(done.stdout)
        first.start()
        await until(lambda: is_refused(first))
        await rig.send_many(range(3, 4))
        await until(lambda: seen[-1].point_count == POINTS_PER_IMAGE)
    assert seen[-1].generation > before.generation
    assert (image_count(first), image_count(second)) == (3, 1)


def store_id_of(words: str) -> str:
    """The new owner in what `adopt` prints."""
    return words.split("belongs to store ")[1][:16]


async def test_a_serving_reconstructor_steps_back_when_its_project_is_adopted(
    mosquitto: Mosquitto, program: MakeProgram
) -> None:
    first, second = program("first"), program("second")
    first.start()
    async with Rig.of(mosquitto.connection(RIG)) as rig:
        await rig.send_many(range(2))
        second.start()
        await until(lambda: is_refused(second))
        done = await asyncio.to_thread(adopt, mosquitto, second)
        assert done.returncode == 0, done.stderr
        await until(lambda: is_refused(first))
        await rig.send_many(range(2, 4))
    assert (image_count(first), image_count(second)) == (2, 2)
    serving = (ReconstructorPresence.READY, store_id_of(done.stdout))
    async with asyncio.timeout(PATIENCE_S):
        while ((state := await retained_state(mosquitto)).presence, state.store_id) != serving:
            await asyncio.sleep(0.1)
    await asyncio.to_thread(second.stop)
    await until_session_count(mosquitto, 2)  # the rig's and the new writer's; not that of the one that stepped back


async def until_session_count(mosquitto: Mosquitto, count: int) -> None:
    """Wait until the broker keeps so many durable sessions without a connection; it says so when the number changes."""
    async with asyncio.timeout(PATIENCE_S), follow(mosquitto.connection("ops")) as follower:
        await follower.subscribe("$SYS/broker/clients/disconnected")
        async for message in follower.messages():
            if int(message.payload) == count:
                return
    raise AssertionError("the connection ended")


async def test_a_copy_of_a_store_takes_over_and_the_older_one_stays_out(
    mosquitto: Mosquitto, program: MakeProgram
) -> None:
    first, second = program("first"), program("second")
    first.start()
    async with Rig.of(mosquitto.connection(RIG)) as rig:
        await rig.send_many(range(2))
        await asyncio.to_thread(first.stop)
        shutil.copytree(first.folder, second.folder)
        first.start()
        await rig.send_many(range(2, 3))
        second.start()  # both were copied from one: the later start has the same epoch or a later one
        await until(lambda: is_refused(first) or is_refused(second))
        await asyncio.sleep(3)
        assert is_refused(first) is not is_refused(second)
        await rig.send_many(range(3, 5))
    assert sorted((image_count(first), image_count(second))) in ([3, 4], [2, 5])


async def test_a_stale_message_of_another_store_does_not_stay(mosquitto: Mosquitto, program: MakeProgram) -> None:
    first = program("first")
    first.start()
    async with Rig.of(mosquitto.connection(RIG)) as rig, manifests(mosquitto) as seen:
        await rig.send_many(range(2))
        await until(lambda: bool(seen) and seen[-1].point_count == 2 * POINTS_PER_IMAGE)
        stale = seen[-1].model_copy(update={"store_id": "f" * 16, "epoch": 0, "revision": 0})
        offline = (await retained_state(mosquitto)).model_copy(
            update={"store_id": "f" * 16, "epoch": 0, "boot_id": "old", "presence": ReconstructorPresence.OFFLINE}
        )
        async with Delivery(mosquitto.connection("reconstructor"), client_id="stale") as other:
            await other.wait_connected(PATIENCE_S)
            await other.publish(REFERENCE.outgoing(SPACE, PROJECT, stale))
            await other.publish(RECONSTRUCTOR_STATE.outgoing(SPACE, PROJECT, offline))
        await until(lambda: len(seen) > 2 and seen[-1].store_id != "f" * 16)
        async with asyncio.timeout(PATIENCE_S):
            while (await retained_state(mosquitto)).presence is not ReconstructorPresence.READY:
                await asyncio.sleep(0.1)
        await rig.send_many(range(2, 3))
    assert not is_refused(first)


async def test_an_image_waits_for_its_own_reconstructor_while_another_is_refused(
    mosquitto: Mosquitto, program: MakeProgram
) -> None:
    first, second = program("first"), program("second")
    first.start()
    async with Rig.of(mosquitto.connection(RIG)) as rig:
        await rig.send_many(range(1))
        await asyncio.to_thread(first.stop)
        second.start()
        await until(lambda: is_refused(second))
        assert (await retained_state(mosquitto)).presence is ReconstructorPresence.OFFLINE
        payload = photograph(1)
        name = image_id(payload, 1)
        await rig.publish(SPACE.topic(PROJECT, IMAGE.template, sender=RIG, image_name=name), payload)
        with pytest.raises(TimeoutError):
            await rig.receipt(name, 3)
        first.start()
        assert (await rig.receipt(name, PATIENCE_S)).image_number == 2
    assert (image_count(first), image_count(second)) == (2, 0)

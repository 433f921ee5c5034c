"""From an image to shards that everybody sees, over a real broker."""

import asyncio

from broker.contract import RECONSTRUCTOR_STATISTICS
from broker.envelope import decode
from broker.ids import ImageId, Verb
from broker.live import ask, follow, fresh_connection_id, fresh_request_id
from broker.manifest import CameraState
from broker.messages import (
    Error,
    ReceiptStatus,
    ReconstructorPresence,
    ReconstructorStatistics,
    RefetchStarting,
    Request,
    ShardUpdate,
)
from broker.mosquitto import Mosquitto
from tests.black_boxes import POINTS_PER_IMAGE
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import (
    PATIENCE_S,
    PROJECT,
    SPACE,
    Rig,
    Watcher,
    join,
    retained_cameras,
    retained_generations,
    retained_manifest,
)
from tests.photographs import image_id, photograph


async def test_previews_are_asked_for_once_a_black_box_that_takes_them_is_loaded(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program("instant_of_previews", preview_max_side_px=800)
    async with Watcher.of(mosquitto.connection("viewer")) as seen:
        await seen.until(lambda so_far: so_far.state is not None and so_far.state.takes_previews)
        assert seen.state is not None
        assert (seen.state.presence, seen.state.preview_max_side_px) == (ReconstructorPresence.READY, 800)


async def test_twelve_images_become_one_generation_and_then_another(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program(grace_s=0.5)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        names = await rig.send_many(range(12))
        await seen.until_complete(12)
        assert [seen.completed[number].image_id for number in range(1, 13)] == names
        assert {each.state for each in seen.completed.values()} == {"placed"}
        (refetch,) = seen.of_type(RefetchStarting)
        assert (refetch.image_number, refetch.next_generation) == (10, 2)
        updates = [(each.generation, each.revision) for each in seen.of_type(ShardUpdate)]
        assert updates == [*((1, revision) for revision in range(10)), (2, 0), (2, 1), (2, 2)]
        manifest = await retained_manifest(mosquitto)
        assert (manifest.generation, manifest.revision, manifest.previous_generation) == (2, 2, 1)
        assert (manifest.point_count, manifest.image_count) == (12 * POINTS_PER_IMAGE, 12)
        async with asyncio.timeout(30):
            while await retained_generations(mosquitto) != {2}:
                await asyncio.sleep(0.1)
        assert all(each.stored_to_shard_s is not None for each in seen.completed.values())
    assert program.stop() == 0
    assert not program.logged("error")


async def test_images_before_the_first_points_wait_and_generation_1_begins_with_points(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program("waits_until_the_third")
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(2))
        await seen.until_complete(2)
        assert {each.state for each in seen.completed.values()} == {"waiting"}
        assert not seen.of_type(ShardUpdate)
        await rig.send_many(range(2, 3))
        await seen.until_complete(3)
        assert [(each.generation, each.revision) for each in seen.of_type(ShardUpdate)] == [(1, 0)]
        assert not seen.of_type(Error)


async def test_a_black_box_that_knows_nothing_of_cameras_leaves_states_unknown(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program("points_only")
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(1))
        await seen.until_complete(1)
        assert seen.completed[1].state == "unknown"


async def test_a_rejected_refetch_keeps_the_generation_and_says_so(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program("rejects_its_refetch", refetch_every=2)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(3))
        await seen.until_complete(3)
        assert [each.code for each in seen.of_type(Error)] == ["refetch_rejected"]
        manifest = await retained_manifest(mosquitto)
        assert (manifest.generation, manifest.revision) == (1, 2)


async def test_cameras_and_statistics_are_retained(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    start_program(statistics_interval_s=0.2)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        names = await rig.send_many(range(2))
        await seen.until_complete(2)
    async with follow(mosquitto.connection("viewer")) as follower, asyncio.timeout(30):
        cameras = await retained_cameras(mosquitto)
        assert [(each.image_id, each.image_number) for each in cameras] == [(names[0], 1), (names[1], 2)]
        assert {each.state for each in cameras} == {CameraState.PLACED}
        assert {each.distortion for each in cameras} == {(-0.1, 0.0, 0.0, 0.0)}
        assert {each.reprojection_error_px for each in cameras} == {0.5}
        messages = follower.messages()
        await follower.subscribe(SPACE.topic(PROJECT, RECONSTRUCTOR_STATISTICS.template))
        while True:
            statistics = decode((await anext(messages)).payload, ReconstructorStatistics)
            if statistics.placed_count == 2 and statistics.queued_count == 0:
                break
        assert (statistics.stored_count, statistics.point_count) == (2, 2 * POINTS_PER_IMAGE)
        assert statistics.stored_to_shard_p50_s is not None


async def test_the_same_image_again_gets_its_receipt_again_and_nothing_else(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        payload = photograph(0)
        name = image_id(payload, 0)
        first = await rig.send(payload, name)
        again = await rig.send(payload, name)
        assert (first.status, again.status) == (ReceiptStatus.STORED, ReceiptStatus.DUPLICATE)
        assert (again.image_number, again.image_id, again.sha256) == (1, name, first.sha256)
        await rig.send_many(range(1, 2))
        await seen.until_complete(2)
        assert len(seen.completed) == 2


async def test_a_plain_name_is_enough(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("anna"), "anna") as rig:
        await seen.until_ready()
        receipt = await rig.send(photograph(0), "door1", "anna")
        assert receipt.image_name == "door1"
        assert receipt.image_id is not None
        assert ImageId(receipt.image_id).session == "door1"


async def test_survey_coordinates_and_ascii_are_published_as_shards(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program("writes_double")
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(2))
        await seen.until_complete(2)
        manifest = await join(mosquitto.connection("viewer"))
        assert manifest.point_count == 2 * POINTS_PER_IMAGE
        assert manifest.frame.offset != (0, 0, 0)
        assert not seen.of_type(Error)


async def send_request(mosquitto: Mosquitto, verb: Verb, **fields: object) -> tuple[bool, str | None, int]:
    request = Request.model_validate(
        {"project": PROJECT, "id": fresh_request_id(), "verb": verb, "connection": fresh_connection_id()} | fields
    )
    answer = await ask(mosquitto.connection("ops"), PROJECT, request, user="ops", timeout_s=10)
    assert answer.request_sent_at == request.sent_at
    assert answer.received_at >= request.sent_at
    return answer.is_done, answer.code, answer.republished_count


async def test_requests_are_answered(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        assert await send_request(mosquitto, Verb.PING) == (True, None, 0)
        assert await send_request(mosquitto, Verb.REFETCH) == (False, "no_images", 0)
        await rig.send_many(range(2))
        await seen.until_complete(2)
        assert await send_request(mosquitto, Verb.RESYNC) == (True, None, 0)
        assert await send_request(mosquitto, Verb.RESYNC, generation=1, shards=[0, 1, 99]) == (True, None, 4)
        assert await send_request(mosquitto, Verb.RESYNC, generation=7, shards=[0]) == (False, "generation_gone", 0)
        assert await send_request(mosquitto, Verb.REFETCH) == (True, None, 0)
        await seen.until(lambda each: any(event.generation == 2 for event in each.of_type(ShardUpdate)))


async def test_a_pause_holds_the_work_and_not_the_receipts(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        assert await send_request(mosquitto, Verb.PAUSE) == (True, None, 0)
        await seen.until(lambda each: each.presence is ReconstructorPresence.PAUSED)
        await rig.send_many(range(2))
        program.kill()
        await seen.until(lambda each: each.presence is ReconstructorPresence.OFFLINE)
        program.start()
        await seen.until(lambda each: each.presence is ReconstructorPresence.PAUSED)
        assert not seen.completed
        assert await send_request(mosquitto, Verb.RESUME) == (True, None, 0)
        await seen.until_complete(2)


async def test_a_black_box_that_is_not_there_is_said_and_tried_again(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program("nowhere", retry_s=0.2)
    async with Watcher.of(mosquitto.connection("viewer")) as seen:
        await seen.until(lambda each: len(each.of_type(Error)) >= 2)
        first = seen.of_type(Error)[0]
    assert "has no function 'nowhere'" in first.reason
    assert "tried again in" in first.reason
    assert len(program.logged("project_failed", project=PROJECT, code=first.code)) >= 2
    assert program.stop() == 0


async def test_a_wrong_password_is_said_and_tried_again(start_program: StartProgram) -> None:
    program = start_program(broker__password="wrong", retry_s=0.2)  # noqa: S106 - it is wrong
    async with asyncio.timeout(PATIENCE_S):
        while len(program.logged("project_failed", code="broker_refused")) < 2:
            await asyncio.sleep(0.1)
    assert "name or password do not fit" in program.logged("project_failed")[0]
    assert program.stop() == 0


async def test_settings_without_a_project_end_the_program_in_one_line(start_program: StartProgram) -> None:
    program = start_program(projects="[]")
    assert await asyncio.to_thread(program.wait) == 1
    assert "name at least one project" in program.log.read_text(encoding="utf-8").splitlines()[-1]


async def test_its_last_will_and_its_farewell_say_offline(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen:
        for end in (program.kill, program.stop):
            await seen.until_ready()
            await asyncio.to_thread(end)
            await seen.until(lambda each: each.presence is ReconstructorPresence.OFFLINE)
            program.start()

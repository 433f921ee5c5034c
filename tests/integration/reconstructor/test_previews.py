"""Previews before their originals, by a real service over a real broker: placed at once, killed between, lied about."""

import asyncio
import io
from pathlib import Path

from PIL import Image

from broker.contract import UPLOAD_BEGIN, UPLOAD_END, UPLOAD_PIECE
from broker.manifest import CameraEntry
from broker.messages import Error, ProcessingStarted, ReceiptStatus, UploadBegin, UploadEnd
from broker.mosquitto import Mosquitto
from broker.shards import sha256
from tests.black_boxes import POINTS_PER_IMAGE
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import (
    PATIENCE_S,
    PROJECT,
    RIG,
    SPACE,
    Program,
    Rig,
    Watcher,
    retained_cameras,
    retained_manifest,
)
from tests.photographs import huge_png, image_id, photograph
from tests.previews import SIDE_PX, large_photograph, preview_of

PHOTOGRAPHS = [large_photograph(seed) for seed in range(4)]
IDS = [image_id(content, sequence) for sequence, content in enumerate(PHOTOGRAPHS)]
TAKEN = (("file_name", "DSC_1.JPG"), ("capture_id", "shot-1"))


def start_taking(start_program: StartProgram, black_box: str = "instant_of_previews", **settings: object) -> Program:
    return start_program(black_box, preview_max_side_px=SIDE_PX, **settings)


async def until_taken(seen: Watcher) -> None:
    await seen.until_ready()
    await seen.until(lambda each: each.state is not None and each.state.takes_previews)


def previews_in(program: Program) -> list[Path]:
    return list((program.folder / PROJECT / "previews").iterdir())


async def cameras_with_original(mosquitto: Mosquitto, count: int) -> tuple[CameraEntry, ...]:
    """The retained cameras, once so many of them have their original."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            cameras = await retained_cameras(mosquitto)
            if sum(camera.has_original for camera in cameras) == count:
                return cameras
            await asyncio.sleep(0.1)


async def until_none_left(program: Program) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while previews_in(program):
            await asyncio.sleep(0.1)


async def send_in_pieces(rig: Rig, number: int) -> None:
    content, name = PHOTOGRAPHS[number], IDS[number]
    facts = {"project": PROJECT, "image_id": name, "size_bytes": len(content), "sha256": sha256(content)}
    begin = UploadBegin.model_validate(facts | {"content_type": "image/jpeg", "piece_bytes": len(content)})
    end = UploadEnd.model_validate(facts)
    await rig.publish(SPACE.topic(PROJECT, UPLOAD_BEGIN.template, sender=RIG, image_id=name), begin.encode())
    await rig.publish(SPACE.topic(PROJECT, UPLOAD_PIECE.template, sender=RIG, image_id=name, offset=0), content)
    await rig.publish(SPACE.topic(PROJECT, UPLOAD_END.template, sender=RIG, image_id=name), end.encode())


async def test_photographs_are_placed_by_their_previews_and_keep_their_numbers_when_the_originals_come(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_taking(start_program, sender_images_per_day=3)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection(RIG)) as rig:
        await until_taken(seen)
        for number in range(3):
            receipt = await rig.send_preview(preview_of(PHOTOGRAPHS[number]), IDS[number], properties=TAKEN)
            assert (receipt.status, receipt.image_number) == (ReceiptStatus.PREVIEWED, number + 1)
        refused = await rig.send_preview(preview_of(PHOTOGRAPHS[3]), IDS[3])
        assert (refused.status, refused.code) == (ReceiptStatus.REJECTED, "quota")
        assert refused.retry_at is not None
        await seen.until_complete(3)
        await rig.until_wanted(*IDS[:3])
        cameras = await cameras_with_original(mosquitto, 0)
        assert [(each.file_name, each.capture_id) for each in cameras] == [("DSC_1.JPG", "shot-1")] * 3
        await asyncio.to_thread(program.kill)
        program.start()
        await until_taken(seen)
        again = await rig.send_preview(preview_of(PHOTOGRAPHS[1]), IDS[1])
        assert (again.status, again.image_number) == (ReceiptStatus.PREVIEWED, 2)
        for number in (2, 0):
            stored = await rig.send(PHOTOGRAPHS[number], IDS[number])
            assert (stored.status, stored.image_number) == (ReceiptStatus.STORED, number + 1)
        await rig.until_wanted(IDS[1])
        await send_in_pieces(rig, 1)
        while (await rig.receipt(IDS[1], PATIENCE_S)).status is ReceiptStatus.PREVIEWED:
            pass  # of a preview that was sent twice
        late = await rig.send_preview(preview_of(PHOTOGRAPHS[1]), IDS[1])
        assert (late.status, late.image_number) == (ReceiptStatus.DUPLICATE, 2)
        await rig.until_wanted()
        await cameras_with_original(mosquitto, 3)
        await until_none_left(program)
        assert (await retained_manifest(mosquitto)).point_count == 3 * POINTS_PER_IMAGE
        assert len(seen.of_type(ProcessingStarted)) == 3
        assert not seen.of_type(Error)
    images = program.folder / PROJECT / "images"
    assert [(images / f"{name}.jpg").read_bytes() for name in IDS[:3]] == PHOTOGRAPHS[:3]


async def test_a_kill_while_the_original_arrives_during_the_job_on_its_preview_leaves_neither_twice(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_taking(start_program, "waits_on_previews")
    folder = program.folder / PROJECT / "black_box"
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection(RIG)) as rig:
        await until_taken(seen)
        assert (await rig.send_preview(preview_of(PHOTOGRAPHS[0]), IDS[0])).status is ReceiptStatus.PREVIEWED
        async with asyncio.timeout(PATIENCE_S):
            while not (folder / "reading").exists():
                await asyncio.sleep(0.05)
        assert (await rig.send(PHOTOGRAPHS[0], IDS[0])).status is ReceiptStatus.STORED
        assert previews_in(program), "the job may read it"
        await asyncio.to_thread(program.kill)
        program.start()
        await until_taken(seen)
        (folder / "go").touch()
        await seen.until_complete(1)
        assert (await retained_manifest(mosquitto)).point_count == POINTS_PER_IMAGE
        assert (await rig.send(PHOTOGRAPHS[0], IDS[0])).status is ReceiptStatus.DUPLICATE
        async with asyncio.timeout(PATIENCE_S):
            while previews_in(program):
                await asyncio.sleep(0.05)


async def test_what_is_no_preview_is_refused_and_a_lie_ends_with_its_original(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_taking(start_program)
    cut = PHOTOGRAPHS[3][: len(PHOTOGRAPHS[3]) // 2]
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection(RIG)) as rig:
        await until_taken(seen)
        lies = {
            b"": "bad_preview",
            bytes(300_000): "bad_preview",
            b"no image": "not_an_image",
            b"II*\0" + bytes(200): "not_an_image",
            huge_png(20_000): "image_too_large",
            photograph(1, kind="PNG"): "bad_preview",
            photograph(1, kind="WEBP"): "bad_preview",
            preview_of(PHOTOGRAPHS[0], SIDE_PX + 20): "image_too_large",
            preview_of(PHOTOGRAPHS[0])[:-200]: "damaged_image",
        }
        for lie, code in lies.items():
            receipt = await rig.send_preview(lie, IDS[0])
            assert (receipt.status, receipt.code) == (ReceiptStatus.PREVIEW_REFUSED, code), lie[:20]
        foreign = await rig.send_preview(preview_of(PHOTOGRAPHS[0]), image_id(PHOTOGRAPHS[0], 1, "rig-south"))
        assert (foreign.status, foreign.code) == (ReceiptStatus.REJECTED, "foreign_session")
        assert (await rig.send(PHOTOGRAPHS[0], IDS[0])).image_number == 1
        # The preview of another photograph, one whose original is cut on the card, and one whose original is other bytes.
        cut_id = image_id(cut, 3)
        for name, content in ((IDS[1], PHOTOGRAPHS[2]), (cut_id, PHOTOGRAPHS[3]), (IDS[2], PHOTOGRAPHS[2])):
            assert (await rig.send_preview(preview_of(content), name)).status is ReceiptStatus.PREVIEWED
        assert (await rig.send(PHOTOGRAPHS[1], IDS[1])).status is ReceiptStatus.STORED
        damaged = await rig.send(cut, cut_id)
        assert (damaged.status, damaged.code) == (ReceiptStatus.REJECTED, "damaged_image")
        await rig.until_wanted(IDS[2])
        assert (await rig.send(PHOTOGRAPHS[0] + b"x", IDS[2])).code == "wrong_digest"
        await rig.until_wanted()
        await seen.until_complete(4)
        cameras = await cameras_with_original(mosquitto, 2)
        assert [each.has_original for each in cameras] == [True, True, False, False]
        assert [each.code for each in seen.of_type(Error)] == ["preview_does_not_fit"]
        assert not program.logged("message_failed")
    with Image.open(io.BytesIO((program.folder / PROJECT / f"images/{IDS[1]}.jpg").read_bytes())) as image:
        assert image.size == (320, 240)


async def test_a_black_box_that_does_not_take_previews_gets_originals_alone(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program("instant")
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection(RIG)) as rig:
        await seen.until_ready()
        refused = await rig.send_preview(preview_of(PHOTOGRAPHS[0]), IDS[0])
        assert (refused.status, refused.code) == (ReceiptStatus.PREVIEW_REFUSED, "previews_not_taken")
        assert (await rig.send(PHOTOGRAPHS[0], IDS[0])).status is ReceiptStatus.STORED
        assert seen.state is not None
        assert not seen.state.takes_previews

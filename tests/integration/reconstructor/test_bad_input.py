"""Whatever comes in or out of a black box: a receipt or an error with its code, a line in the log, and on it goes."""

import asyncio
import contextlib
import hashlib
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from broker.clients.refusals import DeliveryTimeoutError, PublishRefusedError
from broker.contract import IMAGE, UPLOAD_BEGIN
from broker.delivery import Delivery
from broker.ids import ImageId
from broker.messages import (
    ByteRange,
    Error,
    ReceiptStatus,
    UploadBegin,
)
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from reconstructor.config import Settings
from reconstructor.intake.validation import Taken, Upload, take_in
from reconstructor.service import serve
from reconstructor.storage.durable_files import DiskFullError
from reconstructor.storage.partial_uploads import PartialUploads
from reconstructor.storage.store import Store
from tests.black_boxes import POINTS_PER_IMAGE
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import (
    PATIENCE_S,
    PROJECT,
    SPACE,
    Program,
    Rig,
    Watcher,
    retained_manifest,
)
from tests.photographs import huge_png, image_id, photograph

JPEG = photograph(7)


async def goes_on(program: Program, seen: Watcher, rig: Rig, count: int) -> None:
    """The next images are stored and processed as if nothing had happened."""
    before = len(seen.completed)
    await rig.send_many(range(100 + before, 100 + before + count))
    await seen.until_complete(before + count)
    assert program.is_running


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "empty_image"),
        (b"this is no image", "not_an_image"),
        (JPEG[: len(JPEG) // 2], "damaged_image"),
        (huge_png(40_000), "image_too_large"),
        (b"\xff\xd8\xff" + bytes(31 * 1024 * 1024), "image_too_large"),
    ],
    ids=["empty", "text", "truncated", "40,000 x 40,000", "31 MiB"],
)
async def test_an_upload_that_is_no_acceptable_image_gets_a_rejected_receipt(
    mosquitto: Mosquitto, start_program: StartProgram, payload: bytes, code: str
) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        receipt = await rig.send(payload, "broken")
        assert (receipt.status, receipt.code, receipt.image_number) == (ReceiptStatus.REJECTED, code, None)
        assert receipt.reason
        assert program.logged("image_rejected", code=code)
        await goes_on(program, seen, rig, 1)


async def test_a_wrong_digest_gets_a_rejected_receipt(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        receipt = await rig.send(JPEG, image_id(photograph(8), 1))
        assert (receipt.status, receipt.code) == (ReceiptStatus.REJECTED, "wrong_digest")
        await goes_on(program, seen, rig, 1)


async def test_a_name_that_is_refused_becomes_an_error_event(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        topic = f"{SPACE.root}/{PROJECT}/image/rig-north/a\u202eb"
        await rig.publish(topic, JPEG)
        await seen.until(lambda each: bool(each.of_type(Error)))
        (error,) = seen.of_type(Error)
        assert (error.code, error.topic) == ("bad_id", topic.replace("\u202e", "\\u202e"))
        assert program.logged("error", code="bad_id")
        await goes_on(program, seen, rig, 1)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "../chapel/image/anna/x"])
async def test_an_id_with_more_levels_is_refused_by_the_broker(
    mosquitto: Mosquitto, start_program: StartProgram, name: str
) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        with pytest.raises(PublishRefusedError):
            await rig.publish(f"{SPACE.root}/{PROJECT}/image/rig-north/{name}", JPEG)
        await goes_on(program, seen, rig, 1)


def publish_packet(topic: bytes, payload: bytes) -> bytes:
    """A PUBLISH at QoS 0 as no library of ours would send it."""
    body = len(topic).to_bytes(2) + topic + b"\0" + payload
    assert len(body) < 128
    return bytes([0x30, len(body)]) + body


def connect_packet(user: str, password: str) -> bytes:
    """A CONNECT of MQTT 5 with name and password."""
    fields = [b"raw", user.encode(), password.encode()]
    body = b"\0\4MQTT\5\xc2\0\x3c\0" + b"".join(len(each).to_bytes(2) + each for each in fields)
    return bytes([0x10, len(body)]) + body


@pytest.mark.parametrize("name", [b"a+b", b"+", b"#", b"a#", b"a\0b", b"\xff\xfe"])
async def test_wildcards_and_control_characters_end_the_senders_connection_and_nothing_else(
    mosquitto: Mosquitto, start_program: StartProgram, name: bytes
) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        connection = mosquitto.connection("rig-south")
        with socket.create_connection((connection.host, connection.port), 30) as raw:
            raw.sendall(connect_packet("rig-south", connection.secret() or ""))
            assert raw.recv(1) == b"\x20"
            raw.sendall(publish_packet(f"{SPACE.root}/{PROJECT}/image/rig-south/".encode() + name, b"x"))
            with contextlib.suppress(ConnectionResetError):
                while raw.recv(4096):  # what is left of the CONNACK, a DISCONNECT, and the end
                    pass
        await goes_on(program, seen, rig, 1)
        assert not seen.of_type(Error)


async def test_sixty_megabytes_are_stopped_before_they_reach_us(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        async with Delivery(mosquitto.connection("rig-south"), client_id="greedy") as greedy:
            await greedy.wait_connected(30)
            topic = SPACE.topic(PROJECT, IMAGE.template, sender="rig-south", image_name="great")
            with pytest.raises((PublishRefusedError, DeliveryTimeoutError)):
                await greedy.publish(Outgoing(topic=topic, payload=bytes(60 * 1024 * 1024)), 3)
            await goes_on(program, seen, rig, 1)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("raises", "black_box_failed"),
        ("hangs", "black_box_timeout"),
        ("exits", "black_box_crashed"),
        ("faults", "black_box_crashed"),
        ("leaves", "black_box_failed"),
        ("leaves_a_pipe", "not_a_plain_file"),
        ("leaves_a_link", "not_a_plain_file"),
        ("eats_memory", "black_box_out_of_memory"),
        ("writes_nothing", "black_box_no_output"),
        ("returns_no_folder", "black_box_failed"),
        ("writes_truncated_ply", "ply_truncated"),
        ("writes_nan", "ply_not_finite"),
        ("writes_empty_ply", "ply_empty"),
    ],
)
async def test_a_black_box_that_fails_costs_one_image_and_keeps_the_cloud(
    mosquitto: Mosquitto, start_program: StartProgram, name: str, code: str
) -> None:
    """The second of three images makes the black box fail in its own way."""
    timeout_s = 2 if name == "hangs" else 60
    program = start_program(f"second_{name}", timeout_s=timeout_s, memory_limit_bytes=400 * 1024 * 1024)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        names = await rig.send_many(range(3))
        await seen.until_complete(3)
        (error,) = seen.of_type(Error)
        assert (error.code, error.image_id) == (code, names[1])
        assert error.reason
        assert program.logged("error", code=code)
        assert [seen.completed[number].state for number in (1, 2, 3)] == ["placed", "unknown", "placed"]
        manifest = await retained_manifest(mosquitto)
        assert (manifest.generation, manifest.point_count) == (1, 2 * POINTS_PER_IMAGE)
        assert program.is_running


async def test_what_a_black_box_prints_is_logged_with_time_and_project_and_harms_no_terminal(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program("prints_hostile_lines")
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(1))
        await seen.until_complete(1)
    async with asyncio.timeout(PATIENCE_S):  # it is read from a pipe, beside the answers
        while not (lines := program.logged("black_box_output", project=PROJECT, line='"loading')):
            await asyncio.sleep(0.05)
    (line,) = lines
    assert re.match(r"timestamp=20\d\d-\S+Z level=info ", line)
    assert not {"\x1b", "\u202e", "\r"} & set(program.log.read_bytes().decode())


@pytest.mark.parametrize("name", ["writes_ascii", "writes_double"])
async def test_ascii_and_double_precision_are_fine(
    mosquitto: Mosquitto, start_program: StartProgram, name: str
) -> None:
    start_program(name)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(2))
        await seen.until_complete(2)
        assert not seen.of_type(Error)
        assert (await retained_manifest(mosquitto)).point_count == 2 * POINTS_PER_IMAGE


def serve_here(mosquitto: Mosquitto, tmp_path: Path) -> asyncio.Task[None]:
    """A reconstructor in this process, so that a test can alter its code."""
    settings = Settings(
        broker=mosquitto.connection("reconstructor"),
        projects=(PROJECT,),
        data_dir=tmp_path / "data",
        black_box="tests.black_boxes:instant",
    )
    return asyncio.create_task(serve(settings), name="service")


async def test_a_defect_while_a_message_is_processed_ends_in_a_receipt_and_harms_no_other(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The intake is made to fail in a way that no list of exceptions foresees."""

    async def fail_for_one(upload: Upload, *others: Any) -> Taken:
        if upload.name == "broken":
            raise KeyError("MPO")
        return await take_in(upload, *others)

    def fail_to_count(_: Store) -> None:
        raise DiskFullError("the disk is full")

    def fail_to_open(*_: Any) -> tuple[ByteRange, ...]:
        raise RuntimeError("from deep inside")

    monkeypatch.setattr("reconstructor.intake.receipts.take_in", fail_for_one)
    monkeypatch.setattr(PartialUploads, "open", fail_to_open)
    monkeypatch.setattr(Store, "count_rejected", fail_to_count)
    service = serve_here(mosquitto, tmp_path)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        receipt = await rig.send(JPEG, "broken")
        assert (receipt.status, receipt.code) == (ReceiptStatus.REJECTED, "message_failed")
        name = image_id(JPEG, 9)
        begin = UploadBegin(
            project=PROJECT,
            image_id=ImageId(name),
            content_type="image/jpeg",
            size_bytes=len(JPEG),
            piece_bytes=1 << 18,
            sha256=hashlib.sha256(JPEG).hexdigest(),
        )
        topic = SPACE.topic(PROJECT, UPLOAD_BEGIN.template, sender="rig-north", image_id=name)
        await rig.publish(topic, begin.encode())
        receipt = await rig.receipt(name, 60)
        assert (receipt.status, receipt.code) == (ReceiptStatus.REJECTED, "message_failed")
        await rig.send_many(range(1))
        await seen.until_complete(1)
        assert not service.done()
    service.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await service


async def test_a_message_that_ends_the_process_twice_is_set_aside_and_refused(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program(module="tests.integration.reconstructor.fragile")
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        topic = SPACE.topic(PROJECT, IMAGE.template, sender="rig-north", image_name="poison")
        await rig.publish(topic, JPEG)
        for _ in range(2):
            assert program.wait() == 9
            program.start()
        receipt = await rig.receipt("poison", 60)
        assert (receipt.status, receipt.code) == (ReceiptStatus.REJECTED, "message_set_aside")
        (aside,) = (program.folder / PROJECT / "set_aside").glob("*.bin")
        assert aside.read_bytes() == JPEG
        await rig.send_many(range(2))
        await seen.until_complete(2)
        assert program.stop() == 0
        assert list((program.folder / PROJECT / "processing").iterdir()) == []


async def test_images_at_qos_0_beyond_the_room_for_them_are_refused_in_words(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconstructor.intake.router.MAX_WAITING_BYTES", len(photograph(len("first"))))
    monkeypatch.setattr("reconstructor.intake.router._RESERVE_BYTES", 0)
    service = serve_here(mosquitto, tmp_path)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        for name in ("first", "second"):
            topic = SPACE.topic(PROJECT, IMAGE.template, sender="rig-north", image_name=name)
            await rig.publish(topic, photograph(len(name)), qos=0)
        first, second = await rig.receipt("first", 60), await rig.receipt("second", 60)
        assert first.status is ReceiptStatus.STORED
        assert (second.status, second.code) == (ReceiptStatus.REJECTED, "too_many_at_once")
        await rig.send_many(range(1))
    service.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await service

"""Previews of a rig over a real broker: what goes first, what is remembered, what goes without."""

import asyncio
import io
import random
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from broker.contract import CAPTURED_AT_PROPERTY, FILE_NAME_PROPERTY
from broker.ids import ImageId
from broker.messages import ReceiptStatus, ReconstructorPresence
from broker.mosquitto import Mosquitto
from broker.rig_messages import AgentHealth
from edge_agent import agent
from edge_agent.config import CameraKind
from edge_agent.spool.errors import SpoolFullError
from edge_agent.spool.index import SpoolKey
from edge_agent.spool.previews import SpoolPreviews
from edge_agent.spool.spool import Spool
from edge_agent.upload import send_files
from tests.integration.edge_agent.link import Link, bad_link
from tests.integration.edge_agent.receiver import Receiver, receiving
from tests.integration.edge_agent.rig import RIG, running, settings_for, until

SIDE_PX = 160
READY = ReconstructorPresence.READY


@pytest.fixture(autouse=True)
def _every_link_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a photograph would be there before its preview is made."""
    monkeypatch.setattr("edge_agent.uplink.previews.SOON_S", 0.0)


def write_photograph(path: Path, seed: int, size_bytes: int = 0) -> Path:
    """A photograph that is larger than its preview; bytes behind the end of a JPEG are of no interest to Pillow."""
    path.parent.mkdir(exist_ok=True)
    exif = Image.Exif()
    exif[Base.Model], exif[Base.Orientation] = f"Field {seed}", 6
    Image.linear_gradient("L").resize((320, 240)).save(path, exif=exif)
    with path.open("ab") as file:
        file.write(random.Random(seed).randbytes(max(16, size_bytes - path.stat().st_size)))  # noqa: S311
    return path


def waiting(folder: Path) -> tuple[int, int]:
    """How many photographs wait in a spool, and how many of them with a preview at the reconstructor."""
    counts = Spool.read_only(folder).counts()
    return counts.waiting_count, counts.previewed_count


async def test_all_previews_go_before_all_originals_and_the_wanted_ones_first(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    paths = [write_photograph(tmp_path / "photos" / f"{seed}.jpg", seed) for seed in range(4)]
    connection, paused = mosquitto.connection("reconstructor"), ReconstructorPresence.PAUSED
    async with (
        receiving(connection, paused, preview_side_px=SIDE_PX) as receiver,
        running(settings_for(mosquitto, tmp_path, window_images=2)) as rig,
    ):
        await until(mosquitto, AgentHealth, lambda health: health.spool_count == len(paths))
        session = Spool.read_only(tmp_path / "spool").recall(SpoolKey.SESSION) or ""
        ids = [
            ImageId.build(session=session, sequence=number, sha256=sha256(path.read_bytes()).hexdigest())
            for number, path in enumerate(paths, start=1)
        ]
        await receiver.want(RIG, ids[3], ids[2])
        await receiver.say(READY)
        await asyncio.wait_for(rig, 40)
    assert receiver.steps == [
        *(("preview", each) for each in ids),
        *(("image", ids[index]) for index in (3, 2, 0, 1)),
    ]


async def test_preview_says_what_its_original_says(mosquitto: Mosquitto, tmp_path: Path) -> None:
    path = write_photograph(tmp_path / "photos" / "door.jpg", 1)
    async with receiving(mosquitto.connection("reconstructor"), READY, preview_side_px=SIDE_PX) as receiver:
        await asyncio.wait_for(agent.run(settings_for(mosquitto, tmp_path), asyncio.Event()), 40)
    ((name, sent),) = receiver.preview_by_id.items()
    assert list(receiver.content_by_id) == [name]  # the id is the original's
    assert receiver.content_by_id[name] == path.read_bytes()
    with Image.open(io.BytesIO(sent.payload)) as image:
        exif = image.getexif()
        details = exif.get_ifd(IFD.Exif)
        assert image.size == (160, 120)
        assert (exif[Base.Model], exif[Base.Orientation]) == ("Field 1", 6)
        assert (details[Base.ExifImageWidth], details[Base.ExifImageHeight]) == (320, 240)
        assert sent.content_type == image.get_format_mimetype()
    properties = dict(sent.user_properties)
    assert properties == receiver.properties
    assert properties[FILE_NAME_PROPERTY] == "door.jpg"
    assert CAPTURED_AT_PROPERTY in properties


async def test_photograph_taken_during_a_long_upload_is_shown_before_that_ends(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.clients.upload_sizes.LARGEST_SINGLE_BYTES", 1)
    monkeypatch.setattr("broker.clients.upload_sizes.PIECE_S", 0.1)
    write_photograph(tmp_path / "photos" / "1.jpg", 1, size_bytes=400_000)
    slow = Link(target_port=mosquitto.plan.port, rate_bytes_per_s=200_000)
    async with (
        receiving(mosquitto.connection("reconstructor"), READY, preview_side_px=SIDE_PX) as receiver,
        bad_link(slow) as link,
    ):
        broker = mosquitto.connection(RIG).model_copy(update={"port": link.port})
        settings = settings_for(mosquitto, tmp_path, broker=broker, camera=CameraKind.WATCH, health_interval_s=30.0)
        async with running(settings):
            await receiver.wait_until(lambda: any(channel == "upload_piece" for channel, _ in receiver.steps))
            write_photograph(tmp_path / "photos" / "2.jpg", 2)
            await receiver.wait_until(lambda: len(receiver.preview_by_id) == 2)
            assert not receiver.content_by_id
            await receiver.wait_for(1)


async def test_preview_goes_once_over_restarts_and_again_to_another_store(mosquitto: Mosquitto, tmp_path: Path) -> None:
    write_photograph(tmp_path / "photos" / "1.jpg", 1)
    settings = settings_for(mosquitto, tmp_path)
    async with receiving(mosquitto.connection("reconstructor"), None, preview_side_px=SIDE_PX) as receiver:
        receiver.is_mute, receiver.store_id = True, "a" * 16
        await receiver.say(READY)

        async def originals(count: int) -> None:
            await receiver.wait_until(lambda: len(receiver.arrivals) >= count)

        async with running(settings):
            await originals(1)
            await receiver.wait_until(lambda: waiting(tmp_path / "spool") == (1, 1))
        async with running(settings):
            await originals(2)
            assert previews(receiver) == 1
            receiver.store_id = "b" * 16
        await receiver.say(READY)
        receiver.is_mute = False
        await asyncio.wait_for(agent.run(settings, asyncio.Event()), 40)
    assert previews(receiver) == 2
    assert len(receiver.content_by_id) == 1


def previews(receiver: Receiver) -> int:
    return sum(channel == "preview" for channel, _ in receiver.steps)


async def test_other_answers_to_a_preview(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """Refused: the photograph goes without. Stored, as after a lost receipt: nothing more goes."""
    for seed in (1, 2):
        write_photograph(tmp_path / "photos" / f"{seed}.jpg", seed)
    async with receiving(mosquitto.connection("reconstructor"), READY, preview_side_px=SIDE_PX) as receiver:
        receiver.preview_answers = [ReceiptStatus.PREVIEW_REFUSED, ReceiptStatus.STORED]
        # One image at a time: else the second original would be on its way before the answer to its preview.
        await asyncio.wait_for(agent.run(settings_for(mosquitto, tmp_path, window_images=1), asyncio.Event()), 40)
    assert [ImageId(name).sequence for name in receiver.content_by_id] == [1]
    assert previews(receiver) == 2
    counts = Spool.read_only(tmp_path / "spool").counts()
    assert (counts.stored_count, counts.waiting_count) == (2, 0)


async def test_preview_without_answer_is_sent_again_and_in_the_end_left_out(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when only one image may be under way, so that the original waits for the answer to its preview."""
    monkeypatch.setattr("edge_agent.uplink.rate.LEAST_RECEIPT_WAIT_S", 0.1)
    monkeypatch.setattr("edge_agent.uplink.sending.FIRST_PAUSE_S", 0.05)
    write_photograph(tmp_path / "photos" / "1.jpg", 1)
    write_photograph(tmp_path / "photos" / "2.jpg", 2)
    async with receiving(mosquitto.connection("reconstructor"), READY, preview_side_px=SIDE_PX) as receiver:
        receiver.preview_answers = [None, None, None, None, ReceiptStatus.PREVIEWED]
        await asyncio.wait_for(agent.run(settings_for(mosquitto, tmp_path, window_images=1), asyncio.Event()), 40)
    assert len(receiver.content_by_id) == 2
    by_sequence = [ImageId(name).sequence for channel, name in receiver.steps if channel == "preview"]
    assert by_sequence == [1, 1, 1, 2, 2]


async def test_full_disk_that_takes_no_note_of_a_preview_does_not_hold_up_the_photograph(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the photograph's own receipt frees room."""

    def note(*_arguments: object, **_named: object) -> None:
        raise SpoolFullError("the spool's disk is full")

    monkeypatch.setattr(SpoolPreviews, "note", note)
    for seed in (1, 2):
        write_photograph(tmp_path / "photos" / f"{seed}.jpg", seed)
    async with receiving(mosquitto.connection("reconstructor"), READY, preview_side_px=SIDE_PX) as receiver:
        await asyncio.wait_for(agent.run(settings_for(mosquitto, tmp_path, window_images=1), asyncio.Event()), 40)
    assert len(receiver.content_by_id) == 2
    assert previews(receiver) == 2


async def test_previews_end_when_they_are_taken_no_more(mosquitto: Mosquitto, tmp_path: Path) -> None:
    for seed in range(3):
        write_photograph(tmp_path / "photos" / f"{seed}.jpg", seed)
    async with receiving(mosquitto.connection("reconstructor"), READY, preview_side_px=SIDE_PX) as receiver:
        receiver.preview_answers = [None] * 9
        async with running(settings_for(mosquitto, tmp_path, window_images=1)) as rig:
            await receiver.wait_until(lambda: previews(receiver) == 1)
            receiver.preview_side_px = None
            await receiver.say(READY)
            await asyncio.wait_for(rig, 40)
    assert len(receiver.content_by_id) == 3
    assert previews(receiver) == 1


@pytest.mark.parametrize(("side_px", "expected"), [(SIDE_PX, 2), (None, 0)])
async def test_named_files_take_the_same_way(
    mosquitto: Mosquitto, tmp_path: Path, side_px: int | None, expected: int
) -> None:
    """Of three files one is no larger than its preview; none is sent while none is taken."""
    files = [write_photograph(tmp_path / "photos" / f"{seed}.jpg", seed) for seed in (1, 2)]
    small = tmp_path / "small.jpg"
    Image.new("RGB", (64, 48)).save(small)
    async with receiving(mosquitto.connection("reconstructor"), READY, preview_side_px=side_px) as receiver:
        assert await asyncio.wait_for(send_files(settings_for(mosquitto, tmp_path), [*files, small]), 40)
    assert [channel for channel, _ in receiver.steps] == ["preview"] * expected + ["image"] * 3
    assert len(receiver.content_by_id) == 3

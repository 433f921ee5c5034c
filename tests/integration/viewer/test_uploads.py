"""A person's upload over real MQTT: previews first, pieces over a bad link, receipts in words."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from broker.clients import upload_sizes
from broker.config import Connection
from broker.ids import ImageId
from broker.messages import ReceiptStatus, ReconstructorPresence
from broker.mosquitto import Mosquitto
from tests.integration.edge_agent.receiver import PROJECT, Receiver, receiving
from tests.photographs import photograph
from viewer.uploading.photographs import Uploaded
from viewer.uploads import upload_files

READY = ReconstructorPresence.READY
SIDE_PX = 160


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Six photographs that are larger than a preview."""
    paths = [tmp_path / f"IMG_000{number}.JPG" for number in range(1, 7)]
    for seed, path in enumerate(paths):
        path.write_bytes(photograph(seed, width_px=400, height_px=300))
    return paths


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every link counts as too slow to go without previews."""
    monkeypatch.setattr(upload_sizes, "SOON_S", 0.0)


async def upload(
    connection: Connection, files: list[Path], timeout_s: float = 10.0
) -> tuple[list[Uploaded], list[str]]:
    """Upload as a contributor; also every line that was told."""
    told = list[str]()

    def tell(uploaded: Uploaded) -> None:
        word = "failed" if uploaded.receipt is None else uploaded.receipt.status
        told.append(f"{uploaded.path.name} {word} {uploaded.sentence or ''}".rstrip())

    return await upload_files(connection, PROJECT, files, timeout_s, tell), told


def channels(receiver: Receiver, name: str) -> list[int]:
    """The places of the photographs that came on a channel, by their numbers in the session."""
    return [ImageId(image_id).sequence for channel, image_id in receiver.steps if channel == name]


@pytest.mark.usefixtures("slow")
async def test_previews_go_before_originals_and_the_wanted_one_before_the_others(
    mosquitto: Mosquitto, files: list[Path]
) -> None:
    async with receiving(mosquitto.connection("reconstructor"), READY, preview_side_px=SIDE_PX) as receiver:
        receiver.quota_count = 1  # at the first original: while it lasts, the reconstructor says what it wants
        uploading = asyncio.create_task(upload(mosquitto.connection("anna"), files))
        await receiver.wait_until(lambda: bool(channels(receiver, "image")))
        await receiver.want("anna", max(ImageId(each) for each in receiver.preview_by_id))
        uploaded, told = await uploading
    assert all(each.is_safe for each in uploaded)
    assert channels(receiver, "preview") == [1, 2, 3, 4, 5, 6]
    originals = channels(receiver, "image")
    assert sorted(originals) == [1, 1, 2, 3, 4, 5, 6]
    assert originals.index(6) < originals.index(4) < originals.index(5)
    assert [channel for channel, _ in receiver.steps] == ["preview"] * 6 + ["image"] * 7
    assert sum("has to wait: too many photographs" in line for line in told) == 1
    assert sorted(line for line in told if "wait" not in line) == sorted(
        line
        for number, path in enumerate(files, 1)
        for line in (
            f"{path.name} previewed placed from its preview as image {number}, its full size is still to come",
            f"{path.name} stored",
        )
    )
    assert sorted(receiver.content_by_id.values()) == sorted(path.read_bytes() for path in files)
    for incoming in receiver.preview_by_id.values():
        with Image.open(io.BytesIO(incoming.payload)) as image:
            assert max(image.size) == SIDE_PX
        assert dict(incoming.user_properties)["file_name"].startswith("IMG_000")


async def test_a_fast_link_and_a_reconstructor_without_previews_get_none(
    mosquitto: Mosquitto, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving(mosquitto.connection("reconstructor"), READY) as receiver:
        monkeypatch.setattr(upload_sizes, "SOON_S", 0.0)
        await upload(mosquitto.connection("anna"), files)
        assert channels(receiver, "image") == [1, 2, 3, 4, 5, 6]
        receiver.preview_side_px = SIDE_PX
        await receiver.say(READY)
        monkeypatch.setattr(upload_sizes, "SOON_S", 3600.0)
        await upload(mosquitto.connection("anna"), files)
    assert not receiver.preview_by_id


@pytest.mark.usefixtures("slow")
async def test_what_becomes_of_a_preview_is_told_and_every_photograph_is_stored(
    mosquitto: Mosquitto, files: list[Path]
) -> None:
    async with receiving(mosquitto.connection("reconstructor"), READY, preview_side_px=SIDE_PX) as receiver:
        receiver.preview_answers = [ReceiptStatus.PREVIEW_REFUSED, ReceiptStatus.STORED]
        uploaded, told = await upload(mosquitto.connection("anna"), files[:3])
    assert [each.is_safe for each in uploaded] == [True, True, True]
    assert "IMG_0001.JPG preview_refused sent without a preview: no reason given" in told
    assert "IMG_0002.JPG stored" in told  # in answer to its preview: nothing more is sent of it
    assert 2 not in channels(receiver, "image")
    assert len(receiver.content_by_id) == 2


@contextlib.asynccontextmanager
async def cutting(port: int, cut_after_bytes: int) -> AsyncIterator[tuple[int, list[int]]]:
    """A way to the broker that ends once after so many bytes; gives its port and the bytes of each connection."""
    sent = list[int]()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, place: int | None) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                if place is not None:
                    sent[place] += len(data)
                    if place == 0 and sent[0] > cut_after_bytes:
                        break
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", port)
        sent.append(0)
        flows = (carry(reader, up_writer, len(sent) - 1), carry(up_reader, writer, None))
        await asyncio.gather(*flows)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], sent
    finally:
        server.close()


async def test_a_cut_costs_at_most_the_pieces_that_were_under_way(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_sizes, "MAX_PIECE_BYTES", 32 * 1024)
    path = tmp_path / "large.jpg"
    path.write_bytes(photograph(7, width_px=1200, height_px=900))
    size = path.stat().st_size
    assert size > 2 * 225_000, "it must not fit one message at the rate that is assumed at first"
    async with (
        receiving(mosquitto.connection("reconstructor"), READY) as receiver,
        cutting(mosquitto.connection("anna").port, size // 2) as (port, sent),
    ):
        through = mosquitto.connection("anna").model_copy(update={"port": port})
        uploaded, told = await upload(through, [path])
    assert [each.is_safe for each in uploaded] == [True]
    assert told == ["large.jpg stored"]
    assert list(receiver.content_by_id.values()) == [path.read_bytes()]
    assert len(sent) == 2
    (pieces,) = receiver.pieces_by_id.values()
    assert len(channels(receiver, "upload_piece")) <= len(pieces) + 2
    assert sum(sent) < size + 4 * 32 * 1024
    assert not channels(receiver, "image")


async def test_pieces_that_get_lost_are_sent_again_and_a_silent_reconstructor_ends_it_in_words(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(photograph(8, width_px=900, height_px=700))
    async with receiving(mosquitto.connection("reconstructor"), READY) as receiver:
        receiver.lose_next_pieces = 2
        uploaded, _ = await upload(mosquitto.connection("anna"), [path])
        assert [each.is_safe for each in uploaded] == [True]
        assert len(channels(receiver, "upload_end")) == 2
        receiver.is_mute = True
        _, told = await upload(mosquitto.connection("anna"), [path], timeout_s=0.5)
    assert told == ["large.jpg failed no receipt in 0.5 s: is the reconstructor of 'chapel' running?"]


async def test_when_all_pieces_came_before_a_quota_only_the_end_is_said_again(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        upload_sizes, "LARGEST_SINGLE_BYTES", 1000
    )  # it stays in pieces when the link turns out to be fast
    path = tmp_path / "large.jpg"
    path.write_bytes(photograph(9, width_px=900, height_px=700))
    async with receiving(mosquitto.connection("reconstructor"), READY) as receiver:
        receiver.quota_count = 1
        uploaded, told = await upload(mosquitto.connection("anna"), [path])
    assert [each.is_safe for each in uploaded] == [True]
    assert len(told) == 2
    (pieces,) = receiver.pieces_by_id.values()
    assert len(channels(receiver, "upload_piece")) == len(pieces)
    assert len(channels(receiver, "upload_end")) == 2

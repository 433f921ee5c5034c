"""Whatever a camera calls its file: taken under that name, or refused in words; every image message is answered."""

import asyncio
import contextlib
import json
import random
import subprocess
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from broker.contract import FILE_NAME_PROPERTY, IMAGE, RECEIPT, REFUSED, match
from broker.delivery import Delivery
from broker.envelope import Message, decode
from broker.errors import CairnError
from broker.ids import ImageId, ImageName
from broker.messages import NameRefused, ReceiptStatus, UploadAcknowledged, UploadBegin
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from reconstructor.config import Settings
from reconstructor.intake.labels import label_of
from reconstructor.publishing.retained_messages import retained_messages
from reconstructor.service import serve
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, RIG, SPACE, Watcher
from tests.photographs import image_id, photograph

CAMERA_NAMES = [
    *(
        "IMG_0001.JPG",
        "Tür 1.jpg",
        "写真.jpg",
        "DSC_0001 (2).JPG",
        "DJI_20261127_0001_D.JPG",
        "..",
        "$SYS",
        "-x",
        "%2e%2e",
    ),
    *(
        "a\\b",
        "x" * 64,
        "x" * 200,
        "é" * 100,
        "\U0001f469\u200d\U0001f680.jpg",
        "CON.jpg",
        "name'\"`;$(reboot).jpg",
        "Door",
    ),
]
REFUSED_NAMES = ["", "missing", "flow", "wanted", "refused", "a\u202eb", "a\u200bb", "\ufeffx", "é" * 101, "x" * 60_000]
PROJECT_TOPIC = f"{SPACE.root}/{PROJECT}"


class Answers:
    """Publishes as a rig and collects what is answered to it."""

    def __init__(self, delivery: Delivery, data: Path) -> None:
        self.delivery, self.data = delivery, data
        self._heard: asyncio.Queue[Message] = asyncio.Queue()

    async def publish(self, topic: str, payload: bytes, **options: object) -> None:
        outgoing = Outgoing(topic=topic, payload=payload, **options)  # type: ignore[arg-type]
        await self.delivery.publish(outgoing, PATIENCE_S)

    async def next(self) -> Message:
        async with asyncio.timeout(PATIENCE_S):
            return await self._heard.get()

    async def of(self, topic: str, payload: bytes, **options: object) -> Message:
        """What is answered to one message."""
        await self.publish(f"{PROJECT_TOPIC}/{topic}", payload, **options)
        return await self.next()

    async def receipt_of(self, topic: str, payload: bytes, **options: object) -> UploadAcknowledged:
        answer = await self.of(topic, payload, **options)
        assert isinstance(answer, UploadAcknowledged), answer
        return answer

    async def refusal_of(self, topic: str, payload: bytes, **options: object) -> NameRefused:
        answer = await self.of(topic, payload, **options)
        assert isinstance(answer, NameRefused), answer
        return answer

    def record(self, image_id: ImageId) -> dict[str, str]:
        """What lies beside a stored image."""
        path = self.data / PROJECT / "images" / f"{image_id}.json"
        record: dict[str, str] = json.loads(path.read_bytes())
        return record

    async def read(self) -> None:
        async for message in self.delivery.messages():
            channel = match(SPACE, message.topic).channel
            if channel is RECEIPT:
                receipt = decode(message.payload, UploadAcknowledged)
                assert message.topic == f"{PROJECT_TOPIC}/receipt/{RIG}/{receipt.image_name}"
                self._heard.put_nowait(receipt)
            elif channel is REFUSED:
                self._heard.put_nowait(decode(message.payload, NameRefused))
            message.acknowledge()


@pytest.fixture
async def answers(mosquitto: Mosquitto, tmp_path: Path) -> AsyncIterator[Answers]:
    """A reconstructor in this process, and a rig that hears what it answers."""
    settings = Settings(
        broker=mosquitto.connection("reconstructor"),
        projects=(PROJECT,),
        data_dir=tmp_path / "data",
        black_box="tests.black_boxes:instant",
        sender_images_per_day=100_000,
    )
    receipts = SPACE.filter(RECEIPT.template, PROJECT, sender=RIG)
    service = asyncio.create_task(serve(settings), name="service")
    async with (
        Watcher.of(mosquitto.connection("viewer")) as seen,
        Delivery(mosquitto.connection(RIG), client_id="rig", subscriptions=(receipts,)) as delivery,
    ):
        await delivery.wait_connected(PATIENCE_S)
        await seen.until_ready()
        rig = Answers(delivery, tmp_path / "data")
        reading = asyncio.create_task(rig.read(), name="answers")
        yield rig
        reading.cancel()
        assert not service.done()
    service.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await service


async def test_every_name_is_taken_as_a_label_or_refused_in_words(answers: Answers) -> None:
    for number, name in enumerate(CAMERA_NAMES):
        receipt = await answers.receipt_of(f"image/{RIG}/{name}", photograph(number), qos=number % 2)
        assert (receipt.status, receipt.image_name) == (ReceiptStatus.STORED, name)
        assert receipt.image_id is not None
        record = answers.record(receipt.image_id)
        assert record["name"] == name
        label = record["photographers_name"]
        assert label is None or not set(label) & set("/\\")
        again = await answers.receipt_of(f"image/{RIG}/again-{number}", photograph(number))
        assert (again.status, again.image_id) == (ReceiptStatus.DUPLICATE, receipt.image_id)
    for number, name in enumerate(REFUSED_NAMES):
        refused = await answers.refusal_of(f"image/{RIG}/{name}", photograph(1), qos=number % 2)
        assert refused.code in {"bad_id", "bad_topic"}
        assert refused.reason
        assert refused.shown_name == ImageName.shown(name[:200])
    await answers.publish(f"{PROJECT_TOPIC}/image/{RIG}/wanted", photograph(1), is_retained=True)
    assert isinstance(await answers.next(), NameRefused)
    names = [path.name for path in (answers.data / PROJECT / "images").iterdir()]
    assert all(name.isascii() and name.count(".") <= 2 for name in names)
    assert not list(answers.data.parent.glob("*.jpg"))


async def test_three_hundred_random_names_are_each_answered(answers: Answers) -> None:
    """The same bytes each time, so that only the names count."""
    dice, payload = random.Random(9), photograph(3)  # noqa: S311 - no secret
    ranges = [(1, 0x7F), (0x80, 0xFF), (0x100, 0x2FF), (0x600, 0x6FF), (0x2000, 0x206F), (0x4E00, 0x9FFF)]
    ranges += [(0xD7F0, 0xD7FF), (0xE000, 0xFFFF), (0x1F300, 0x1FAFF), (0xE0000, 0x10FFFF)]
    names = set[str]()
    while len(names) < 300:
        signs = (chr(dice.randint(*dice.choice(ranges))) for _ in range(dice.randint(1, 90)))
        name = "".join(each for each in signs if each not in "/+#" and is_taken_by_mosquitto(each))
        names.add(name)
    for name in names:
        await answers.publish(f"{PROJECT_TOPIC}/image/{RIG}/{name}", payload)
    heard = [await answers.next() for _ in names]
    taken = [each for each in heard if isinstance(each, UploadAcknowledged)]
    refused = [each for each in heard if isinstance(each, NameRefused)]
    assert {str(each.image_name) for each in taken} == {name for name in names if is_label(name)}
    assert len(taken) + len(refused) == 300
    assert len(taken) > 50
    assert len(refused) > 50
    assert len({each.image_id for each in taken}) == 1


def is_label(name: str) -> bool:
    try:
        ImageName(name)
    except CairnError:
        return False
    return True


def is_taken_by_mosquitto(sign: str) -> bool:
    """It ends the connection of who sends a control sign or a noncharacter."""
    number = ord(sign)
    return number > 0x1F and not 0x7F <= number <= 0x9F and not 0xFDD0 <= number <= 0xFDEF and number & 0xFFFE != 0xFFFE


async def test_what_is_wrong_with_an_upload_is_answered_too(answers: Answers) -> None:
    payload = photograph(5)
    known = image_id(payload, 5)
    begin = UploadBegin(
        project=PROJECT, image_id=known, content_type="image/jpeg", size_bytes=9, piece_bytes=9, sha256="0" * 64
    )
    for below, message, code in (
        (f"upload/{RIG}/{known}/begin", b"{}", "bad_message"),
        (f"upload/{RIG}/{known}/begin", b"\xff", "bad_message"),
        (f"upload/{RIG}/{known}/end", b"[]", "bad_message"),
        (f"upload/{RIG}/{known}/begin", begin.encode(), "wrong_digest"),
        (f"upload/{RIG}/{image_id(payload, 6)}/begin", begin.encode(), "wrong_upload"),
        (f"upload/{RIG}/{known}/0", bytes(2**20 + 1), "bad_piece"),
        (f"image/{RIG}/{known}", b"", "empty_image"),
        (f"image/{RIG}/IMG_1.JPG", b"", "empty_image"),
        (f"image/{RIG}/{known}", photograph(6), "wrong_digest"),
        (f"image/{RIG}/{image_id(payload, 1, 'rig-south-1')}", payload, "foreign_session"),
    ):
        receipt = await answers.receipt_of(below, message)
        assert (receipt.status, receipt.code) == (ReceiptStatus.REJECTED, code), below
    here = f"upload/{RIG}/{known}"
    for below in (f"upload/{RIG}/IMG_1.JPG/begin", f"{here}/-1", f"{here}/x", f"preview/{RIG}/IMG_1.JPG"):
        assert (await answers.refusal_of(below, b"{}")).code == "bad_id"
    assert (await answers.receipt_of(f"preview/{RIG}/{known}", b"")).status is ReceiptStatus.PREVIEW_REFUSED
    assert (await answers.receipt_of(f"image/{RIG}/{known}", payload)).status is ReceiptStatus.STORED


async def test_two_photographs_of_one_name_are_two_and_a_retained_one_is_taken_once(
    answers: Answers, mosquitto: Mosquitto
) -> None:
    topic = f"{PROJECT_TOPIC}/image/{RIG}/IMG_0001.JPG"
    await asyncio.gather(*(answers.publish(topic, photograph(seed), is_retained=True) for seed in (1, 2)))
    first, second = await answers.next(), await answers.next()
    assert isinstance(first, UploadAcknowledged)
    assert isinstance(second, UploadAcknowledged)
    assert {first.status, second.status} == {ReceiptStatus.STORED}
    assert first.image_id != second.image_id
    await answers.publish(f"{PROJECT_TOPIC}/image/{RIG}/{'é' * 101}", photograph(1), is_retained=True)
    assert isinstance(await answers.next(), NameRefused)
    # Published after the clearing, since messages of one sender are processed in order.
    assert (await answers.receipt_of(f"image/{RIG}/after", photograph(3))).status is ReceiptStatus.STORED
    await until_nothing_is_retained(mosquitto)


async def until_nothing_is_retained(mosquitto: Mosquitto) -> None:
    """Wait until the broker keeps no image."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            messages = retained_messages(mosquitto.connection("reconstructor"), PROJECT, IMAGE)
            async with aclosing(messages):
                if not [message async for message in messages]:
                    return


async def test_no_file_name_in_a_property_ends_the_connection(answers: Answers) -> None:
    """Paho alone ends it at U+FEFF, and the broker brings the message again each time."""
    for number, said in enumerate(("\ufeffIMG_1.JPG", "a\u202eb.jpg", "写" * 20_000, "../../x")):
        name, properties = image_id(photograph(number), 1 + number), ((FILE_NAME_PROPERTY, said),)
        receipt = await answers.receipt_of(f"image/{RIG}/{name}", photograph(number), user_properties=properties)
        assert receipt.status is ReceiptStatus.STORED
        assert answers.record(name)["photographers_name"] == label_of(said)


async def test_mosquitto_pub_sends_what_a_camera_wrote(answers: Answers, mosquitto: Mosquitto) -> None:
    connection, payload = mosquitto.connection(RIG), photograph(8)
    words = ["mosquitto_pub", "-V", "mqttv5", "-h", connection.host, "-p", str(connection.port), "-q", "1", "-s"]
    words += ["-u", RIG, "-P", connection.secret() or "", "-t"]
    for name, status in (("IMG_0001.JPG", 0), ("Tür 1.jpg", 0), ("DCIM/100CANON/IMG_0001.JPG", 0), ("a\x01b", 1)):
        topic = f"{PROJECT_TOPIC}/image/{RIG}/{name}"
        done = await asyncio.to_thread(subprocess.run, [*words, topic], input=payload, capture_output=True, timeout=60)
        assert done.returncode == status, done.stderr
        if "/" in name:
            assert b"Not authorized" in done.stderr + done.stdout
        elif status == 0:
            receipt = await answers.next()
            assert isinstance(receipt, UploadAcknowledged)
            assert (receipt.image_name, receipt.code) == (name, None)

"""An image in pieces, through a real broker: announced, resumed, doubled, torn, and at last receipted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from broker.contract import MISSING, RECEIPT, UPLOAD_BEGIN, UPLOAD_END, UPLOAD_PIECE, match
from broker.delivery import Delivery
from broker.envelope import Message, decode
from broker.ids import ImageId
from broker.messages import Error, Flow, Missing, ReceiptStatus, UploadAcknowledged, UploadBegin, UploadEnd
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from broker.shards import sha256
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, RIG, SPACE, Rig, Watcher
from tests.photographs import image_id, photograph

CONTENT = photograph(1, width_px=400, height_px=300)
ID = image_id(CONTENT, 1)
PIECE_BYTES = 20_000
FACTS = {"project": PROJECT, "image_id": ID, "size_bytes": len(CONTENT), "sha256": sha256(CONTENT)}
BEGIN = UploadBegin.model_validate(FACTS | {"content_type": "image/jpeg", "piece_bytes": PIECE_BYTES})
END = UploadEnd.model_validate(FACTS)


class Sender:
    """Publishes parts of an upload by hand and hears the answers one by one."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery, self._messages = delivery, delivery.messages()

    @classmethod
    @asynccontextmanager
    async def of(cls, mosquitto: Mosquitto) -> AsyncIterator["Sender"]:
        topic = SPACE.filter(RECEIPT.template, PROJECT, sender=RIG)  # and with it what is missing, and the flow
        async with Delivery(mosquitto.connection(RIG), client_id=RIG, subscriptions=(topic,)) as delivery:
            await delivery.wait_connected(PATIENCE_S)
            yield cls(delivery)

    async def begin(self, message: UploadBegin = BEGIN, name: ImageId = ID) -> None:
        await self._publish(SPACE.topic(PROJECT, UPLOAD_BEGIN.template, sender=RIG, image_id=name), message.encode())

    async def end(self, message: UploadEnd = END) -> None:
        await self._publish(SPACE.topic(PROJECT, UPLOAD_END.template, sender=RIG, image_id=ID), message.encode())

    async def piece(self, offset: int, piece: bytes | None = None) -> None:
        topic = SPACE.topic(PROJECT, UPLOAD_PIECE.template, sender=RIG, image_id=ID, offset=offset)
        await self._publish(topic, CONTENT[offset : offset + PIECE_BYTES] if piece is None else piece)

    async def answer(self) -> Message:
        """The next receipt or word of what is missing."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await anext(self._messages)
                message.acknowledge()
                channel = match(SPACE, message.topic).channel
                if channel is MISSING:
                    return decode(message.payload, Missing)
                if channel is RECEIPT:
                    return decode(message.payload, UploadAcknowledged)
                assert decode(message.payload, Flow).image_count >= 1

    async def missing(self) -> list[tuple[int, int]]:
        answer = await self.answer()
        assert isinstance(answer, Missing)
        (pieces,) = answer.pieces
        assert pieces.image_id == ID
        return [(each.begin, each.end) for each in pieces.ranges]

    async def receipt(self) -> UploadAcknowledged:
        answer = await self.answer()
        assert isinstance(answer, UploadAcknowledged)
        return answer

    async def _publish(self, topic: str, payload: bytes) -> None:
        await self._delivery.publish(Outgoing(topic=topic, payload=payload), PATIENCE_S)


async def test_an_image_in_pieces_gets_its_receipt_and_is_processed(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Sender.of(mosquitto) as sender:
        await seen.until_ready()
        await sender.begin()
        assert await sender.missing() == [(0, len(CONTENT))]
        for offset in range(0, len(CONTENT), PIECE_BYTES):
            await sender.piece(offset)
        await sender.end()
        receipt = await sender.receipt()
        assert (receipt.status, receipt.image_id, receipt.image_number) == (ReceiptStatus.STORED, ID, 1)
        await seen.until_complete(1)
        await sender.begin()
        assert (await sender.receipt()).status is ReceiptStatus.DUPLICATE
        await sender.end()
        assert (await sender.receipt()).status is ReceiptStatus.DUPLICATE


async def test_only_what_is_missing_is_asked_for_after_a_kill(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Sender.of(mosquitto) as sender:
        await seen.until_ready()
        await sender.begin()
        await sender.missing()
        await sender.piece(0)
        await sender.piece(2 * PIECE_BYTES)
        await sender.end()
        gaps = [(PIECE_BYTES, 2 * PIECE_BYTES), (3 * PIECE_BYTES, len(CONTENT))]
        assert await sender.missing() == gaps
        await asyncio.to_thread(program.kill)
        program.start()
        await sender.begin()
        assert await sender.missing() == gaps
        for start, end in gaps:
            await sender.piece(start, CONTENT[start:end])
        await sender.end()
        answer = await sender.answer()
        while isinstance(answer, Missing):  # the first end may have come again: the kill was quicker than its PUBACK
            answer = await sender.answer()
        assert isinstance(answer, UploadAcknowledged)
        assert answer.status is ReceiptStatus.STORED
        assert not list((program.folder / PROJECT / "uploads").iterdir())


async def test_an_end_without_a_beginning_asks_for_everything(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Sender.of(mosquitto) as sender:
        await seen.until_ready()
        await sender.piece(0)
        await sender.end()
        assert await sender.missing() == [(0, len(CONTENT))]
        await sender.piece(0, CONTENT)
        await sender.end()
        assert (await sender.receipt()).status is ReceiptStatus.STORED


async def test_other_bytes_than_announced_are_asked_for_again(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Sender.of(mosquitto) as sender:
        await seen.until_ready()
        await sender.begin()
        await sender.missing()
        await sender.piece(0, bytes(len(CONTENT)))
        await sender.end()
        assert await sender.missing() == [(0, len(CONTENT))]
        await sender.piece(0, CONTENT)
        await sender.end()
        assert (await sender.receipt()).status is ReceiptStatus.STORED


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"size_bytes": 60 * 1024 * 1024}, "image_too_large"), ({"sha256": "0" * 64}, "wrong_digest")],
)
async def test_an_upload_that_cannot_be_taken_is_rejected_at_its_beginning(
    mosquitto: Mosquitto, start_program: StartProgram, changes: dict[str, object], code: str
) -> None:
    start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Sender.of(mosquitto) as sender:
        await seen.until_ready()
        await sender.begin(BEGIN.model_copy(update=changes))
        receipt = await sender.receipt()
        assert (receipt.status, receipt.code) == (ReceiptStatus.REJECTED, code)


async def test_what_does_not_fit_is_answered_and_becomes_an_error_event(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Sender.of(mosquitto) as sender:
        await seen.until_ready()
        await sender.begin(name=image_id(b"another", 1))
        assert (await sender.receipt()).code == "wrong_upload"
        await sender.begin()
        assert await sender.missing() == [(0, len(CONTENT))]
        await sender.piece(len(CONTENT), b"x")
        assert (await sender.receipt()).code == "bad_piece"
        await seen.until(lambda each: len(each.of_type(Error)) == 2)
        assert [each.code for each in seen.of_type(Error)] == ["wrong_upload", "bad_piece"]


async def test_a_quota_refuses_images_whole_or_in_pieces_until_the_next_day_and_restarts_do_not_help(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program(sender_images_per_day=1)
    async with Watcher.of(mosquitto.connection("viewer")) as seen:
        await seen.until_ready()
        async with Rig.of(mosquitto.connection("rig-south"), "rig-south") as other:
            name = image_id(photograph(10), 10, "rig-south")
            assert (await other.send(photograph(10), name, "rig-south")).status is ReceiptStatus.STORED
            program.kill()
            program.start()
            refused = await other.send(photograph(11), "second", "rig-south")
            assert (refused.status, refused.code) == (ReceiptStatus.REJECTED, "quota")
            assert refused.retry_at is not None
            assert refused.retry_at > refused.sent_at
            assert refused.reason
            assert f"{refused.retry_at:%Y-%m-%d %H:%M} UTC" in refused.reason
            again = await other.send(photograph(10), name, "rig-south")
            assert again.status is ReceiptStatus.DUPLICATE
        async with Sender.of(mosquitto) as sender, Rig.of(mosquitto.connection("anna"), "anna") as anna:
            await sender.begin()  # allowed, and over the quota when it is whole
            assert await sender.missing() == [(0, len(CONTENT))]
            async with Rig.of(mosquitto.connection(RIG)) as rig:
                assert (await rig.send(photograph(12), "door")).status is ReceiptStatus.STORED
            for offset in range(0, len(CONTENT), PIECE_BYTES):
                await sender.piece(offset)
            await sender.end()
            while (refused := await sender.receipt()).image_name != ID:
                assert refused.image_name == "door"
            assert refused.code == "quota"
            assert (await anna.send(photograph(13), "door", "anna")).status is ReceiptStatus.STORED
        assert not seen.of_type(Error)

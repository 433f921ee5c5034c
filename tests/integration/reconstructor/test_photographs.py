"""A whole photograph comes to the viewer who asks for it, and to nobody else."""

import asyncio
import io
import json

from PIL import Image

from broker.contract import PHOTO, REQUEST, RESPONSE, match
from broker.envelope import decode
from broker.ids import ImageId
from broker.images.previews import preview
from broker.live import Follower, follow
from broker.messages import ReceiptStatus, Response
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, SPACE, Rig, Watcher
from tests.photographs import image_id, photograph

TOPIC = SPACE.topic(PROJECT, REQUEST.template, user="viewer", verb="photograph")


async def ask(follower: Follower, **wish: object) -> tuple[bytes, Response]:
    """The photograph and the answer; the photograph comes first."""
    await follower.publish(Outgoing(topic=TOPIC, payload=json.dumps(wish).encode()))
    jpeg = b""
    async with asyncio.timeout(PATIENCE_S):
        async for message in follower.messages():
            if match(SPACE, message.topic).channel is RESPONSE:
                return jpeg, decode(message.payload, Response)
            assert not message.is_retained
            jpeg = message.payload
    raise AssertionError


async def test_a_photograph_comes_reduced_and_a_preview_is_said_to_be_one(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program("instant_of_previews")
    whole = photograph(1, width_px=900, height_px=600)
    small = preview(whole, 450)
    assert small is not None
    name = image_id(whole, 1)
    async with (
        Watcher.of(mosquitto.connection("viewer")) as seen,
        Rig.of(mosquitto.connection("rig-north")) as rig,
        follow(mosquitto.connection("viewer")) as asking,
        follow(mosquitto.connection("anna")) as other,
    ):
        await seen.until(lambda each: each.state is not None and each.state.takes_previews)
        await asking.subscribe(SPACE.filter(PHOTO.template, PROJECT, user="viewer"))
        await asking.subscribe(SPACE.filter(RESPONSE.template, PROJECT, user="viewer"))
        await other.subscribe(SPACE.filter(PHOTO.template, PROJECT))
        assert (await rig.send_preview(small.content, name)).status is ReceiptStatus.PREVIEWED
        jpeg, answer = await ask(asking, image_id=name)
        assert (answer.is_done, answer.is_preview) == (True, True)
        assert Image.open(io.BytesIO(jpeg)).size == (450, 300)
        assert (await rig.send(whole, name)).status is ReceiptStatus.STORED
        jpeg, answer = await ask(asking, image_id=name, max_side_px=640)
        opened = Image.open(io.BytesIO(jpeg))
        assert (answer.is_preview, opened.format, opened.size) == (False, "JPEG", (640, 427))
        unknown = ImageId("walk-000009-0123456789abcdef")
        for wish, code in (({"image_id": unknown}, "unknown_image"), ({}, "unknown_image")):
            jpeg, answer = await ask(asking, **wish)
            assert (jpeg, answer.is_done, answer.code) == (b"", False, code)
        assert await other.next_message(0.2) is None

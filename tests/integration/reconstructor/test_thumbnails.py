"""Thumbnails of all images on a real broker, which may lose them."""

import asyncio
import io

from PIL import Image

from broker.contract import IMAGE_THUMBNAIL, MAX_THUMBNAIL_PX, match
from broker.ids import ImageId
from broker.images.opening import can_read_heic
from broker.mosquitto import Mosquitto
from reconstructor.publishing.retained_messages import retained_messages
from tests.cards import heic
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, SPACE, Rig, Watcher
from tests.photographs import photograph


async def thumbnails(mosquitto: Mosquitto, wanted: set[ImageId]) -> dict[ImageId, bytes]:
    """What the reconstructor's user finds retained, once it is all there."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = {
                match(SPACE, message.topic).image_id: message.payload
                async for message in retained_messages(mosquitto.connection("reconstructor"), PROJECT, IMAGE_THUMBNAIL)
            }
            if found.keys() >= wanted:
                return found
            await asyncio.sleep(0.1)


async def test_every_stored_image_gets_a_thumbnail_and_a_new_broker_gets_them_again(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program()
    async with Rig.of(mosquitto.connection("rig-north")) as rig:
        names = await rig.send_many(range(2))
        wide_id = (await rig.send(photograph(7, kind="PNG", width_px=900, height_px=300), "wide")).image_id
        assert wide_id is not None
        names.append(wide_id)
        if can_read_heic():  # decoded in the same process
            heic_id = (await rig.send(heic(8), "telephone")).image_id
            assert heic_id is not None
            names.append(heic_id)
        before = await thumbnails(mosquitto, set(names))
        wide = Image.open(io.BytesIO(before[wide_id]))
        assert (wide.format, wide.size) == ("JPEG", (MAX_THUMBNAIL_PX, round(MAX_THUMBNAIL_PX / 3)))
    mosquitto.kill()
    mosquitto.start()
    async with Watcher.of(mosquitto.connection("viewer")) as seen:
        await seen.until_ready()
        assert await thumbnails(mosquitto, set(names)) == before


async def test_thumbnails_leave_the_broker_after_their_time_and_photographs_stay(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program(thumbnail_days=6 / 86_400)
    async with Rig.of(mosquitto.connection("rig-north")) as rig:
        names = set(await rig.send_many(range(2)))
        await thumbnails(mosquitto, names)
        async with asyncio.timeout(PATIENCE_S):
            while [
                each
                async for each in retained_messages(mosquitto.connection("reconstructor"), PROJECT, IMAGE_THUMBNAIL)
            ]:
                await asyncio.sleep(0.2)
    assert len([*(program.folder / PROJECT / "images").glob("*.jpg")]) == 2

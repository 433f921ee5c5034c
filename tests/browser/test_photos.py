"""Photographs on the page: their small pictures, their cards, their cameras, and the way from a file to a frustum."""

import asyncio
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import expect

from broker.messages import ProcessingStarted
from broker.mosquitto import Mosquitto
from tests.browser.chapel import chapel
from tests.browser.conftest import WAIT_MS, Visitor, photo
from tests.browser.reconstruction import CHAPEL, Reconstruction, image_id

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]
PINK = (230, 40, 160)


def small(color: tuple[int, int, int] = PINK, size: tuple[int, int] = (160, 120)) -> bytes:
    """A thumbnail in one colour that nothing else on the page has."""
    buffer = BytesIO()
    Image.new("RGB", size, color).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


async def pink_pixels(visitor: Visitor) -> int:
    """How much of the canvas shows the thumbnail."""
    red, green, blue = np.moveaxis(np.asarray(Image.open(BytesIO(await visitor.drawing())).convert("RGB")), -1, 0)
    return int(((red > 190) & (green < 90) & (blue > 110) & (blue < 210)).sum())


async def hung(visitor: Visitor) -> None:
    """Wait until the photograph hangs on its camera's image plane; it is decoded beside the main thread."""
    async with asyncio.timeout(WAIT_MS / 1000):
        while await pink_pixels(visitor) < 200:
            await asyncio.sleep(0.1)


async def frames(visitor: Visitor) -> int:
    """How many frames the page has drawn with WebGL."""
    count: int = await visitor.page.evaluate("() => document.querySelector('cairn-viewer').figures.frames")
    return count


async def a_camera_in_sight(visitor: Visitor, count: int) -> tuple[int, tuple[float, float]]:
    """An image's number and the place of its camera, where no panel covers the canvas of a phone."""
    script = "id => document.querySelector('cairn-viewer').placeOf(id)"
    for number in range(1, count + 1):
        place = await visitor.page.evaluate(script, image_id(number))
        if place and 30 < place[0] < 300 and 120 < place[1] < 600:
            return number, (place[0], place[1])
    raise AssertionError("no camera is in sight")


async def test_an_image_of_the_list_opens_its_card_with_its_photo_and_the_way_to_it(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(6_000)], generation=1)
    await reconstruction.cameras(6, waiting=1, file_name="IMG_0007.JPG", has_original=False)
    await reconstruction.thumbnail(3, small())
    await reconstruction.thumbnail(7, b"\xff\xd8\xff\xe0 no picture")
    await reconstruction.ready(image_count=7)
    await desktop.page.emulate_media(reduced_motion="reduce")
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(points_shown=manifest.point_count)
    await desktop.page.get_by_test_id("canvas").focus()
    for _ in range(6):  # the cameras stand around the object
        await desktop.page.keyboard.press("-")
    assert await pink_pixels(desktop) == 0
    entry = desktop.page.locator(f"[data-image={image_id(3)}]")
    await expect(entry).to_have_attribute(
        "title", "Image 3, IMG_0007.JPG: placed. Preview only: full size not here yet"
    )
    await entry.click()
    card = desktop.page.get_by_test_id("card")
    await expect(card).to_contain_text("Image 3")
    await expect(card.get_by_test_id("card-file")).to_have_text("IMG_0007.JPG")
    await expect(card).to_contain_text("Preview only: full size not here yet")
    await expect(card.locator("img")).to_be_visible(timeout=WAIT_MS)
    await hung(desktop)
    before = await desktop.drawing()
    await desktop.page.get_by_test_id("fly").click()
    assert await desktop.drawing() != before
    assert await pink_pixels(desktop) == 0, "from the camera's own place its photograph does not hide the object"
    await desktop.page.get_by_role("button", name="Previous image").click()
    await expect(card).to_contain_text("Image 2")
    await desktop.page.locator(f"[data-image={image_id(7)}]").click()
    await expect(card).to_contain_text("shares too little")
    await expect(desktop.page.get_by_test_id("fly")).to_have_text("Show where")
    await reconstruction.cameras(6, waiting=1, file_name="IMG_0007.JPG")
    await expect(card.get_by_test_id("preview-only")).to_have_count(0, timeout=WAIT_MS)
    await desktop.page.keyboard.press("Escape")
    await expect(card).to_have_count(0)
    await expect(desktop.page.locator(f"[data-image={image_id(7)}]")).to_be_focused()


async def test_a_photo_becomes_a_receipt_and_then_a_camera_that_can_be_tapped(
    phone: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await reconstruction.ready()
    await phone.page.emulate_media(reduced_motion="reduce")
    await phone.join(mosquitto.connection("anna"))
    await phone.has(link="connected", notice="empty")
    await phone.page.get_by_test_id("handle").tap()
    await phone.page.get_by_test_id("upload-input").set_input_files(photo())
    await expect(phone.page.get_by_test_id("uploads")).to_contain_text("Stored as image 1", timeout=WAIT_MS)
    await phone.page.get_by_test_id("handle").tap()
    await phone.has(panel="closed")
    manifest = await reconstruction.publish([chapel(4_000)], generation=1, image_count=1)
    await reconstruction.cameras(12)
    await phone.has(points_shown=manifest.point_count)
    await asyncio.sleep(0.5)
    number, place = await a_camera_in_sight(phone, 12)
    await reconstruction.thumbnail(number, small())
    await phone.page.touchscreen.tap(*place)
    await expect(phone.page.get_by_test_id("card")).to_contain_text(f"Image {number}")
    await expect(phone.page.get_by_test_id("card").locator("img")).to_be_visible(timeout=WAIT_MS)


async def test_the_newest_camera_pulses_for_a_moment_and_then_nothing_is_drawn_any_more(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(4_000)], generation=1)
    await reconstruction.cameras(3)
    await reconstruction.ready(image_count=3)
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(points_shown=manifest.point_count)
    await expect(desktop.page.get_by_test_id("pulse")).to_have_count(0)
    await desktop.settled_pixels()
    await reconstruction.cameras(4)
    await expect(desktop.page.get_by_test_id("pulse")).to_be_attached(timeout=WAIT_MS)
    await asyncio.sleep(1.5)
    drawn = await frames(desktop)
    await expect(desktop.page.get_by_test_id("pulse")).to_have_count(0, timeout=WAIT_MS)
    assert await frames(desktop) == drawn, "the ring is the compositor's work"


async def test_nothing_moves_for_ever_while_an_image_is_at_work(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(4_000)], generation=1)
    await reconstruction.cameras(3)
    await reconstruction.ready(image_count=3)
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(points_shown=manifest.point_count)
    await desktop.settled_pixels()
    await reconstruction.tell(ProcessingStarted(project=CHAPEL, image_id=image_id(4), image_number=4))
    await expect(desktop.page.get_by_test_id("chip")).to_have_attribute("data-kind", "processing", timeout=WAIT_MS)
    drawn = await frames(desktop)
    await desktop.page.wait_for_function(STILL, timeout=8_000)
    assert await frames(desktop) == drawn


STILL = """() => {
    const moving = root => [...root.querySelectorAll('*')].some(element =>
        element.getAnimations().some(each => each.playState === 'running')
        || (element.shadowRoot !== null && moving(element.shadowRoot)));
    return !moving(document);
}"""

"""What a visitor sees of coverage: colours, ghost cameras with sentences, the line on a phone, photographs without a place."""

import asyncio
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import expect

from broker.coverage.channels import ADVICE, COVERAGE, COVERAGE_GRID
from broker.messages import ScaleSource
from broker.mosquitto import Mosquitto
from broker.shards import PointCloud
from reconstructor.coverage.advice import advise
from reconstructor.coverage.score import coverage_of
from reconstructor.coverage.viewpoints import Viewpoint
from reconstructor.coverage.wire_form import Told, told_of
from tests.browser.chapel import chapel, levels
from tests.browser.conftest import WAIT_MS, Visitor
from tests.browser.reconstruction import CHAPEL, Reconstruction, image_id

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]
CAMERAS = 7  # of twelve around the chapel: nobody has looked from behind
SIZES = (2_000, 8_000, 20_000)


async def publish(reconstruction: Reconstruction, *, waiting: int = 0, metres: float | None = None) -> Told:
    """A chapel that seven photographs saw from one side, with what the reconstructor says of its coverage."""
    cloud = seen_part(chapel(30_000))
    await reconstruction.publish(levels(cloud, SIZES), generation=1, image_count=CAMERAS)
    await reconstruction.ready(image_count=CAMERAS)
    await reconstruction.cameras(CAMERAS, waiting=waiting)
    if metres is not None:
        await reconstruction.rescale(metres, ScaleSource.GPS)
    assert reconstruction.manifest is not None
    views = [
        Viewpoint(
            number=camera.image_number or 0,
            camera_from_world=np.asarray(np.linalg.inv(np.array(camera.world_from_camera)), np.float64),
            intrinsics=np.array(camera.intrinsics),
            width=camera.width_px or 1,
            height=camera.height_px or 1,
        )
        for camera in reconstruction.placed
        if camera.world_from_camera is not None
    ]
    coverage = coverage_of(cloud.points_in_world.astype(np.float64), views)
    ids = {number: image_id(number) for number in range(1, CAMERAS + 1)}
    told = told_of(coverage, advise(coverage), reconstruction.manifest, ids, is_unfinished=False)
    space, send = reconstruction.connection.space, reconstruction.delivery.publish
    await send(COVERAGE_GRID.outgoing(space, CHAPEL, told.grid))
    await send(COVERAGE.outgoing(space, CHAPEL, told.coverage))
    await send(ADVICE.outgoing(space, CHAPEL, told.advice))
    for number in ids:
        await reconstruction.thumbnail(number, thumbnail(number))
    return told


def seen_part(cloud: PointCloud) -> PointCloud:
    """The chapel with a hole in its wall."""
    x, y, z = cloud.points_in_world.T
    return cloud.take(~((np.abs(x - 1.0) < 0.8) & (np.abs(y - 1.2) < 0.6) & (z > 1.0)))


def thumbnail(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (320, 240), (90 + 10 * number, 120, 110)).save(buffer, "JPEG")
    return buffer.getvalue()


async def keep(visitor: Visitor, name: str) -> None:
    """Keep a picture of the page where somebody wants to look at it."""
    if folder := os.environ.get("CAIRN_PICTURES"):
        await visitor.page.screenshot(path=Path(folder) / f"coverage-{name}.png")


def hues(drawing: bytes) -> tuple[int, int]:
    """How many pixels are clearly blue (well covered), and clearly orange (badly covered)."""
    red, green, blue, alpha = np.asarray(Image.open(io.BytesIO(drawing)).convert("RGBA")).astype(int).transpose(2, 0, 1)
    is_blue = (blue > red + 40) & (blue > green) & (alpha > 0)
    is_orange = (red > blue + 80) & (red > green + 40) & (alpha > 0)
    return int(is_blue.sum()), int(is_orange.sum())


async def test_points_take_the_colour_of_their_coverage_and_give_it_back(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await publish(reconstruction)
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(generation=1)
    await desktop.settled_pixels()
    before = hues(await desktop.drawing())
    await desktop.page.get_by_test_id("tool-coverage").click()
    await expect(desktop.page.get_by_test_id("coverage")).to_be_visible()
    await expect(desktop.page.get_by_test_id("coverage")).to_be_visible()
    async with asyncio.timeout(WAIT_MS / 1000):
        while hues(await desktop.drawing())[0] < before[0] + 5000:
            await asyncio.sleep(0.2)
    await keep(desktop, "desktop")
    for subject in ("confidence", "height", "generation"):
        seen = await desktop.drawing()
        await desktop.page.get_by_test_id("colour-by").select_option(subject)
        async with asyncio.timeout(WAIT_MS / 1000):
            while await desktop.drawing() == seen:
                await asyncio.sleep(0.2)
        await keep(desktop, subject)
    await desktop.page.keyboard.press("Escape")
    await expect(desktop.page.get_by_test_id("coverage")).to_have_count(0)
    async with asyncio.timeout(WAIT_MS / 1000):
        while hues(await desktop.drawing())[0] > before[0] + 2000:
            await asyncio.sleep(0.2)


async def test_each_place_has_a_sentence_a_number_and_a_mark(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    told = await publish(reconstruction, metres=0.5, waiting=2)
    assert told.advice.places
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(generation=1)
    await desktop.page.keyboard.press("v")
    places = desktop.page.get_by_test_id("advised-place")
    await expect(places).to_have_count(len(told.advice.places))
    first = told.advice.places[0]
    await expect(places.first).to_contain_text(f"photograph {first.image_number}")
    await expect(places.first).to_contain_text(" m ")
    marks = [place for place in told.advice.places if place.marked is not None]
    await expect(desktop.page.get_by_test_id("marked")).to_have_count(len(marks))
    await expect(desktop.page.get_by_test_id("coverage-unplaced").locator("button")).to_have_count(2)
    await expect(desktop.page.get_by_test_id("coverage-unplaced")).to_contain_text("take one between")
    before = await desktop.drawing()
    await places.first.get_by_role("button").click()
    async with asyncio.timeout(WAIT_MS / 1000):
        while await desktop.drawing() == before:
            await asyncio.sleep(0.2)
    await keep(desktop, "visited")


async def test_a_phone_shows_one_line_with_a_distance_and_opens_the_places(
    phone: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await publish(reconstruction, metres=0.5)
    await phone.join(mosquitto.connection("anna"))
    await phone.has(generation=1)
    line = phone.page.get_by_test_id("advice-line")
    await expect(line).to_be_visible()
    await expect(phone.page.get_by_test_id("advice-distance")).to_contain_text(f" m from photograph {CAMERAS}")
    await phone.settled_pixels()
    await keep(phone, "phone-line")
    await line.tap()
    await expect(phone.page.get_by_test_id("coverage")).to_be_visible()
    await expect(line).to_have_count(0)
    await phone.settled_pixels()
    await keep(phone, "phone")


async def test_advice_of_another_generation_is_not_shown(
    phone: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await publish(reconstruction)
    await phone.join(mosquitto.connection("anna"))
    await expect(phone.page.get_by_test_id("advice-line")).to_be_visible()
    await reconstruction.publish([chapel(6_000)], generation=2, image_count=10)
    await phone.has(generation=2)
    await expect(phone.page.get_by_test_id("advice-line")).to_have_count(0)

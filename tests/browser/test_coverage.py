"""What a visitor sees of coverage: colours, ghost cameras with sentences, the line on a phone, photographs without a place."""

import asyncio
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Browser, expect

from broker.mosquitto import Mosquitto
from tests.browser.chapel import chapel
from tests.browser.conftest import WAIT_MS, Visitor, visiting
from tests.browser.pictures.world import SCREENS
from tests.browser.reach import covered
from tests.browser.reconstruction import Reconstruction
from tests.browser.seen_chapel import CAMERAS, publish_coverage

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


# The part of the window that is free for the object.
FREE = """() => {
    const { bottom, left, right, top } = document.querySelector('cairn-viewer').shadowRoot.querySelector('cairn-stage').insets;
    return { top, left, right: innerWidth - right, bottom: innerHeight - bottom, width: innerWidth };
}"""
# What else stands on the page where this box is.
TOUCHED = """box => {
    const touched = [];
    const look = root => root.querySelectorAll('*').forEach(each => {
        if (each.shadowRoot) look(each.shadowRoot);
        if (!each.matches('.tools, cairn-rail, .rail, .snap, .panel, .ruler, .banner, cairn-chip, .handle')) return;
        const { bottom, height, left, right, top } = each.getBoundingClientRect();
        if (height === 0 || !each.checkVisibility({ visibilityProperty: true })) return;
        if (left < box.x + box.width && box.x < right && top < box.y + box.height && box.y < bottom)
            touched.push(each.className || each.localName);
    });
    look(document);
    return touched;
}"""


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
    await publish_coverage(reconstruction)
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
    told = await publish_coverage(reconstruction, metres=0.5, waiting=2)
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
    await publish_coverage(reconstruction, metres=0.5)
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


@pytest.mark.parametrize("screen", list(SCREENS))
async def test_every_screen_shows_the_line_beside_tools_and_object(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction, screen: str
) -> None:
    await publish_coverage(reconstruction, metres=0.5)
    async with visiting(browser, address, SCREENS[screen]) as visitor:
        page = visitor.page
        await page.emulate_media(reduced_motion="reduce")
        await visitor.join(mosquitto.connection("anna"))
        line = page.get_by_test_id("advice-line")
        await expect(line).to_be_visible(timeout=WAIT_MS)
        assert await covered(visitor) == []
        box, free = await line.bounding_box(), await page.evaluate(FREE)
        assert box is not None
        assert box["y"] >= free["bottom"] - 1, (box, free)  # the object is fitted above it
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= free["width"]
        assert box["width"] >= 180
        assert await page.evaluate(TOUCHED, box) == []
        await line.click()
        await expect(page.get_by_test_id("coverage")).to_be_visible()


async def test_advice_of_another_generation_is_not_shown(
    phone: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await publish_coverage(reconstruction)
    await phone.join(mosquitto.connection("anna"))
    await expect(phone.page.get_by_test_id("advice-line")).to_be_visible()
    await reconstruction.publish([chapel(6_000)], generation=2, image_count=10)
    await phone.has(generation=2)
    await expect(phone.page.get_by_test_id("advice-line")).to_have_count(0)

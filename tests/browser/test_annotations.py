"""Measures and notes: set by one, seen by all, changed and taken away; over reloads, restarts and a moved world."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from broker.messages import ReconstructorPresence, ScaleSource, ShardUpdate
from broker.mosquitto import Mosquitto
from tests.browser.access import violations
from tests.browser.chapel import chapel
from tests.browser.conftest import DESKTOP, PHONE, WAIT_MS, Visitor, visiting
from tests.browser.reconstruction import Reconstruction
from tests.integration.reconstructor.programs import Program, Rig, Watcher

pytestmark = [pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]

MOST_S = 1.0
FIND_POINTS = """() => {
    const { stage } = document.querySelector('cairn-viewer').shadowRoot.querySelector('cairn-stage');
    const found = [];
    for (let x = 420; x < 1000; x += 7)
        for (let y = 150; y < 650; y += 7) if (stage.pickPoint(x, y)) found.push([x, y]);
    return [found[0], found[found.length - 1]];
}"""
FIND_ABOVE_THE_CARD = """() => {
    const { stage } = document.querySelector('cairn-viewer').shadowRoot.querySelector('cairn-stage');
    for (let y = 220; y < 300; y += 5)
        for (let x = 150; x < 250; x += 5) if (stage.pickPoint(x, y) && stage.pickPoint(x + 10, y + 10)) return [x, y];
}"""


async def open_list(page: Page) -> None:
    await page.get_by_test_id("tool-notes").click()
    await expect(page.get_by_test_id("annotations-card")).to_be_visible(timeout=WAIT_MS)


async def add_distance(page: Page, ends: list[list[int]]) -> None:
    await page.get_by_test_id("add-distance").click()
    for x, y in ends:
        await page.mouse.click(x, y)


async def add_note(page: Page, place: list[int], text: str) -> None:
    await page.get_by_test_id("add-note").click()
    await page.mouse.click(*place)
    await page.get_by_test_id("note-text").fill(text)
    await page.get_by_test_id("save-note").click()


async def has_rows(page: Page, *words: str) -> None:
    """Wait until the list has exactly these, in this order."""
    await expect(page.locator("[data-testid=annotation] .row bdi")).to_have_text(list(words), timeout=WAIT_MS)


async def length_of(page: Page) -> float:
    text = await page.locator("[data-testid=annotation] .value").first.inner_text()
    return float(text.split()[0].replace(",", ""))


async def test_what_one_sets_the_other_sees_within_a_second_and_after_a_reload(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(40_000)], generation=1)
    await reconstruction.ready(image_count=10)
    await reconstruction.rescale(2.0, ScaleSource.SCALE_BAR)
    async with visiting(browser, address, DESKTOP) as anna, visiting(browser, address, DESKTOP) as guest:
        for visitor, user in ((anna, "anna"), (guest, "viewer")):
            await visitor.page.emulate_media(reduced_motion="reduce")
            await visitor.join(mosquitto.connection(user))
            await visitor.has(points_shown=manifest.point_count)
            await open_list(visitor.page)
        await expect(guest.page.get_by_text("You may look here")).to_be_visible(timeout=WAIT_MS)
        await add_distance(anna.page, [[480, 470], [580, 500]])
        began_s = asyncio.get_running_loop().time()
        await has_rows(guest.page, "Distance 1")
        assert asyncio.get_running_loop().time() - began_s <= MOST_S
        await add_note(anna.page, [560, 520], "Crack, 2 mm")
        began_s = asyncio.get_running_loop().time()
        await has_rows(guest.page, "Distance 1", "Crack, 2 mm")
        assert asyncio.get_running_loop().time() - began_s <= MOST_S
        await expect(guest.page.get_by_test_id("left-distance")).to_contain_text(" m")
        for visitor in (anna, guest):
            await visitor.page.reload()
            await visitor.has(points_shown=manifest.point_count)
            await expect(visitor.page.get_by_test_id("left-note")).to_contain_text("Crack", timeout=WAIT_MS)
            await open_list(visitor.page)
        await anna.page.locator("[data-testid=annotation] .row").first.click()
        await anna.page.get_by_test_id("name").fill("Width of the door")
        await anna.page.get_by_test_id("rename").click()
        await has_rows(guest.page, "Width of the door", "Crack, 2 mm")
        assert await violations(anna) == []
        await anna.page.get_by_test_id("add-area").click()
        assert await violations(anna) == []
        await anna.page.keyboard.press("Escape")
        await open_list(anna.page)
        await anna.page.locator("[data-testid=annotation] .row").first.click()
        before = await length_of_named(guest.page, "Width of the door")
        await drag_an_end(anna.page)
        await expect(guest.page.locator(".row", has_text="Width of the door")).not_to_contain_text(before)
        await anna.page.get_by_test_id("delete").click()
        await has_rows(guest.page, "Crack, 2 mm")
        await guest.page.locator("[data-testid=annotation] .row").first.click()
        await expect(guest.page.get_by_test_id("delete")).to_have_count(0)


async def length_of_named(page: Page, name: str) -> str:
    return await page.locator(".row", has_text=name).locator(".value").inner_text()


async def drag_an_end(page: Page) -> None:
    """Take the first point of the chosen distance and put it elsewhere on the wall."""
    grip = page.locator(".left.chosen circle.grip").first
    box = await grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 30, y + 20, steps=6)
    await asyncio.sleep(0.3)
    await page.mouse.up()


async def test_a_finger_that_drags_a_point_has_a_loupe(
    phone: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    assert PHONE["has_touch"]
    manifest = await reconstruction.publish([chapel(40_000)], generation=1)
    await reconstruction.ready(image_count=10)
    await phone.page.emulate_media(reduced_motion="reduce")
    await phone.join(mosquitto.connection("anna"))
    await phone.has(points_shown=manifest.point_count)
    await phone.page.get_by_test_id("tool-notes").tap()
    await phone.page.get_by_test_id("add-note").tap()
    await phone.settled_pixels()
    x, y = await phone.page.evaluate(FIND_ABOVE_THE_CARD)
    await phone.page.touchscreen.tap(x, y)
    await phone.page.get_by_test_id("note-text").fill("Lichen")
    await phone.page.get_by_test_id("save-note").tap()
    await has_rows(phone.page, "Lichen")
    grip = phone.page.locator(".left.chosen circle.grip")
    press = {"pointerId": 7, "pointerType": "touch", "isPrimary": True, "bubbles": True, "clientX": x, "clientY": y}
    await phone.page.evaluate("() => { Element.prototype.setPointerCapture = () => undefined; }")
    await grip.dispatch_event("pointerdown", press)
    await expect(phone.page.get_by_test_id("loupe")).to_be_visible()
    await grip.dispatch_event("pointermove", press | {"clientX": x + 10, "clientY": y + 10})
    await asyncio.sleep(0.3)
    await grip.dispatch_event("pointerup", press)
    await expect(phone.page.get_by_test_id("loupe")).to_have_count(0)
    await has_rows(phone.page, "Lichen")


async def test_they_survive_a_restart_of_everything_and_a_refetch_that_moves_the_world(
    browser: Browser, address: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    black_box = "tests.moving_black_box:moves_the_world"
    program = Program(mosquitto.connection("reconstructor"), tmp_path, black_box)
    program.start()
    try:
        async with (
            visiting(browser, address, DESKTOP) as anna,
            Watcher.of(mosquitto.connection("viewer")) as seen,
            Rig.of(mosquitto.connection("rig-north")) as rig,
        ):
            anna.is_loss_expected = True
            await seen.until_ready()
            await rig.send_many(range(4))
            await seen.until_complete(4)
            await anna.page.emulate_media(reduced_motion="reduce")
            await anna.join(mosquitto.connection("anna"))
            await anna.has(points_shown=2000)
            await open_list(anna.page)
            await anna.settled_pixels()
            ends = await anna.page.evaluate(FIND_POINTS)
            await add_distance(anna.page, ends)
            await add_note(anna.page, ends[0], "Loose stone")
            await has_rows(anna.page, "Distance 1", "Loose stone")
            before = await length_of(anna.page)
            async with asyncio.timeout(WAIT_MS / 1000):
                while len(program.logged("annotation_stored")) < 2:
                    await asyncio.sleep(0.1)
            program.kill()
            mosquitto.kill()
            mosquitto.start()
            program.start()
            await seen.until(lambda each: each.presence is ReconstructorPresence.READY)
            await anna.has(link="connected")
            await has_rows(anna.page, "Distance 1", "Loose stone")
            assert await length_of(anna.page) == before
            await rig.send_many(range(4, 10))
            await seen.until(lambda each: any(event.generation == 2 for event in each.of_type(ShardUpdate)))
            await anna.has(generation=2)
            await has_rows(anna.page, "Distance 1", "Loose stone")
            async with asyncio.timeout(WAIT_MS / 1000):
                while abs(await length_of(anna.page) - 2 * before) > 0.002:  # the world is twice as large
                    await asyncio.sleep(0.1)
            await anna.page.reload()
            await open_list(anna.page)
            await has_rows(anna.page, "Distance 1", "Loose stone")
            assert abs(await length_of(anna.page) - 2 * before) <= 0.002
    finally:
        program.kill()

"""The object stays whole, large and centred while it grows, on a phone on its side; `make fit` does this at length."""

import asyncio

import numpy as np
import pytest
from playwright.async_api import Browser, expect

from benchmarks.fit import LEAST_FILL, MOST_AGAIN, MOST_COVERED_PX, MOST_OFF_CENTRE
from benchmarks.parts.page.fit_page import again, lie, settle, trimmed
from broker.mosquitto import Mosquitto
from tests.browser.chapel import chapel
from tests.browser.conftest import PHONE, visiting
from tests.browser.contrast import faint
from tests.browser.reach import covered
from tests.browser.reconstruction import Reconstruction

LANDSCAPE = {"viewport": {"width": 844, "height": 390}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


async def test_a_growing_object_is_whole_on_a_phone_on_its_side_and_every_tool_is_reached(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    cloud = chapel(6_000)
    order = np.argsort(cloud.points_in_world[:, 0] + 0.3 * cloud.points_in_world[:, 1], kind="stable")
    parts = [cloud.take(rows) for rows in np.array_split(order, 3)]
    await reconstruction.ready(image_count=2)
    async with visiting(browser, address, LANDSCAPE) as visitor:
        page = visitor.page
        await page.emulate_media(reduced_motion="reduce")
        await visitor.join(mosquitto.connection("anna"))
        shown = 0
        for revision, part in enumerate(parts):
            await reconstruction.publish([part], generation=1, revision=revision, image_count=revision + 2)
            shown += len(part)
            seen = trimmed(np.concatenate([each.points_in_world for each in parts[: revision + 1]]).astype(np.float64))
            await settle(page, generation=1, revision=revision, points_shown=shown)
            found = await lie(page, seen)
            assert found.outside == 0, found
            assert found.fill >= LEAST_FILL, found
            assert found.off_centre <= MOST_OFF_CENTRE, found
            assert found.covered_px <= MOST_COVERED_PX, found
        assert await again(page, page.keyboard.press) <= MOST_AGAIN
        assert await covered(visitor) == []
        await page.keyboard.press("?")
        await expect(page.get_by_test_id("keys")).to_be_visible()
        assert await faint(visitor) == []
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("keys")).to_have_count(0)


@pytest.mark.parametrize("size", [(375, 553, None), (360, 560, None), (375, 812, 510)])
async def test_every_tool_is_reached_on_a_short_upright_phone(  # the last one: embedded in the page of somebody else
    browser: Browser,
    address: str,
    mosquitto: Mosquitto,
    reconstruction: Reconstruction,
    size: tuple[int, int, int | None],
) -> None:
    width, height, own_height = size
    manifest = await reconstruction.publish([chapel(6_000)], generation=1)
    await reconstruction.ready(image_count=10)
    async with visiting(browser, address, PHONE | {"viewport": {"width": width, "height": height}}) as visitor:
        await visitor.page.emulate_media(reduced_motion="reduce")
        await visitor.join(mosquitto.connection("anna"))
        await settle(visitor.page, generation=1, points_shown=manifest.point_count)
        if own_height is not None:
            style = f"element => {{ element.style.height = '{own_height}px'; }}"
            await visitor.page.locator("cairn-viewer").evaluate(style)
        assert await visitor.page.locator(".tools button:enabled:visible").count() > 8
        assert await covered(visitor) == []


async def test_what_is_tapped_twice_comes_into_the_middle_and_turns_about_itself(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(20_000)], generation=1)
    await reconstruction.ready(image_count=10)
    async with visiting(browser, address, LANDSCAPE) as visitor:
        page = visitor.page
        await page.emulate_media(reduced_motion="reduce")
        await visitor.join(mosquitto.connection("anna"))
        await settle(page, generation=1, points_shown=manifest.point_count)
        far = await page.evaluate(DISTANCE)
        for _ in range(10):  # on a loaded machine two taps may come too late for one double tap
            await page.touchscreen.tap(380, 200)
            await page.touchscreen.tap(380, 200)
            await asyncio.sleep(1)
            if await page.evaluate(DISTANCE) < 0.6 * far:
                break
        await page.wait_for_function(f"({DISTANCE}) < 0.6 * {far}", timeout=30_000)
        await page.keyboard.press("7")
        await page.wait_for_function(f"({DOWN}) < -0.99", timeout=30_000)
        await page.keyboard.press("1")
        await page.wait_for_function(f"Math.abs({DOWN}) < 0.01", timeout=30_000)


VIEW = "const { position: p, target: t } = document.querySelector('cairn-viewer').stage.viewpointNow;"
DISTANCE = f"(() => {{ {VIEW} return Math.hypot(p[0] - t[0], p[1] - t[1], p[2] - t[2]); }})()"
DOWN = f"(() => {{ {VIEW} return (t[1] - p[1]) / Math.hypot(p[0] - t[0], p[1] - t[1], p[2] - t[2]); }})()"

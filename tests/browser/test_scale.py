"""A known length: set by one, seen by all, in metres once the reconstructor answers, and taken away again."""

import pytest
from playwright.async_api import Browser, Page, expect

from broker.messages import ScaleSource
from broker.mosquitto import Mosquitto
from tests.browser.chapel import chapel
from tests.browser.conftest import DESKTOP, PHONE, WAIT_MS, Visitor, visiting
from tests.browser.reconstruction import Reconstruction

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


async def measure(visitor: Visitor) -> None:
    """Two points on the wall of the chapel."""
    await visitor.page.get_by_test_id("tool-measure").click()
    await visitor.page.mouse.click(480, 470)
    await visitor.page.mouse.click(580, 500)
    await expect(visitor.page.get_by_test_id("distance")).to_contain_text("no scale yet")


async def set_length(page: Page, words: str) -> None:
    """Enter a real length for what was measured."""
    await page.get_by_test_id("set-length").click()
    await page.get_by_test_id("real-length").fill(words)
    await page.get_by_role("button", name="Set for everybody").click()


async def test_a_known_length_gives_everybody_metres(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(40_000)], generation=1)
    await reconstruction.ready(image_count=10)
    async with visiting(browser, address, DESKTOP) as anna, visiting(browser, address, PHONE) as guest:
        await anna.page.emulate_media(reduced_motion="reduce")
        await anna.join(mosquitto.connection("anna"))
        await guest.join(mosquitto.connection("viewer"))
        for visitor in (anna, guest):
            await visitor.has(points_shown=manifest.point_count)
        await measure(anna)
        await set_length(anna.page, "nonsense")
        await expect(anna.page.get_by_role("alert")).to_contain_text("above zero")
        await anna.page.get_by_test_id("real-length").fill("2,5")
        await anna.page.get_by_role("button", name="Set for everybody").click()
        for visitor in (anna, guest):
            await expect(visitor.page.get_by_test_id("scale-bar")).to_have_text("2.50 m", timeout=WAIT_MS)
            await expect(visitor.page.get_by_test_id("ruler")).to_have_count(0)
        await expect(anna.page.get_by_test_id("distance")).to_contain_text("no scale yet")
        await reconstruction.rescale(2.0, ScaleSource.SCALE_BAR)
        for visitor in (anna, guest):
            await expect(visitor.page.get_by_test_id("ruler")).to_contain_text("m", timeout=WAIT_MS)
        await expect(anna.page.get_by_test_id("distance")).to_contain_text(" m")
        await anna.page.get_by_test_id("remove-scale").click()
        for visitor in (anna, guest):
            await expect(visitor.page.get_by_test_id("scale-bar")).to_have_count(0, timeout=WAIT_MS)


async def test_who_may_only_look_is_told_so_before_a_length_is_typed(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(40_000)], generation=1)
    await reconstruction.ready(image_count=10)
    await desktop.page.emulate_media(reduced_motion="reduce")
    await desktop.join(mosquitto.connection("viewer"))
    await desktop.has(points_shown=manifest.point_count)
    await measure(desktop)
    await expect(desktop.page.get_by_test_id("measurement")).to_contain_text("but not set the scale", timeout=WAIT_MS)
    await expect(desktop.page.get_by_test_id("set-length")).to_have_count(0)
    await expect(desktop.page.get_by_test_id("scale-bar")).to_have_count(0)

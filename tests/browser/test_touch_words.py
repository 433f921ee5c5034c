"""A finger learns what an icon does by a long press, and reads a name that is cut; a mouse has tooltips for both."""

import pytest
from playwright.async_api import Browser, Page, expect

from broker.mosquitto import Mosquitto
from tests.browser.access import violations
from tests.browser.chapel import chapel
from tests.browser.conftest import DESKTOP, PHONE, WAIT_MS, Visitor, visiting
from tests.browser.reconstruction import Reconstruction, image_id

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

TABLET = {"viewport": {"width": 1024, "height": 768}, "has_touch": True, "is_mobile": True}
LONG_TITLE = "Saint Bartholomew's upper chapel with the cloister, the bell tower and the hermitage"
LONG_FILE = "2026-11-29 chapel of Saint Bartholomew, south wall between the tower and the apse, third row.jpg"
# What is cut with an ellipsis, and has its whole text in no title.
CUT_UNSAID = """() => {
    const found = [];
    const look = root => {
        for (const element of root.querySelectorAll('*')) {
            if (element.shadowRoot) look(element.shadowRoot);
            const isCut = getComputedStyle(element).textOverflow === 'ellipsis'
                && element.scrollWidth > element.clientWidth && element.checkVisibility({ visibilityProperty: true });
            const text = element.textContent.trim().replace(/\\s+/g, ' ');
            const titles = [element.title, element.closest('[title]')?.title ?? ''];
            if (isCut && text !== '' && !titles.some(title => [...element.children, element].some(part => title.includes(
                part.textContent.trim()) && part.textContent.trim() !== ''))) found.push(text);
        }
    };
    look(document);
    return found;
}"""


async def _press(page: Page, part: str, *, hold_ms: int) -> None:
    """Hold a finger on a part of the page."""
    box = await page.get_by_test_id(part).first.bounding_box()
    assert box is not None
    session = await page.context.new_cdp_session(page)
    point = {"x": box["x"] + min(box["width"] / 2, 60), "y": box["y"] + box["height"] / 2}
    await session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    await page.wait_for_timeout(hold_ms)
    await session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await session.detach()


async def _joined(visitor: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction) -> None:
    await reconstruction.publish([chapel(6_000)], generation=1, image_count=7)
    await reconstruction.cameras(6, waiting=1, file_name=LONG_FILE)
    await reconstruction.ready(image_count=7, title=LONG_TITLE)
    await visitor.page.emulate_media(reduced_motion="reduce")
    await visitor.join(mosquitto.connection("anna"))
    await expect(visitor.page.get_by_test_id("chip")).to_have_text("Live", timeout=WAIT_MS)


@pytest.mark.parametrize("device", [PHONE, TABLET], ids=["phone", "tablet"])
async def test_a_long_press_says_what_an_icon_does_and_does_not_do_it(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction, device: dict[str, object]
) -> None:
    async with visiting(browser, address, device) as visitor:
        page = visitor.page
        await _joined(visitor, mosquitto, reconstruction)
        words, cameras = page.get_by_test_id("words"), page.get_by_test_id("tool-cameras")
        await cameras.tap()
        await expect(cameras).to_have_attribute("aria-pressed", "false")  # a tap still is a tap
        await expect(words).to_have_count(0)
        await _press(page, "tool-cameras", hold_ms=900)
        await expect(words).to_have_text("Show where photos were taken")  # without the key, which a finger has not
        await expect(cameras).to_have_attribute("aria-pressed", "false")
        box = await words.bounding_box()
        size = page.viewport_size
        assert box is not None
        assert size is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"]
        assert await violations(visitor) == []
        await expect(words).to_have_count(0, timeout=10_000)  # it goes by itself
        await cameras.tap()
        await expect(cameras).to_have_attribute("aria-pressed", "true")
        await _press(page, "canvas", hold_ms=900)
        await expect(words).to_have_count(0)
        await _press(page, "switch", hold_ms=900)
        await expect(words).to_contain_text(LONG_TITLE)
        await expect(page.get_by_test_id("projects")).to_have_count(0)


@pytest.mark.parametrize("device", [DESKTOP, PHONE, TABLET], ids=["desktop", "phone", "tablet"])
async def test_what_is_cut_is_whole_in_its_tooltip(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction, device: dict[str, object]
) -> None:
    async with visiting(browser, address, device) as visitor:
        page = visitor.page
        await _joined(visitor, mosquitto, reconstruction)
        select = "id => document.querySelector('cairn-viewer').change({selected: id, isPanelOpen: false})"
        await page.evaluate(select, image_id(3))
        await expect(page.get_by_test_id("card-file")).to_have_text(LONG_FILE)
        assert await page.get_by_test_id("card-file").evaluate("each => each.scrollWidth > each.clientWidth")
        assert await page.evaluate(CUT_UNSAID) == []
        await expect(page.get_by_test_id("card-file")).to_have_attribute("title", f"{LONG_FILE}\n{image_id(3)}")
        await expect(page.get_by_test_id("switch")).to_have_attribute("title", f"{LONG_TITLE}\nChoose another project")
        if device is not DESKTOP:
            await _press(page, "card-file", hold_ms=900)
            await expect(page.get_by_test_id("words")).to_contain_text(LONG_FILE)

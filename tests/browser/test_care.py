"""What a page owes its visitors beyond showing the object: company, comebacks, keys, words for every state, access."""

import asyncio

import pytest
from playwright.async_api import Browser, expect

from broker.mosquitto import Mosquitto
from tests.browser.access import violations
from tests.browser.chapel import chapel, levels
from tests.browser.conftest import DESKTOP, PHONE, Visitor, serving, visiting
from tests.browser.reconstruction import Reconstruction
from viewer.config import Settings

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


async def test_two_visitors_see_the_same_and_each_other(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(5_000)], generation=1)
    await reconstruction.ready(image_count=10)
    async with visiting(browser, address, DESKTOP) as anna:
        await anna.join(mosquitto.connection("anna"))
        await anna.has(points_shown=manifest.point_count, watchers=1)
        async with visiting(browser, address, PHONE) as viewer:
            await viewer.join(mosquitto.connection("viewer"))
            await viewer.has(points_shown=manifest.point_count, watchers=2)
            await anna.has(watchers=2)
            await expect(anna.page.get_by_test_id("watchers")).to_contain_text("2 watching")
        await anna.has(watchers=1)


async def test_a_lost_graphics_context_comes_back_with_the_object(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(8_000)], generation=1)
    await reconstruction.ready(image_count=10)
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(points_shown=manifest.point_count)
    whole = await desktop.settled_pixels()
    canvas = await desktop.page.get_by_test_id("canvas").element_handle()
    extension = await desktop.page.evaluate_handle(
        "canvas => canvas.getContext('webgl2').getExtension('WEBGL_lose_context')", canvas
    )
    await extension.evaluate("extension => extension.loseContext()")
    await desktop.has(notice="context_lost")
    await expect(desktop.page.get_by_test_id("canvas")).to_be_hidden()  # the browser paints it white
    await expect(desktop.page.get_by_test_id("chip")).to_have_text("Paused on this device")
    await expect(desktop.page.get_by_test_id("notice-action")).to_have_text("Load the page again")
    assert await violations(desktop) == []
    await extension.evaluate("extension => extension.restoreContext()")
    await desktop.has(notice="none", points_shown=manifest.point_count)
    assert await desktop.lit_pixels() > 0.9 * whole


async def test_the_page_comes_back_after_the_page_server_was_gone(
    browser: Browser, settings: Settings, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    first = await reconstruction.publish([chapel(4_000)], generation=1)
    await reconstruction.ready(image_count=10)
    async with serving(settings) as address:
        port = int(address.rstrip("/").rpartition(":")[2])
        context = visiting(browser, address, DESKTOP)
        visitor = await context.__aenter__()
        await visitor.join(mosquitto.connection("anna"))
        await visitor.has(points_shown=first.point_count)
        visitor.is_loss_expected = True
    await visitor.has(link="lost", points_shown=first.point_count)
    await expect(visitor.page.get_by_test_id("banner")).to_contain_text("What you see stays")
    assert await violations(visitor) == []
    await visitor.page.get_by_role("button", name="Try now").click()
    async with serving(settings.model_copy(update={"port": port})):
        await visitor.has(link="connected")
        second = await reconstruction.publish([chapel(2_000, seed=4)], generation=1, revision=1, image_count=11)
        await visitor.has(points_shown=second.point_count)
        await context.__aexit__(None, None, None)


async def test_a_phone_leaves_out_the_finest_points_when_there_are_too_many(
    phone: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await reconstruction.publish(levels(chapel(560_000), (60_000, 200_000, 300_000)), generation=1)
    await reconstruction.ready(image_count=10)
    await phone.join(mosquitto.connection("anna"))
    await phone.reaches("points-shown", 480_000)
    await phone.page.get_by_test_id("handle").tap()
    await phone.page.get_by_test_id("tab-figures").tap()
    left_out = phone.page.get_by_text("The finest points are left out")
    await expect(left_out).to_be_visible()
    assert await violations(phone) == []
    assert await phone.number("points-shown") <= 500_000
    await phone.page.get_by_test_id("more-points").tap()
    await phone.reaches("points-shown", 530_000)
    await expect(left_out).to_have_count(0)


async def test_keys_alone_turn_the_object_and_reach_every_tool(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(6_000)], generation=1)
    await reconstruction.ready(image_count=10)
    await desktop.page.emulate_media(reduced_motion="reduce")
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(points_shown=manifest.point_count)
    before = await desktop.drawing()
    await desktop.page.keyboard.press("Tab")
    await expect(desktop.page.get_by_test_id("canvas")).to_be_focused()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "+"):
        await desktop.page.keyboard.press(key)
    turned = await desktop.drawing()
    assert turned != before
    await desktop.page.keyboard.press("f")
    await asyncio.sleep(0.3)
    await desktop.page.keyboard.press("m")
    await expect(desktop.page.get_by_test_id("tool-measure")).to_have_attribute("aria-pressed", "true")
    await desktop.page.keyboard.press("Escape")
    await expect(desktop.page.get_by_test_id("tool-measure")).to_have_attribute("aria-pressed", "false")
    reached = set()
    for _ in range(24):
        await desktop.page.keyboard.press("Tab")
        reached.add(await desktop.page.evaluate(FOCUSED))
    tools = ("fit", "cameras", "coverage", "measure", "notes", "views", "image", "cloud", "theme", "panel")
    assert {f"tool-{tool}" for tool in tools} | {"upload-input"} <= reached


FOCUSED = """() => {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    return focused?.dataset.testid ?? '';
}"""


async def test_a_distance_is_measured_between_two_taps(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(40_000)], generation=1)
    await reconstruction.ready(image_count=10)
    await desktop.page.emulate_media(reduced_motion="reduce")
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(points_shown=manifest.point_count)
    await desktop.page.get_by_test_id("tool-measure").click()
    await desktop.page.mouse.click(480, 470)
    await desktop.page.mouse.click(580, 500)
    await expect(desktop.page.get_by_test_id("distance")).to_contain_text("no scale yet")


async def test_buttons_are_large_enough_for_a_thumb(
    phone: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await reconstruction.publish([chapel(2_000)], generation=1)
    await reconstruction.ready(image_count=10)
    await phone.join(mosquitto.connection("anna"))
    await phone.has(notice="none")
    await phone.page.get_by_test_id("handle").tap()
    sizes = await phone.page.evaluate(SMALL)
    assert sizes == []


async def test_words_and_tools_have_room_beside_each_other_on_a_tablet(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await reconstruction.publish([chapel(2_000)], generation=1)
    await reconstruction.ready(image_count=10)
    await desktop.page.set_viewport_size({"width": 800, "height": 1000})
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(notice="none")
    assert await desktop.page.evaluate(OVERLAP_PX) <= 0
    await expect(desktop.page.get_by_test_id("counts")).to_contain_text("points")
    chip, tools = [await desktop.page.get_by_test_id(each).bounding_box() for each in ("chip", "tool-fit")]
    assert chip
    assert tools
    assert chip["x"] + chip["width"] < tools["x"]


# By how much the counts, with what of them does not fit, reach into what follows on the line.
OVERLAP_PX = """() => {
    const root = document.querySelector('cairn-viewer').shadowRoot;
    const counts = root.querySelector('.counts');
    const { bottom, left, top } = counts.getBoundingClientRect();
    const others = ['.standing', '.tools'].map((name) => root.querySelector(name).getBoundingClientRect());
    const beside = others.filter((other) => other.top < bottom && other.bottom > top);
    return Math.round(left + counts.scrollWidth - Math.min(...beside.map((other) => other.left)));
}"""

SMALL = """() => {
    const small = [];
    const walk = root => root.querySelectorAll('*').forEach(element => {
        if (element.shadowRoot) walk(element.shadowRoot);
        const isButton = element.matches('button, .button, a[href]') && element.checkVisibility();
        const { height, width } = element.getBoundingClientRect();
        const [across, high] = [width, height].map(px => Math.round(px * 64) / 64);  // what layout knows: 1/64 px
        if (isButton && (across < 44 || high < 44)) small.push([element.className, width, height]);
    });
    walk(document);
    return small;
}"""

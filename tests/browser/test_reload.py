"""A reload loses nothing: photographs without a receipt are sent, by one tab alone, and the page shows the same place."""

import asyncio
import json
import re

import pytest
from playwright.async_api import Browser, expect

from broker.mosquitto import Mosquitto
from tests.browser.chapel import chapel
from tests.browser.conftest import DESKTOP, WAIT_MS, Visitor, photo, visiting
from tests.browser.reconstruction import Reconstruction, image_id

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]


async def sent(reconstruction: Reconstruction, count: int) -> None:
    """Wait until so many photographs have come, each time that they were sent."""
    async with asyncio.timeout(WAIT_MS / 1000):
        while len(reconstruction.images) < count:
            await asyncio.sleep(0.1)


KEPT = """() => new Promise((resolve, reject) => {
    const asked = indexedDB.open('cairn', 1);
    asked.onerror = reject;
    asked.onsuccess = () => {
        const count = asked.result.transaction('photographs').objectStore('photographs').count();
        count.onerror = reject;
        count.onsuccess = () => { asked.result.close(); resolve(count.result); };
    };
})"""


async def none_kept(visitor: Visitor) -> None:
    """Wait until the browser keeps no photograph."""
    async with asyncio.timeout(WAIT_MS / 1000):
        while await visitor.page.evaluate(KEPT) > 0:
            await asyncio.sleep(0.1)


async def test_a_photo_without_a_receipt_is_sent_again_after_a_reload_as_the_same_image(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    reconstruction.is_giving_receipts = False
    await reconstruction.ready()
    async with visiting(browser, address, DESKTOP) as anna:
        await anna.join(mosquitto.connection("anna"))
        await anna.has(link="connected", notice="empty")
        await anna.page.get_by_test_id("upload-input").set_input_files(photo())
        await sent(reconstruction, 1)
        # Another tab of the same person leaves it to the first one.
        other = Visitor(page=await anna.page.context.new_page(), address=address)
        await other.join(mosquitto.connection("anna"))
        await other.has(link="connected", notice="empty")
        await asyncio.sleep(1)
        await expect(other.page.get_by_text("door.jpg")).to_have_count(0)
        await other.page.close()
        await anna.page.reload()
        await expect(anna.page.get_by_text("1 photo was kept and is sent now")).to_be_visible(timeout=WAIT_MS)
        await reconstruction.give_receipts()
        await sent(reconstruction, 2)
        await expect(anna.page.get_by_test_id("uploads")).to_contain_text("Stored as image", timeout=WAIT_MS)
        assert len(set(reconstruction.names)) == 1
        assert len(set(reconstruction.images)) == 1
        count = len(reconstruction.images)
        await none_kept(anna)
        await anna.page.reload()
        await anna.has(link="connected", notice="empty")
        await asyncio.sleep(1)
        await expect(anna.page.get_by_text("door.jpg")).to_have_count(0)
        assert len(reconstruction.images) == count


@pytest.mark.parametrize("has_locks", [True, False])
async def test_a_photo_that_waits_is_sent_by_one_of_two_tabs(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction, *, has_locks: bool
) -> None:
    """Both tabs look for it at once; the browser has locks on a secure origin only."""
    reconstruction.is_giving_receipts = False
    await reconstruction.ready()
    async with visiting(browser, address, DESKTOP) as anna:
        first, context = anna.page, anna.page.context
        if not has_locks:
            await context.add_init_script("delete Navigator.prototype.locks;")
        await anna.join(mosquitto.connection("anna"))
        await anna.has(link="connected", notice="empty")
        assert await first.evaluate("'locks' in navigator") == has_locks
        await first.get_by_test_id("upload-input").set_input_files(photo())
        await sent(reconstruction, 1)
        tabs = [Visitor(page=await context.new_page(), address=address) for _ in range(2)]
        await first.close()
        await asyncio.gather(*(tab.join(mosquitto.connection("anna")) for tab in tabs))
        await sent(reconstruction, 2)
        await asyncio.sleep(1)
        uploads = [await tab.page.get_by_text("door.jpg").count() for tab in tabs]
        assert sorted(map(bool, uploads)) == [False, True]
        assert len(reconstruction.images) == 2
        await reconstruction.give_receipts()
        await none_kept(tabs[0])


@pytest.mark.parametrize("has_locks", [True, False])
async def test_a_photo_of_a_closed_tab_is_sent_by_another_open_one(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction, *, has_locks: bool
) -> None:
    """With locks at once, and without them when the other tab is seen again."""
    reconstruction.is_giving_receipts = False
    await reconstruction.ready()
    async with visiting(browser, address, DESKTOP) as anna:
        context = anna.page.context
        if not has_locks:
            await context.add_init_script("delete Navigator.prototype.locks;")
        other = Visitor(page=await context.new_page(), address=address)
        for tab in (anna, other):
            await tab.join(mosquitto.connection("anna"))
            await tab.has(link="connected", notice="empty")
        await anna.page.get_by_test_id("upload-input").set_input_files(photo())
        await sent(reconstruction, 1)
        await expect(other.page.get_by_text("Photos that another tab sends: 1")).to_be_visible(timeout=WAIT_MS)
        await anna.page.close()
        if not has_locks:
            await other.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await sent(reconstruction, 2)
        await expect(other.page.get_by_text("door.jpg")).to_be_visible()
        await expect(other.page.get_by_text("Photos that another tab sends")).to_have_count(0)
        assert len(set(reconstruction.names)) == 1
        await reconstruction.give_receipts()
        await none_kept(other)


async def test_a_reload_comes_back_to_the_same_project_image_and_view(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(6_000)], generation=1)
    await reconstruction.cameras(6)
    await reconstruction.ready(image_count=6)
    await desktop.page.emulate_media(reduced_motion="reduce")
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(points_shown=manifest.point_count)
    await desktop.page.locator(f"[data-image={image_id(3)}]").click()
    await desktop.page.get_by_test_id("canvas").focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "+"):
        await desktop.page.keyboard.press(key)
    viewpoint = "() => JSON.stringify(document.querySelector('cairn-viewer').placeNow)"
    before = json.loads(await desktop.page.evaluate(viewpoint))
    await expect(desktop.page).to_have_url(re.compile("#project=chapel&image=.*&view="), timeout=WAIT_MS)
    await asyncio.sleep(1)  # the address follows after half a second
    await desktop.page.reload()
    await desktop.has(points_shown=manifest.point_count)
    await expect(desktop.page.get_by_test_id("card")).to_contain_text("Image 3")
    after = json.loads(await desktop.page.evaluate(viewpoint))
    assert (after["project"], after["image"]) == ("chapel", image_id(3))
    for part in ("position", "target"):
        assert after["viewpoint"][part] == pytest.approx(before["viewpoint"][part], rel=1e-3, abs=1e-3)

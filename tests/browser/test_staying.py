"""The system kills the tab while a photograph is on its way, as Android does for the camera: is anything lost?"""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Error, Page, expect

from broker.config import Connection
from broker.mosquitto import Mosquitto
from tests.browser.access import violations
from tests.browser.chapel import chapel
from tests.browser.conftest import DESKTOP, WAIT_MS, Visitor, photo, visiting
from tests.browser.reconstruction import Reconstruction, image_id

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

PLACE = "() => JSON.stringify(document.querySelector('cairn-viewer').placeNow)"
STORED = "() => [sessionStorage.length, Object.keys(localStorage).filter(key => key.includes('account')).length]"
NAMED = """() => new Promise((resolve) => {
    const asked = indexedDB.open("cairn", 1);
    asked.onsuccess = () => {
        const all = asked.result.transaction("photographs").objectStore("photographs").getAll();
        all.onsuccess = () => {
            asked.result.close();
            resolve(all.result.some(({ imageId }) => imageId !== null));
        };
    };
})"""


async def log_in(visitor: Visitor, connection: Connection, *, stays: bool) -> None:
    """Fill the form."""
    page = visitor.page
    await page.emulate_media(reduced_motion="reduce")  # axe-core reads the colours of a page at rest
    await page.goto(visitor.address)
    await page.get_by_label("Project").fill("chapel")
    await page.get_by_label("Name").fill(connection.username or "")
    await page.get_by_label("Password").fill(connection.secret() or "")
    if stays:
        await page.get_by_label("Stay logged in on this device").check()
    assert await violations(visitor) == []
    await page.get_by_role("button", name="Open").click()


async def sent(reconstruction: Reconstruction, count: int) -> None:
    """Wait until so many photographs have come, each time that they were sent."""
    async with asyncio.timeout(WAIT_MS / 1000):
        while len(reconstruction.images) < count:
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def killed(visitor: Visitor) -> AsyncIterator[Page]:
    """Kill the process of the tab; gives a new tab of the same browser."""
    gone = asyncio.Event()
    visitor.page.on("crash", lambda _: gone.set())
    session = await visitor.page.context.new_cdp_session(visitor.page)
    dying = asyncio.create_task(session.send("Page.crash"))  # nobody is left to answer
    await asyncio.wait_for(gone.wait(), WAIT_MS / 1000)
    dying.cancel()
    with contextlib.suppress(asyncio.CancelledError, Error):
        await dying
    visitor.page = await visitor.page.context.new_page()
    yield visitor.page


async def test_a_killed_tab_comes_back_to_its_place_and_its_photo_arrives_once(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(2_000)], generation=1)
    await reconstruction.cameras(6)
    await reconstruction.ready(image_count=6)
    reconstruction.is_giving_receipts = False
    async with visiting(browser, address, DESKTOP) as anna:
        await anna.page.emulate_media(reduced_motion="reduce")
        await log_in(anna, mosquitto.connection("anna"), stays=True)
        await anna.has(points_shown=manifest.point_count)
        await anna.page.locator(f"[data-image={image_id(3)}]").click()
        await anna.page.get_by_test_id("upload-input").set_input_files(photo())
        await sent(reconstruction, 1)
        await expect(anna.page).to_have_url(re.compile("#project=chapel&image=.*&view="), timeout=WAIT_MS)
        await asyncio.sleep(1)  # the address follows after half a second
        before, url = json.loads(await anna.page.evaluate(PLACE)), anna.page.url
        async with killed(anna) as page:
            await page.emulate_media(reduced_motion="reduce")
            await page.goto(url)
            await expect(page.get_by_text("1 photo was kept and is sent now")).to_be_visible(timeout=WAIT_MS)
            await reconstruction.give_receipts()
            await sent(reconstruction, 2)
            await expect(page.get_by_test_id("uploads")).to_contain_text("Stored as image", timeout=WAIT_MS)
            await anna.has(points_shown=manifest.point_count)
            after = json.loads(await page.evaluate(PLACE))
        assert len(set(reconstruction.names)) == len(set(reconstruction.images)) == 1
        assert (after["project"], after["image"]) == (before["project"], before["image"]) == ("chapel", image_id(3))
        for part in ("position", "target"):
            assert after["viewpoint"][part] == pytest.approx(before["viewpoint"][part], rel=1e-3, abs=1e-3)


async def test_back_comes_to_the_same_place_and_the_photo_arrives_once(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    reconstruction.is_giving_receipts = False
    await reconstruction.ready()
    async with visiting(browser, address, DESKTOP) as anna:
        await log_in(anna, mosquitto.connection("anna"), stays=False)
        await anna.has(link="connected", notice="empty")
        await anna.page.get_by_test_id("upload-input").set_input_files(photo())
        await sent(reconstruction, 1)
        await expect(anna.page).to_have_url(re.compile("#project=chapel"), timeout=WAIT_MS)
        await anna.page.wait_for_function(NAMED, timeout=WAIT_MS)  # else it is sent under another name, and known
        await anna.page.goto("about:blank")
        await anna.page.go_back()
        await anna.has(link="connected", notice="empty")
        await reconstruction.give_receipts()
        await expect(anna.page.get_by_test_id("uploads")).to_contain_text("Stored as image", timeout=WAIT_MS)
        assert len(set(reconstruction.names)) == len(set(reconstruction.images)) == 1


async def test_only_who_asked_for_it_stays_and_who_logs_out_is_gone(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await reconstruction.ready()
    async with visiting(browser, address, DESKTOP) as anna:
        await log_in(anna, mosquitto.connection("anna"), stays=False)
        await anna.has(link="connected", notice="empty")
        async with killed(anna) as page:
            await page.goto(address)
            await expect(page.get_by_test_id("login")).to_be_visible(timeout=WAIT_MS)
            assert await page.evaluate(STORED) == [0, 0]
        await log_in(anna, mosquitto.connection("anna"), stays=False)
        await anna.has(link="connected", notice="empty")
        await anna.page.get_by_test_id("switch").click()
        await anna.page.get_by_label("Stay logged in on this device").check()
        await expect(anna.page.get_by_test_id("account")).to_contain_text("Logged in as anna")
        await anna.page.emulate_media(reduced_motion="reduce")
        assert await violations(anna) == []
        assert await anna.page.evaluate(STORED) == [1, 1]
        await anna.page.reload()
        await anna.has(link="connected", notice="empty")
        await anna.page.get_by_test_id("switch").click()
        await expect(anna.page.get_by_label("Stay logged in on this device")).to_be_checked()
        other = await anna.page.context.new_page()  # a tab of the same person
        await other.goto(address)
        await expect(other.locator("cairn-viewer")).to_have_attribute("link", "connected", timeout=WAIT_MS)
        await anna.page.get_by_test_id("logout").click()
        await expect(anna.page.get_by_test_id("login")).to_be_visible(timeout=WAIT_MS)
        await expect(other.get_by_test_id("login")).to_be_visible(timeout=WAIT_MS)
        assert await other.evaluate(STORED) == [0, 0]
        await other.close()
        assert await anna.page.evaluate(STORED) == [0, 0]
        await anna.page.reload()
        await expect(anna.page.get_by_test_id("login")).to_be_visible(timeout=WAIT_MS)


async def test_a_browser_without_room_says_so_and_sends_the_photo_all_the_same(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    reconstruction.is_giving_receipts = False  # its toast would follow at once
    await reconstruction.ready()
    async with visiting(browser, address, DESKTOP) as anna:
        session = await anna.page.context.new_cdp_session(anna.page)
        await session.send("Storage.overrideQuotaForOrigin", {"origin": address.rstrip("/"), "quotaSize": 100_000})
        large = photo()
        large["buffer"] += bytes(4_000_000)
        await log_in(anna, mosquitto.connection("anna"), stays=False)
        await anna.has(link="connected", notice="empty")
        await anna.page.get_by_test_id("upload-input").set_input_files(large)
        words = "This browser keeps no photos: leave this page open until they are sent"
        await expect(anna.page.get_by_test_id("toast")).to_contain_text(words, timeout=WAIT_MS)
        await expect(anna.page.get_by_test_id("waiting")).to_contain_text(words)  # stays when the toast has gone
        await sent(reconstruction, 1)


HELD = "navigator.wakeLock.request = kind => (window.held = kind, Promise.resolve({release: () => (window.held = '')}))"


async def test_the_page_is_installable_and_keeps_the_screen_on_while_a_photo_is_sent(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    reconstruction.is_giving_receipts = False
    await reconstruction.ready()
    async with visiting(browser, address, DESKTOP) as anna:
        page = anna.page
        await page.add_init_script(HELD)
        await anna.join(mosquitto.connection("anna"))
        await anna.has(link="connected", notice="empty")
        session = await page.context.new_cdp_session(page)
        manifest = await session.send("Page.getAppManifest")
        assert manifest["errors"] == []
        assert json.loads(manifest["data"])["start_url"] == "./"
        hindrances = (await session.send("Page.getInstallabilityErrors"))["installabilityErrors"]
        assert [each["errorId"] for each in hindrances] == ["in-incognito"]  # as every context of a test is
        assert await page.evaluate("window.held") is None
        await page.get_by_test_id("upload-input").set_input_files(photo())
        await page.wait_for_function("() => window.held === 'screen'", timeout=WAIT_MS)
        await sent(reconstruction, 1)
        await reconstruction.give_receipts()
        await page.wait_for_function("() => window.held === ''", timeout=WAIT_MS)

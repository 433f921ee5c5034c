"""The page without its server: it opens from the browser's cache, says so, and goes on when the server is back."""

import asyncio

import pytest
from playwright.async_api import Browser, expect

from broker.mosquitto import Mosquitto
from tests.browser.access import violations
from tests.browser.chapel import chapel
from tests.browser.conftest import PHONE, WAIT_MS, Visitor, serving, visiting
from tests.browser.reconstruction import Reconstruction
from viewer.config import Settings

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

KEPT_FILES = """async () => {
    const cache = await caches.open('cairn-shell-1');
    return (await cache.keys()).map(({ url }) => new URL(url).pathname);
}"""
LOADED_FILES = """() => performance.getEntriesByType('resource')
    .map(({ name }) => new URL(name).pathname).filter(name => name.startsWith('/assets/'))"""


async def shell_kept(visitor: Visitor) -> None:
    """Wait until the browser keeps every file that the page has loaded."""
    async with asyncio.timeout(WAIT_MS / 1000):
        while True:
            kept, loaded = [await visitor.page.evaluate(script) for script in (KEPT_FILES, LOADED_FILES)]
            if {"/", "/config.json"} < set(kept) and set(loaded) <= set(kept):
                return
            await asyncio.sleep(0.1)


async def test_the_page_opens_without_its_server_and_goes_on_when_it_is_back(
    browser: Browser, settings: Settings, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(4_000)], generation=1)
    await reconstruction.ready(image_count=10)
    async with serving(settings) as address:
        port = int(address.rstrip("/").rpartition(":")[2])
        context = visiting(browser, address, PHONE | {"service_workers": "allow"})
        phone = await context.__aenter__()
        page = phone.page
        await page.emulate_media(reduced_motion="reduce")
        await phone.join(mosquitto.connection("anna"))
        await phone.has(points_shown=manifest.point_count)
        await shell_kept(phone)
        assert not any("shard" in path or "projects" in path for path in await page.evaluate(KEPT_FILES))
        phone.is_loss_expected = True
    await page.reload()
    await phone.has(notice="unreachable")
    await expect(page.get_by_test_id("notice")).to_contain_text("Cannot reach the server")
    await page.context.set_offline(offline=True)
    await expect(page.get_by_test_id("notice")).to_contain_text("You are offline", timeout=WAIT_MS)
    assert await violations(phone) == []
    async with serving(settings.model_copy(update={"port": port})):
        await page.context.set_offline(offline=False)
        await phone.has(link="connected", points_shown=manifest.point_count)
        await page.reload()
        await phone.has(points_shown=manifest.point_count)
        await context.__aexit__(None, None, None)


async def test_a_new_document_takes_the_files_of_the_one_before_away(browser: Browser, address: str) -> None:
    async with visiting(browser, address, PHONE | {"service_workers": "allow"}) as phone:
        page = phone.page
        await page.goto(address)
        await shell_kept(phone)
        await page.evaluate(
            """async () => {
                const cache = await caches.open('cairn-shell-1');
                await cache.put(location.href, new Response('an older page'));
                await cache.put('/assets/old-12345678.js', new Response('1'));
            }"""
        )
        await page.reload()
        await expect(page.get_by_test_id("login")).to_be_visible(timeout=WAIT_MS)
        await shell_kept(phone)
        assert "/assets/old-12345678.js" not in await page.evaluate(KEPT_FILES)

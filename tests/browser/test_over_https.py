"""The page in Chromium over https and wss, and what it says without."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from admin.certificates import TlsFiles, machine_names
from admin.invite import local_address
from broker.mosquitto import Mosquitto
from tests.browser.chapel import chapel
from tests.browser.conftest import PHONE, WAIT_MS, serving, visiting
from tests.browser.reconstruction import Reconstruction
from viewer.config import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")
PLAIN = "This connection is not encrypted"


async def test_who_types_the_address_without_https_comes_to_https_and_sees_points_over_wss(
    browser: Browser, settings: Settings, mosquitto: Mosquitto, reconstruction: Reconstruction, tmp_path: Path
) -> None:
    tls = TlsFiles(tmp_path / "tls")
    tls.ensure(machine_names())
    secure = settings.model_copy(
        update={"certificate": tls.certificate, "key": tls.key, "authority": tls.authority, "projects": ("chapel",)}
    )
    manifest = await reconstruction.publish([chapel(3_000)], generation=1)
    await reconstruction.ready(image_count=7)
    # The certificate itself is checked in tests/integration/trust: this Chromium has nowhere to install the authority.
    trusting = PHONE | {"ignore_https_errors": True}
    async with serving(secure) as address, visiting(browser, address, trusting) as visitor:
        page = visitor.page
        async with page.expect_websocket(timeout=WAIT_MS) as opened:
            await page.goto(address.replace("https://", "http://"))
            await expect(page).to_have_url(address, timeout=WAIT_MS)
            assert PLAIN not in await page.get_by_test_id("login").inner_text()
            await page.get_by_label("Name").fill("anna")
            await page.get_by_label("Password").fill(mosquitto.connection("anna").secret() or "")
            await page.get_by_role("button", name="Open").click()
        assert (await opened.value).url == address.replace("https://", "wss://") + "mqtt"
        await visitor.has(link="connected", points_shown=manifest.point_count)
        await page.goto(f"{address}trust")
        await expect(page.get_by_role("heading")).to_have_text("Trust this cairn")


async def test_a_login_that_others_in_the_network_can_read_says_so(browser: Browser, settings: Settings) -> None:
    here = local_address()
    async with (
        serving(settings.model_copy(update={"host": here})) as address,
        visiting(browser, address, PHONE) as visitor,
    ):
        await visitor.page.goto(address)
        await expect(visitor.page.get_by_test_id("login")).to_contain_text(PLAIN, timeout=WAIT_MS)

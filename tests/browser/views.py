"""How does a test open the views for documentation, and take what they save?"""

from pathlib import Path

from playwright.async_api import Page

from broker.mosquitto import Mosquitto
from tests.browser.chapel import chapel
from tests.browser.conftest import WAIT_MS, Visitor
from tests.browser.reconstruction import Reconstruction


async def open_views(page: Page, tab: str) -> None:
    """Open the views at one of their tabs."""
    await page.get_by_test_id("tool-views").click()
    await page.get_by_test_id(f"tab-{tab}").click()


async def download(page: Page, button: str, folder: Path) -> Path:
    """Press a button that saves a file."""
    async with page.expect_download(timeout=4 * WAIT_MS) as coming:
        await page.get_by_test_id(button).click()
    found = await coming.value
    path = folder / found.suggested_filename
    await found.save_as(path)
    return path


async def published(visitor: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction) -> None:
    """A chapel with some cameras around it, on the page."""
    manifest = await reconstruction.publish([chapel(20_000)], generation=1)
    await reconstruction.cameras(6)
    await reconstruction.ready(image_count=6)
    await visitor.page.emulate_media(reduced_motion="reduce")
    await visitor.join(mosquitto.connection("anna"))
    await visitor.has(points_shown=manifest.point_count)

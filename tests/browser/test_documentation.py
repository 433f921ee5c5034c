"""Views for documentation: a facade image at true scale, cuts, a profile, before and after, and a film."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Page, expect

from broker.messages import ScaleSource
from broker.mosquitto import Mosquitto
from tests.browser.conftest import WAIT_MS, Visitor
from tests.browser.facade_truth import METRES_PER_UNIT, facade_levels
from tests.browser.reconstruction import Reconstruction

pytestmark = [pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]


def _levels():
    import pickle
    cache = Path("/tmp/fp.pickle")
    if not cache.exists():
        cache.write_bytes(pickle.dumps(facade_levels(900_000)))
    return pickle.loads(cache.read_bytes())


async def open_views(page: Page, tab: str) -> None:
    await page.get_by_test_id("tool-views").click()
    await page.get_by_test_id(f"tab-{tab}").click()


async def download(page: Page, button: str, folder: Path) -> Path:
    async with page.expect_download(timeout=4 * WAIT_MS) as coming:
        await page.get_by_test_id(button).click()
    found = await coming.value
    path = folder / found.suggested_filename
    await found.save_as(path)
    return path


async def test_the_facade_image_is_true_to_scale(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction, tmp_path: Path
) -> None:
    manifest = await reconstruction.publish(_levels(), generation=1)
    await reconstruction.ready(image_count=10)
    await desktop.page.emulate_media(reduced_motion="reduce")
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(points_shown=manifest.point_count)
    await open_views(desktop.page, "sheet")
    await expect(desktop.page.get_by_test_id("no-metres")).to_contain_text("needs metres")
    await reconstruction.rescale(METRES_PER_UNIT, ScaleSource.SCALE_BAR)
    await desktop.page.get_by_test_id("tab-cut").click()
    await desktop.page.get_by_test_id("cut-facade").click()
    await desktop.page.get_by_test_id("tab-sheet").click()
    path = await download(desktop.page, "save-png", tmp_path)
    Image.open(path).save("/tmp/doc_sheet.png")
    await desktop.page.screenshot(path="/tmp/doc_desktop.png")
    pdf = await download(desktop.page, "save-pdf", tmp_path)
    Path("/tmp/doc_sheet.pdf").write_bytes(pdf.read_bytes())

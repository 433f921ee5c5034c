"""Views for documentation: a facade image at true scale, cuts, a profile, before and after, and a film."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Page, expect

from broker.messages import ScaleSource
from broker.mosquitto import Mosquitto
from tests.browser.chapel import chapel
from tests.browser.conftest import WAIT_MS, Visitor
from tests.browser.facade_truth import METRES_PER_PX, METRES_PER_UNIT, measured_edges_px, true_facade
from tests.browser.reconstruction import Reconstruction

pytestmark = [pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]

POINT_COUNT = 1_500_000


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


async def test_the_facade_image_is_true_to_scale(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction, tmp_path: Path
) -> None:
    """Window edges are straight and in place within one pixel at 1:50 and 150 dpi, widths within 0.3 % of the truth."""
    truth = true_facade(POINT_COUNT)
    page = desktop.page
    manifest = await reconstruction.publish(truth.levels, generation=1)
    await reconstruction.ready(image_count=10)
    await page.emulate_media(reduced_motion="reduce")
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(points_shown=manifest.point_count)
    await open_views(page, "sheet")
    await expect(page.get_by_test_id("no-metres")).to_contain_text("needs metres")
    await expect(page.get_by_test_id("save-png")).to_have_count(0)
    await reconstruction.rescale(METRES_PER_UNIT, ScaleSource.SCALE_BAR)
    await expect(page.get_by_test_id("sheet-size")).to_contain_text("8.47 mm each", timeout=WAIT_MS)
    await page.get_by_test_id("tab-cut").click()
    await page.get_by_test_id("cut-facade").click()
    await page.get_by_test_id("tab-sheet").click()
    image = Image.open(await download(page, "save-png", tmp_path))
    assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
    edges_px = measured_edges_px(np.asarray(image.convert("RGB"), np.float64).mean(axis=2), truth.edges_m)
    means_px = edges_px.mean(axis=2)
    image.save("/tmp/doc_sheet.png"); np.save("/tmp/edges.npy", edges_px); np.save("/tmp/truth.npy", truth.edges_m)
    await page.screenshot(path="/tmp/doc_desktop.png")
    offsets_px = means_px - truth.edges_m / METRES_PER_PX
    assert np.abs(offsets_px - offsets_px.mean()).max() < 1
    assert np.quantile(np.abs(edges_px - means_px[:, :, None]), 0.95) < 1
    bays_m = (means_px[-1] - means_px[0]) * METRES_PER_PX
    assert bays_m == pytest.approx(truth.edges_m[-1] - truth.edges_m[0], rel=0.003)
    whole_m = (means_px[-1, 1] - means_px[0, 0]) * METRES_PER_PX
    assert whole_m == pytest.approx(truth.edges_m[-1, 1] - truth.edges_m[0, 0], rel=0.003)
    pdf = await download(page, "save-pdf", tmp_path)
    assert pdf.read_bytes().startswith(b"%PDF-")

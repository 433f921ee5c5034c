"""Exports from the page: a contributor makes a PLY with the real reconstructor and saves it; a viewer only downloads."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import open3d
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from broker.mosquitto import Mosquitto
from tests.black_boxes import POINTS_PER_IMAGE
from tests.browser.conftest import DESKTOP, PHONE, WAIT_MS, serving, visiting
from tests.integration.reconstructor.programs import Program, Rig, Watcher
from viewer.config import Settings

pytestmark = [pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]
IMAGES = 3
EXPORT_MS = 90_000
READY = "export-news"


@pytest_asyncio.fixture(loop_scope="module")
async def folder(mosquitto: Mosquitto, tmp_path: Path) -> AsyncIterator[Path]:
    """The folder of exports of a running reconstructor that has placed a few photographs."""
    settings = {"export_dir": tmp_path / "exports", "disk_reserve_bytes": 0}
    program = Program(mosquitto.connection("reconstructor"), tmp_path, "instant", **settings)
    program.start()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(IMAGES))
        await seen.until_complete(IMAGES)
    yield tmp_path / "exports"
    program.kill()


async def test_a_ply_is_made_from_the_page_and_saved_by_a_link(
    browser: Browser, mosquitto: Mosquitto, settings: Settings, folder: Path, tmp_path: Path
) -> None:
    async with (
        serving(settings.model_copy(update={"export_dir": folder})) as address,
        visiting(browser, address, DESKTOP) as anna,
    ):
        await anna.join(mosquitto.connection("anna"))
        await anna.reaches("points-shown", IMAGES * POINTS_PER_IMAGE)
        page = anna.page
        await page.get_by_test_id("tool-cloud").click()
        dialog = page.get_by_test_id("exports")
        await expect(dialog).to_be_visible(timeout=WAIT_MS)
        await expect(dialog.get_by_test_id("export-form").get_by_role("radio")).to_have_count(6, timeout=WAIT_MS)
        await dialog.get_by_test_id("export-make").click()
        await expect(dialog.get_by_test_id(READY)).to_contain_text("1,500 points", timeout=EXPORT_MS)
        await expect(dialog.get_by_test_id("export-download")).to_have_count(1)
        async with page.expect_download(timeout=WAIT_MS) as saving:
            await dialog.get_by_test_id("export-download").click()
        saved = await saving.value
        assert saved.suggested_filename.startswith("chapel-")
        assert saved.suggested_filename.endswith(".ply")
        assert "secret" not in saved.url
        await saved.save_as(tmp_path / "saved.ply")
        read = await asyncio.to_thread(open3d.io.read_point_cloud, tmp_path / "saved.ply")
        assert len(np.asarray(read.points)) == IMAGES * POINTS_PER_IMAGE
        assert read.has_normals()
        await dialog.get_by_label("COLMAP").check()
        await dialog.get_by_test_id("export-make").click()
        refusal = dialog.get_by_test_id("export-refusal")
        await expect(refusal).to_contain_text("needs the built-in engine", timeout=EXPORT_MS)
        await dialog.get_by_label("Report").check()
        await dialog.get_by_label("Name who took photos").uncheck()
        await dialog.get_by_test_id("export-make").click()
        await expect(dialog.get_by_test_id("export-progress")).to_be_visible()
        await expect(dialog.get_by_test_id("export-download")).to_have_count(2, timeout=EXPORT_MS)
        (report,) = await asyncio.to_thread(lambda: list(folder.glob("*-report.html")))
        assert "rig-north" not in await asyncio.to_thread(report.read_text, "utf-8")
        async with page.expect_download(timeout=WAIT_MS) as saving:
            await dialog.get_by_test_id("export-screen").click()
        assert (await saving.value).suggested_filename == "chapel.ply"
        await dialog.get_by_test_id("export-close").click()
        await expect(dialog).to_have_count(0)


async def test_a_viewer_downloads_what_is_ready_and_makes_nothing(
    browser: Browser, mosquitto: Mosquitto, settings: Settings, folder: Path
) -> None:
    (folder / "chapel-20261129-101500.laz").write_bytes(b"points")
    async with (
        serving(settings.model_copy(update={"export_dir": folder})) as address,
        visiting(browser, address, PHONE | {"locale": "de-DE"}) as viewer,
    ):
        await viewer.join(mosquitto.connection("viewer"))
        await viewer.reaches("points-shown", IMAGES * POINTS_PER_IMAGE)
        await viewer.page.evaluate("document.querySelector('cairn-viewer').commands.use('cloud')")
        dialog = viewer.page.get_by_test_id("exports")
        await expect(dialog).to_contain_text("Mitwirkende und Betreiber", timeout=WAIT_MS)
        await expect(dialog.get_by_test_id("export-form")).to_have_count(0)
        async with viewer.page.expect_download(timeout=WAIT_MS) as saving:
            await dialog.get_by_role("button", name="chapel-20261129-101500.laz herunterladen").click()
        saved = await saving.value
        assert await asyncio.to_thread((await saved.path()).read_bytes) == b"points"


async def test_a_server_without_the_folder_says_so(
    browser: Browser, mosquitto: Mosquitto, settings: Settings, folder: Path
) -> None:
    del folder
    async with serving(settings) as address, visiting(browser, address, DESKTOP) as anna:
        anna.is_loss_expected = True  # the browser's console repeats the status
        await anna.join(mosquitto.connection("anna"))
        await anna.reaches("points-shown", IMAGES * POINTS_PER_IMAGE)
        await anna.page.get_by_test_id("tool-cloud").click()
        refusal = anna.page.get_by_test_id("export-refusal")
        await expect(refusal).to_contain_text("This server cannot reach the exported files", timeout=WAIT_MS)

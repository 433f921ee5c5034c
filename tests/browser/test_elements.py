"""`@cairn/viewer` in pages of other people: one HTML file of ten lines, and a Vue application that a bundler built."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from broker.mosquitto import Mosquitto
from tests.browser.chapel import chapel
from tests.browser.conftest import DESKTOP, WAIT_MS, visiting
from tests.browser.elements import (
    PACKAGE,
    POINTS,
    files_served,
    follows_a_project,
    is_refused_elsewhere,
    pick_a_point,
    shows_files,
    write_clouds,
)
from tests.browser.reconstruction import Reconstruction
from viewer.pages import write_elements

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]
WEB = PACKAGE.parents[1]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def application(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The built application and some PLY files on a plain file server; gives its origin."""
    folder = tmp_path_factory.mktemp("application")
    command = ["npx", "vite", "build", "--config", "vite.vue.config.ts", "--outDir", str(folder)]
    await asyncio.to_thread(subprocess.run, command, cwd=WEB, check=True, timeout=100)
    write_clouds(folder)
    async with files_served(folder) as origin:
        yield origin


async def test_a_page_of_ten_lines_shows_a_ply_of_another_program(browser: Browser, tmp_path: Path) -> None:
    files = write_elements(tmp_path / "elements")
    assert {path.name for path in files} >= {"package.json", "index.d.ts", "vue.js", "README.md", "LICENSE"}
    example = tmp_path / "elements/example.html"
    assert len(example.read_text(encoding="utf-8").splitlines()) == 10
    for name in ("example.html", "cairn-viewer.js"):
        shutil.copy(tmp_path / "elements" / name, tmp_path)
    write_clouds(tmp_path)
    async with files_served(tmp_path) as origin, visiting(browser, f"{origin}/", DESKTOP) as visitor:
        await visitor.page.goto(f"{origin}/example.html")
        cloud = visitor.page.locator("cairn-cloud")
        await expect(cloud).to_have_attribute("points-shown", str(len(chapel(POINTS))), timeout=WAIT_MS)
        assert await visitor.lit_pixels("cairn-cloud") > 3_000
        box = await cloud.bounding_box()
        assert box is not None
        assert (box["width"], box["height"]) == (1440, 900)
        await pick_a_point(visitor, "cairn-cloud")
        await expect(visitor.page).not_to_have_title("A point cloud")


async def test_a_vue_application_shows_files_and_hears_of_them(browser: Browser, application: str) -> None:
    await shows_files(browser, application)


async def test_a_vue_application_follows_a_project_of_another_origin(
    browser: Browser, application: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await follows_a_project(browser, application, mosquitto, reconstruction)


async def test_a_server_that_does_not_know_the_page_is_said_to_be_out_of_reach(
    browser: Browser, application: str, address: str
) -> None:
    await is_refused_elsewhere(browser, application, address.rstrip("/"))

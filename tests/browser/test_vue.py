"""docs/PLYViewer.vue, mounted in a Vue application that a bundler built."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, expect

from broker.shards import encode_ply
from tests.browser.chapel import chapel
from tests.browser.conftest import DESKTOP, WAIT_MS, visiting

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]
WEB = Path(__file__).parents[2] / "viewer/web"


@pytest_asyncio.fixture(loop_scope="module")
async def application(tmp_path: Path) -> AsyncIterator[str]:
    """The built application, the elements and three clouds on a plain file server; gives its address."""
    command = ["npx", "vite", "build", "--config", "vite.vue.config.ts", "--outDir", str(tmp_path)]
    await asyncio.to_thread(subprocess.run, command, cwd=WEB, check=True, timeout=100)
    shutil.copytree(WEB / "dist/assets", tmp_path / "assets", dirs_exist_ok=True)
    shutil.copy(WEB / "dist/cairn-elements.js", tmp_path)
    for seed in range(3):
        (tmp_path / f"{seed}.ply").write_bytes(encode_ply(chapel(4_000, seed=seed)))
    files = web.Application()
    files.router.add_static("/", tmp_path)
    runner = web.AppRunner(files)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}/"
    await runner.cleanup()


async def test_a_vue_application_shows_and_changes_its_point_clouds(browser: Browser, application: str) -> None:
    counts = [len(chapel(4_000, seed=seed)) for seed in range(3)]
    async with visiting(browser, application, DESKTOP) as visitor:
        await visitor.page.goto(f"{application}index.html")
        await visitor.page.wait_for_function("() => Boolean(window.showClouds)")
        cloud = visitor.page.locator("cairn-cloud")
        await visitor.page.evaluate("showClouds(['0.ply', '1.ply'])")
        await expect(cloud).to_have_attribute("points-shown", str(counts[0] + counts[1]), timeout=WAIT_MS)
        assert await visitor.lit_pixels("cairn-cloud") > 3_000
        await visitor.page.evaluate("showClouds(['2.ply'])")
        await expect(cloud).to_have_attribute("points-shown", str(counts[2]), timeout=WAIT_MS)

"""Does a film that Chromium made play in Debian's Firefox, too? Length, size and a late frame, for `make firefox-test`.

pytest does not collect this file by itself: not every machine has Firefox.
"""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page

from broker.mosquitto import Mosquitto
from tests.browser.conftest import Visitor
from tests.browser.firefox_session import Firefox, firefox
from tests.browser.reconstruction import Reconstruction
from tests.browser.views import download, open_views, published

pytestmark = [pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]

FRAMES_PER_S = 25
SECONDS = 4 + 1.5  # the least growth, and the rest at the end
PAGE = "<!doctype html><title>film</title><video muted src=film.webm></video>"
# Whether the browser could read it, and what it is.
FACTS = """
new Promise(resolve => {
    const video = document.querySelector('video');
    const told = () => resolve(JSON.stringify({ duration_s: video.duration, width_px: video.videoWidth,
        height_px: video.videoHeight, error: video.error?.message ?? null }));
    if (video.readyState >= 1 || video.error) told();
    for (const name of ['loadedmetadata', 'error']) video.addEventListener(name, told, { once: true }); })
"""
# The share of a frame that is unlike its upper left corner, without the line of text at its lower end.
SHARE = """
(seconds => new Promise((resolve, reject) => {
    const video = document.querySelector('video');
    video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
    video.addEventListener('seeked', async () => {
        const bitmap = await createImageBitmap(video, 0, 0, 1280, 640);
        const canvas = new OffscreenCanvas(1280, 640).getContext('2d');
        canvas.drawImage(bitmap, 0, 0);
        const { data } = canvas.getImageData(0, 0, 1280, 640);
        let unlike = 0;
        for (let at = 0; at < data.length; at += 4)
            if ([0, 1, 2].some(each => Math.abs(data[at + each] - data[each]) > 40)) unlike += 1;
        resolve(unlike / (1280 * 640)); }, { once: true });
    video.currentTime = seconds; }))
"""
# Plays from the beginning to the end, faster than it was made to be seen.
PLAYED = """
new Promise((resolve, reject) => {
    const video = document.querySelector('video');
    video.addEventListener('ended', () => resolve(video.currentTime), { once: true });
    video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
    [video.currentTime, video.playbackRate] = [0, 4];
    video.play().catch(reject); })
"""


@contextlib.asynccontextmanager
async def showing(film: Path) -> AsyncIterator[str]:
    """A server with a page that holds the film; gives its address."""

    async def page(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=PAGE, content_type="text/html")

    async def video(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(film, headers={"Content-Type": "video/webm"})

    application = web.Application()
    application.add_routes([web.get("/", page), web.get("/film.webm", video)])
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def judged(browser: Firefox | Page) -> tuple[dict[str, Any], float, float, float]:
    """What a browser says of the film: its facts, how full an early and a late frame are, and where it ended."""
    ask = browser.value if isinstance(browser, Firefox) else browser.evaluate
    facts = json.loads(await ask(FACTS))
    assert facts["error"] is None
    assert facts["duration_s"] is not None  # null in JSON: without an end
    early, late = [float(await ask(f"{SHARE.strip()}({part * facts['duration_s']})")) for part in (0.02, 0.95)]
    return facts, early, late, float(await ask(PLAYED))


@pytest.mark.parametrize("has_codecs", [True, False])
async def test_a_film_of_the_page_plays_in_chromium_and_firefox(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction, tmp_path: Path, *, has_codecs: bool
) -> None:
    """Made with WebCodecs; or with the browser's recorder, as on a page without https."""
    page = desktop.page
    if not has_codecs:
        await page.add_init_script("delete globalThis.VideoEncoder;")
    await published(desktop, mosquitto, reconstruction)
    await open_views(page, "film")
    film = await download(page, "start-film", tmp_path)
    async with showing(film) as address, firefox() as other:
        shown = await page.context.new_page()
        await shown.goto(address)
        await other.open(address)
        judgements = [await judged(shown), await judged(other)]
        assert other.errors == []
    for facts, early, late, ended_s in judgements:
        assert (facts["width_px"], facts["height_px"]) == (1280, 720)
        assert facts["duration_s"] == pytest.approx(SECONDS, abs=3 / FRAMES_PER_S)
        assert ended_s == pytest.approx(facts["duration_s"], abs=2 / FRAMES_PER_S)
        assert late > 0.05
        assert late > 1.5 * early
    (_, _, in_chromium, _), (_, _, in_firefox, _) = judgements
    assert in_firefox == pytest.approx(in_chromium, rel=0.1)

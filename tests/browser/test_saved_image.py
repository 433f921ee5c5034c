"""Saved files: an image with the object in its middle, day and scale bar; a PLY that agrees with the one of `view pull`."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from broker.messages import ScaleSource
from broker.mosquitto import Mosquitto
from tests.browser.chapel import chapel
from tests.browser.conftest import Visitor
from tests.browser.reconstruction import CHAPEL, Reconstruction
from tests.browser.views import download
from viewer.export import write_ply

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]
KEEP_WORDS = """window.written = [];
const fillText = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (words, ...rest) {
    window.written.push(words);
    return fillText.call(this, words, ...rest);
};"""
COUNTED_SHARE = 0.02


def _middle(path: Path) -> tuple[float, float]:
    """Where the middle of the object is, as shares of the drawing's width and height, without what is written below."""
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    height = pixels.shape[0] - 3 * max(28, round(pixels.shape[1] / 40))
    is_object = np.abs(pixels[:height] - pixels[2, 2]).sum(axis=2) > 40
    middles = []
    for axis in (0, 1):
        sums = np.cumsum(is_object.sum(axis=axis))
        first, last = np.searchsorted(sums, [COUNTED_SHARE * sums[-1], (1 - COUNTED_SHARE) * sums[-1]])
        middles.append(float(first + last) / 2 / len(sums))
    return middles[0], middles[1]


async def test_a_saved_image_is_centred_and_says_its_scale_and_its_day(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction, tmp_path: Path
) -> None:
    await _saves(desktop, mosquitto, reconstruction, tmp_path)


async def test_a_phone_saves_it_centred_too(
    phone: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction, tmp_path: Path
) -> None:
    await _saves(phone, mosquitto, reconstruction, tmp_path)


async def _saves(visitor: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction, tmp_path: Path) -> None:
    manifest = await reconstruction.publish([chapel(30_000)], generation=1, image_count=7)
    await reconstruction.cameras(6)
    await reconstruction.ready(image_count=7)
    page = visitor.page
    await page.emulate_media(reduced_motion="reduce")
    await page.add_init_script(KEEP_WORDS)
    await visitor.join(mosquitto.connection("anna"))
    await visitor.has(points_shown=manifest.point_count)
    await page.get_by_test_id("tool-cameras").click()  # their lines are no part of the object
    await page.get_by_test_id("tool-fit").click()
    await visitor.settled_pixels()
    saved = await download(page, "tool-image", tmp_path)
    across, down = _middle(saved)
    assert abs(across - 0.5) < 0.05
    assert abs(down - 0.5) < 0.05
    today = datetime.now().astimezone().date().isoformat()
    (caption,) = await page.evaluate("written")
    assert caption.startswith("Chapel · 7 images")
    assert caption.endswith(today)
    await reconstruction.rescale(0.5, ScaleSource.BASELINE)
    await page.get_by_test_id("ruler").wait_for()
    await page.evaluate("window.written = []")
    await download(page, "tool-image", tmp_path)
    _, bar = await page.evaluate("written")
    assert bar.endswith(" m")


async def test_the_ply_of_the_page_is_that_of_view_pull_and_in_metres_once_there_is_a_scale(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction, tmp_path: Path
) -> None:
    manifest = await reconstruction.publish([chapel(30_000)], generation=1, image_count=7)
    await reconstruction.ready(image_count=7)
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(points_shown=manifest.point_count)
    sizes = []
    for metres in (None, 0.25):
        if metres is not None:
            await reconstruction.rescale(metres, ScaleSource.BASELINE)
            await desktop.page.get_by_test_id("ruler").wait_for()
        await desktop.page.get_by_test_id("tool-cloud").click()
        header, points = _read(await download(desktop.page, "export-screen", tmp_path))
        await desktop.page.get_by_test_id("export-close").click()
        await write_ply(mosquitto.connection("viewer"), CHAPEL, tmp_path / "pulled.ply")
        pulled_header, pulled = _read(tmp_path / "pulled.ply")
        assert header == pulled_header
        assert f"comment units {'unscaled' if metres is None else 'metres'}" in header
        assert np.allclose(np.sort(points, axis=0), np.sort(pulled, axis=0), atol=1e-4)
        sizes.append(np.ptp(points, axis=0))
    assert np.allclose(0.25 * sizes[0], sizes[1], atol=1e-4)
    desktop.errors = [each for each in desktop.errors if "503" not in each]  # this page server keeps no exports


def _read(path: Path) -> tuple[str, NDArray[np.float32]]:
    """A PLY's header and its points."""
    header, _, body = path.read_bytes().partition(b"end_header\n")
    rows = np.frombuffer(body, np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3)]))
    return header.decode(), rows["xyz"]

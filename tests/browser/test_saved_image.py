"""The saved image shows the object in its middle, with the day in ISO form and, once there is a scale, a scale bar."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from broker.messages import ScaleSource
from broker.mosquitto import Mosquitto
from tests.browser.chapel import chapel
from tests.browser.conftest import Visitor
from tests.browser.reconstruction import Reconstruction
from tests.browser.views import download

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

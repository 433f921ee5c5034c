"""Views for documentation: a facade image at true scale, cuts, a profile, before and after, and a film."""

import re
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.async_api import Page, expect

from broker.messages import ScaleSource
from broker.mosquitto import Mosquitto
from broker.shards import PointCloud
from tests.browser.access import violations
from tests.browser.chapel import chapel
from tests.browser.conftest import NO_WEBGL, WAIT_MS, Visitor
from tests.browser.facade_truth import METRES_PER_PX, METRES_PER_UNIT, measured_edges_px, true_facade
from tests.browser.reconstruction import Reconstruction
from tests.browser.views import download, open_views, published

pytestmark = [pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]

POINT_COUNT = 900_000  # in the storey of the windows as dense as 2,600,000 all over
TITLE = "Fassade 正面"
FIVE_ROWS = np.full(5, 0.2)  # 42 mm of an edge


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
    offsets_px = means_px - truth.edges_m / METRES_PER_PX
    assert np.abs(offsets_px - offsets_px.mean()).max() < 1
    deviations_px = [
        np.convolve(edge, FIVE_ROWS, "valid") for edge in (edges_px - means_px[:, :, None]).reshape(14, -1)
    ]
    assert np.quantile(np.abs(deviations_px), 0.95) < 1
    bays_m = (means_px[-1] - means_px[0]) * METRES_PER_PX
    assert bays_m == pytest.approx(truth.edges_m[-1] - truth.edges_m[0], rel=0.003)
    whole_m = (means_px[-1, 1] - means_px[0, 0]) * METRES_PER_PX
    assert whole_m == pytest.approx(truth.edges_m[-1, 1] - truth.edges_m[0, 0], rel=0.003)
    latin = (await download(page, "save-pdf", tmp_path)).read_bytes()
    assert latin.startswith(b"%PDF-")
    assert images_in(latin) == 1
    await page.get_by_test_id("close-views").click()
    await reconstruction.ready(image_count=10, title=TITLE)
    await expect(page).to_have_title(re.compile(TITLE))
    await open_views(page, "sheet")
    pdf = (await download(page, "save-pdf", tmp_path)).read_bytes()
    assert f"<FEFF{f'{TITLE} 1:50'.encode('utf-16-be').hex().upper()}>".encode() in unpacked(pdf)
    assert images_in(pdf) > 1  # the title, which no font of PDF writes, is one


def unpacked(pdf: bytes) -> bytes:
    """What is in the compressed streams of a PDF that hold objects; each stream says itself where it ends."""
    starts = [found.end() for found in re.finditer(rb"/ObjStm.*?stream\r?\n", pdf, re.DOTALL)]
    return b"".join(zlib.decompressobj().decompress(pdf[start:]) for start in starts)


def images_in(pdf: bytes) -> int:
    return pdf.count(b"/Subtype /Image")


async def drawn(page: Page) -> NDArray[np.uint8]:
    """The drawing as it is on screen, once it is drawn whole."""
    await page.wait_for_timeout(600)
    shot = await page.get_by_test_id("drawing").screenshot()
    return np.asarray(Image.open(BytesIO(shot)).convert("RGB"))


async def test_a_section_and_a_profile_cut_the_object(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction, tmp_path: Path
) -> None:
    page = desktop.page
    await published(desktop, mosquitto, reconstruction)
    await open_views(page, "cut")
    whole = await drawn(page)
    await page.get_by_test_id("section").check()
    assert (await drawn(page) != whole).any(axis=2).mean() > 0.02
    await page.get_by_test_id("section").uncheck()
    await page.get_by_test_id("direction-top").click()
    assert (await drawn(page) != whole).any(axis=2).mean() > 0.02
    await page.get_by_test_id("direction-front").click()
    await page.get_by_test_id("tab-profile").click()
    await page.get_by_test_id("profile-upright").click()
    await expect(page.get_by_test_id("profile-found")).to_contain_text("points on")
    lines = (await download(page, "save-csv", tmp_path)).read_text().splitlines()
    assert lines[0].startswith("along_units,toward_units,")
    along = np.array([float(line.split(",")[0]) for line in lines[1:]])
    assert len(along) > 20
    assert (np.diff(along) >= 0).all()
    assert (await download(page, "save-svg", tmp_path)).read_text().count("<circle") == len(along)


async def test_the_version_before_a_rebuild_is_left_of_the_border(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    page = desktop.page
    await published(desktop, mosquitto, reconstruction)
    await open_views(page, "versions")
    await expect(page.get_by_test_id("no-versions")).to_be_visible()
    await page.get_by_test_id("close-views").click()
    red = chapel(20_000, seed=2)
    rebuilt = PointCloud(
        points_in_world=red.points_in_world, colors_rgb=np.full_like(red.colors_rgb, (200, 0, 0), shape=(len(red), 3))
    )
    await reconstruction.publish([rebuilt], generation=2)
    await desktop.has(generation=2)
    await open_views(page, "versions")
    await page.get_by_test_id("version-1").click()
    for border, left_share, right_share in ((0.5, (0, 0.01), (0.05, 1)), (0.0, (0.05, 1), (0.05, 1))):
        await page.get_by_test_id("border").fill(str(border))
        pixels = (await drawn(page)).astype(int)
        is_red = (pixels[..., 0] > 150) & (pixels[..., 1] < 40)
        middle = is_red.shape[1] // 2
        for half, (least, most) in ((is_red[:, : middle - 4], left_share), (is_red[:, middle + 4 :], right_share)):
            assert least <= half.mean() <= most


async def test_a_film_of_the_growing_object_plays(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction, tmp_path: Path
) -> None:
    """Made with WebCodecs. `make firefox-test` makes one with the browser's recorder, too, as on a page without https."""
    page = desktop.page
    await published(desktop, mosquitto, reconstruction)
    await open_views(page, "film")
    film = await download(page, "start-film", tmp_path)
    assert film.read_bytes().startswith(b"\x1a\x45\xdf\xa3")  # EBML, as every WebM
    video = page.get_by_test_id("film")
    await expect(video).to_be_visible()
    await video.evaluate("video => video.play()")
    await page.wait_for_function(
        "video => video.currentTime > 1 && video.videoWidth === 1280", arg=await video.element_handle(), timeout=WAIT_MS
    )


@pytest.mark.parametrize("size", [(390, 844), (720, 450), (1280, 800)])
async def test_every_tool_of_the_views_can_be_reached(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction, size: tuple[int, int]
) -> None:
    page = desktop.page
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await published(desktop, mosquitto, reconstruction)
    await page.get_by_test_id("tool-views").click()
    for tab in ("cut", "sheet", "profile", "versions", "film"):
        await page.get_by_test_id(f"tab-{tab}").click()
        for button in await page.locator("cairn-documentation button:not(:disabled)").all():
            await button.click(trial=True, timeout=WAIT_MS)
        assert await violations(desktop) == []
    await page.get_by_test_id("tab-film").press("ArrowRight")
    await expect(page.get_by_test_id("tab-cut")).to_be_focused()
    await expect(page.get_by_role("tabpanel", name="Cut", exact=True)).to_be_visible()
    room = await page.get_by_test_id("drawing").bounding_box()
    assert room
    assert room["width"] * room["height"] > 0.4 * size[0] * size[1]
    await page.get_by_test_id("close-views").click()
    await expect(page.get_by_test_id("documentation")).to_have_count(0)


async def test_without_graphics_for_a_drawing_the_views_say_so(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    page = desktop.page
    await published(desktop, mosquitto, reconstruction)
    await page.evaluate(f"() => {{{NO_WEBGL}}}")
    await page.get_by_test_id("tool-views").click()
    await expect(page.get_by_test_id("views-trouble")).to_contain_text("turn on WebGL 2")
    assert await violations(desktop) == []
    await page.get_by_test_id("direction-front").wait_for(state="detached")
    await page.get_by_test_id("close-views").click()
    await expect(page.get_by_test_id("documentation")).to_have_count(0)

"""Before and after on a page that was opened late: kept versions come by HTTP, and a time line chooses among them."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.async_api import Page, expect

from broker.ids import Generation
from broker.messages import Error, Similarity
from broker.mosquitto import Mosquitto
from broker.shards import PointCloud, encode_packed, sha256
from broker.wire.history import EarlierShard, GenerationHistory, GenerationRow
from broker.wire.history_channels import GENERATIONS
from tests.browser.access import violations
from tests.browser.chapel import chapel
from tests.browser.conftest import WAIT_MS, Visitor
from tests.browser.reconstruction import CHAPEL, Reconstruction

pytestmark = [pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]

POINT_COUNT = 12_000
MADE_AT = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
RED, BLUE = (200, 0, 0), (0, 0, 200)
DOUBLED = Similarity(scale=2.0)


def tinted(color: tuple[int, int, int], *, size: float = 1.0) -> PointCloud:
    """The chapel in one colour and another size."""
    cloud = chapel(POINT_COUNT, seed=2)
    colors = np.full_like(cloud.colors_rgb, color, shape=(len(cloud), 3))
    return PointCloud(points_in_world=(size * cloud.points_in_world).astype(np.float32), colors_rgb=colors)


def row(generation: int, step: Similarity | None = None) -> GenerationRow:
    return GenerationRow(
        generation=Generation(generation),
        made_at=MADE_AT + timedelta(hours=generation),
        first_image_count=max(1, 10 * (generation - 1)),
        image_count=10 * generation - 1,
        point_count=len(tinted(RED)),
        offset=(0.0, 0.0, 0.0),
        world_from_previous=step or Similarity(),
    )


async def keep(reconstruction: Reconstruction, rows: list[GenerationRow], clouds: dict[int, PointCloud]) -> None:
    """Retain the rows of the generations, and answer those who ask for one of these clouds."""
    bodies = reconstruction.earlier = {generation: encode_packed(cloud) for generation, cloud in clouds.items()}
    kept = {
        generation: EarlierShard(
            index=0, sha256=sha256(body), size_bytes=len(body), point_count=len(clouds[generation])
        )
        for generation, body in bodies.items()
    }
    told = [
        each.model_copy(update={"shards": (kept[each.generation],)}) if each.generation in kept else each
        for each in rows
    ]
    message = GenerationHistory(project=CHAPEL, generations=tuple(told))
    space = reconstruction.connection.space
    await reconstruction.delivery.publish(GENERATIONS.outgoing(space, CHAPEL, message))


async def opened_late(visitor: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction) -> None:
    """Four versions, of which the second is half as large and the first is not kept; then somebody opens the page."""
    manifest = await reconstruction.publish([chapel(POINT_COUNT)], generation=4, image_count=35)
    await reconstruction.cameras(6)
    await reconstruction.ready(image_count=35)
    kept = {2: tinted(BLUE, size=0.5), 3: tinted(RED)}
    rough = row(1).model_copy(update={"mean_reprojection_error_px": 0.81})
    finer = {"mean_reprojection_error_px": 0.62, "metres_per_unit": 0.25, "scale_deviation_ratio": 0.012}
    rows = [rough, row(2).model_copy(update=finer), row(3, DOUBLED), row(4)]
    await keep(reconstruction, rows, kept)
    await reconstruction.remember(
        Error(project=CHAPEL, sent_at=MADE_AT + timedelta(hours=2.5), code="blurred", reason="Too blurred.")
    )
    await visitor.page.emulate_media(reduced_motion="reduce")
    await visitor.join(mosquitto.connection("anna"))
    await visitor.has(points_shown=manifest.point_count)
    await visitor.page.get_by_test_id("tool-views").click()
    await visitor.page.get_by_test_id("tab-versions").click()


async def drawn(page: Page) -> NDArray[np.int64]:
    """The drawing as it is on screen, once it is drawn whole."""
    await page.wait_for_timeout(600)
    shot = await page.get_by_test_id("drawing").screenshot()
    return np.asarray(Image.open(BytesIO(shot)).convert("RGB")).astype(np.int64)


def share(pixels: NDArray[np.int64], channel: int) -> float:
    """How much of the left half has only this colour."""
    left = pixels[:, : pixels.shape[1] // 2 - 4]
    others = np.delete(left, channel, axis=2)
    return float(((left[..., channel] > 100) & (others < 40).all(axis=2)).mean())


def height_px(pixels: NDArray[np.int64], channel: int) -> int:
    """How high the points of this colour are in the left half."""
    left = pixels[:, : pixels.shape[1] // 2 - 4]
    others = np.delete(left, channel, axis=2)
    rows = np.flatnonzero(((left[..., channel] > 100) & (others < 40).all(axis=2)).sum(axis=1) > 2)
    return int(rows[-1] - rows[0])


async def test_a_page_that_was_opened_late_compares_with_kept_versions(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    page = desktop.page
    await opened_late(desktop, mosquitto, reconstruction)
    await expect(page.get_by_test_id("version-3")).to_have_attribute("aria-pressed", "true", timeout=WAIT_MS)
    await expect(page.get_by_test_id("border")).to_be_visible(timeout=WAIT_MS)
    await expect(page.get_by_test_id("version-loading")).to_have_count(0)
    newest = await drawn(page)
    assert share(newest, 0) > 0.03
    await page.get_by_test_id("version-2").click()
    await expect(page.get_by_test_id("version-loading")).to_have_count(0, timeout=WAIT_MS)
    older = await drawn(page)
    assert share(older, 2) > 0.03
    assert share(older, 0) == 0
    # The step from the second to the third version doubled the world: both stand in the present one.
    assert height_px(older, 2) == pytest.approx(height_px(newest, 0), rel=0.05)
    asked = [(each.verb, each.generation) for each in reconstruction.requests if each.verb == "earlier"]
    assert asked == [("earlier", 3), ("earlier", 2)]


async def test_the_time_line_chooses_the_version_of_its_time_and_says_what_is_gone(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    page = desktop.page
    await opened_late(desktop, mosquitto, reconstruction)
    line = page.get_by_test_id("time-line")
    await expect(line.locator("li")).to_have_count(5, timeout=WAIT_MS)
    await expect(line.get_by_test_id("accuracy")).to_have_text(
        ["photos ±0.81 px, without a scale", "photos ±0.62 px, scale ±1.2 %", "without a scale", "without a scale"]
    )
    assert [await each.get_attribute("data-generation") for each in await line.locator("button").all()] == [*"12234"]
    await expect(line.locator("li").nth(2)).to_contain_text("A problem")
    await expect(line.locator("li").nth(3)).to_contain_text("after image 20")
    await page.get_by_test_id("mark-problem").click()
    await expect(page.get_by_test_id("version-2")).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_test_id("version-loading")).to_have_count(0, timeout=WAIT_MS)
    assert share(await drawn(page), 2) > 0.03
    await line.locator("button[data-generation='1']").click()
    await expect(page.get_by_test_id("version-gone")).to_contain_text("1st complete version are kept any more")
    await expect(page.get_by_test_id("border")).to_have_count(0)
    await line.locator("button[data-generation='4']").click()
    await expect(page.get_by_test_id("version-present")).to_be_visible()
    assert await violations(desktop) == []


async def test_a_version_that_does_not_come_says_so_and_can_be_chosen_again(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    page = desktop.page
    desktop.is_loss_expected = True
    await page.route("**/shard/*generation=*", lambda route: route.abort())
    await opened_late(desktop, mosquitto, reconstruction)
    await expect(page.get_by_test_id("version-failed")).to_contain_text("did not arrive", timeout=WAIT_MS)
    await page.unroute("**/shard/*generation=*")
    await page.get_by_test_id("version-3").click()
    await expect(page.get_by_test_id("version-failed")).to_have_count(0, timeout=WAIT_MS)
    await expect(page.get_by_test_id("border")).to_be_visible(timeout=WAIT_MS)
    assert share(await drawn(page), 0) > 0.03

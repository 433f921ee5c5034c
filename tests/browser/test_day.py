"""The day on the page: what happened, how the rigs are, and a whole photograph on a tap."""

from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import expect

from broker.contract import AGENT_HEALTH, AGENT_STATE
from broker.delivery import Delivery
from broker.ids import AgentId
from broker.messages import Error, ProcessingComplete, ProcessingStarted
from broker.mosquitto import Mosquitto
from broker.rig_messages import AgentHealth, AgentPresence, AgentState
from tests.browser.chapel import chapel
from tests.browser.conftest import WAIT_MS, Visitor
from tests.browser.reconstruction import CHAPEL, Reconstruction, image_id

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]
RIG = AgentId("rig-north")


def whole() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (1280, 960), (230, 40, 160)).save(buffer, "JPEG")
    return buffer.getvalue()


async def rig_says(mosquitto: Mosquitto) -> None:
    """A rig that took photographs, of which three are still on it, and then was lost."""
    connection = mosquitto.connection("rig-north")
    health = AgentHealth(
        project=CHAPEL,
        agent=RIG,
        captured_count=9,
        kept_count=9,
        dropped_count=0,
        sent_count=6,
        stored_count=6,
        rejected_count=0,
        spool_count=3,
        spool_bytes=9_000_000,
        disk_free_bytes=20_000_000_000,
        memory_bytes=1,
        temperature_deg=51.0,
        battery_ratio=0.62,
        reconnect_count=1,
    )
    state = AgentState(project=CHAPEL, agent=RIG, boot_id="b", presence=AgentPresence.OFFLINE)
    async with Delivery(connection, client_id="rig", session_expiry_s=0) as delivery:
        await delivery.wait_connected(30)
        for channel, message in ((AGENT_HEALTH, health), (AGENT_STATE, state)):
            await delivery.publish(channel.outgoing(connection.space, CHAPEL, message, agent=RIG))


async def test_a_late_joiner_sees_the_day_and_the_rigs(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    started = ProcessingStarted(project=CHAPEL, image_id=image_id(2), image_number=2)  # sent before its end
    complete = ProcessingComplete(
        project=CHAPEL,
        image_id=image_id(2),
        image_number=2,
        state="placed",
        is_refetch=False,
        new_point_count=500,
        duration_s=3.0,
    )
    await reconstruction.remember(
        started,
        complete,
        Error(project=CHAPEL, code="black_box_failed", reason="The black box gave up.", image_id=image_id(3)),
    )
    await rig_says(mosquitto)
    await reconstruction.publish([chapel(6_000)], generation=1)
    await reconstruction.cameras(3)
    await reconstruction.ready(image_count=3)
    await desktop.join(mosquitto.connection("viewer"))
    page = desktop.page
    await page.get_by_test_id("tab-activity").click(timeout=WAIT_MS)
    entries = page.get_by_test_id("activity").locator("li")
    await expect(entries).to_have_count(2, timeout=WAIT_MS)
    await expect(entries.nth(1)).to_contain_text("Image 2 placed in 3.0 s, 500 points added")
    today = datetime.now(UTC).date().isoformat()
    assert str(await entries.nth(1).locator("time").get_attribute("datetime")).startswith(today)
    rig = page.locator(f"[data-rig={RIG}]")
    await expect(rig.get_by_test_id("rig-status")).to_have_text("Offline", timeout=WAIT_MS)
    await expect(rig.get_by_test_id("rig-spool")).to_have_text("3 photos still on it")
    await expect(rig.get_by_test_id("rig-figures")).to_contain_text("Battery 62%")
    await expect(page.get_by_test_id("watchers")).to_have_text("viewer is watching")
    await page.get_by_test_id("only-warnings").click()
    await expect(entries).to_have_count(1)
    await page.get_by_test_id("only-warnings").click()
    await entries.nth(1).get_by_role("button").click()
    await expect(page.get_by_test_id("card")).to_contain_text("Image 2")


async def test_a_photograph_fills_the_screen_and_lies_over_the_object(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(6_000)], generation=1)
    await reconstruction.cameras(3, waiting=1)
    await reconstruction.ready(image_count=4)
    reconstruction.photographs[image_id(2)] = whole()
    await desktop.page.emulate_media(reduced_motion="reduce")
    await desktop.join(mosquitto.connection("viewer"))
    await desktop.has(points_shown=manifest.point_count)
    page = desktop.page
    await page.locator(f"[data-image={image_id(2)}]").click()
    await page.get_by_test_id("open-photo").click()
    viewer = page.get_by_test_id("photo-viewer")
    await expect(viewer).to_have_attribute("data-whole", "here", timeout=WAIT_MS)
    size = await viewer.locator("img").evaluate("each => each.decode().then(() => each.naturalWidth)")
    assert size == 1280
    frame = page.get_by_test_id("photo-frame")
    await frame.dblclick()
    await expect(frame).to_have_attribute("data-scale", "2.50")
    await page.keyboard.press("ArrowRight")  # of this one there is no whole photograph
    await expect(viewer).to_have_attribute("data-whole", "missing", timeout=WAIT_MS)
    await expect(viewer).to_contain_text("Only this small version can be shown here")
    await expect(frame).to_have_attribute("data-scale", "1.00")
    await page.keyboard.press("ArrowLeft")
    await expect(viewer).to_have_attribute("data-whole", "here")
    asked = [each for each in reconstruction.requests if each.verb == "photograph"]
    assert len(asked) == 2  # it was kept
    await page.get_by_test_id("lay-over").click()
    await expect(viewer).to_have_count(0)
    slider = page.get_by_test_id("opacity")
    await slider.fill("1")
    await page.wait_for_function("() => document.querySelector('cairn-viewer').view.laidOver === 1")
    await desktop.settled_pixels()
    pixels = np.asarray(Image.open(BytesIO(await desktop.drawing())).convert("RGB")).astype(int)
    rows, columns = np.nonzero(pixels[..., 0] > 1.5 * pixels[..., 1])
    width, height = np.ptp(columns), np.ptp(rows)
    assert columns.min() >= 336, "the card on the left leaves the photograph free"
    assert columns.max() <= 1440 - 384, "so does the panel on the right"
    assert width >= 0.95 * (1440 - 336 - 384), "the photograph fills what they leave"
    assert abs(width / height - 4 / 3) < 0.03, "it is whole"
    await page.keyboard.press("Escape")
    await expect(slider).to_have_count(0)
    desktop.errors[:] = [each for each in desktop.errors if "404" not in each]  # of the missing photograph

"""What a visitor sees: the object at once, its growth, a rebuild without a blank frame, receipts, the way back."""

import asyncio

import pytest
from playwright.async_api import Browser, FilePayload, expect

from broker.messages import ProcessingComplete, ProcessingStarted, Progress, RefetchStarting
from broker.mosquitto import Mosquitto
from tests.browser.chapel import chapel, levels
from tests.browser.conftest import DESKTOP, WAIT_MS, Visitor, photo, visiting
from tests.browser.reconstruction import CHAPEL, Reconstruction, image_id

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]
SIZES = (2_000, 4_000, 8_000, 16_000)


async def test_the_object_appears_and_the_password_leaves_the_address(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish(levels(chapel(30_000), SIZES), generation=1)
    await reconstruction.ready(image_count=10)
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(link="connected", generation=1, points_shown=manifest.point_count, notice="none")
    assert "join" not in desktop.page.url
    assert await desktop.lit_pixels() > 20_000
    await expect(desktop.page.get_by_test_id("counts")).to_contain_text("1st complete version")


async def test_an_update_arrives_while_one_watches(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    first = await reconstruction.publish([chapel(6_000)], generation=1, image_count=1)
    await reconstruction.ready(image_count=1)
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(points_shown=first.point_count)
    await reconstruction.tell(ProcessingStarted(project=CHAPEL, image_id=image_id(2), image_number=2))
    await expect(desktop.page.get_by_test_id("rail-place")).to_have_text("Image 2")
    await expect(desktop.page.get_by_test_id("chip")).to_have_attribute("data-kind", "processing")
    second = await reconstruction.publish([chapel(3_000, seed=2)], generation=1, revision=1, image_count=2)
    await desktop.has(revision=1, points_shown=second.point_count)


async def test_a_rebuild_never_shows_a_blank_frame(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    first = await reconstruction.publish([chapel(12_000)], generation=1)
    await reconstruction.ready(image_count=10)
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(points_shown=first.point_count)
    whole = await desktop.settled_pixels()
    await reconstruction.tell(
        RefetchStarting(project=CHAPEL, image_id=image_id(20), image_number=20, next_generation=2)
    )
    await reconstruction.tell(Progress(project=CHAPEL, image_id=image_id(20), stage="fusion", done_ratio=0.64))
    await expect(desktop.page.get_by_test_id("chip")).to_have_text("Rebuilding 64%")
    publishing = asyncio.create_task(
        reconstruction.publish(levels(chapel(24_000, seed=3), SIZES), generation=2, image_count=20)
    )
    least = whole
    while await desktop.number("generation") < 2:
        least = min(least, await desktop.lit_pixels())
    await publishing
    assert least > 0.9 * whole
    await desktop.has(generation=2, swap_count=1, points_shown=(await publishing).point_count)
    await reconstruction.clear(1)
    await reconstruction.tell(
        ProcessingComplete(
            project=CHAPEL,
            image_id=image_id(20),
            image_number=20,
            state="placed",
            is_refetch=True,
            new_point_count=1,
            duration_s=3.0,
        )
    )
    await expect(desktop.page.get_by_test_id("chip")).to_have_text("Live")
    assert await desktop.lit_pixels() > 0.9 * whole


async def test_a_large_photo_goes_in_pieces_and_arrives_whole(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    large = photo()
    large["buffer"] += bytes(700_000)
    await reconstruction.ready()
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(link="connected", notice="empty")
    await desktop.page.get_by_test_id("upload-input").set_input_files(large)
    await expect(desktop.page.get_by_test_id("uploads")).to_contain_text("Stored as image 1", timeout=WAIT_MS)
    assert reconstruction.images == [large["buffer"]]
    assert len(reconstruction.pieces) > 1


async def test_a_photo_gets_its_receipt(desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction) -> None:
    await reconstruction.ready()
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(link="connected", notice="empty")
    await desktop.page.get_by_test_id("upload-input").set_input_files(photo())
    line = desktop.page.get_by_test_id("uploads").locator("li")
    await expect(line).to_have_attribute("data-state", "stored", timeout=WAIT_MS)
    await expect(line).to_contain_text("Stored as image 1")
    assert reconstruction.images == [photo()["buffer"]]


async def test_a_file_that_is_no_photo_is_refused_in_words(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await reconstruction.ready()
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(link="connected")
    await desktop.page.get_by_test_id("upload-input").set_input_files(
        FilePayload(name="notes.jpg", mimeType="image/jpeg", buffer=b"no photo")
    )
    line = desktop.page.get_by_test_id("uploads").locator("li")
    await expect(line).to_have_attribute("data-state", "failed")
    await expect(line).to_contain_text("no JPEG, PNG, WebP or TIFF")
    assert reconstruction.images == []


async def test_the_page_comes_back_after_the_broker_was_killed(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    first = await reconstruction.publish([chapel(8_000)], generation=1)
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(points_shown=first.point_count)
    whole = await desktop.settled_pixels()
    desktop.is_loss_expected = True
    connections = reconstruction.delivery.connect_count
    mosquitto.kill()
    await desktop.has(link="lost")
    assert await desktop.lit_pixels() > 0.9 * whole
    mosquitto.start()
    await reconstruction.delivery.next_connection(connections, 30)
    await reconstruction.republish()
    await desktop.has(link="connected")
    second = await reconstruction.publish([chapel(4_000, seed=5)], generation=1, revision=1, image_count=11)
    await desktop.has(points_shown=second.point_count)


async def test_a_shard_that_the_broker_lost_is_asked_for(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    reconstruction.withheld = {1}
    manifest = await reconstruction.publish(levels(chapel(9_000), (3_000, 3_000, 3_000)), generation=1)
    await reconstruction.ready(image_count=10)
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(shards_shown=2)
    await desktop.has(shards_shown=3, points_shown=manifest.point_count)
    assert [request.shards for request in reconstruction.requests if request.verb == "resync"] == [(1,)]


async def test_a_wrong_password_is_said_and_the_right_one_lets_in(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await reconstruction.ready()
    page = desktop.page
    await page.goto(desktop.address)
    await desktop.has(notice="login")
    await page.get_by_label("Project").fill("chapel")
    await page.get_by_label("Name").fill("anna")
    await page.get_by_label("Password").fill("guess")
    await page.get_by_role("button", name="Open").click()
    await expect(page.get_by_role("alert")).to_contain_text("is wrong", timeout=WAIT_MS)
    await expect(page.locator(".middle")).to_have_css("animation-name", "none")  # the form does not fade in again
    await page.get_by_label("Project").fill("chapel")
    await page.get_by_label("Name").fill("anna")
    await page.get_by_label("Password").fill(mosquitto.connection("anna").secret() or "")
    await page.get_by_role("button", name="Open").click()
    await desktop.has(link="connected", notice="empty")


async def test_after_some_wrong_passwords_the_page_says_that_one_has_to_wait(
    desktop: Visitor, reconstruction: Reconstruction
) -> None:
    await reconstruction.ready()
    page, words = desktop.page, ""
    await page.goto(desktop.address)
    for _ in range(8):
        await page.get_by_label("Project").fill("chapel")
        await page.get_by_label("Name").fill("nobody")
        await page.get_by_label("Password").fill("guess")
        await page.get_by_role("button", name="Open").click()
        await expect(page.get_by_role("alert")).to_be_visible(timeout=WAIT_MS)
        words = await page.get_by_role("alert").inner_text()
        if "is wrong" not in words:
            break
    assert "Wait a minute" in words


async def test_a_project_that_nobody_knows_is_named(desktop: Visitor, mosquitto: Mosquitto) -> None:
    await desktop.join(mosquitto.connection("anna"), project="atlantis")
    await desktop.has(notice="no_project")
    await expect(desktop.page.get_by_test_id("notice")).to_contain_text("atlantis")


async def test_a_ping_comes_back_with_its_time(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await reconstruction.ready()
    await desktop.join(mosquitto.connection("anna"))
    await desktop.page.get_by_test_id("tab-figures").click()
    await desktop.page.get_by_test_id("ping").click()
    await expect(desktop.page.get_by_test_id("round-trip")).to_contain_text("ms")
    assert "ping" in [request.verb for request in reconstruction.requests]


async def test_an_operator_pauses_and_goes_on_and_a_viewer_has_no_buttons_for_that(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish([chapel(2_000)], generation=1)
    await reconstruction.ready(image_count=10)
    async with visiting(browser, address, DESKTOP) as ops, visiting(browser, address, DESKTOP) as viewer:
        await ops.join(mosquitto.connection("ops"))
        await viewer.join(mosquitto.connection("viewer"))
        for visitor in (ops, viewer):
            await visitor.has(points_shown=manifest.point_count)
            await visitor.page.get_by_test_id("tab-figures").click()
        await ops.page.get_by_test_id("pause").click()
        await expect(ops.page.get_by_test_id("resume")).to_have_count(0)
        await reconstruction.ready(presence="paused")
        await ops.page.get_by_test_id("resume").click(timeout=WAIT_MS)
        await ops.page.get_by_test_id("refetch").click()
        async with asyncio.timeout(WAIT_MS / 1000):
            while (asked := [each.verb for each in reconstruction.requests if each.verb != "ping"])[-1:] != ["refetch"]:
                await asyncio.sleep(0.05)
        assert asked == ["pause", "resume", "refetch"]
        for verb in ("pause", "resume", "refetch"):
            await expect(viewer.page.get_by_test_id(verb)).to_have_count(0)


async def test_a_phone_shows_the_object_and_opens_its_sheet_by_touch(
    phone: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    manifest = await reconstruction.publish(levels(chapel(30_000), SIZES), generation=1)
    await reconstruction.cameras(8)
    await reconstruction.ready(image_count=10)
    await phone.join(mosquitto.connection("anna"))
    await phone.has(points_shown=manifest.point_count)
    assert await phone.lit_pixels() > 10_000
    sheet = phone.page.get_by_test_id("sheet")
    await expect(sheet).to_have_class("sheet closed")
    await phone.page.get_by_test_id("handle").tap()
    await expect(sheet).to_have_class("sheet open")
    await phone.page.get_by_test_id("tab-activity").tap()
    await expect(phone.page.get_by_test_id("activity")).to_be_visible()

"""Every state that the page can be in has its own words and its own action, and is open to everybody."""

import pytest
from playwright.async_api import Browser, FilePayload, Locator, expect

from broker.messages import ProcessingComplete, ProcessingStarted, Progress, RefetchStarting
from broker.mosquitto import Mosquitto
from tests.browser.access import violations
from tests.browser.chapel import chapel
from tests.browser.conftest import DESKTOP, PHONE, WAIT_MS, Visitor, photo, serving, visiting
from tests.browser.reach import covered
from tests.browser.reconstruction import CHAPEL, Reconstruction, image_id
from viewer.config import Settings

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]
BOTH = pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
NO_WEBGL = """
const original = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind.startsWith('webgl') ? null : original.call(this, kind, ...rest);
};"""


def found(visitor: Visitor, name: str) -> Locator:
    """A part of the page by its test id."""
    return visitor.page.get_by_test_id(name)


async def says(visitor: Visitor, part: str, words: str) -> None:
    """Wait for these words; what axe-core finds in this state is nothing."""
    await expect(found(visitor, part)).to_contain_text(words, timeout=WAIT_MS)
    assert await violations(visitor) == [], (part, words)


@BOTH
async def test_before_there_is_an_object_the_page_says_why_and_what_to_do(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction, device: dict[str, object]
) -> None:
    async with visiting(browser, address, device) as visitor:
        page = visitor.page
        await page.emulate_media(reduced_motion="reduce")
        await page.goto(address)
        await visitor.has(notice="login")
        assert await violations(visitor) == []
        await page.goto("about:blank")
        await visitor.join(mosquitto.connection("anna"), project="atlantis")
        await says(visitor, "notice", "Unknown project “atlantis”")
        await reconstruction.ready()
        await found(visitor, "notice-action").click()
        await expect(found(visitor, "projects")).to_contain_text("Chapel", timeout=WAIT_MS)
        assert await violations(visitor) == []
        await page.locator("[data-project=chapel]").click()
        await says(visitor, "notice", "Waiting for the first photo")
        await found(visitor, "notice-action").click()
        await visitor.has(panel="open")
        await reconstruction.ready(image_count=1)
        await says(visitor, "notice", "Placing the first photos")
        reconstruction.withheld = {0}
        await reconstruction.publish([chapel(3_000)], generation=1)
        await says(visitor, "notice", "Loading")
        reconstruction.withheld = set()
        await reconstruction.republish()
        await visitor.has(notice="none")


@BOTH
async def test_around_an_object_the_page_says_what_goes_on_and_what_to_do(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction, device: dict[str, object]
) -> None:
    await reconstruction.publish([chapel(3_000)], generation=1, image_count=19)
    await reconstruction.cameras(6, waiting=1)
    await reconstruction.ready(image_count=19)
    twentieth = {"project": CHAPEL, "image_id": image_id(20), "image_number": 20}
    async with visiting(browser, address, device) as visitor:
        await visitor.page.emulate_media(reduced_motion="reduce")
        await visitor.join(mosquitto.connection("anna"))
        await says(visitor, "chip", "Live")
        await expect(found(visitor, "banner")).to_have_count(0)
        await reconstruction.tell(ProcessingStarted(**twentieth))
        await says(visitor, "chip", "Placing image 20")
        await reconstruction.tell(RefetchStarting(**twentieth, next_generation=2))
        await reconstruction.tell(Progress(project=CHAPEL, image_id=image_id(20), stage="fusion", done_ratio=0.5))
        await says(visitor, "chip", "Rebuilding 50%")
        await says(visitor, "banner", "Rebuilding from 20 photos. You keep seeing the 1st complete version.")
        await found(visitor, "banner-action").click()
        await expect(found(visitor, "activity")).to_be_visible()
        end = {"state": "placed", "is_refetch": True, "new_point_count": 1, "duration_s": 3.0}
        await reconstruction.tell(ProcessingComplete.model_validate({**twentieth, **end}))
        await expect(found(visitor, "banner")).to_have_count(0)
        reconstruction.is_giving_receipts = False
        await found(visitor, "tab-photos").click()
        await found(visitor, "upload-input").set_input_files(photo())
        if device is PHONE:
            await found(visitor, "handle").tap()  # an open sheet hides the line above the object
        await says(visitor, "banner", "Sending photo 1 of 1")
        for presence, words in (
            ("paused", "New photos are stored and wait"),
            ("disk_full", "disk is full"),
            ("offline", "reconstructor is offline"),
        ):
            await reconstruction.ready(image_count=20, presence=presence)
            await says(visitor, "banner", words)
        await found(visitor, "banner-action").click()
        await expect(found(visitor, "toast")).to_contain_text("Asked the reconstructor")


@BOTH
async def test_a_rebuild_that_removed_points_says_how_many_and_what_to_do(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction, device: dict[str, object]
) -> None:
    await reconstruction.publish([chapel(9_000)], generation=1, image_count=19)
    await reconstruction.ready(image_count=19)
    async with visiting(browser, address, device) as visitor:
        await visitor.page.emulate_media(reduced_motion="reduce")
        await visitor.page.clock.install()
        await visitor.join(mosquitto.connection("anna"))
        await says(visitor, "chip", "Live")
        before = await reconstruction.publish([chapel(9_000)], generation=2, image_count=20)
        await visitor.has(generation=2)
        await expect(found(visitor, "banner")).to_have_count(0)  # nothing was lost
        after = await reconstruction.publish([chapel(7_500)], generation=3, image_count=30)
        words = f"The rebuild removed {before.point_count - after.point_count:,} points"
        await says(visitor, "banner", words)
        await expect(found(visitor, "banner")).to_contain_text("take more photos")
        assert await covered(visitor) == []
        await found(visitor, "banner-action").click()
        await expect(found(visitor, "activity")).to_contain_text(words)
        await visitor.page.clock.fast_forward(30_000)
        await expect(found(visitor, "banner")).to_have_count(0, timeout=WAIT_MS)
        await expect(found(visitor, "activity")).to_contain_text(words)


@BOTH
async def test_who_may_only_look_is_offered_no_photographs_and_told_why(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction, device: dict[str, object]
) -> None:
    await reconstruction.ready()
    async with (
        visiting(browser, address, device) as anna,
        visiting(browser, address, device) as guest,
        visiting(browser, address, device) as ops,
    ):
        for visitor, user in ((anna, "anna"), (guest, "viewer"), (ops, "ops")):
            await visitor.page.emulate_media(reduced_motion="reduce")
            await visitor.join(mosquitto.connection(user))
            await says(visitor, "notice", "Waiting for the first photo")
        await expect(found(anna, "notice-action")).to_have_text("Add the first photo")
        for visitor in (guest, ops):
            await expect(found(visitor, "notice-action")).to_have_count(0, timeout=WAIT_MS)
        await reconstruction.publish([chapel(3_000)], generation=1, image_count=7)
        await reconstruction.ready(image_count=7)
        for visitor in (anna, guest, ops):
            await says(visitor, "chip", "Live")
            await visitor.page.evaluate("document.querySelector('cairn-viewer').change({isPanelOpen: true})")
            is_anna = visitor is anna
            await expect(found(visitor, "upload-input")).to_have_count(1 if is_anna else 0)
            await expect(found(visitor, "look-only")).to_have_count(0 if is_anna else 1)
            await expect(visitor.page.locator(".snap")).to_have_count(1 if is_anna else 0)
        await says(guest, "look-only", "but not add photos")
        assert reconstruction.images == []  # asking the broker sent none


async def test_the_page_shows_the_title_that_people_gave_and_why_a_budget_lets_photographs_wait(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await reconstruction.publish([chapel(3_000)], generation=1, image_count=7)
    await reconstruction.ready(image_count=7)
    await desktop.join(mosquitto.connection("anna"))
    heading = desktop.page.locator("h1").first
    await expect(heading).to_have_text("Chapel")
    await reconstruction.ready(image_count=7, title="Kapelle St. Märgen <b>聖堂</b>")
    await expect(heading).to_have_text("Kapelle St. Märgen <b>聖堂</b>")
    await reconstruction.ready(image_count=7, presence="disk_full", code="disk_budget")
    await says(desktop, "banner", "The room that this project may use on the disk is full")
    await expect(heading).to_have_text("Chapel")


async def test_the_page_says_once_that_the_servers_room_is_full(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await reconstruction.publish([chapel(3_000)], generation=1, image_count=7)
    await reconstruction.ready(image_count=7)
    await desktop.join(mosquitto.connection("anna"))
    await says(desktop, "chip", "Live")
    await reconstruction.leave_out(250_000)
    await says(desktop, "banner", "The finest 250K points are not shown here. Exports contain them.")
    await desktop.page.get_by_label("Dismiss").click()
    await reconstruction.leave_out(260_000)
    await says(desktop, "chip", "Live")
    await expect(found(desktop, "banner")).to_have_count(0)


async def test_every_theme_and_panel_is_open_to_everybody(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await reconstruction.publish([chapel(3_000)], generation=1, image_count=7)
    await reconstruction.cameras(6, waiting=1)
    await reconstruction.ready(image_count=7)
    page = desktop.page
    await page.emulate_media(reduced_motion="reduce")
    await desktop.join(mosquitto.connection("anna"))
    await desktop.has(notice="none")
    await found(desktop, "upload-input").set_input_files(
        FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"no photo")
    )
    await page.locator(f"[data-image={image_id(7)}]").click()
    for theme in ("dark", "light", "sunlight"):
        await page.evaluate("theme => { document.querySelector('cairn-viewer').theme = theme }", theme)
        for tab in ("photos", "activity", "figures"):
            await found(desktop, f"tab-{tab}").click()
            assert await violations(desktop) == [], (theme, tab)
    await page.keyboard.press("m")
    await expect(found(desktop, "measurement")).to_be_visible()
    assert await violations(desktop) == []
    await found(desktop, "switch").click()
    await expect(found(desktop, "projects")).to_be_visible(timeout=WAIT_MS)
    assert await violations(desktop) == []
    await page.keyboard.press("Escape")
    await expect(found(desktop, "projects")).to_have_count(0)


@BOTH
async def test_a_wrong_password_is_said_and_the_login_stays(
    browser: Browser, address: str, reconstruction: Reconstruction, device: dict[str, object]
) -> None:
    await reconstruction.ready()
    async with visiting(browser, address, device) as visitor:
        page = visitor.page
        await page.emulate_media(reduced_motion="reduce")
        await page.goto(address)
        await page.get_by_label("Project").fill("chapel")
        await page.get_by_label("Name").fill("anna")
        await page.get_by_label("Password").fill("guess")
        await page.get_by_role("button", name="Open").click()
        await expect(page.get_by_role("alert")).to_contain_text("is wrong", timeout=WAIT_MS)
        await expect(page.get_by_label("Project")).to_have_value("chapel")
        await expect(page.get_by_label("Name")).to_have_value("anna")
        await expect(page.get_by_label("Password")).to_be_focused()
        assert await violations(visitor) == []


async def test_shards_that_never_come_are_counted_and_asked_for_again(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    reconstruction.withheld, reconstruction.is_republishing = {1}, False
    manifest = await reconstruction.publish([chapel(3_000), chapel(2_000, seed=2)], generation=1)
    await reconstruction.ready(image_count=10)
    async with visiting(browser, address, DESKTOP) as desktop, visiting(browser, address, PHONE) as phone:
        for visitor in (desktop, phone):
            await visitor.page.emulate_media(reduced_motion="reduce")
            await visitor.join(mosquitto.connection("anna"))
        for visitor in (desktop, phone):
            await says(visitor, "banner", "1 part of the object did not arrive")
        reconstruction.is_republishing = True
        for visitor in (desktop, phone):
            await found(visitor, "banner-action").click()
        for visitor in (desktop, phone):
            await visitor.has(shards_shown=2, points_shown=manifest.point_count)
            await expect(found(visitor, "banner")).to_have_count(0)


@BOTH
async def test_without_webgl_one_can_still_add_photos(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction, device: dict[str, object]
) -> None:
    await reconstruction.ready()
    async with visiting(browser, address, device) as visitor:
        await visitor.page.add_init_script(NO_WEBGL)
        await visitor.join(mosquitto.connection("anna"))
        await visitor.has(notice="no_webgl")
        await says(visitor, "notice", "cannot draw in 3-D")
        await found(visitor, "notice-action").click()
        await found(visitor, "upload-input").set_input_files(photo())
        await expect(found(visitor, "uploads")).to_contain_text("Stored as image 1", timeout=WAIT_MS)


async def test_a_server_that_cannot_be_reached_is_said_and_tried_again_at_once(
    browser: Browser, settings: Settings, mosquitto: Mosquitto
) -> None:
    unreachable = settings.model_copy(update={"mqtt_url": "ws://127.0.0.1:9/"})
    async with serving(unreachable) as address, visiting(browser, address, PHONE) as visitor:
        visitor.is_loss_expected = True
        await visitor.join(mosquitto.connection("anna"))
        await visitor.has(notice="unreachable")
        await says(visitor, "notice", "Cannot reach the server")
        async with visitor.page.expect_websocket(timeout=WAIT_MS):
            await found(visitor, "notice-action").click()


async def test_a_login_without_a_project_leads_to_the_list_and_the_list_to_the_project(
    desktop: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await reconstruction.publish([chapel(3_000)], generation=1, image_count=7)
    await reconstruction.ready(image_count=7)
    page = desktop.page
    await page.goto(desktop.address)
    await page.get_by_label("Name").fill("anna")
    await page.get_by_label("Password").fill(mosquitto.connection("anna").secret() or "")
    await page.get_by_role("button", name="Open").click()
    entry = page.locator("[data-project=chapel]")
    await expect(entry).to_contain_text("7 images", timeout=WAIT_MS)
    await expect(entry).to_contain_text("Ready")
    await entry.click()
    await desktop.has(link="connected", generation=1, notice="none")

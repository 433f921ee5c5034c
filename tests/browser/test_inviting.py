"""An operator invites on the page; the guest comes in by the link, stays after a reload, and the link works once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from broker.accounts.invitation_secret import Secret
from broker.accounts.invitations import Invitation, Invitations
from broker.accounts.keeper import SOCKET_NAME, Keeper
from broker.accounts.users import UserBook
from broker.channel import Role
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from tests.browser.access import violations
from tests.browser.conftest import PHONE, WAIT_MS, Visitor, photo, visiting
from tests.browser.reconstruction import Reconstruction
from tests.conftest import credentials
from viewer.config import Settings

SMALL = {"viewport": {"width": 900, "height": 700}}
NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', {value: undefined});"  # as over plain http
pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker with its keeper of accounts."""
    plan = BrokerPlan(data_dir=tmp_path / "broker", port=free_port(), websocket_port=free_port())
    people, book = credentials(), UserBook(plan.data_dir)
    with Mosquitto(plan, people) as broker:
        for each in people:
            book.add_account(each.account)
        with Keeper(data_dir=plan.data_dir, root="cairn/v1", port=plan.port).listening():
            yield broker


@pytest.fixture
def settings(mosquitto: Mosquitto) -> Settings:
    """A page server that knows the keeper."""
    socket = mosquitto.plan.data_dir / SOCKET_NAME
    return Settings(broker=mosquitto.connection("viewer"), port=0, keeper_socket=socket)


@pytest_asyncio.fixture(loop_scope="module")
async def changing(mosquitto: Mosquitto) -> AsyncIterator[None]:
    """Accounts act at once, as with `cairn broker start`."""
    book = UserBook(mosquitto.plan.data_dir)

    async def watch() -> None:
        stamp = book.stamp()
        while True:
            await asyncio.sleep(0.1)
            if stamp != book.stamp():
                stamp = book.stamp()
                mosquitto.reload(book.accounts())

    watching = asyncio.create_task(watch())
    yield
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching


async def invite(operator: Visitor, name: str, role: str) -> str:
    """Fill the form of the open dialog; gives the link."""
    page = operator.page
    await page.get_by_label(role).check()
    await page.get_by_test_id("invite-form").get_by_label("Name").fill(name)
    await page.get_by_test_id("make-link").click()
    return await page.get_by_test_id("link").input_value(timeout=WAIT_MS)


@pytest.mark.usefixtures("changing")
async def test_a_guest_comes_in_by_an_operators_link_and_stays(
    browser: Browser, address: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await reconstruction.ready()
    async with visiting(browser, address, SMALL) as operator, visiting(browser, address, PHONE) as guest:
        await operator.page.emulate_media(reduced_motion="reduce")
        await operator.page.add_init_script(NO_CLIPBOARD)
        await operator.join(mosquitto.connection("ops"))
        await operator.page.get_by_role("button", name="Invite others").first.click()
        link = await invite(operator, "berta", "Contributor")
        await expect(operator.page.get_by_test_id("loopback")).to_be_visible()
        assert await violations(operator) == []
        await operator.page.get_by_test_id("copy").click()
        await expect(operator.page.get_by_test_id("copy")).to_have_text("Copied")

        await guest.page.goto(link)
        await guest.has(link="connected", notice="empty")
        assert "invite" not in guest.page.url
        await expect(guest.page.get_by_test_id("upload-input")).to_be_attached()
        await guest.page.reload()
        await guest.has(link="connected", notice="empty")
        await guest.page.get_by_test_id("tool-invite").click()
        assert (await guest.page.get_by_test_id("link").input_value()).startswith(f"{address}#project=chapel")
        await expect(guest.page.get_by_test_id("invite-form")).to_have_count(0)

        guest.is_loss_expected = True  # the refusal is a failed request, too
        await guest.page.goto(link)
        await expect(guest.page.get_by_role("alert")).to_contain_text("This invitation is used up", timeout=WAIT_MS)

        await operator.page.get_by_role("button", name="Invite somebody else").click()
        field = operator.page.get_by_test_id("invite-form").get_by_label("Name")
        await field.press("Control+v")
        assert link.startswith(await field.input_value())
        assert "#invite=" in await field.input_value()
        link = await invite(operator, "carla", "Viewer")
        await operator.page.get_by_role("button", name="Invite somebody else").click()
        await expect(operator.page.get_by_test_id("open-invitations")).to_contain_text("carla")
        await operator.page.reload()
        await operator.has(link="connected")
        await operator.page.get_by_role("button", name="Invite others").first.click()
        await expect(operator.page.get_by_test_id("open-invitations")).to_contain_text("carla", timeout=WAIT_MS)
        await expect(operator.page.locator("cairn-invitations").get_by_role("alert")).to_have_count(0)
        await operator.page.get_by_role("button", name="Take back the invitation").click()
        await expect(operator.page.get_by_test_id("open-invitations")).to_have_count(0)
        await guest.page.goto("about:blank")
        await guest.page.goto(link)
        await expect(guest.page.get_by_role("alert")).to_contain_text("it was revoked", timeout=WAIT_MS)


def put_invitation(mosquitto: Mosquitto, role: Role, *, name: str | None, uses: int) -> Secret:
    """An invitation that an operator's page made an hour before its end."""
    secret = Secret.fresh()
    Invitations(mosquitto.plan.data_dir).put(
        Invitation(
            invitation_id=secret.invitation_id,
            key=secret.key.text,
            name=name,
            role=role,
            project="chapel",
            expires_at=datetime.now(UTC) + timedelta(hours=1),
            uses=uses,
            made_by="ops",
        )
    )
    return secret


def names_of(mosquitto: Mosquitto) -> set[str]:
    return {str(user.name) for user in UserBook(mosquitto.plan.data_dir).users()}


@pytest.mark.usefixtures("changing")
async def test_a_guest_chooses_a_name_that_nobody_has(
    phone: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    await reconstruction.ready()
    secret = put_invitation(mosquitto, Role.VIEWER, name=None, uses=2)
    phone.is_loss_expected = True  # the refusal is a failed request, too
    page = phone.page
    await page.emulate_media(reduced_motion="reduce")
    await page.goto(f"{phone.address}#invite={secret.text}&name=ask")
    await expect(page.get_by_test_id("welcome")).to_be_visible()
    assert await violations(phone) == []
    await page.get_by_label("Your name").fill("anna")
    await page.get_by_role("button", name="Come in").click()
    await expect(page.get_by_role("alert")).to_contain_text("is taken", timeout=WAIT_MS)
    await page.get_by_label("Your name").fill("berta")
    await page.get_by_role("button", name="Come in").click()
    await phone.has(link="connected", notice="empty")
    assert "invite" not in page.url
    assert "berta" in names_of(mosquitto)
    await page.get_by_test_id("switch").click()
    await expect(page.get_by_test_id("account-ends")).to_contain_text("ends when you log out")
    await page.get_by_test_id("logout").click()
    await expect(page.get_by_test_id("login")).to_be_visible(timeout=WAIT_MS)
    async with asyncio.timeout(WAIT_MS / 1000):
        while "berta" in names_of(mosquitto):
            await asyncio.sleep(0.1)


@pytest.mark.usefixtures("changing")
async def test_a_guest_whose_photo_is_not_safe_yet_is_asked_before_the_account_ends(
    phone: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    reconstruction.is_giving_receipts = False
    await reconstruction.ready()
    secret = put_invitation(mosquitto, Role.CONTRIBUTOR, name="dora", uses=1)
    page = phone.page
    await page.goto(f"{phone.address}#invite={secret.text}")
    await phone.has(link="connected", notice="empty")
    await page.get_by_test_id("upload-input").set_input_files(photo())
    async with asyncio.timeout(WAIT_MS / 1000):
        while not reconstruction.images:
            await asyncio.sleep(0.05)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    await page.get_by_test_id("switch").click()
    await page.get_by_test_id("logout").click()
    await expect(page.get_by_test_id("unsent")).to_contain_text("1 photo still waits")
    assert f"DELETE {phone.address}account" not in asked
    await page.get_by_test_id("logout-stay").click()
    await expect(page.get_by_test_id("unsent")).to_be_hidden()
    await page.get_by_test_id("logout").click()
    await page.get_by_test_id("logout-lose").click()
    await expect(page.get_by_test_id("login")).to_be_visible(timeout=WAIT_MS)
    async with asyncio.timeout(WAIT_MS / 1000):
        while "dora" in names_of(mosquitto):
            await asyncio.sleep(0.1)


@pytest.mark.usefixtures("changing")
async def test_a_second_invitation_does_not_replace_a_guest_whose_photo_is_not_safe_yet(
    phone: Visitor, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    reconstruction.is_giving_receipts = False
    await reconstruction.ready()
    first = put_invitation(mosquitto, Role.CONTRIBUTOR, name="dora", uses=1)
    second = put_invitation(mosquitto, Role.CONTRIBUTOR, name="emil", uses=1)
    page = phone.page
    await page.goto(f"{phone.address}#invite={first.text}")
    await phone.has(link="connected", notice="empty")
    await page.get_by_test_id("upload-input").set_input_files(photo())
    async with asyncio.timeout(WAIT_MS / 1000):
        while not reconstruction.images:
            await asyncio.sleep(0.05)
    await page.goto(f"{phone.address}#invite={second.text}")
    await expect(page.get_by_test_id("unsent")).to_contain_text("1 photo still waits", timeout=WAIT_MS)
    assert names_of(mosquitto) >= {"dora"}
    assert "emil" not in names_of(mosquitto)
    await page.get_by_test_id("logout-lose").click()
    await phone.has(link="connected", notice="empty")
    await page.get_by_test_id("switch").click()
    await expect(page.get_by_test_id("account")).to_contain_text("Logged in as emil")
    async with asyncio.timeout(WAIT_MS / 1000):
        while "dora" in names_of(mosquitto):
            await asyncio.sleep(0.1)

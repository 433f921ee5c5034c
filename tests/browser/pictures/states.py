"""Which states does the page have, and how does it come into each? One function for each state."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import Locator, expect

from broker.messages import ProcessingComplete, ProcessingStarted, Progress, RefetchStarting
from tests.browser.chapel import chapel
from tests.browser.conftest import WAIT_MS, Visitor, photo
from tests.browser.pictures import objects
from tests.browser.pictures.world import World
from tests.browser.reconstruction import CHAPEL, image_id

NO_WEBGL: Final = """
const original = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind.startsWith('webgl') ? null : original.call(this, kind, ...rest);
};"""
TWENTIETH: Final[dict[str, Any]] = {"project": CHAPEL, "image_id": image_id(20), "image_number": 20}
Show = Callable[[World, Visitor], Awaitable[None]]
Arrange = Callable[[World], Awaitable[None]]


def found(visitor: Visitor, name: str) -> Locator:
    """A part of the page by its test id."""
    return visitor.page.get_by_test_id(name)


async def live(world: World, visitor: Visitor, user: str = "anna") -> None:
    """The object, whole."""
    await world.join(visitor, user)
    await visitor.has(notice="none", points_shown=world.reconstruction.manifest.point_count)  # type: ignore[union-attr]


async def _toggled_panel(world: World, visitor: Visitor) -> None:
    await live(world, visitor)
    before = await visitor.page.locator("cairn-viewer").get_attribute("panel")
    await visitor.page.keyboard.press("p")
    await visitor.has(panel="closed" if before == "open" else "open")


async def _tab(world: World, visitor: Visitor, name: str) -> None:
    await live(world, visitor)
    await world.reconstruction.tell(ProcessingStarted(**TWENTIETH))
    await expect(found(visitor, "chip")).to_contain_text("20", timeout=WAIT_MS)
    if await visitor.page.locator("cairn-viewer").get_attribute("panel") != "open":
        await visitor.page.keyboard.press("p")
    await found(visitor, f"tab-{name}").click()


async def _activity(world: World, visitor: Visitor) -> None:
    await _tab(world, visitor, "activity")


async def _figures(world: World, visitor: Visitor) -> None:
    await _tab(world, visitor, "figures")


async def _login(world: World, visitor: Visitor) -> None:
    await visitor.page.goto(world.address)
    await visitor.has(notice="login")


async def _refused(world: World, visitor: Visitor) -> None:
    visitor.is_loss_expected = True  # the refusal is a failed request
    await _login(world, visitor)
    inputs = visitor.page.locator("cairn-login input")
    for at, words in enumerate(("chapel", "anna", "guess")):
        await inputs.nth(at).fill(words)
    await inputs.nth(2).press("Enter")
    await expect(visitor.page.get_by_role("alert")).to_be_visible(timeout=WAIT_MS)


async def _used_invitation(world: World, visitor: Visitor) -> None:
    visitor.is_loss_expected = True  # the refusal is a failed request
    await visitor.page.goto(f"{world.address}#invite=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
    await expect(visitor.page.get_by_role("alert")).to_be_visible(timeout=WAIT_MS)


async def _no_project(world: World, visitor: Visitor) -> None:
    await world.join(visitor, project="atlantis")
    await visitor.has(notice="no_project")


async def _projects(world: World, visitor: Visitor) -> None:
    await _no_project(world, visitor)
    await found(visitor, "notice-action").click()
    await expect(found(visitor, "projects")).to_be_visible(timeout=WAIT_MS)


async def _projects_dialog(world: World, visitor: Visitor) -> None:
    await live(world, visitor)
    await found(visitor, "switch").click()
    await expect(found(visitor, "projects")).to_be_visible(timeout=WAIT_MS)


async def _noticed(world: World, visitor: Visitor) -> None:
    await world.join(visitor)
    await expect(found(visitor, "notice")).to_be_visible(timeout=WAIT_MS)


async def _empty(world: World, visitor: Visitor) -> None:
    await world.join(visitor, "ops")
    await visitor.has(notice="empty")


async def _first_image(world: World, visitor: Visitor) -> None:
    await world.join(visitor)
    await visitor.has(notice="first_image")


async def _loading(world: World, visitor: Visitor) -> None:
    await world.join(visitor)
    await visitor.has(notice="loading")
    await expect(found(visitor, "chip")).to_contain_text("0", timeout=WAIT_MS)


async def _processing(world: World, visitor: Visitor) -> None:
    await live(world, visitor)
    await world.reconstruction.tell(ProcessingStarted(**TWENTIETH))
    await expect(found(visitor, "chip")).to_have_attribute("data-kind", "processing", timeout=WAIT_MS)


async def _rebuilding(world: World, visitor: Visitor) -> None:
    await live(world, visitor)
    await world.reconstruction.tell(RefetchStarting(**TWENTIETH, next_generation=2))
    await world.reconstruction.tell(Progress(project=CHAPEL, image_id=image_id(20), stage="fusion", done_ratio=0.5))
    await expect(found(visitor, "chip")).to_contain_text("50", timeout=WAIT_MS)


async def _rebuilt(world: World, visitor: Visitor) -> None:
    """A rebuild that removed a third of the points."""
    reconstruction = world.reconstruction
    await objects.whole_object(world)
    await live(world, visitor)
    manifest = await reconstruction.publish([chapel(40_000)], generation=2, image_count=20)
    await visitor.has(generation=2)
    end = {"state": "placed", "is_refetch": True, "new_point_count": 1, "duration_s": 3.0}
    await reconstruction.tell(ProcessingComplete.model_validate({**TWENTIETH, **end}))
    await visitor.has(points_shown=manifest.point_count)


async def _presence(world: World, visitor: Visitor, presence: str) -> None:
    await world.reconstruction.ready(image_count=19, presence=presence)
    await live(world, visitor)
    await expect(found(visitor, "chip")).to_have_attribute("data-kind", "stale", timeout=WAIT_MS)


async def _paused(world: World, visitor: Visitor) -> None:
    await _presence(world, visitor, "paused")


async def _disk_full(world: World, visitor: Visitor) -> None:
    await _presence(world, visitor, "disk_full")


async def _offline(world: World, visitor: Visitor) -> None:
    await _presence(world, visitor, "offline")


async def _failed_shards(world: World, visitor: Visitor) -> None:
    await world.join(visitor)
    await expect(found(visitor, "banner")).to_have_attribute("data-kind", "failed_shards", timeout=WAIT_MS)


async def _no_webgl(world: World, visitor: Visitor) -> None:
    await visitor.page.add_init_script(NO_WEBGL)
    await world.join(visitor)
    await visitor.has(notice="no_webgl")


async def _context_lost(world: World, visitor: Visitor) -> None:
    await live(world, visitor)
    await found(visitor, "canvas").evaluate(
        "canvas => canvas.getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()"
    )
    await visitor.has(notice="context_lost")


async def _uploading(world: World, visitor: Visitor) -> None:
    world.reconstruction.is_giving_receipts = False
    await live(world, visitor)
    await found(visitor, "upload-input").set_input_files([photo(), photo(180)])
    await expect(found(visitor, "uploads")).to_contain_text("door.jpg", timeout=WAIT_MS)


async def _reconnecting(world: World, visitor: Visitor) -> None:
    visitor.is_loss_expected = True
    await live(world, visitor)
    await visitor.page.context.set_offline(offline=True)
    await visitor.page.evaluate(
        "document.querySelector('cairn-viewer').session.follower.connection.client.stream.destroy()"
    )
    await visitor.has(link="lost")


async def _unreachable(world: World, visitor: Visitor) -> None:
    visitor.is_loss_expected = True
    await world.join(visitor)
    await visitor.has(notice="unreachable")


async def _card(world: World, visitor: Visitor, number: int) -> None:
    await live(world, visitor)
    await visitor.page.evaluate("id => document.querySelector('cairn-viewer').change({selected: id})", image_id(number))
    await expect(found(visitor, "card")).to_be_visible()


async def placed_card(world: World, visitor: Visitor) -> None:
    """The card of a placed photograph."""
    await _card(world, visitor, 18)


async def _waiting_card(world: World, visitor: Visitor) -> None:
    await _card(world, visitor, 19)


async def _measuring(world: World, visitor: Visitor) -> None:
    await live(world, visitor)
    await visitor.page.keyboard.press("m")
    await expect(found(visitor, "measurement")).to_be_visible()


async def _measured(world: World, visitor: Visitor) -> None:
    await _measuring(world, visitor)
    for number in (2, 9):
        place = await visitor.page.evaluate(MIDDLE, number)
        await visitor.page.mouse.click(*place)
    await expect(found(visitor, "measurement")).to_be_visible()


MIDDLE: Final = """number => {
    const stage = document.querySelector('cairn-viewer').shadowRoot.querySelector('cairn-stage').stage;
    for (const cloud of stage.shownPoints)
        for (let at = 999 * number; at + 2 < cloud.length; at += 3) {
            const place = stage.project([cloud[at], cloud[at + 1], cloud[at + 2]]);
            if (place && Math.abs(place[0] / innerWidth - 0.4 - 0.02 * number) < 0.15
                && Math.abs(place[1] / innerHeight - 0.45) < 0.1) return place;
        }
    return [innerWidth / 2, innerHeight / 2];
}"""


async def _inviting(world: World, visitor: Visitor) -> None:
    await live(world, visitor, "ops")
    await found(visitor, "tool-invite").click()
    await expect(found(visitor, "invite-form")).to_be_visible(timeout=WAIT_MS)


async def _invited(world: World, visitor: Visitor) -> None:
    await _inviting(world, visitor)
    await found(visitor, "invite-form").locator("input[type=text], input:not([type])").first.fill("berta")
    await found(visitor, "make-link").click()
    await expect(found(visitor, "link")).to_be_visible(timeout=WAIT_MS)


async def _sharing(world: World, visitor: Visitor) -> None:
    await live(world, visitor)
    await found(visitor, "tool-invite").click()
    await expect(found(visitor, "link")).to_be_visible(timeout=WAIT_MS)


async def _keys(world: World, visitor: Visitor) -> None:
    await live(world, visitor)
    await visitor.page.keyboard.press("?")
    await expect(found(visitor, "keys")).to_be_visible(timeout=WAIT_MS)


async def _themed(world: World, visitor: Visitor, theme: str) -> None:
    await placed_card(world, visitor)
    await visitor.page.evaluate("theme => { document.querySelector('cairn-viewer').theme = theme }", theme)


async def _light(world: World, visitor: Visitor) -> None:
    await _themed(world, visitor, "light")


async def _sunlight(world: World, visitor: Visitor) -> None:
    await _themed(world, visitor, "sunlight")


async def _dropping(world: World, visitor: Visitor) -> None:
    await live(world, visitor)
    await visitor.page.evaluate("document.querySelector('cairn-viewer').change({isDropping: true})")


async def _toast(world: World, visitor: Visitor) -> None:
    await live(world, visitor)
    await visitor.page.evaluate("document.querySelector('cairn-viewer').toast.say('The scale is set for everybody')")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state by its name: how the system is arranged once, and how each page comes into it."""

    name: str
    show: Show
    arrange: Arrange = objects.nothing
    settings: dict[str, Any] = field(default_factory=dict)


STATES: Final = (
    State(name="unreachable", show=_unreachable, settings={"mqtt_url": "ws://127.0.0.1:9/"}),
    State(name="login", show=_login),
    State(name="refused", show=_refused),
    State(name="used_invitation", show=_used_invitation),
    State(name="no_project", show=_no_project),
    State(name="projects", show=_projects, arrange=objects.whole_object),
    State(name="empty", show=_empty, arrange=objects.without_photographs),
    State(name="first_image", show=_first_image, arrange=objects.one_image),
    State(name="loading", show=_loading, arrange=objects.withheld),
    State(name="first_points", show=live, arrange=objects.first_points),
    State(name="live", show=live, arrange=objects.whole_object),
    State(name="toggled_panel", show=_toggled_panel, arrange=objects.whole_object),
    State(name="activity", show=_activity, arrange=objects.whole_object),
    State(name="figures", show=_figures, arrange=objects.whole_object),
    State(name="processing", show=_processing, arrange=objects.whole_object),
    State(name="rebuilding", show=_rebuilding, arrange=objects.whole_object),
    State(name="rebuilt", show=_rebuilt),
    State(name="paused", show=_paused, arrange=objects.whole_object),
    State(name="disk_full", show=_disk_full, arrange=objects.whole_object),
    State(name="offline", show=_offline, arrange=objects.whole_object),
    State(name="reconnecting", show=_reconnecting, arrange=objects.whole_object),
    State(name="failed_shards", show=_failed_shards, arrange=objects.missing_shard),
    State(name="left_out", show=live, arrange=objects.left_out),
    State(name="two_parts", show=live, arrange=objects.two_parts),
    State(name="no_webgl", show=_no_webgl, arrange=objects.whole_object),
    State(name="context_lost", show=_context_lost, arrange=objects.whole_object),
    State(name="uploading", show=_uploading, arrange=objects.whole_object),
    State(name="placed_card", show=placed_card, arrange=objects.whole_object),
    State(name="waiting_card", show=_waiting_card, arrange=objects.whole_object),
    State(name="measuring", show=_measuring, arrange=objects.whole_object),
    State(name="measured", show=_measured, arrange=objects.scaled),
    State(name="inviting", show=_inviting, arrange=objects.whole_object),
    State(name="invited", show=_invited, arrange=objects.whole_object),
    State(name="sharing", show=_sharing, arrange=objects.whole_object),
    State(name="projects_dialog", show=_projects_dialog, arrange=objects.whole_object),
    State(name="light", show=_light, arrange=objects.whole_object),
    State(name="sunlight", show=_sunlight, arrange=objects.whole_object),
    State(name="dropping", show=_dropping, arrange=objects.whole_object),
    State(name="toast", show=_toast, arrange=objects.whole_object),
)

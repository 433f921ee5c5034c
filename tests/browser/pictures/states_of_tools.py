"""How does the page come into the states of its tools? Measures and notes, coverage, exports, drawings, full photographs."""

from typing import Final

from playwright.async_api import expect

from tests.browser.conftest import WAIT_MS, Visitor
from tests.browser.pictures import objects
from tests.browser.pictures.states import State, found, live, placed_card
from tests.browser.pictures.world import World


async def _advised(world: World, visitor: Visitor) -> None:
    await live(world, visitor)
    await expect(found(visitor, "advice-line")).to_be_visible(timeout=WAIT_MS)


async def _coverage(world: World, visitor: Visitor) -> None:
    await live(world, visitor)
    await found(visitor, "tool-coverage").click()
    await expect(found(visitor, "advised-place").first).to_be_visible(timeout=WAIT_MS)


async def _listed(world: World, visitor: Visitor) -> None:
    await live(world, visitor)
    await found(visitor, "tool-notes").click()
    await expect(found(visitor, "annotation")).to_have_count(objects.ANNOTATION_COUNT, timeout=WAIT_MS)


async def _annotation(world: World, visitor: Visitor) -> None:
    await _listed(world, visitor)
    await found(visitor, "annotation").first.locator(".row").click()
    await expect(found(visitor, "name")).to_be_visible(timeout=WAIT_MS)


async def _drawing_measure(world: World, visitor: Visitor) -> None:
    await _listed(world, visitor)
    await found(visitor, "add-area").click()
    await expect(found(visitor, "draft")).to_be_visible(timeout=WAIT_MS)


async def _exports(world: World, visitor: Visitor) -> None:
    await live(world, visitor)
    await found(visitor, "tool-cloud").click()
    await expect(found(visitor, "export-download")).to_have_count(2, timeout=WAIT_MS)


async def _views(world: World, visitor: Visitor, tab: str) -> None:
    await live(world, visitor)
    await found(visitor, "tool-views").click()
    await found(visitor, f"tab-{tab}").click()


async def _cut(world: World, visitor: Visitor) -> None:
    await _views(world, visitor, "cut")


async def _sheet(world: World, visitor: Visitor) -> None:
    await _views(world, visitor, "sheet")
    await expect(found(visitor, "sheet-size")).to_be_visible(timeout=WAIT_MS)


async def _profile(world: World, visitor: Visitor) -> None:
    await _views(world, visitor, "profile")
    await found(visitor, "profile-upright").click()
    await expect(found(visitor, "profile-found")).to_be_visible(timeout=WAIT_MS)


async def _film(world: World, visitor: Visitor) -> None:
    await _views(world, visitor, "film")


async def _photograph(world: World, visitor: Visitor) -> None:
    visitor.is_loss_expected = True  # the server has no photograph: the page asks for it over MQTT
    await placed_card(world, visitor)
    await found(visitor, "open-photo").click()
    await expect(found(visitor, "photo-viewer")).to_be_visible(timeout=WAIT_MS)


async def _laid_over(world: World, visitor: Visitor) -> None:
    await _photograph(world, visitor)
    await found(visitor, "lay-over").click()
    await expect(found(visitor, "photo-viewer")).to_be_hidden(timeout=WAIT_MS)


STATES_OF_TOOLS: Final = (
    State(name="advised", show=_advised, arrange=objects.half_seen),
    State(name="coverage", show=_coverage, arrange=objects.half_seen),
    State(name="listed", show=_listed, arrange=objects.annotated),
    State(name="annotation", show=_annotation, arrange=objects.annotated),
    State(name="drawing_measure", show=_drawing_measure, arrange=objects.annotated),
    State(name="exports", show=_exports, arrange=objects.exported),
    State(name="views_cut", show=_cut, arrange=objects.scaled),
    State(name="views_sheet", show=_sheet, arrange=objects.scaled),
    State(name="views_profile", show=_profile, arrange=objects.scaled),
    State(name="views_film", show=_film, arrange=objects.whole_object),
    State(name="photograph", show=_photograph, arrange=objects.whole_object),
    State(name="laid_over", show=_laid_over, arrange=objects.whole_object),
)

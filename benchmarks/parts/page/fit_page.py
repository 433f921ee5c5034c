"""How does the object lie on the page? The page itself projects the points; what covers it is read from its elements."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

TAIL: Final = 0.02  # the points that need not be shown, on each side of each axis
MOST_POINTS: Final = 4000
PATIENCE_S: Final = 60.0
_STAGE: Final = "document.querySelector('cairn-viewer').stage"
# Wait for the attributes of a set, then until neither the camera nor the picture changes any more.
_SETTLED: Final = """(async () => {
    const pause = ms => new Promise(done => setTimeout(done, ms));
    const wanted = %s;
    const isThere = () => {
        const viewer = document.querySelector('cairn-viewer');
        return viewer && Object.entries(wanted).every(([name, value]) => viewer.getAttribute(name) === String(value));
    };
    while (!isThere()) await pause(30);
    const stage = document.querySelector('cairn-viewer').stage;
    const now = () => JSON.stringify([stage.figures.frames, stage.viewpointNow]);
    for (let before = ''; before !== now(); await pause(400)) before = now();
})()"""
# The free rectangle as the page says, and by how many pixels each part that lies over the canvas reaches into it.
_ROOM: Final = """(() => {
    const viewer = document.querySelector('cairn-viewer'), stage = viewer.stage;
    const { bottom, left, right, top } = stage.insets;
    const room = [left, top, stage.clientWidth - right, stage.clientHeight - bottom];
    const sheet = viewer.shadowRoot.querySelector('cairn-sheet').shadowRoot;
    const parts = [...viewer.shadowRoot.querySelectorAll('.title, .standing, .tools, cairn-card, cairn-measurement'),
        ...sheet.querySelectorAll('.sheet, .rail, .panel, .snap, cairn-rail')];
    const depth = part => {
        if (!part.checkVisibility({ visibilityProperty: true })) return 0;
        const box = part.getBoundingClientRect();
        return Math.max(0, Math.min(Math.min(box.right, room[2]) - Math.max(box.left, room[0]),
            Math.min(box.bottom, room[3]) - Math.max(box.top, room[1])));
    };
    return { room, covered: Math.max(0, ...parts.map(depth)) };
})()"""
Array = NDArray[np.float64]


class Page(Protocol):
    """A tab that runs a script: that of a benchmark, or Playwright's."""

    async def evaluate(self, expression: str, /) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """How the trimmed points lie in the free rectangle.

    Attributes:
        outside: points beyond the rectangle, of all that were looked at.
        fill: their extent over the rectangle's side, in the fuller direction.
        off_centre: how far their middle is from the rectangle's, over its side, in the worse direction.
        covered_px: how deep a panel or button reaches into the rectangle.
    """

    outside: int
    fill: float
    off_centre: float
    covered_px: float


def trimmed(points: Array) -> Array:
    """The points within the 2nd to 98th percentile of every axis, at most some thousands of them."""
    low, high = np.quantile(points, [TAIL, 1 - TAIL], axis=0)
    within = points[((points >= low) & (points <= high)).all(axis=1)]
    return np.asarray(within[:: max(1, len(within) // MOST_POINTS)])


async def settle(page: Page, **attributes: int) -> None:
    """Wait until the page shows this set and nothing moves.

    Raises:
        TimeoutError: it does not.
    """
    async with asyncio.timeout(PATIENCE_S):
        await page.evaluate(_SETTLED % str({name.replace("_", "-"): value for name, value in attributes.items()}))


async def lie(page: Page, points: Array) -> Lie:
    """Where the page draws these points."""
    text = str(points.round(5).tolist())
    places = await page.evaluate(f"{text}.map(point => {_STAGE}.stage.project(point))")
    found: dict[str, Any] = await page.evaluate(_ROOM)
    left, top, right, bottom = found["room"]
    seen = np.array([place for place in places if place is not None], np.float64).reshape(-1, 2)
    sides, middle = np.array([right - left, bottom - top]), np.array([left + right, top + bottom]) / 2
    is_inside = ((seen >= (left - 0.5, top - 0.5)) & (seen <= (right + 0.5, bottom + 0.5))).all(axis=1)
    low, high = seen.min(axis=0), seen.max(axis=0)
    return Lie(
        outside=len(places) - int(is_inside.sum()),
        fill=float(((high - low) / sides).max()),
        off_centre=float((np.abs((low + high) / 2 - middle) / sides).max()),
        covered_px=float(found["covered"]),
    )


async def again(page: Page, press: Callable[[str], Awaitable[None]]) -> float:
    """How far the camera is from the same place after a second `F`, over its distance to the object."""
    views = []
    for _ in range(2):
        await press("f")
        await asyncio.sleep(0.3)
        view = await page.evaluate(f"{_STAGE}.viewpointNow")
        views.append(np.array([view["position"], view["target"]], np.float64))
    distance = float(np.linalg.norm(views[0][0] - views[0][1]))
    return float(np.abs(views[0] - views[1]).max()) / distance

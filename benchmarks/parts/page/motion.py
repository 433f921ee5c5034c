"""What does one see while the object is turned by hand, and how soon after? Pictures of the screen beside a drag."""

import asyncio
import base64
import time
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.parts.page.chromium import Page

Picture = NDArray[np.uint8]  # (H, W, 3)

DRAG_STEPS: Final = 24
DRAG_STEP_PX: Final = 6
STEP_S: Final = 0.05
WATCHED_S: Final = 4.0  # after the drag; then everything is at rest
SAME_LEVELS: Final = 8  # two pictures of one view differ by less: the screen's dithering
SETTLED_SHARE: Final = 0.98
_BACKGROUND_RGB: Final = (255, 0, 255)  # behind the points; no stone has it
_CANVAS: Final = """
['cairn-stage', 'canvas'].reduce((at, name) => at.shadowRoot.querySelector(name), document.querySelector('cairn-viewer'))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """Figures of one drag.

    Attributes:
        lit_share: the pixels that something is drawn on, of those at rest: the median of the pictures during the drag.
        settle_s: from the last event of the pointer to the first picture from which on at least 98 % of the object's
            pixels are as at rest.
    """

    lit_share: float
    settle_s: float


async def dragged(page: Page, viewport: dict[str, int]) -> Motion:
    """Turn the object by a drag with the mouse, and look at the middle of the screen meanwhile and afterwards.

    Raises:
        ValueError: nothing is drawn there, or no picture was taken during the drag.
    """
    await page.evaluate(f"{_CANVAS.strip()}.style.background = 'rgb{_BACKGROUND_RGB}'")
    x, y = viewport["width"] / 2, viewport["height"] / 2
    await asyncio.sleep(1)
    before = await _picture(page, viewport)
    moving: list[Picture] = []

    async def watch() -> None:
        while True:
            moving.append(await _picture(page, viewport))

    await _mouse(page, "mousePressed", x, y)
    await _mouse(page, "mouseMoved", x + DRAG_STEP_PX, y)
    watching = asyncio.create_task(watch())
    for step in range(2, DRAG_STEPS):
        await asyncio.sleep(STEP_S)
        await _mouse(page, "mouseMoved", x + step * DRAG_STEP_PX, y)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await _mouse(page, "mouseReleased", x + (DRAG_STEPS - 1) * DRAG_STEP_PX, y)
    released_s = time.monotonic()
    after: list[tuple[float, Picture]] = []
    while time.monotonic() - released_s < WATCHED_S:
        picture = await _picture(page, viewport)
        after.append((time.monotonic() - released_s, picture))
    lit_at_rest = np.count_nonzero(_is_lit(before))
    if not lit_at_rest or not moving:
        raise ValueError("nothing is drawn in the middle of the screen" if moving else "no picture during the drag")
    lit = [np.count_nonzero(_is_lit(picture)) / lit_at_rest for picture in moving]
    return Motion(lit_share=float(np.median(lit)), settle_s=_settled_s(after))


def _settled_s(after: list[tuple[float, Picture]]) -> float:
    last = after[-1][1]
    is_object = _is_lit(last)
    settled_s = after[-1][0]
    for at_s, picture in reversed(after):
        if np.mean(_is_same(picture, last)[is_object]) < SETTLED_SHARE:
            break
        settled_s = at_s
    return settled_s


def _is_lit(picture: Picture) -> NDArray[np.bool_]:
    return ~_is_same(picture, np.full_like(picture, _BACKGROUND_RGB))


def _is_same(one: Picture, other: Picture) -> NDArray[np.bool_]:
    """(H, W) bool."""
    return np.asarray((np.abs(one.astype(np.int16) - other.astype(np.int16)) < SAME_LEVELS).all(axis=2))


async def _picture(page: Page, viewport: dict[str, int]) -> Picture:
    """The middle of the screen, where no panel is."""
    width, height = viewport["width"] // 2, viewport["height"] // 2
    clip = {"x": width / 2, "y": height / 2, "width": width, "height": height, "scale": 1}
    shot = await page.send("Page.captureScreenshot", format="png", clip=clip, optimizeForSpeed=True)
    return np.asarray(Image.open(BytesIO(base64.b64decode(shot["data"]))).convert("RGB"))


async def _mouse(page: Page, kind: str, x: float, y: float) -> None:
    await page.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

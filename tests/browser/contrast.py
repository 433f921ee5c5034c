"""How well do words and signs stand out? Measured in the picture: a word's pixels against the same place without the word.

Two screenshots, one with every letter and icon made transparent. What differs is ink; the same pixels of the other one are
what the eye sees around it. So points behind a header, gradients and a canvas that the browser paints count as they are.
"""

import asyncio
import base64
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.browser.conftest import Visitor

TEXT_RATIO: Final = 4.5  # WCAG 2.2, 1.4.3
LARGE_TEXT_RATIO: Final = 3.0
SIGN_RATIO: Final = 3.0  # 1.4.11
_LEAST_INK: Final = 6  # of 255: below it is noise of two pictures of one page
_CORE: Final = 0.75  # of the strongest difference: the middle of a stroke, not its blurred rim
_LEAST_PIXELS: Final = 4
# The places of all words and icons in the window; those of buttons that cannot be used do not count (1.4.3).
_PLACES: Final = """() => {
    const places = [];
    const isFree = element => !element.closest('button:disabled, .hidden-words, [hidden]')
        && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    const isCut = (element, box) => { // by a third or more, at the edge of a list that scrolls or behind “…”
        for (let around = element; around; around = around.parentElement ?? around.getRootNode().host) {
            const { overflowY, textOverflow } = getComputedStyle(around);
            const { bottom, right, top } = around.getBoundingClientRect();
            const isOver = Math.max(box.bottom - bottom, top - box.top) > box.height / 3;
            if (isOver && ['auto', 'scroll'].includes(overflowY)) return true;
            if (textOverflow === 'ellipsis' && box.right - right > box.width / 3) return true;
        }
        return false;
    };
    const put = (kind, words, box) => {
        if (box.width < 2 || box.height < 4 || box.left < 0 || box.top < 0) return;
        if (box.right > innerWidth || box.bottom > innerHeight) return;
        places.push({ kind, words, box: [box.left, box.top, box.right, box.bottom] });
    };
    const walk = root => root.querySelectorAll('*').forEach(element => {
        if (element.shadowRoot) walk(element.shadowRoot);
        if (element.localName === 'style' || !isFree(element)) return;
        if (element.matches('svg.icon')) put('sign', element.closest('button, .button')?.title ?? 'icon',
            element.getBoundingClientRect());
        const { fontSize, fontWeight } = getComputedStyle(element);
        const isLarge = parseFloat(fontSize) >= 24 || (parseFloat(fontSize) >= 18.66 && Number(fontWeight) >= 700);
        for (const node of element.childNodes) {
            if (node.nodeType !== Node.TEXT_NODE) continue;
            for (const { 0: word, index } of node.data.matchAll(/[^\\s]+/gu)) {
                const range = new Range();
                range.setStart(node, index);
                range.setEnd(node, index + word.length);
                const box = range.getBoundingClientRect();
                if (!isCut(element, box)) put(isLarge ? 'large' : 'text', word, box);
            }
        }
    });
    const modal = root => { // behind an open dialog everything is dimmed and does not count
        for (const element of root.querySelectorAll('*')) {
            const found = element.matches('dialog:modal') ? element : element.shadowRoot && modal(element.shadowRoot);
            if (found) return found;
        }
        return null;
    };
    walk(modal(document) ?? document);
    return places;
}"""
_HIDE: Final = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { color: transparent !important; -webkit-text-fill-color: transparent !important;
        caret-color: transparent !important }
        ::placeholder { color: transparent !important } text, svg.icon, svg.icon * { fill: transparent !important;
        stroke: transparent !important }`);
    const walk = root => {
        root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
        root.querySelectorAll('*').forEach(element => { if (element.shadowRoot) walk(element.shadowRoot); });
    };
    window.hideInk = sheet;
    walk(document);
}"""
_UNHIDE: Final = "() => { window.hideInk.disabled = true; }"
Pixels = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """One word or icon, and how well it stands out."""

    kind: str
    words: str
    ratio: float

    @property
    def is_faint(self) -> bool:
        """Whether it stands out too little."""
        least = {"text": TEXT_RATIO, "large": LARGE_TEXT_RATIO, "sign": SIGN_RATIO}[self.kind]
        return self.ratio < least - 0.05  # letters are blurred at their rims


async def inks(visitor: Visitor) -> list[Ink]:
    """Every word and icon of the window that something of is seen."""
    places: list[dict[str, Any]] = await visitor.page.evaluate(_PLACES)
    inked = await _pixels(visitor)
    await visitor.page.evaluate(_HIDE)
    plain = await _pixels(visitor)
    await visitor.page.evaluate(_UNHIDE)
    scale = inked.shape[1] / int(await visitor.page.evaluate("innerWidth"))
    found = (_ink(inked, plain, place, scale) for place in places)
    return [each for each in found if each is not None]


async def faint(visitor: Visitor) -> list[str]:
    """What stands out too little, in words."""
    return sorted({f"{each.kind} “{each.words}” {each.ratio:.1f}" for each in await inks(visitor) if each.is_faint})


async def _pixels(visitor: Visitor) -> Pixels:
    """The window as the browser shows it, without waiting for fonts or animations as Playwright's own does."""
    session = await visitor.page.context.new_cdp_session(visitor.page)
    taken = await asyncio.wait_for(session.send("Page.captureScreenshot", {"format": "png"}), 30)
    await session.detach()
    image = Image.open(BytesIO(base64.b64decode(taken["data"]))).convert("RGB")
    return np.asarray(image, np.float64)


def _ink(inked: Pixels, plain: Pixels, place: dict[str, Any], scale: float) -> Ink | None:
    left, top, right, bottom = (round(scale * edge) for edge in place["box"])
    with_ink, without = inked[top:bottom, left:right], plain[top:bottom, left:right]
    if with_ink.size == 0:
        return None
    difference = np.abs(with_ink - without).max(axis=2)
    if difference.max() < _LEAST_INK:
        return None  # covered by something else
    is_core = difference >= _CORE * difference.max()
    if is_core.sum() < _LEAST_PIXELS:
        return None
    first, second = _luminance(with_ink[is_core]), _luminance(without[is_core])
    ratios = (np.maximum(first, second) + 0.05) / (np.minimum(first, second) + 0.05)
    return Ink(kind=place["kind"], words=place["words"], ratio=float(np.median(ratios)))


def _luminance(rgb: Pixels) -> Pixels:
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]), np.float64)

"""How does the page look in every state on every screen? A picture of each, sheets to look at, and what is wrong in them.

    make pictures
    make pictures ARGS="--state live --state login --screen phone --theme sunlight"

Pictures lie in build/pictures, one for each state and screen, with sheets of all screens side by side. In each picture the
contrast is measured, axe-core looks at the page, and every tool is reached for. The last line is one JSON object; the
exit code is 1 when something was found, or when a state could not be brought about.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw
from playwright.async_api import Browser
from playwright.async_api import Error as PlaywrightError

from broker.logs import LogLevel, configure
from tests.browser.access import violations
from tests.browser.conftest import Visitor, chromium, visiting
from tests.browser.contrast import faint
from tests.browser.pictures.states import STATES as STATES_OF_THE_PAGE
from tests.browser.pictures.states import State
from tests.browser.pictures.states_of_tools import STATES_OF_TOOLS
from tests.browser.pictures.world import SCREENS, World, world
from tests.browser.reach import covered

OUT: Final = Path(__file__).parents[3] / "build/pictures"
STATES: Final = (*STATES_OF_THE_PAGE, *STATES_OF_TOOLS)
THEMES: Final = ("dark", "light", "sunlight")
STATE_PATIENCE_S: Final = 90.0
STEADY_ATTEMPTS: Final = 10
STEADY_S: Final = 0.6  # a frame that is drawn in software may follow this late
SHEET_ROWS: Final = 3
HEIGHTS: Final = {
    "desktop": 400,
    "laptop": 360,
    "tablet": 560,
    "landscape": 290,
    "phone": 560,
    "small": 560,
    "zoomed": 400,
}
MARGIN: Final = 12


@dataclass(slots=True)
class Album:
    """The findings of one run."""

    out: Path
    themes: tuple[str, ...] = THEMES[:1]
    pictures: int = 0
    faint: dict[str, list[str]] = field(default_factory=dict)
    violations: dict[str, list[str]] = field(default_factory=dict)
    covered: dict[str, list[str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether every picture was taken and nothing was found in them."""
        return not (self.faint or self.violations or self.covered or self.failed) and self.pictures > 0


async def take(album: Album, browser: Browser, state: State, screens: Iterable[str]) -> None:
    """Pictures of one state on these screens."""
    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder), **state.settings) as given:
            await state.arrange(given)
            for screen in screens:
                name = f"{state.name}-{screen}"
                try:
                    async with asyncio.timeout(STATE_PATIENCE_S):
                        await photograph(album, browser, given, state, screen)
                except (AssertionError, PlaywrightError, TimeoutError) as exc:
                    album.failed[name] = str(exc).strip().partition("\n")[0] or type(exc).__name__
                    print(f"{name}: {album.failed[name]}", file=sys.stderr, flush=True)


async def photograph(album: Album, browser: Browser, given: World, state: State, screen: str) -> None:
    """One picture in each theme, and what is wrong in it."""
    async with visiting(browser, given.address, SCREENS[screen]) as visitor:
        await visitor.page.emulate_media(reduced_motion="reduce")
        try:
            await state.show(given, visitor)
        except BaseException:
            await keep(album, visitor, named(state, screen, album.themes[0]))
            raise
        for theme in album.themes:
            name = named(state, screen, theme)
            if theme != THEMES[0]:
                await visitor.page.evaluate(SET_THEME, theme)
            await keep(album, visitor, name)
            for kind, found in (
                ("faint", await faint(visitor)),
                ("violations", await violations(visitor)),
                ("covered", await covered(visitor)),
            ):
                if found:
                    getattr(album, kind)[name] = found


SET_THEME: Final = "theme => { document.querySelector('cairn-viewer').theme = theme }"


async def keep(album: Album, visitor: Visitor, name: str) -> None:
    """Take the picture once nothing moves."""
    await steady(visitor)
    await visitor.page.screenshot(path=album.out / f"{name}.png")
    album.pictures += 1


def named(state: State, screen: str, theme: str) -> str:
    """The name of a picture's file; the theme of most pictures goes without saying."""
    return f"{state.name}-{screen}" + ("" if theme == THEMES[0] else f"-{theme}")


async def steady(visitor: Visitor) -> None:
    """Wait until two pictures are equal: nothing moves any more."""
    before = b""
    for _ in range(STEADY_ATTEMPTS):
        now = await visitor.page.screenshot()
        if now == before:
            return
        before = now
        await asyncio.sleep(STEADY_S)


def sheets(out: Path, states: list[State], screens: list[str], themes: tuple[str, ...]) -> list[Path]:
    """The pictures of some states beside each other, a row for each in each theme."""
    paths = []
    wanted = [[named(state, screen, theme) for screen in screens] for state in states for theme in themes]
    for number, begin in enumerate(range(0, len(wanted), SHEET_ROWS), 1):
        rows = [_row(out, names, screens) for names in wanted[begin : begin + SHEET_ROWS]]
        sheet = Image.new("RGB", (max(row.width for row in rows), sum(row.height for row in rows)), "#888")
        for at, row in enumerate(rows):
            sheet.paste(row, (0, sum(each.height for each in rows[:at])))
        paths.append(out / f"sheet-{number:02d}.png")
        sheet.save(paths[-1])
    return paths


def _row(out: Path, names: list[str], screens: list[str]) -> Image.Image:
    images = []
    for name, screen in zip(names, screens, strict=True):
        path = out / f"{name}.png"
        if path.is_file():
            height = HEIGHTS[screen]
            with Image.open(path) as picture:
                images.append(picture.convert("RGB").resize((round(picture.width * height / picture.height), height)))
    width = sum(image.width + MARGIN for image in images) + MARGIN
    row = Image.new("RGB", (width, max((image.height for image in images), default=0) + 32), "#888")
    ImageDraw.Draw(row).text((MARGIN, 8), names[0], fill="white")
    at = MARGIN
    for image in images:
        row.paste(image, (at, 26))
        at += image.width + MARGIN
    return row


async def run(album: Album, states: list[State], screens: list[str]) -> None:
    """Take all pictures, one after the other."""
    async with chromium() as browser:
        for state in states:
            print(state.name, file=sys.stderr, flush=True)
            await take(album, browser, state, screens)


def main() -> int:
    """Take the pictures that were asked for; 1 when something is wrong in them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", action="append", choices=[state.name for state in STATES], help="default: all")
    parser.add_argument("--screen", action="append", choices=list(SCREENS), help="default: all")
    parser.add_argument("--theme", action="append", choices=THEMES, help="default: dark")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the pictures")
    wishes = parser.parse_args()
    configure(level=LogLevel.ERROR)
    states = [state for state in STATES if not wishes.state or state.name in wishes.state]
    screens = wishes.screen or list(SCREENS)
    wishes.out.mkdir(parents=True, exist_ok=True)
    themes = tuple(wishes.theme or THEMES[:1])
    album, began_s = Album(out=wishes.out, themes=themes), time.monotonic()
    asyncio.run(run(album, states, screens))
    made = sheets(wishes.out, states, screens, themes)
    figures = {
        "pictures": album.pictures,
        "expected": len(states) * len(screens) * len(themes),
        "sheets": [str(path) for path in made],
        "faint": album.faint,
        "violations": album.violations,
        "covered": album.covered,
        "failed": album.failed,
        "duration_s": round(time.monotonic() - began_s),
    }
    print(json.dumps(figures, ensure_ascii=False))
    return 0 if album.is_good else 1


if __name__ == "__main__":
    sys.exit(main())

"""Does the page run markup that came with a project's messages? A real Chromium shows hostile reasons as plain text."""

import shutil
from collections.abc import Awaitable, Callable
from typing import Final

from playwright.async_api import Error as BrowserError
from playwright.async_api import async_playwright, expect

from tests.browser.conftest import ARGUMENTS, BINARIES, DESKTOP, WAIT_MS, Visitor, visiting
from tests.siege.assault import Assault, EscapeError, HangError
from tests.siege.messages import MALLORY

Strike = Callable[[Assault], Awaitable[float | None]]
SIGN: Final = "onerror"  # a word of the markup, which must be readable on the page
# Every element of every shadow root: what the markup would have made, had it been taken as such.
FOREIGN_ELEMENTS: Final = """() => {
    const found = [];
    const walk = root => {
        for (const each of root.querySelectorAll('*')) {
            if (each.matches('img[src="x"], [onerror], body script, cairn-viewer script')) found.push(each.outerHTML);
            if (each.shadowRoot) walk(each.shadowRoot);
        }
    };
    walk(document);
    return [...found, ...(window.ran === undefined ? [] : ['the markup ran'])];
}"""


def page_strike(*strikes: Strike) -> Strike:
    """Deliver hostile texts while a page of the project is open, which must show them and run nothing."""

    async def strike(assault: Assault) -> None:
        binary = next((found for name in BINARIES if (found := shutil.which(name))), None)
        if binary is None:
            raise HangError("no Chromium on this system: run `make setup`")
        address = f"http://127.0.0.1:{assault.programs.page_port}/"
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=binary, args=ARGUMENTS)
                async with visiting(browser, address, DESKTOP) as visitor:
                    await _look(assault, visitor, strikes)
                await browser.close()
        except AssertionError as exc:  # of `expect`, and of a console that is not silent
            raise EscapeError(f"the page: {' '.join(str(exc).split())}") from exc
        except BrowserError as exc:
            raise HangError(f"the page cannot be driven: {exc.message.splitlines()[0]}") from exc

    return strike


async def _look(assault: Assault, visitor: Visitor, strikes: tuple[Strike, ...]) -> None:
    """Open every place in which a reason stands.

    Raises:
        EscapeError: an element of the markup is there, or its script ran.
        AssertionError: a reason is not shown.
    """
    page = visitor.page
    await visitor.join(assault.programs.connection(MALLORY))
    await page.get_by_test_id("tab-activity").click(timeout=WAIT_MS)
    for strike in strikes:
        await strike(assault)
    await expect(page.get_by_test_id("activity")).to_contain_text(SIGN, timeout=WAIT_MS)
    await page.get_by_test_id("tab-photos").click(timeout=WAIT_MS)
    await page.locator("[data-image^=bb-waits-markup]").first.click(timeout=WAIT_MS)
    await expect(page.get_by_test_id("card")).to_contain_text(SIGN, timeout=WAIT_MS)
    found: list[str] = await page.evaluate(FOREIGN_ELEMENTS)
    if found:
        raise EscapeError(f"the page made elements of markup: {found[:3]}")

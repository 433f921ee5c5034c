"""Does the page speak the person's language? It begins with the browser's, can be changed and remembers the choice."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from broker.mosquitto import Mosquitto
from tests.browser.chapel import chapel
from tests.browser.conftest import DESKTOP, PHONE, WAIT_MS, Visitor, visiting
from tests.browser.reconstruction import Reconstruction

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

LANGUAGES = ("en", "de", "es", "fr", "it")
FIRST_TAB = {"en": "Photos", "de": "Fotos", "es": "Fotos", "fr": "Photos", "it": "Foto"}
# Words that do not fit: wider than their box, although the box neither scrolls nor ends in an ellipsis.
CUT = """() => {
    const cut = [];
    const look = root => {
        for (const element of root.querySelectorAll('*')) {
            if (element.shadowRoot) look(element.shadowRoot);
            const style = getComputedStyle(element);
            const isSeen = element.checkVisibility({ visibilityProperty: true }) && !element.matches('.hidden-words');
            const hasWords = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim() !== '');
            const isWider = element.scrollWidth > element.clientWidth + 1 && style.display !== 'inline';
            if (isSeen && hasWords && isWider && style.textOverflow !== 'ellipsis') cut.push(element.textContent.trim());
            const box = element.getBoundingClientRect();
            if (isSeen && hasWords && (box.left < -1 || box.right > innerWidth + 1)) cut.push(element.textContent.trim());
        }
    };
    look(document);
    return cut;
}"""


async def _choose(visitor: Visitor, language: str) -> None:
    await visitor.page.get_by_test_id("language").select_option(language)
    await visitor.has(lang=language)
    await expect(visitor.page.locator("html")).to_have_attribute("lang", language)
    await expect(visitor.page.get_by_test_id("tab-photos")).to_have_text(FIRST_TAB[language])


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_the_page_speaks_the_browsers_language_until_another_is_chosen_and_cuts_no_word(
    mosquitto: Mosquitto, address: str, browser: Browser, reconstruction: Reconstruction, device: dict[str, Any]
) -> None:
    await reconstruction.publish([chapel(6_000)], generation=1, image_count=7)
    await reconstruction.cameras(6, waiting=1)
    await reconstruction.ready(image_count=7)
    async with visiting(browser, address, {**device, "locale": "de-AT"}) as visitor:
        page = visitor.page
        await visitor.join(mosquitto.connection("anna"))
        await expect(page.get_by_test_id("counts")).to_contain_text("7 Bilder", timeout=WAIT_MS)
        await expect(page).to_have_title("Chapel")
        if device is PHONE:
            await page.get_by_test_id("handle").click()
        for language in LANGUAGES[::-1]:
            await _choose(visitor, language)
            for tab in ("activity", "figures", "photos"):
                await page.get_by_test_id(f"tab-{tab}").click()
                assert await page.evaluate(CUT) == []
        await _choose(visitor, "fr")
        await page.reload()
        await expect(page.get_by_test_id("counts")).to_contain_text("7 images", timeout=WAIT_MS)
        await visitor.has(lang="fr")

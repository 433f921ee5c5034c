"""Can every button be used? Each tool, scrolled to, must lie in the window with nothing over it."""

from typing import Final

from tests.browser.conftest import Visitor

# Buttons of the toolbar whose middle does not take a tap, with what takes it instead.
_COVERED: Final = """() => {
    const covered = [];
    const deepest = (x, y) => {
        let at = document.elementFromPoint(x, y);
        for (let inner = at; inner?.shadowRoot; at = inner)
            { inner = inner.shadowRoot.elementFromPoint(x, y); if (!inner || inner === at) break; }
        return at;
    };
    const root = document.querySelector('cairn-viewer')?.shadowRoot;
    const hasDialog = at => [...at.querySelectorAll('*')].some(
        each => each.matches('dialog[open]') || (each.shadowRoot && hasDialog(each.shadowRoot)));
    if (!root || hasDialog(root)) return covered;
    for (const button of root.querySelectorAll('.tools button:not(:disabled)')) {
        if (!button.checkVisibility({ visibilityProperty: true })) continue;
        button.scrollIntoView({ block: 'nearest', inline: 'nearest' });
        const { bottom, left, right, top } = button.getBoundingClientRect();
        const taker = deepest((left + right) / 2, (top + bottom) / 2);
        const isInside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
        if (!isInside || !taker || !button.contains(taker))
            covered.push(`${button.dataset.testid}: ${isInside ? taker?.className || taker?.localName : 'outside'}`);
    }
    return covered;
}"""


async def covered(visitor: Visitor) -> list[str]:
    """Tools that a finger does not reach."""
    found: list[str] = await visitor.page.evaluate(_COVERED)
    return found

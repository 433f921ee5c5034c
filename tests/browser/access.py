"""What does axe-core find on a page?"""

from pathlib import Path
from typing import Final

from tests.browser.conftest import Visitor

AXE: Final = Path(__file__).parents[2] / "viewer/web/node_modules/axe-core/axe.min.js"


async def violations(visitor: Visitor) -> list[str]:
    """What axe-core finds, in a world of its own: the page's policy lets no foreign script in."""
    session = await visitor.page.context.new_cdp_session(visitor.page)
    tree = await session.send("Page.getFrameTree")
    world = await session.send("Page.createIsolatedWorld", {"frameId": tree["frameTree"]["frame"]["id"]})
    script = AXE.read_text(encoding="utf-8") + (
        ";axe.run(document).then(({passes, violations}) => ({passed: passes.map(each => each.id), broken:"
        " violations.map(each => each.id + ': ' + each.nodes.map(node => node.target.flat()).join(' | '))}))"
    )
    result = await session.send(
        "Runtime.evaluate",
        {
            "expression": script,
            "contextId": world["executionContextId"],
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    assert "exceptionDetails" not in result, result["exceptionDetails"]
    found = result["result"]["value"]
    assert "button-name" in found["passed"], "axe-core did not see the page's own elements"
    broken: list[str] = found["broken"]
    return broken

"""What must `@cairn/viewer` do on a page of somebody else? The same looks for the built application and for a fresh project."""

import contextlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
from aiohttp import web
from playwright.async_api import Browser, expect

from broker.mosquitto import Mosquitto
from broker.shards import PointCloud, encode_ply
from tests.browser.chapel import chapel
from tests.browser.conftest import DESKTOP, WAIT_MS, Visitor, serving, visiting
from tests.browser.reconstruction import Reconstruction
from viewer.config import Settings

PACKAGE = Path(__file__).parents[2] / "viewer/web/elements/dist"
POINTS = 4_000
_THREE_NUMBERS = re.compile(r"^(-?[\d.e-]+ ){2}-?[\d.e-]+$")


def ascii_ply(cloud: PointCloud) -> bytes:
    """A PLY as another program writes it: ASCII, double, normals, alpha, and faces that nobody draws."""
    axes = "".join(f"property double {name}\n" for name in ("x", "y", "z", "nx", "ny", "nz"))
    colors = "".join(f"property uchar {name}\n" for name in ("red", "green", "blue", "alpha"))
    faces = "element face 1\nproperty list uchar int vertex_indices\n"
    head = f"ply\nformat ascii 1.0\nelement vertex {len(cloud)}\n{axes}{colors}{faces}end_header\n"
    normals = np.tile([0.0, 1.0, 0.0], (len(cloud), 1))
    rows = np.hstack([cloud.points_in_world, normals, cloud.colors_rgb, np.full((len(cloud), 1), 255)])
    return (head + "".join(" ".join(f"{value:g}" for value in row) + "\n" for row in rows) + "3 0 1 2\n").encode()


def write_clouds(folder: Path) -> None:
    """Write three files that are read and one that is not."""
    (folder / "wall.ply").write_bytes(ascii_ply(chapel(POINTS)))
    (folder / "0.ply").write_bytes(encode_ply(chapel(POINTS)))
    (folder / "1.ply").write_bytes(encode_ply(chapel(POINTS, seed=2)))
    (folder / "torn.ply").write_bytes(encode_ply(chapel(POINTS))[:-1000])


@contextlib.asynccontextmanager
async def files_served(folder: Path) -> AsyncIterator[str]:
    """A plain file server, as a third party has it; gives its origin."""
    files = web.Application()
    files.router.add_static("/", folder)
    runner = web.AppRunner(files)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def pick_a_point(visitor: Visitor, element: str) -> None:
    """Tap places near the middle until a point was hit, which `document.title` or `#picked` shows."""
    canvas = visitor.page.locator(element).locator("canvas").first
    box = await canvas.bounding_box()
    assert box is not None
    for across, down in ((0.5, 0.5), (0.45, 0.55), (0.55, 0.5), (0.5, 0.6)):
        await canvas.click(position={"x": across * box["width"], "y": down * box["height"]})


async def shows_files(browser: Browser, origin: str) -> None:
    """The application shows PLY files, replaces them, says which it cannot read, and hears what is picked."""
    first, second = (len(chapel(POINTS, seed=seed)) for seed in (1, 2))
    async with visiting(browser, f"{origin}/", DESKTOP) as visitor:
        page = visitor.page
        await page.goto(f"{origin}/index.html")
        field, cloud = page.get_by_label("Files"), page.locator("cairn-cloud")
        await field.fill("wall.ply 1.ply")
        await field.blur()
        await expect(cloud).to_have_attribute("points-shown", str(first + second), timeout=WAIT_MS)
        await expect(page.locator("#loaded")).to_have_text(str(first + second))
        assert await visitor.lit_pixels("cairn-cloud") > 3_000
        box = await cloud.bounding_box()
        assert box is not None
        assert box["height"] == 500
        await pick_a_point(visitor, "cairn-cloud")
        await expect(page.locator("#picked")).to_have_text(_THREE_NUMBERS)
        await field.fill("torn.ply 0.ply")
        await field.blur()
        await expect(page.locator("#refused")).to_have_text("bad_ply")
        await expect(cloud).to_have_attribute("points-shown", str(first), timeout=WAIT_MS)


async def follows_a_project(
    browser: Browser, origin: str, mosquitto: Mosquitto, reconstruction: Reconstruction
) -> None:
    """The application shows a project of a page server at another origin, after a login in the element."""
    manifest = await reconstruction.publish([chapel(POINTS)], generation=1)
    await reconstruction.ready(image_count=10)
    settings = Settings(broker=mosquitto.connection("viewer"), port=0, allowed_origins=(origin,))
    anna = mosquitto.connection("anna")
    async with serving(settings) as server, visiting(browser, f"{origin}/", DESKTOP, also=server) as visitor:
        page = visitor.page
        await page.goto(f"{origin}/index.html?server={server}")
        await page.get_by_label("Name").fill(anna.username or "")
        await page.get_by_label("Password").fill(anna.secret() or "")
        await page.get_by_role("button", name="Open").click()
        await visitor.has(link="connected", points_shown=manifest.point_count)
        await expect(page.locator("#loaded")).to_have_text(str(manifest.point_count))
        assert await visitor.lit_pixels() > 3_000
        await pick_a_point(visitor, "cairn-viewer")
        await expect(page.locator("#picked")).to_have_text(_THREE_NUMBERS)
        camera = json.loads(await page.evaluate("JSON.stringify(document.querySelector('cairn-viewer').camera)"))
        assert len(camera["position"]) == len(camera["target"]) == 3


async def is_refused_elsewhere(browser: Browser, origin: str, address: str) -> None:
    """A page of an origin that the server does not know gets an `error` event."""
    async with visiting(browser, f"{origin}/", DESKTOP, also=address) as visitor:
        visitor.is_loss_expected = True
        await visitor.page.goto(f"{origin}/index.html?server={address}")
        await expect(visitor.page.locator("#refused")).to_have_text("unreachable", timeout=WAIT_MS)
        visitor.errors = [error for error in visitor.errors if "CORS policy" not in error]

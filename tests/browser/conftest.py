"""A real Chromium in front of a real page server, relay and broker."""

import asyncio
import base64
import contextlib
import json
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from numpy.typing import NDArray
from PIL import Image
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, FilePayload, Page, Request, async_playwright
from playwright.async_api import expect as expect_page

from broker.config import Connection
from broker.delivery import Delivery
from broker.mosquitto import Mosquitto
from tests.browser.reconstruction import Reconstruction, subscriptions
from viewer.config import Settings
from viewer.server import serve

BINARIES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu-rasterization",  # see benchmarks/parts/page/chromium.py
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]
HARMLESS = ("GPU stall", "Service Worker registration blocked by Playwright")
WAIT_MS = 30_000
NO_WEBGL = """
const original = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind.startsWith('webgl') ? null : original.call(this, kind, ...rest);
};"""
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}


def photo(shade: int = 120) -> FilePayload:
    """A small JPEG, as a file input takes it."""
    buffer = BytesIO()
    Image.new("RGB", (64, 48), (shade, 100, 80)).save(buffer, "JPEG")
    return FilePayload(name="door.jpg", mimeType="image/jpeg", buffer=buffer.getvalue())


@dataclass(slots=True)
class Visitor:
    """One page in a browser, with what it said and asked for."""

    page: Page
    address: str
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    is_loss_expected: bool = False

    async def join(self, connection: Connection, project: str = "chapel") -> None:
        """Open the page as one of the broker's users who is signed in, as after a reload of the tab."""
        account = {"user": connection.username, "password": connection.secret(), "project": project}
        stored = json.dumps(json.dumps(account))
        is_page = "location.protocol.startsWith('http')"  # about:blank has no storage
        await self.page.add_init_script(f"if ({is_page}) sessionStorage.setItem('cairn.account', {stored});")
        await self.page.goto(self.address)

    async def has(self, **attributes: str | int) -> None:
        """Wait until the viewer carries these attributes."""
        viewer = self.page.locator("cairn-viewer")
        for name, value in attributes.items():
            await expect_page(viewer).to_have_attribute(name.replace("_", "-"), str(value), timeout=WAIT_MS)

    async def number(self, attribute: str) -> int:
        """A number that the viewer carries as an attribute."""
        return int(await self.page.locator("cairn-viewer").get_attribute(attribute) or "0")

    async def reaches(self, attribute: str, least: int) -> None:
        """Wait until an attribute's number is at least this."""
        script = "([name, least]) => Number(document.querySelector('cairn-viewer')?.getAttribute(name)) >= least"
        await self.page.wait_for_function(script, arg=[attribute, least], timeout=WAIT_MS)

    async def drawing(self, element: str = "cairn-viewer") -> bytes:
        """The canvas as PNG, in a frame that is drawn now."""
        asked = self.page.evaluate(
            """async element => {
                const blob = await document.querySelector(element).capture();
                const bytes = new Uint8Array(await blob.arrayBuffer());
                let text = '';
                for (const byte of bytes) text += String.fromCharCode(byte);
                return btoa(text);
            }""",
            element,
        )
        return base64.b64decode(await asyncio.wait_for(asked, WAIT_MS / 1000))

    async def lit_pixels(self, element: str = "cairn-viewer") -> int:
        """How many pixels of the canvas something is drawn on."""
        return _lit(await self.drawing(element))

    async def settled_pixels(self, element: str = "cairn-viewer") -> int:
        """The same, once two pictures half a second apart are equal: the flight to the object is over."""
        before = b""
        async with asyncio.timeout(WAIT_MS / 1000):
            while (now := await self.drawing(element)) != before:
                before = now
                await asyncio.sleep(0.5)
        return _lit(now)

    async def middle_of_object(self) -> tuple[float, float]:
        """The lit pixel nearest to the middle of all, CSS pixels from the upper left corner."""
        drawn = _is_lit(await self.drawing())
        lit = np.argwhere(drawn)
        row, column = lit[np.abs(lit - np.median(lit, axis=0)).sum(axis=1).argmin()]
        width: int = await self.page.evaluate("innerWidth")
        return float(column + 0.5) * width / drawn.shape[1], float(row + 0.5) * width / drawn.shape[1]


def _lit(drawing: bytes) -> int:
    return int(_is_lit(drawing).sum())


def _is_lit(drawing: bytes) -> NDArray[np.bool_]:
    return np.asarray(np.asarray(Image.open(BytesIO(drawing)).convert("RGBA"))[..., 3] > 0)


@contextlib.asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """A page server in this event loop; gives its address."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(settings, address.set_result))
    try:
        async with asyncio.timeout(30):
            while not address.done() and not task.done():
                await asyncio.sleep(0.01)
        if task.done():
            task.result()  # raises what kept it from serving
        yield address.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def settings(mosquitto: Mosquitto) -> Settings:
    """A page server's settings for this broker, on a free port."""
    return Settings(broker=mosquitto.connection("viewer"), port=0)


@pytest_asyncio.fixture(loop_scope="module")
async def address(settings: Settings) -> AsyncIterator[str]:
    """A running page server's address."""
    async with serving(settings) as given:
        yield given


@contextlib.asynccontextmanager
async def reconstructing(mosquitto: Mosquitto) -> AsyncIterator[Reconstruction]:
    """The reconstructor's user, connected, giving receipts and pongs."""
    connection = mosquitto.connection("reconstructor")
    delivery = Delivery(connection, client_id="reconstruction", subscriptions=subscriptions(connection))
    async with delivery:
        await delivery.wait_connected(30)
        reconstruction = Reconstruction(connection=connection, delivery=delivery)
        answering = asyncio.create_task(reconstruction.answer())
        yield reconstruction
        answering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await answering


@pytest_asyncio.fixture(loop_scope="module")
async def reconstruction(mosquitto: Mosquitto) -> AsyncIterator[Reconstruction]:
    """The stand-in for the reconstructor."""
    async with reconstructing(mosquitto) as given:
        yield given


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The system's Chromium, drawing in software."""
    binary = next((found for name in BINARIES if (found := shutil.which(name))), None)
    assert binary, "no Chromium on this system: run `make setup`"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=binary, args=ARGUMENTS)
        yield browser
        await asyncio.wait_for(browser.close(), WAIT_MS / 1000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for the tests of a file; each visitor has a context of its own."""
    async with chromium() as given:
        yield given


@pytest_asyncio.fixture(loop_scope="module")
async def desktop(browser: Browser, address: str) -> AsyncIterator[Visitor]:
    """A visitor with a large window and a mouse; leaves no error in the console and asks no other host."""
    async with visiting(browser, address, DESKTOP) as visitor:
        yield visitor


@pytest_asyncio.fixture(loop_scope="module")
async def phone(browser: Browser, address: str) -> AsyncIterator[Visitor]:
    """A visitor with a small window and a finger."""
    async with visiting(browser, address, PHONE) as visitor:
        yield visitor


@contextlib.asynccontextmanager
async def visiting(browser: Browser, address: str, device: dict[str, Any], also: str = "") -> AsyncIterator[Visitor]:
    """One visitor in a context of its own; what a page must never do is checked at the end.

    Args:
        browser: whose.
        address: of the page.
        device: options of the context.
        also: an address of the other server that the page may ask.
    """
    # without a service worker, every request is the page's own
    context: BrowserContext = await browser.new_context(**{"color_scheme": "dark", "service_workers": "block"} | device)
    visitor = Visitor(page=await context.new_page(), address=address)
    visitor.page.on("console", lambda message: _note(visitor, message))
    visitor.page.on("pageerror", lambda error: visitor.errors.append(str(error)))
    visitor.page.on("request", lambda request: visitor.hosts.add(_host(request)))
    try:
        yield visitor
    finally:
        await asyncio.wait_for(context.close(), WAIT_MS / 1000)
    assert visitor.errors == [], visitor.errors
    assert visitor.hosts <= {_host_of(address), _host_of(also), ""}, visitor.hosts


def _note(visitor: Visitor, message: ConsoleMessage) -> None:
    is_loss = visitor.is_loss_expected and ("WebSocket" in message.text or "Failed to load resource" in message.text)
    is_harmless = any(words in message.text for words in HARMLESS)
    if message.type in {"error", "warning"} and not is_loss and not is_harmless:
        visitor.errors.append(f"{message.type}: {message.text}")


def _host(request: Request) -> str:
    return _host_of(request.url)


def _host_of(url: str) -> str:
    return url.split("/")[2] if "//" in url else ""

"""How does a benchmark drive Chromium without slowing it down? By the few commands it needs, and no events.

Playwright has every WebSocket frame told to it, in base64 by way of three processes: on two processors that took a fifth
of what a page could load (measured 2026-11-24).
"""

import asyncio
import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp

START_PATIENCE_S: Final = 20.0
ANSWER_PATIENCE_S: Final = 180.0  # a page may be waited for
WINDOW_S: Final = 2.0  # a new window loads pages of the browser itself (the address bar), and uses half a processor
KEYS: Final = {"ArrowLeft": 37, "f": 70}
# Without a graphics card Chromium paints the page itself with the processors' own code; Debian's start script forces it to
# have that done by the emulated card too, and a second goes into compiling shaders for shadows and letters.
ARGUMENTS: Final = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-gpu-rasterization",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)


class BrowserError(RuntimeError):
    """Chromium is missing, did not start, or refused a command."""


class Chromium:
    """A running browser; commands go over its DevTools socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def send(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Give a command, of a page's session or of the browser's, and wait for its result.

        Raises:
            BrowserError: it was refused.
            TimeoutError: there was no answer.
        """
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        command = {"id": number, "method": method, "params": parameters}
        await self._socket.send_json(command if session is None else {**command, "sessionId": session})
        try:
            async with asyncio.timeout(ANSWER_PATIENCE_S):
                answer = await self._answers[number]
        finally:
            del self._answers[number]
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def listen(self) -> None:
        """Hand answers to those who wait for them, until the browser is gone."""
        async for message in self._socket:
            answer = message.json()
            future = self._answers.get(answer.get("id", 0))
            if future is not None and not future.done():
                future.set_result(answer)


class Page:
    """One tab in a context of its own."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser, self._session = browser, session

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give this tab a command; raises `BrowserError` when it is refused."""
        return await self._browser.send(method, self._session, **parameters)

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited if it is a promise.

        Raises:
            BrowserError: it threw.
        """
        result = await self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise BrowserError(f"{expression[:80]}: {result['exceptionDetails']['text']}")
        return result["result"].get("value")

    async def press(self, key: str) -> None:
        """Press and release a key of `KEYS`."""
        for kind in ("rawKeyDown", "keyUp"):
            await self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key])


@contextlib.asynccontextmanager
async def launched() -> AsyncIterator[Chromium]:
    """A headless Chromium that draws with the processors.

    Raises:
        BrowserError: there is none, or it did not start.
    """
    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if binary is None:
        raise BrowserError("Chromium is missing: run `make setup`")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        arguments = [binary, *ARGUMENTS, *sandbox, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: ASYNC220 - starting does not wait
        try:
            address = await _address(Path(profile) / "DevToolsActivePort", process)
            async with aiohttp.ClientSession() as http, http.ws_connect(address, max_msg_size=0) as socket:
                browser = Chromium(socket)
                listening = asyncio.create_task(browser.listen(), name="chromium")
                yield browser
                listening.cancel()
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait)


@contextlib.asynccontextmanager
async def opened(
    browser: Chromium, address: str, viewport: Mapping[str, int], probe: str, *, is_calm: bool = False
) -> AsyncIterator[Page]:
    """A fresh tab at an address, opened after its window has finished loading.

    Args:
        browser: where it is opened.
        address: of the page.
        viewport: `width` and `height` in CSS pixels.
        probe: a script that runs before everything else.
        is_calm: without flights.
    """
    context = (await browser.send("Target.createBrowserContext"))["browserContextId"]
    target = (await browser.send("Target.createTarget", url="about:blank", browserContextId=context))["targetId"]
    session = (await browser.send("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
    page = Page(browser, session)
    await page.send("Page.enable")
    metrics = {"deviceScaleFactor": 1, "mobile": False, **viewport}
    await page.send("Emulation.setDeviceMetricsOverride", **metrics)
    if is_calm:
        calm = {"name": "prefers-reduced-motion", "value": "reduce"}
        await page.send("Emulation.setEmulatedMedia", features=[calm])
    await page.send("Page.addScriptToEvaluateOnNewDocument", source=probe)
    await asyncio.sleep(WINDOW_S)
    await page.send("Page.navigate", url=address)
    yield page
    await browser.send("Target.disposeBrowserContext", browserContextId=context)


async def _address(file: Path, process: subprocess.Popen[bytes]) -> str:
    """The browser's DevTools socket, which it writes to a file once it listens."""
    async with asyncio.timeout(START_PATIENCE_S):
        while len(lines := await asyncio.to_thread(_lines, file)) < 2:
            if process.poll() is not None:
                raise BrowserError(f"Chromium ended with code {process.returncode}")
            await asyncio.sleep(0.05)
    return f"ws://127.0.0.1:{lines[0]}{lines[1]}"


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").split("\n") if file.exists() else []

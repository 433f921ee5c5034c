"""How does a test drive Debian's Firefox? By WebDriver BiDi, which Firefox speaks itself: no driver, no Playwright.

Firefox draws on a screen that Xvfb keeps in memory: with `--headless` it has no WebGL (153, Debian 12, 2026-11-29).
"""

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp

BINARIES: Final = ("firefox-esr", "firefox")
START_PATIENCE_S: Final = 60.0
PATIENCE_S: Final = 60.0
LOOK_AGAIN_S: Final = 0.2
SCREEN: Final = "1440x900x24"
# A fresh profile asks its maker's hosts for news; WebGL is drawn by the processors.
PREFERENCES: Final = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.enabled": False,
    "webgl.force-enabled": True,
}


class FirefoxError(RuntimeError):
    """Firefox is missing, did not start, or refused a command."""


class Firefox:
    """One tab of a running Firefox."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._context = ""
        self.errors: list[str] = []

    async def begin(self) -> None:
        """Begin a session, find its tab, and listen to what pages complain about."""
        await self.send("session.new", capabilities={})
        await self.send("session.subscribe", events=["log.entryAdded"])
        tree = await self.send("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give a command and wait for its result.

        Raises:
            FirefoxError: it was refused, or Firefox is gone.
            TimeoutError: there was no answer.
        """
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self._socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    raise FirefoxError(f"{method}: the connection ended")
                answer = json.loads(message.data)
                if answer.get("method") == "log.entryAdded" and answer["params"]["level"] == "error":
                    self.errors.append(str(answer["params"]["text"]))
                if answer.get("id") == number:
                    break
        if answer["type"] == "error":
            raise FirefoxError(f"{method}: {answer['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def open(self, address: str) -> None:
        """Go to an address."""
        await self.send("browsingContext.navigate", context=self._context, url=address, wait="complete")

    async def reload(self) -> None:
        """Load the page again, as a person does."""
        await self.send("browsingContext.reload", context=self._context, wait="complete")

    async def value(self, expression: str) -> Any:
        """The number, text or truth of a JavaScript expression, awaited if it is a promise.

        Raises:
            FirefoxError: it threw.
        """
        return (await self._evaluate(expression)).get("value")

    async def until(self, expression: str) -> None:
        """Wait until a JavaScript expression is true.

        Raises:
            TimeoutError: it never was.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await self.value(expression):
                    await asyncio.sleep(LOOK_AGAIN_S)
        except TimeoutError as exc:
            raise TimeoutError(f"never true in Firefox: {expression}") from exc

    async def choose(self, element: str, path: Path) -> None:
        """Put a file into the file input that a JavaScript expression names."""
        node = {"sharedId": (await self._evaluate(element))["sharedId"]}
        await self.send("input.setFiles", context=self._context, element=node, files=[str(path)])

    async def _evaluate(self, expression: str) -> dict[str, Any]:
        target = {"context": self._context}
        told = await self.send("script.evaluate", expression=expression, target=target, awaitPromise=True)
        if told["type"] == "exception":
            raise FirefoxError(f"{expression[:80]}: {told['exceptionDetails']['text']}")
        result: dict[str, Any] = told["result"]
        return result


@contextlib.asynccontextmanager
async def firefox() -> AsyncIterator[Firefox]:
    """A Firefox with a fresh profile, on a screen of its own.

    Raises:
        FirefoxError: it or the screen is missing, or did not start.
    """
    binary = next(filter(None, map(shutil.which, BINARIES)), None)
    if binary is None:
        raise FirefoxError("Firefox is missing: run `make firefox-test`, or `apt-get install firefox-esr`")
    async with _screen() as display:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as text:
            profile = Path(text)
            lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items()]
            (profile / "user.js").write_text("".join(lines), encoding="utf-8")
            command = [binary, "--no-remote", "--profile", text, "--remote-debugging-port", "0", "about:blank"]
            home = {**os.environ, "HOME": text, "DISPLAY": display}  # as root Firefox refuses a home of somebody else
            process = subprocess.Popen(command, env=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: ASYNC220 - starting does not wait
            try:
                address = await _address(profile / "WebDriverBiDiServer.json", process)
                async with aiohttp.ClientSession() as http, http.ws_connect(address, max_msg_size=0) as socket:
                    browser = Firefox(socket)
                    await browser.begin()
                    yield browser
            finally:
                process.terminate()
                await asyncio.to_thread(process.wait)


@contextlib.asynccontextmanager
async def _screen() -> AsyncIterator[str]:
    """A screen in memory; gives its name, which Xvfb tells once it is ready."""
    binary = shutil.which("Xvfb")
    if binary is None:
        raise FirefoxError("Xvfb is missing: run `make firefox-test`, or `apt-get install xvfb`")
    command = [binary, "-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp"]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        if process.stdout is None:
            raise FirefoxError("Xvfb has no output")
        name = (await asyncio.wait_for(process.stdout.readline(), START_PATIENCE_S)).decode().strip()
        if not name:
            raise FirefoxError("Xvfb did not start")
        yield f":{name}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _address(file: Path, process: subprocess.Popen[bytes]) -> str:
    """Where Firefox listens, which it writes to a file."""
    async with asyncio.timeout(START_PATIENCE_S):
        while not (told := await asyncio.to_thread(_told, file)):
            if process.poll() is not None:
                raise FirefoxError(f"Firefox ended with code {process.returncode}")
            await asyncio.sleep(LOOK_AGAIN_S)
    return f"ws://{told['ws_host']}:{told['ws_port']}/session"


def _told(file: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):  # not there yet, or half written
        return {}
    return told

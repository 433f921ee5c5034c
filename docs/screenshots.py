"""Make the README's pictures: `python docs/screenshots.py [DEMO OPTIONS]` photographs the demo, desktop and phone."""  # noqa: INP001 - a script, no package

import asyncio
import contextlib
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, Page, async_playwright
from playwright.async_api import Error as PlaywrightError

IMAGES: Final = Path(__file__).parent / "images"
DEMO: Final = (sys.executable, "-m", "cairn", "demo", "--no-browser", "--project", "facade")
PATIENCE_S: Final = 900
SETTLE_S: Final = 6.0  # the flight to the object and the finest points
ATTEMPTS: Final = 60
LEAST_IMAGES: Final = 20  # two rebuilds
DEVICES: Final[Mapping[str, Mapping[str, Any]]] = {
    "desktop": {"viewport": {"width": 1440, "height": 900}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}


async def invitation(demo: asyncio.subprocess.Process) -> str:
    """The address that the demo prints; the rest of its words are passed on."""
    if demo.stderr is None:
        raise RuntimeError("the demo has no stderr")
    async for line in demo.stderr:
        sys.stderr.buffer.write(line)
        if found := re.search(rb"(http://\S+#invite=\S+)", line):
            return found[1].decode()
    raise RuntimeError("the demo ended without telling its address")


async def pass_on(demo: asyncio.subprocess.Process) -> None:
    """Keep the demo's pipe empty."""
    async for line in demo.stderr or ():  # type: ignore[union-attr]
        sys.stderr.buffer.write(line)


async def open_page(page: Page, link: str) -> None:
    """The demo tells its address a moment before its page server listens."""
    for _ in range(ATTEMPTS):
        with contextlib.suppress(PlaywrightError):
            await page.goto(link)
            return
        await asyncio.sleep(1)
    raise RuntimeError(f"no page at {link.partition('#')[0]}")


async def photograph(browser: Browser, link: str, name: str) -> None:
    """One device's picture, once the object has been rebuilt from enough images."""
    context = await browser.new_context(color_scheme="dark", **DEVICES[name])
    page = await context.new_page()
    await open_page(page, link)
    ready = """least => {
        const viewer = document.querySelector('cairn-viewer');
        return viewer && Number(viewer.getAttribute('image-count')) >= least && Number(viewer.getAttribute('generation')) > 1;
    }"""
    await page.wait_for_function(ready, arg=LEAST_IMAGES, timeout=PATIENCE_S * 1000, polling=1000)
    await asyncio.sleep(SETTLE_S)
    await page.screenshot(path=IMAGES / f"{name}.png")
    await context.close()


async def main() -> None:
    """Run the demo, look at it, stop it in order."""
    IMAGES.mkdir(exist_ok=True)
    demo = await asyncio.create_subprocess_exec(*DEMO, *sys.argv[1:], stderr=asyncio.subprocess.PIPE)
    link = await invitation(demo)
    reading = asyncio.create_task(pass_on(demo))
    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    arguments = ["--disable-gpu-rasterization", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=binary, args=arguments + sandbox)
            for name in DEVICES:
                await photograph(browser, link, name)
            await browser.close()
    finally:
        demo.terminate()
        await demo.wait()
        reading.cancel()


if __name__ == "__main__":
    asyncio.run(main())

"""The main job, whole: photographs on a disk, one command, and the object in a browser, a file and ops' terminal.

`CAIRN_TEST_PHOTOS` names a folder of real photographs; without it a rig's photographs are rendered.
`CAIRN_SCREENSHOTS` names a folder that keeps what the page showed.
"""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import open3d
import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, Error, Page

from broker.mosquitto import free_port
from edge_agent.cameras.simulated.camera import write_photographs
from tests.browser.conftest import DESKTOP, Visitor, visiting

pytestmark = [pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]
RENDERED_COUNT = 11
RENDERED_SIZE_PX = (612, 408)
PROCESSING_TIMEOUT_S = 360.0
REFETCH_AT = 10


@dataclass(slots=True)
class Demo:
    """A running `cairn demo` and what it greeted with."""

    process: asyncio.subprocess.Process
    data: Path
    link: str
    ops_command: str
    photo_count: int
    events: list[str] = field(default_factory=list)

    @property
    def page(self) -> str:
        return self.link.partition("#")[0]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Real photographs where there are some, else rendered ones."""
    if named := os.environ.get("CAIRN_TEST_PHOTOS"):
        return sorted(Path(named).resolve().iterdir())
    return write_photographs(
        "statue", tmp_path_factory.mktemp("photographs"), count=RENDERED_COUNT, size_px=RENDERED_SIZE_PX
    )


@pytest.fixture
def screenshot(tmp_path: Path) -> Path:
    """Where the picture of the page goes."""
    folder = Path(os.environ.get("CAIRN_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "main-job.png"


@pytest_asyncio.fixture(loop_scope="module")
async def demo(photographs: list[Path], tmp_path: Path) -> AsyncIterator[Demo]:
    """The demo on these photographs, with ops watching every event; interrupted in the end."""
    words = ["--photos", photographs[0].parent, "--data", tmp_path / "data", "--no-browser", "--interval", "0.5"]
    words += ["--port", free_port()]  # the usual one may be another test's
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cairn", "demo", *map(str, words)), stderr=asyncio.subprocess.PIPE
    )
    greeting = [await _line(process) for _ in range(4)]
    link = greeting[1].split()[-1]
    demo = Demo(process, tmp_path / "data", link, greeting[2].partition("watch")[2].strip(), len(photographs))
    drained = asyncio.create_task(_drain(process))
    ops = await asyncio.create_subprocess_shell(
        f"exec env {demo.ops_command}", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    listening = asyncio.create_task(_listen(ops, demo.events))
    yield demo
    ops.terminate()
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), 60) == 0
    await ops.wait()
    await asyncio.gather(listening, drained)


async def test_photographs_become_points_in_a_browser_a_file_and_ops_terminal(
    demo: Demo, browser: Browser, screenshot: Path
) -> None:
    async with visiting(browser, demo.page, {**DESKTOP, "reduced_motion": "reduce"}) as visitor:
        await _open(visitor.page, demo.link)
        await _processed(demo)
        await visitor.reaches("generation", 2)
        shown = await _settled(visitor)
        drawing = demo.data / "page.png"
        drawing.write_bytes(await visitor.drawing())
        await visitor.page.screenshot(path=screenshot)
    pixels = np.asarray(Image.open(drawing).convert("RGBA")).reshape(-1, 4)
    lit = pixels[pixels[:, 3] > 0, :3].astype(int)
    assert len(lit) > 20_000
    assert np.ptp(lit, axis=0).min() > 60, "the points have no colours"
    assert await _pulled_count(demo) == shown
    _check_events(demo)


async def _pulled_count(demo: Demo) -> int:
    """Points that Open3D reads from what `cairn view pull` wrote."""
    options = re.search(r"XDG_CONFIG_HOME=(\S+)", demo.ops_command)
    assert options
    connection = re.search(r"-p (\d+)", (Path(options[1]) / "mosquitto_sub").read_text())
    assert connection
    cloud = demo.data / "pulled.ply"
    words = ["--project", "demo", "--broker-port", connection[1], "--user", "page", "--out", cloud]
    words += ["--password-file", demo.data / "secrets" / "page"]
    pull = await asyncio.create_subprocess_exec(*(sys.executable, "-m", "cairn", "view", "pull", *map(str, words)))
    assert await asyncio.wait_for(pull.wait(), 60) == 0
    return len(open3d.io.read_point_cloud(cloud).points)


def _messages(demo: Demo) -> list[dict[str, object]]:
    """What ops saw; every line is a topic and one JSON object."""
    return [json.loads(line.partition(" ")[2]) for line in demo.events]


async def _processed(demo: Demo) -> None:
    """Wait until ops saw the end of every image, and of the refetch, which runs beside the last ones."""
    everything = {(number, False) for number in range(1, demo.photo_count + 1)} | {(REFETCH_AT, True)}
    async with asyncio.timeout(PROCESSING_TIMEOUT_S):
        while everything - {
            (each["image_number"], each["is_refetch"])
            for each in _messages(demo)
            if each["type"] == "processing_complete"
        }:
            await asyncio.sleep(0.5)


def _check_events(demo: Demo) -> None:
    types = {message["type"] for message in _messages(demo)}
    assert {"processing_started", "shard_update", "refetch_starting", "processing_complete"} <= types
    assert "error" not in types


async def _open(page: Page, link: str) -> None:
    """Open the page as soon as its server answers."""
    for _ in range(60):
        try:
            await page.goto(link)
        except Error:  # connection refused
            await asyncio.sleep(0.5)
        else:
            return
    raise TimeoutError("the page server did not answer in 30 s")


async def _settled(visitor: Visitor) -> int:
    """The number of points shown, once it has not changed for three seconds."""
    before = 0
    for _ in range(60):
        await asyncio.sleep(3)
        now = await visitor.number("points-shown")
        if 0 < now == before:
            return now
        before = now
    raise TimeoutError("the page goes on loading")


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stderr
    return (await asyncio.wait_for(process.stderr.readline(), 30)).decode()


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stderr
    async for _ in process.stderr:
        pass


async def _listen(ops: asyncio.subprocess.Process, events: list[str]) -> None:
    assert ops.stdout
    async for line in ops.stdout:
        events.append(line.decode().rstrip("\n"))  # noqa: PERF401 - read while it grows

"""How fast is the page? Headless Chromium on software rendering, through the real relay and broker.

`python -m benchmarks.viewer`: one line of JSON last. Beside ours, on the same points in the same run: three's PLYLoader,
and points as base64 in JSON, the protocol of the first design (both in Node, where nothing else disturbs them).
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.parts.page.chromium import Chromium, Page, launched, opened
from benchmarks.parts.page.first_visit import first_visit_bytes
from benchmarks.parts.page.motion import Motion, dragged
from benchmarks.parts.page.server import page_server
from benchmarks.parts.page.set import (
    Shards,
    coarse_to_fine,
    cut,
    publish_cut,
    publish_manifest,
    publish_ready,
    publish_shards,
    surface,
)
from benchmarks.parts.quietness import disturbance_s
from benchmarks.parts.slow_link import slow_link
from broker.accounts.access import Credential, User
from broker.config import Connection
from broker.delivery import Delivery
from broker.ids import Encoding, ProjectId
from broker.logs import LogLevel, configure
from broker.mosquitto import BrokerPlan, Mosquitto, free_port

PROJECT: Final = ProjectId("bench")
POINT_COUNT: Final = 2_000_000
TURNED_POINTS: Final = 560_000
SLOW_BITS_PER_S: Final = 1e6
UPDATE_POINTS: Final = 15_000
UPDATE_COUNT: Final = 40
SWAP_COUNT: Final = 20
LOADS: Final = 7  # of each encoding
COUNTED_LOADS: Final = 3  # those during which the machine was fastest; the medians are theirs
LOAD_PATIENCE_S: Final = 120.0
WEB: Final = Path(__file__).parents[1] / "viewer/web"
VIEWPORT: Final = {"width": 800, "height": 600}
STAGE: Final = "document.querySelector('cairn-viewer').shadowRoot.querySelector('cairn-stage')"
# Notes when each attribute of the viewer took each value, and every task of more than 50 ms, from the very beginning.
PROBE: Final = """
window.noted = {}; window.awaited = {}; window.tasks = [];
window.at = key => new Promise(done => { if (noted[key]) done(noted[key]); else awaited[key] = done; });
new PerformanceObserver(list => { for (const task of list.getEntries())
    tasks.push([performance.timeOrigin + task.startTime, task.duration]); }).observe({type: 'longtask', buffered: true});
new MutationObserver(changes => { for (const {target, attributeName: name} of changes)
    if (target.localName === 'cairn-viewer') {
        const key = name + '=' + target.getAttribute(name);
        awaited[key]?.(noted[key] ??= Date.now()); noted[key] ??= Date.now(); } })
    .observe(document, {subtree: true, attributes: true});
"""

# Waits until the page asks who one is and nothing more is loaded, then answers as a person does.
LOG_IN: Final = """
(async () => {{
    let form; const pause = ms => new Promise(done => setTimeout(done, ms));
    while (!(form = document.querySelector('cairn-viewer')?.shadowRoot?.querySelector('cairn-login')
        ?.shadowRoot?.querySelector('form'))) await pause(50);
    const count = () => performance.getEntriesByType('resource').length;
    for (let before = -1; before !== count(); await pause(2000)) before = count();
    for (const [name, value] of Object.entries({account})) form.elements[name].value = value;
    form.requestSubmit(); }})()
"""
# Waits until any points are on screen.
FIRST_POINTS: Final = """
new Promise(done => { const look = () =>
    Object.keys(noted).some(key => /^points-shown=[1-9]/.test(key)) ? done(true) : setTimeout(look, 20); look(); })
"""


class Watched:
    """One page and what its probe noted."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def at(self, attribute: str, value: int | str) -> float:
        """Wait until the viewer carried this attribute, and tell when, in seconds of the wall clock."""
        async with asyncio.timeout(LOAD_PATIENCE_S):
            return float(await self.page.evaluate(f"at('{attribute}={value}')")) / 1000

    async def first(self, attribute: str) -> tuple[float, int]:
        """When the viewer first carried this attribute with a number over 0, in seconds of the wall clock, and which."""
        noted: dict[str, float] = await self.page.evaluate("noted")
        counts = {int(key.split("=")[1]): at for key, at in noted.items() if key.startswith(f"{attribute}=")}
        return min((at / 1000, count) for count, at in counts.items() if count > 0)

    async def longest_task_ms(self, begin: float, end: float) -> float:
        """The longest task that ran between two instants of the wall clock, in seconds; 0: none took over 50 ms."""
        tasks: list[tuple[float, float]] = await self.page.evaluate("tasks")
        return max((took for at, took in tasks if at < 1000 * end and at + took > 1000 * begin), default=0.0)

    async def figures(self) -> dict[str, float]:
        """What the last frame took."""
        found: dict[str, float] = await self.page.evaluate(f"{STAGE}.figures")
        return found

    async def heap_bytes(self) -> float:
        """JavaScript's memory with its buffers, after collecting garbage."""
        await self.page.send("HeapProfiler.collectGarbage")
        usage = await self.page.send("Runtime.getHeapUsage")
        return float(sum(usage.get(name, 0) for name in ("usedSize", "embedderHeapUsedSize", "backingStorageSize")))


async def load(watched: Watched, shards: Shards) -> dict[str, float]:
    """How a set comes: seconds from the connection to the coarsest level on screen and to all drawn, rate, longest tasks.

    The rate counts from the first shards that are said to be decoded to the last.
    """
    begin = await watched.at("link", "connected")
    here = await watched.at("shards-shown", len(shards.entries))
    done = await watched.at("points-shown", shards.point_count)
    level0, _ = await watched.first("points-shown")
    flowing, shown_count = await watched.first("shards-shown")
    flowed = (encoded.size_bytes for entry in shards.entries[shown_count:] for encoded in entry.encodings)
    return {
        "level0_s": level0 - begin,
        "mb_per_s": sum(flowed) / (here - flowing) / 1e6,
        "complete_s": done - begin,
        "longest_task_ms": await watched.longest_task_ms(begin, done),
        "start_task_ms": await watched.longest_task_ms(0, begin),
    }


async def loads(browser: Chromium, address: str, connection: Connection, shards: Shards) -> dict[str, float]:
    """The medians of the least disturbed of several loads, each of a fresh page, and the longest task of all of them."""
    every = []
    for _ in range(LOADS):
        before = disturbance_s()
        async with watching(browser, address, connection) as watched:
            found = await load(watched, shards)
        every.append((before + disturbance_s(), found))
    counted = [found for _, found in sorted(every, key=lambda each: each[0])[:COUNTED_LOADS]]
    medians = {name: statistics.median(each[name] for each in counted) for name in counted[0]}
    return medians | {"worst_task_ms": max(found["longest_task_ms"] for _, found in every)}


async def updates(watched: Watched, delivery: Delivery, connection: Connection) -> list[float]:
    """Seconds from the first byte of a shard's PUBLISH to the frame that shows it, for every update."""
    shards = await publish_shards(delivery, connection, [surface(UPDATE_POINTS, seed=0)], generation=50)
    await publish_manifest(delivery, connection, shards)
    await watched.at("generation", 50)
    seconds = []
    for revision in range(1, UPDATE_COUNT + 1):
        update = cut([surface(UPDATE_POINTS, seed=revision)], after=shards)
        await asyncio.sleep(0.25)
        begin = time.time()
        shards = await publish_cut(delivery, connection, update, after=shards)
        await publish_manifest(delivery, connection, shards)
        seconds.append(await watched.at("points-shown", shards.point_count) - begin)
    return seconds


async def swaps(watched: Watched, delivery: Delivery, connection: Connection) -> float:
    """By which ratio the heap grew over many changes of generation."""
    clouds = [surface(16_000, seed=seed) for seed in range(6)]
    sizes = []
    for generation in range(100, 101 + SWAP_COUNT):
        shards = await publish_shards(delivery, connection, clouds, generation=generation)
        await publish_manifest(delivery, connection, shards)
        await watched.at("generation", generation)
        await watched.at("points-shown", shards.point_count)
        if generation in {100, 100 + SWAP_COUNT}:
            await asyncio.sleep(1)
            sizes.append(await watched.heap_bytes())
    return sizes[-1] / sizes[0] - 1


async def turning(watched: Watched) -> tuple[float, float]:
    """Mean milliseconds of script for a frame while the object turns, and the draw calls of one."""
    await watched.page.evaluate(f"{STAGE}.shadowRoot.querySelector('canvas').focus()")
    taken = []
    for _ in range(20):
        await watched.page.press("ArrowLeft")
        await asyncio.sleep(0.1)
        taken.append(await watched.figures())
    return statistics.median(each["frameMs"] for each in taken), max(each["drawCalls"] for each in taken)


async def moved(watched: Watched, shards: Shards) -> Motion:
    """What one sees of a set while it is turned, and how soon it is complete afterwards."""
    await watched.at("points-shown", shards.point_count)
    await asyncio.sleep(4)  # the flight to the object, and the last frame's points
    return await dragged(watched.page, VIEWPORT)


async def slowly(browser: Chromium, address: str, connection: Connection) -> float:
    """Seconds from the MQTT connection to the first points on screen, over a slow line, of a page that has loaded."""
    host, _, port = address.removeprefix("http://").rstrip("/").rpartition(":")
    account = json.dumps({"user": connection.username, "password": connection.secret(), "project": PROJECT})
    async with (
        slow_link(int(port), SLOW_BITS_PER_S) as slow_port,
        opened(browser, f"http://{host}:{slow_port}/", VIEWPORT, PROBE) as page,
    ):
        watched = Watched(page)
        await page.evaluate(LOG_IN.format(account=account))
        connected = await watched.at("link", "connected")
        await page.evaluate(FIRST_POINTS)
        shown, _ = await watched.first("points-shown")
    return shown - connected


@contextlib.asynccontextmanager
async def watching(browser: Chromium, address: str, connection: Connection) -> AsyncIterator[Watched]:
    """A fresh page that is logged in, as after a reload: the account is where the page keeps it for a tab."""
    account = json.dumps({"user": connection.username, "password": connection.secret(), "project": PROJECT})
    probe = f"{PROBE}\nsessionStorage.setItem('cairn.account', {json.dumps(account)});"
    async with opened(browser, address, VIEWPORT, probe) as page:
        yield Watched(page)


async def measure(mosquitto: Mosquitto, address: str) -> dict[str, float]:
    """Every figure of the page itself."""
    connection, visitor = mosquitto.connection("reconstructor"), mosquitto.connection("viewer")
    levels = coarse_to_fine(surface(POINT_COUNT, seed=1))
    async with (
        Delivery(connection, client_id="bench", session_expiry_s=0) as delivery,
        launched() as browser,
    ):
        await delivery.wait_connected(10)
        await publish_ready(delivery, connection)
        packed = await publish_shards(delivery, connection, levels, generation=1)
        await publish_manifest(delivery, connection, packed)
        loaded = await loads(browser, address, visitor, packed)
        async with watching(browser, address, visitor) as watched:
            await watched.at("points-shown", packed.point_count)
            frame_ms, draw_calls = await turning(watched)
        first_points_s = await slowly(browser, address, visitor)
        plain = await publish_shards(delivery, connection, levels, generation=2, encoding=Encoding.PLY)
        await publish_manifest(delivery, connection, plain)
        transported = await loads(browser, address, visitor, plain)
        async with watching(browser, address, visitor) as watched:
            seconds = await updates(watched, delivery, connection)
        async with watching(browser, address, visitor) as watched:
            growth = await swaps(watched, delivery, connection)
        turned = await publish_shards(
            delivery, connection, coarse_to_fine(surface(TURNED_POINTS, seed=1)), generation=200
        )
        await publish_manifest(delivery, connection, turned)
        async with watching(browser, address, visitor) as watched:
            motion = await moved(watched, turned)
    return {
        "level0_ms": round(1000 * loaded["level0_s"]),
        "two_million_points_s": round(loaded["complete_s"], 2),
        "transport_mb_per_s": round(transported["mb_per_s"], 1),
        "publish_to_pixel_p50_ms": round(1000 * statistics.median(seconds)),
        "publish_to_pixel_p95_ms": round(1000 * float(np.percentile(seconds, 95))),
        "longest_task_ms": round(loaded["longest_task_ms"]),
        "longest_task_worst_ms": round(loaded["worst_task_ms"]),
        "start_task_ms": round(loaded["start_task_ms"]),
        "script_ms_per_frame": round(frame_ms, 2),
        "draw_calls": draw_calls,
        "first_points_at_1_mbit_s": round(first_points_s, 2),
        "settle_after_touch_s": round(motion.settle_s, 2),
        "lit_while_moving_share": round(motion.lit_share, 3),
        "heap_growth_percent": round(100 * growth, 1),
        "packed_bytes_per_point": round(packed.byte_count / packed.point_count, 2),
    }


def peers() -> dict[str, float]:
    """Time three's PLYLoader and base64 in JSON on 2 M points, and our decoder beside them; in Node."""
    with tempfile.TemporaryDirectory() as folder:
        build = ["npx", "vite", "build", "--ssr", "bench/peers.ts", "--outDir", folder, "--logLevel", "error"]
        subprocess.run(build, cwd=WEB, check=True, timeout=120)
        done = subprocess.run(
            ["node", str(Path(folder) / "peers.js"), str(POINT_COUNT)],
            cwd=WEB,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=300,
        )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def page_gzip_kb() -> float:
    """What a browser without brotli loads at a first visit."""
    return round(first_visit_bytes(WEB / "dist") / 1000, 1)


def users(names: Sequence[tuple[str, str]]) -> list[Credential]:
    """One user of every role that is needed."""
    return [Credential.fresh(User.build(name, role, [PROJECT])) for name, role in names]


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    configure(level=LogLevel.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        plan = BrokerPlan(data_dir=Path(folder), port=free_port())
        people = users((("reconstructor", "reconstructor"), ("viewer", "viewer")))
        with Mosquitto(plan, people) as mosquitto, page_server(mosquitto) as url:
            address = url.replace("ws://", "http://").removesuffix("mqtt")
            figures = asyncio.run(measure(mosquitto, address))
    print(figures, file=sys.stderr)  # the peers take another minute
    print(json.dumps({**figures, "page_gzip_kb": page_gzip_kb(), **peers()}))


if __name__ == "__main__":
    main()

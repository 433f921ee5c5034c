"""What does a preview cost a rig? Memory of a real agent that sends some of 12-megapixel JPEGs, and processor time of each.

`python -m benchmarks.preview` (1 minute): a real agent with a camera of kind `folder` sends photographs of about 4 MB over
a link of 1.5 MB/s, slow enough for previews, to a receiver that takes them. `agent_mb` is the most memory that the agent's
process was resident with (VmHWM of /proc), with that of its camera's process apart as `camera_mb`. `preview_cpu_s` is the
median of the processor time for one preview. One line of JSON last; exit code 1 when it could not be measured.
"""

import argparse
import asyncio
import io
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np
import psutil
from PIL import Image

from benchmarks.chaos.stage import Program, environment
from benchmarks.parts.family_memory import peak_bytes
from broker.accounts.access import Credential, User
from broker.ids import AgentId
from broker.images.previews import preview
from broker.logs import LogLevel, configure
from broker.messages import ReconstructorPresence
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from tests.integration.edge_agent.link import Link, bad_link
from tests.integration.edge_agent.receiver import PROJECT, receiving

RIG: Final = AgentId("rig-north")
SIDE_PX: Final = 1224
WIDTH_PX, HEIGHT_PX = 4000, 3000
CELLS: Final = (6, 12, 25, 50, 100, 200, 400, 800, 1600)  # of the octaves, across
RATE_BYTES_PER_S: Final = 1_500_000
LOOK_S: Final = 0.05
PATIENCE_S: Final = 300.0


class NotMeasuredError(RuntimeError):
    """The figures would not be those of an agent that sends previews."""


def photographs(count: int) -> list[bytes]:
    """Twelve megapixels of a plastered wall: noise in octaves and a sensor's, as large in JPEG as a phone's photographs."""
    random = np.random.default_rng(0)
    light = random.normal(120, 5, (HEIGHT_PX, WIDTH_PX)).astype(np.float32)
    for cells in CELLS:
        octave = Image.fromarray(random.normal(0, 60 / cells**0.45, (cells * 3 // 4 + 1, cells)).astype(np.float32))
        light += np.asarray(octave.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BICUBIC))
    grey = np.clip(light, 0, 255).astype(np.uint8)
    made = []
    for number in range(count):
        moved = Image.fromarray(np.roll(grey, 97 * number, axis=1))
        stream = io.BytesIO()
        warm = [moved.point(lambda value, share=share: int(value * share)) for share in (1.0, 0.92, 0.8)]
        Image.merge("RGB", warm).save(stream, "JPEG", quality=92)
        made.append(stream.getvalue())
    return made


def processor_seconds(contents: list[bytes]) -> float:
    """The median processor time of one preview."""
    seconds = []
    for content in contents:
        began_s = time.process_time()
        if preview(content, SIDE_PX) is None:
            raise NotMeasuredError("a photograph has no preview")
        seconds.append(time.process_time() - began_s)
    return statistics.median(seconds)


async def peaks(rig: Program) -> tuple[int, int]:
    """Watch an agent until it ends: its peak, and the largest of its children."""
    agent_bytes = camera_bytes = 0
    async with asyncio.timeout(PATIENCE_S):
        while rig.status is None:
            process_id = rig.pid or 0
            agent_bytes = max(agent_bytes, peak_bytes(process_id))
            if psutil.pid_exists(process_id):
                children = [each.pid for each in psutil.Process(process_id).children(recursive=True)]
                camera_bytes = max([camera_bytes, *map(peak_bytes, children)])
            await asyncio.sleep(LOOK_S)
    if rig.status != 0:
        raise NotMeasuredError(f"the agent ended with {rig.status}: {rig.log.read_text(encoding='utf-8')[-1000:]}")
    return agent_bytes, camera_bytes


async def run_agent(folder: Path, contents: list[bytes]) -> tuple[int, int]:
    """The agent's peak and its camera's, bytes; every photograph went, and its preview before it."""
    photos = folder / "photos"
    photos.mkdir()
    for number, content in enumerate(contents):
        (photos / f"img_{number:03d}.jpg").write_bytes(content)
    people = (("reconstructor", "reconstructor"), (RIG, "agent"))
    users = [Credential.fresh(User.build(name, role, [PROJECT])) for name, role in people]
    with Mosquitto(BrokerPlan(data_dir=folder / "broker", port=free_port()), users) as mosquitto:
        plan = Link(target_port=mosquitto.plan.port, rate_bytes_per_s=RATE_BYTES_PER_S)
        connection, ready = mosquitto.connection("reconstructor"), ReconstructorPresence.READY
        async with receiving(connection, ready, preview_side_px=SIDE_PX) as receiver, bad_link(plan) as link:
            over = mosquitto.connection(RIG).model_copy(update={"port": link.port})
            settings = {
                "PROJECT": PROJECT,
                "SPOOL_DIR": str(folder / "spool"),
                "CAMERA": "folder",
                "FOLDER": str(photos),
                "INTERVAL_S": "0",
                "RESERVE_BYTES": "0",
            }
            rig = Program(("edge", "run"), environment("CAIRN_EDGE", over, settings), folder / "rig.log")
            rig.start()
            try:
                found = await peaks(rig)
            finally:
                rig.kill()
            if len(receiver.content_by_id) != len(contents) or len(receiver.preview_by_id) != len(contents):
                counts = f"{len(receiver.content_by_id)} photographs and {len(receiver.preview_by_id)} previews"
                raise NotMeasuredError(f"{counts} of {len(contents)} came")
    return found


def main() -> int:
    """Measure and print; 1 when it could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.preview")
    parser.add_argument("--images", type=int, default=10)
    wishes = parser.parse_args()
    configure(level=LogLevel.ERROR)
    contents = photographs(wishes.images)
    try:
        seconds = processor_seconds(contents)
        with tempfile.TemporaryDirectory(prefix="cairn-preview-") as name:
            agent_bytes, camera_bytes = asyncio.run(run_agent(Path(name), contents))
    except (NotMeasuredError, TimeoutError) as exc:
        print(f"not measured: {exc or type(exc).__name__}", file=sys.stderr)
        return 1
    figures = {
        "agent_mb": round(agent_bytes / 1e6, 1),
        "camera_mb": round(camera_bytes / 1e6, 1),
        "preview_cpu_s": round(seconds, 3),
        "images": len(contents),
        "image_mb": round(statistics.fmean(map(len, contents)) / 1e6, 2),
    }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())

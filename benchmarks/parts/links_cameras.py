"""How exact are cameras when previews went first over a slow link? Run by `python -m benchmarks.links --cameras 100`.

A rig photographs every four seconds; the link has the round trip and the stalls of `links --preview`. Everything is as in
the field: agent, broker, reconstructor with the built-in engine, here with the dataset's intrinsics. Looked at is what a
viewer has when the project has come to rest: all originals are there, nothing came for two minutes, and the refetch that
follows is through. 17 minutes at 100 KB/s.
"""

import asyncio
import contextlib
import hashlib
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.chaos.stage import Program, environment
from benchmarks.parts.links_preview import (
    DATASET,
    FIRST_SEED,
    RENDERED_SIZE_PX,
    NotMeasuredError,
    Photographs,
    Rig,
    Stage,
    beside,
    rig_of,
    takes_previews,
)
from benchmarks.parts.truth import Dataset, errors
from broker.accounts.access import Credential, User
from broker.contract import CAMERA_PAGE, EVENT, REFERENCE, match
from broker.envelope import decode
from broker.ids import ProjectId
from broker.live import follow
from broker.messages import EVENTS, ProcessingComplete
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from edge_agent.control.camera_book import CameraBook
from reconstructor.replay.replayer import order_photographs

PROJECT: Final = ProjectId("rest")
_PEOPLE: Final = (("reconstructor", "reconstructor"), ("ops", "operator"))
INTERVAL_S: Final = 4.0
RENDERED_COUNT: Final = 11
PATIENCE_S: Final = 2400.0
REST_S: Final = 60.0  # a refetch that ends later than so long after the last original is that of the rest


@dataclass(slots=True, kw_only=True)
class Cameras:
    """What a viewer knows of a project's cameras, and when refetches ended."""

    book: CameraBook = field(default_factory=CameraBook)
    refetched_s: list[float] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)


@contextlib.asynccontextmanager
async def following(mosquitto: Mosquitto) -> AsyncIterator[Cameras]:
    """Follow cameras and refetches over the fast way."""
    cameras, connection = Cameras(), mosquitto.connection("ops")

    async def receive() -> None:
        async with follow(connection) as follower:
            channels = (EVENT, REFERENCE, CAMERA_PAGE)
            await follower.subscribe(*(connection.space.filter(each.template, PROJECT) for each in channels))
            async for message in follower.messages():
                found = match(connection.space, message.topic)
                if found.channel is EVENT:
                    event = decode(message.payload, EVENTS[found.event_type])
                    if isinstance(event, ProcessingComplete) and event.is_refetch:
                        cameras.refetched_s.append(time.monotonic())
                else:
                    cameras.book.take(found, message.payload)
                async with cameras.changed:
                    cameras.changed.notify_all()

    async with beside(receive()):
        yield cameras


async def run(stage: Stage, dataset: Dataset, rate_kb_per_s: int) -> dict[str, object]:
    """Photograph, wait until the project has come to rest, and compare."""
    paths = order_photographs(dataset.images)
    names = {hashlib.sha256(path.read_bytes()).hexdigest()[:16]: path.name for path in paths}
    async with stage.rig(PROJECT, rate_kb_per_s) as rig, following(stage.mosquitto) as cameras:
        async with asyncio.timeout(PATIENCE_S):
            await _until_ready(rig)
            rig.link.begin_stalls(FIRST_SEED)
            begun_s = time.monotonic()
            for path in paths:
                rig.shoot(path.read_bytes())
                await asyncio.sleep(INTERVAL_S)
            stored_s = max([await rig.watched.until(rig.watched.stored_s, digest) for digest in names])
            print(f"all originals after {stored_s - begun_s:.0f} s", flush=True)
            async with cameras.changed:
                await cameras.changed.wait_for(lambda: max(cameras.refetched_s, default=0.0) > stored_s + REST_S)
        found = {
            names[camera.image_id.digest]: np.array(camera.world_from_camera)
            for camera in cameras.book.cameras() or ()
            if camera.world_from_camera is not None and camera.component == 0
        }
        return {
            "rate_kb_per_s": rate_kb_per_s,
            "photographs": len(paths),
            "placed": len(found),
            "mean_mm": errors(found, dataset.world_from_camera).get("mean_mm"),
            "previewed": len(rig.watched.previewed_s),
            "placed_before_original": sum(
                rig.watched.placed_s.get(digest, stored_s) < rig.watched.stored_s[digest] for digest in names
            ),
            "seconds_to_last_original": round(stored_s - begun_s, 1),
            "seconds_to_rest": round(cameras.refetched_s[-1] - begun_s, 1),
        }


async def _until_ready(rig: Rig) -> None:
    async with rig.watched.changed:
        await rig.watched.changed.wait_for(lambda: takes_previews(rig.watched.state))


@contextlib.contextmanager
def _reconstructor(mosquitto: Mosquitto, folder: Path, dataset: Dataset) -> Iterator[None]:
    settings = {"PROJECTS": json.dumps([PROJECT]), "DATA_DIR": str(folder / "reconstructor")}
    variables = environment("CAIRN_RECONSTRUCTOR", mosquitto.connection("reconstructor"), settings)
    variables["CAIRN_ENGINE_INTRINSICS"] = json.dumps(dataset.intrinsics)
    program = Program(("reconstructor", "run"), variables, folder / "reconstructor.log")
    program.start()
    try:
        yield
    finally:
        program.kill()


def measure(dataset_folder: Path | None, rate_kb_per_s: int) -> dict[str, object]:
    """Run everything.

    Raises:
        NotMeasuredError: a photograph was not stored in time, the project did not come to rest, or too few are placed.
    """
    with tempfile.TemporaryDirectory(prefix="cairn-links-") as name:
        folder = Path(name)
        if dataset_folder is None and not DATASET.is_dir():
            dataset = Dataset.simulated("facade", folder / "rendered", count=RENDERED_COUNT, size_px=RENDERED_SIZE_PX)
        else:
            dataset = Dataset.read(dataset_folder or DATASET)
        people = [User.build(each, role, [PROJECT]) for each, role in _PEOPLE]
        users = [Credential.fresh(each) for each in (*people, User.build(rig_of(PROJECT), "agent", [PROJECT]))]
        plan = BrokerPlan(data_dir=folder / "broker", port=free_port())
        with Mosquitto(plan, users) as mosquitto, _reconstructor(mosquitto, folder, dataset):
            stage = Stage(mosquitto=mosquitto, folder=folder, photographs=Photographs(row=(), begun=()))
            try:
                figures = asyncio.run(run(stage, dataset, rate_kb_per_s))
            except TimeoutError as exc:
                raise NotMeasuredError(f"the project has not come to rest after {PATIENCE_S / 60:.0f} minutes") from exc
    if figures["mean_mm"] is None:
        raise NotMeasuredError(f"{figures['placed']} photographs are placed, 3 are needed")
    return figures

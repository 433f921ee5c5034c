"""Does a project come back as it was? A backup under load, restored elsewhere; an import of its images alone."""

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.parts.services import CommandFailedError, broker, cairn, installed, running
from broker.contract import MANIFEST_PAGE
from broker.delivery import Delivery
from broker.ids import Encoding, ProjectId
from broker.manifest import EncodedShard, ManifestPage
from broker.mosquitto import Mosquitto
from edge_agent.cameras.simulated.camera import write_photographs
from reconstructor.clouds.similarity import estimate_similarity
from reconstructor.exports.origins import origin_of
from reconstructor.exports.published import published_cloud
from reconstructor.storage.store import Store
from tests.integration.reconstructor.programs import PROJECT, SPACE, Rig, Watcher
from tests.photographs import image_id, photograph

OTHER: Final = ProjectId("abbey")
BUILT_IN: Final = "reconstructor.engine.live:black_box"
SPARSE: Final = "CAIRN_ENGINE_DENSE"
SUBJECT: Final = "facade"
PACE_S: Final = 0.05
_START_S, _DONE_S = 120.0, 600.0
_LOOK_S: Final = 0.2
_LEAST_CAMERAS: Final = 3
_OPEN: Final = ("queued", "running", "stored")

Figures = dict[str, object]
Poses = dict[str, NDArray[np.float64]]  # world_from_camera (4, 4) by image id


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Digest of each shard that viewers saw in pages, by generation and index; a number that changed is `None`."""

    digests: dict[tuple[int, int], str | None]

    @classmethod
    @asynccontextmanager
    async def seen(cls, mosquitto: Mosquitto) -> AsyncIterator["Published"]:
        """Follow the pages that list shards."""
        topic = SPACE.filter(MANIFEST_PAGE.template, PROJECT)
        async with Delivery(mosquitto.connection("viewer"), client_id="pages", subscriptions=(topic,)) as delivery:
            await delivery.wait_connected(_START_S)
            published = cls(digests={})
            reading = asyncio.create_task(published._read(delivery))
            yield published
            reading.cancel()

    async def _read(self, delivery: Delivery) -> None:
        async for message in delivery.messages():
            if message.payload:
                page = ManifestPage.model_validate_json(message.payload)
                for entry in page.shards:
                    key, digest = (page.generation, entry.index), _digest(entry.encodings)
                    self.digests[key] = digest if self.digests.get(key, digest) == digest else None
            message.acknowledge()


def _digest(encodings: Sequence[EncodedShard]) -> str:
    return " ".join(sorted(each.sha256 for each in encodings))


async def imported(folder: Path, count: int) -> Figures:
    """Import a project's images into a service that never saw it, and compare the cameras that the built-in engine finds.

    A project made from images has a world of its own: its first two photographs set it. Therefore the cameras are compared
    after the best similarity: `import_worst_camera_change` is the longest distance between the two places of one camera, in
    parts of the distance of the two cameras that are farthest apart, `import_worst_turn_rad` the largest angle between
    their axes. `import_world_change` is the longest distance without the similarity.
    """
    photographs = await asyncio.to_thread(_photographs, folder / "photographs", count)
    with broker(folder / "broker", PROJECT) as mosquitto, _sparse():
        async with (
            running(mosquitto, installed(mosquitto, folder / "here", [PROJECT]), BUILT_IN) as first,
            Watcher.of(mosquitto.connection("viewer")) as seen,
            Rig.of(mosquitto.connection("rig-north")) as rig,
        ):
            await seen.until(lambda each: each.state is not None, _START_S)
            for number, path in enumerate(photographs, start=1):  # one after the other, as on a walk
                payload = path.read_bytes()
                await rig.send(payload, image_id(payload, number))
                await seen.until_complete(number, _DONE_S)
            await _until_done(first / PROJECT, count)
    with broker(folder / "broker-elsewhere", PROJECT) as mosquitto, _sparse():
        settings = installed(mosquitto, folder / "elsewhere", [PROJECT])
        await cairn("project", "import", PROJECT, str(first / PROJECT / "images"), "--folder", str(settings.parent))
        async with running(mosquitto, settings, BUILT_IN) as second:
            await _until_done(second / PROJECT, count)
    return compared(_cameras(first / PROJECT), _cameras(second / PROJECT))


def compared(first: Poses, second: Poses) -> Figures:
    """How far the cameras of the same photographs are from each other; `None` where fewer than three are in both."""
    both = sorted(set(first) & set(second))
    found: Figures = {
        "import_placed_before": len(first),
        "import_placed": len(second),
        "import_not_in_both": len(set(first) ^ set(second)),
        "import_worst_camera_change": None,
        "import_worst_turn_rad": None,
        "import_world_change": None,
    }
    if len(both) < _LEAST_CAMERAS:
        return found
    centers = np.array([first[name][:3, 3] for name in both])
    others = np.array([second[name][:3, 3] for name in both])
    extent = max(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(centers, 2))
    first_from_second = estimate_similarity(others, centers)
    turned = [_angle(first[name][:3, :3], first_from_second.rotation @ second[name][:3, :3]) for name in both]
    return found | {
        "import_worst_camera_change": round(_longest(first_from_second.apply(others) - centers) / extent, 6),
        "import_worst_turn_rad": round(max(turned), 6),
        "import_world_change": round(_longest(others - centers) / extent, 6),
    }


async def backed_up(folder: Path, before: int, after: int) -> Figures:
    """Back a project up while photographs come, restore it elsewhere, and send all photographs there once more.

    `backup_shards_changed` counts shards of the restored project that its first viewers did not see, byte for byte;
    `backup_same_cloud` says whether both clouds are the same points in the end.
    """
    await asyncio.to_thread(folder.mkdir)
    file, backup = folder / "here", folder / "chapel.cairn"
    with broker(folder / "broker", PROJECT, OTHER) as mosquitto:
        settings = installed(mosquitto, file, [PROJECT])
        async with (
            running(mosquitto, settings) as data,
            Published.seen(mosquitto) as published,
            Watcher.of(mosquitto.connection("viewer")) as seen,
            Rig.of(mosquitto.connection("rig-north")) as rig,
        ):
            await seen.until_ready()
            enough = asyncio.Event()
            walk = asyncio.create_task(_sending(rig, enough))
            await seen.until_complete(before, _DONE_S)
            await cairn("project", "backup", PROJECT, str(backup), "--folder", str(file))
            await seen.until_complete(len(seen.completed) + after, _DONE_S)
            enough.set()
            sent = await walk
            await seen.until_complete(sent, _DONE_S)
            await _until_done(data / PROJECT, sent)
        whole = _points(data / PROJECT)
    with broker(folder / "broker-elsewhere", PROJECT, OTHER) as mosquitto:
        settings = installed(mosquitto, folder / "elsewhere", [PROJECT])
        await cairn("project", "restore", str(backup), "--folder", str(settings.parent))
        restored = Store.read_only(settings.parent / "data" / PROJECT)
        image_count = len(restored.images())
        changed = _changed(restored.folder, published)
        async with (
            running(mosquitto, settings) as data,
            Watcher.of(mosquitto.connection("viewer")) as seen,
            Rig.of(mosquitto.connection("rig-north")) as rig,
        ):
            await seen.until_ready()
            await rig.send_many(range(1, sent + 1))
            await _until_done(data / PROJECT, sent)
        images = Store.read_only(data / PROJECT).images()
        again = _points(data / PROJECT)
    return {
        "backup_images": image_count,
        "backup_shards_changed": changed,
        "backup_lost": sent - len(images),
        "backup_twice": len(images) - len({each.image_id for each in images}),
        "backup_same_cloud": whole.shape == again.shape and bool((whole == again).all()),
    }


async def _sending(rig: Rig, enough: asyncio.Event) -> int:
    """Send photographs until it is enough; returns how many."""
    for number in itertools.count(1):
        payload = photograph(number)
        await rig.send(payload, image_id(payload, number))
        if enough.is_set():
            return number
        await asyncio.sleep(PACE_S)
    return 0


async def _until_done(folder: Path, count: int) -> None:
    """Wait until that many images are stored and no job is left."""
    async with asyncio.timeout(_DONE_S):
        while True:
            with contextlib.suppress(Exception):
                store = Store.read_only(folder)
                jobs = store.jobs_by_state()
                if len(store.images()) >= count and not any(jobs.get(state) for state in _OPEN):
                    return
            await asyncio.sleep(_LOOK_S)


def _changed(folder: Path, published: Published) -> int:
    """How many shards of a stored project are not those that its viewers saw; each is read and its digest checked."""
    store = Store.read_only(folder)
    reference = store.reference()
    if reference is None:
        raise CommandFailedError("the backup has no cloud")
    generation, changed = reference.manifest.generation, 0
    for entry in reference.shards:
        for encoding in Encoding:
            store.generation_files.payload(generation, entry, encoding)
        changed += published.digests.get((generation, entry.index)) != _digest(entry.encodings)
    return changed


def _points(folder: Path) -> NDArray[np.float64]:
    """The points (N, 3) of a stored project, sorted."""
    points = np.asarray(published_cloud(origin_of(folder)).points_in_world, np.float64)
    return points[np.lexsort(points.T)]


def _photographs(folder: Path, count: int) -> list[Path]:
    folder.mkdir(parents=True)
    return write_photographs(SUBJECT, folder, count=count)


def _cameras(folder: Path) -> Poses:
    """world_from_camera (4, 4) of each placed photograph, by its id."""
    return {
        str(entry.image_id): np.array(entry.world_from_camera, np.float64).reshape(4, 4)
        for entry in Store.read_only(folder).cameras()
        if entry.world_from_camera is not None
    }


def _longest(moves: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(moves, axis=1).max())


def _angle(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """The angle of the rotation between two (3, 3), rad."""
    between = first.T @ second
    sine = float(np.linalg.norm(between - between.T)) / (2 * np.sqrt(2))
    return float(np.arctan2(sine, (np.trace(between) - 1) / 2))


@contextmanager
def _sparse() -> Iterator[None]:
    """The built-in engine without depth: cameras and sparse points."""
    os.environ[SPARSE] = "false"
    try:
        yield
    finally:
        del os.environ[SPARSE]

"""How soon is a photograph placed over a bad link when its preview goes first? Run by `python -m benchmarks.links --preview`.

For each of three rates a rig photographs five times; beside it a second rig sends the same photographs, at the same time and
over a link with the same stalls, to a reconstructor that takes no previews: what of the difference is by chance is small so.
Both reconstructors are real, the first with the built-in engine, whose model was begun over a fast way. Shutter: the file
is complete in the rig's folder. Placed: a viewer has received it. Stored: its receipt is on the broker. Last, ten
photographs are taken in a row at 20 KB/s. 17 minutes.
"""

import asyncio
import contextlib
import hashlib
import io
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from PIL import Image

from benchmarks.chaos.stage import Program, environment
from broker.accounts.access import Credential, User
from broker.contract import CAMERA_PAGE, IMAGE, RECEIPT, RECONSTRUCTOR_STATE, REFERENCE, match
from broker.delivery import Delivery
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import AgentId, ProjectId, SenderId, fresh_client_id
from broker.images.folders import list_folder
from broker.live import follow
from broker.manifest import CameraState
from broker.messages import ReceiptStatus, ReconstructorPresence, ReconstructorState, UploadAcknowledged
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from edge_agent import agent
from edge_agent.cameras.simulated.camera import SimulatedCamera
from edge_agent.config import CameraKind, Settings
from edge_agent.control.camera_book import CameraBook
from tests.integration.edge_agent.link import Link, bad_link

ROOT: Final = Path(__file__).parents[2]
DATASET: Final = ROOT.parent / "shared" / "datasets" / "fountain-P11-6MP"
RATES_KB_PER_S: Final = (20, 100, 1000)
SLOWEST_KB_PER_S: Final = min(RATES_KB_PER_S)
TIMED_COUNT: Final = 5
ROW_COUNT: Final = 10
THIRD: Final = 3
ROW: Final = ProjectId("row")
BEGUN_COUNT: Final = 3  # photographs with which a model is begun; two must be placed
LEAST_PLACED: Final = 2
RENDERED_SIZE_PX: Final = (3072, 2048)
WARM_SENDER: Final = AgentId("rig-warm")
LIGHT_BLACK_BOX: Final = "tests.black_boxes:instant"  # it does not say that it takes previews
ROUND_TRIP_S: Final = 0.3
STALL_RATIO: Final = 0.02
FIRST_SEED: Final = 7  # that of a link by itself
READY_TIMEOUT_S: Final = 240.0
PATIENCE_S: Final = 900.0


class NotMeasuredError(CairnError):
    """The run does not show what it is to show."""

    code = "not_measured"
    remedy = "Look at the logs of the programs; run it on a machine that is not busy."


@dataclass(frozen=True, slots=True, kw_only=True)
class Photographs:
    """What is photographed, and with what the models are begun."""

    row: tuple[bytes, ...]
    begun: tuple[bytes, ...]

    @classmethod
    def of(cls, folder: Path | None) -> Self:
        """The first ten of a folder, or rendered ones; models begin with three of them that are not timed, compressed again."""
        if folder is None and not DATASET.is_dir():
            camera = SimulatedCamera("facade", size_px=RENDERED_SIZE_PX)
            contents = [camera.capture().content for _ in range(ROW_COUNT)]
        else:
            contents = [path.read_bytes() for path in list_folder(folder or DATASET).photographs[:ROW_COUNT]]
        if len(contents) < ROW_COUNT:
            raise NotMeasuredError(f"{ROW_COUNT} photographs are needed, {len(contents)} are there")
        return cls(
            row=tuple(contents),
            begun=tuple(_compressed_again(each) for each in contents[TIMED_COUNT : TIMED_COUNT + BEGUN_COUNT]),
        )


def _compressed_again(content: bytes) -> bytes:
    """The same photograph in other bytes, so that it is another image."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(content)) as image:
        image.save(out, "JPEG", quality=90, exif=image.getexif())
    return out.getvalue()


@dataclass(slots=True, kw_only=True)
class Watched:
    """What a viewer of one project has received, by the first digits of the photograph's digest."""

    stored_s: dict[str, float] = field(default_factory=dict)
    previewed_s: dict[str, float] = field(default_factory=dict)
    placed_s: dict[str, float] = field(default_factory=dict)
    processed: set[str] = field(default_factory=set)
    state: ReconstructorState | None = None
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, moment_by_digest: dict[str, float], digest: str) -> float:
        """Wait for a moment of one photograph."""
        async with asyncio.timeout(PATIENCE_S), self.changed:
            await self.changed.wait_for(lambda: digest in moment_by_digest)
        return moment_by_digest[digest]


@contextlib.asynccontextmanager
async def watching(mosquitto: Mosquitto, project: ProjectId) -> AsyncIterator[Watched]:
    """Follow a project over the fast way."""
    watched, book, connection = Watched(), CameraBook(), mosquitto.connection("ops")
    channels = (RECEIPT, RECONSTRUCTOR_STATE, REFERENCE, CAMERA_PAGE)

    async def receive() -> None:
        async with follow(connection) as follower:
            await follower.subscribe(*(connection.space.filter(each.template, project) for each in channels))
            async for message in follower.messages():
                found = match(connection.space, message.topic)
                now_s = time.monotonic()
                if found.channel is RECEIPT:
                    _note(watched, decode(message.payload, UploadAcknowledged), now_s)
                elif found.channel is RECONSTRUCTOR_STATE and message.payload:
                    watched.state = decode(message.payload, ReconstructorState)
                elif found.channel in {REFERENCE, CAMERA_PAGE}:
                    book.take(found, message.payload)
                    for camera in book.cameras() or ():
                        watched.processed.add(camera.image_id.digest)
                        if camera.state is CameraState.PLACED:
                            watched.placed_s.setdefault(camera.image_id.digest, now_s)
                async with watched.changed:
                    watched.changed.notify_all()

    async with beside(receive()):
        yield watched


def _note(watched: Watched, receipt: UploadAcknowledged, now_s: float) -> None:
    moments = {
        ReceiptStatus.STORED: watched.stored_s,
        ReceiptStatus.DUPLICATE: watched.stored_s,
        ReceiptStatus.PREVIEWED: watched.previewed_s,
    }.get(receipt.status)
    if moments is None or receipt.image_id is None:
        raise NotMeasuredError(f"a photograph was answered {receipt.status}: {receipt.reason}")
    moments.setdefault(receipt.image_id.digest, now_s)


@contextlib.asynccontextmanager
async def beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Work beside the block; its error ends the block."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        yield
        task.cancel()


@dataclass(slots=True, kw_only=True)
class Rig:
    """A rig behind a link of its own, with a camera that takes what is put into its folder."""

    photos: Path
    link: Link
    watched: Watched

    def shoot(self, content: bytes) -> float:
        """Put a photograph into the folder at once complete; returns the moment."""
        name = f"img_{len(list(self.photos.iterdir())):03d}.jpg"
        unfinished = self.photos.with_name(f"{self.photos.name}-{name}")
        unfinished.write_bytes(content)
        ahead = time.time() + 3600  # the camera waits until a file has rested, unless it is dated ahead
        os.utime(unfinished, (ahead, ahead))
        unfinished.rename(self.photos / name)
        return time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Broker, reconstructors and what is photographed."""

    mosquitto: Mosquitto
    folder: Path
    photographs: Photographs

    @contextlib.asynccontextmanager
    async def rig(self, project: ProjectId, rate_kb_per_s: int) -> AsyncIterator[Rig]:
        """A running rig of a project that is ready."""
        folder = self.folder / project
        (folder / "photos").mkdir(parents=True)
        plan = Link(
            target_port=self.mosquitto.plan.port,
            rate_bytes_per_s=rate_kb_per_s * 1000,
            round_trip_s=ROUND_TRIP_S,
            stall_ratio=STALL_RATIO,
        )
        async with watching(self.mosquitto, project) as watched, bad_link(plan) as link:
            broker = self.mosquitto.connection(rig_of(project)).model_copy(update={"port": link.port})
            settings = Settings.load(
                broker=broker,
                project=project,
                spool_dir=folder / "spool",
                camera=CameraKind.WATCH,
                folder=folder / "photos",
                interval_s=0.0,
                reserve_bytes=0,
            )
            stop = asyncio.Event()
            running = asyncio.create_task(agent.run(settings, stop))
            try:
                yield Rig(photos=folder / "photos", link=link, watched=watched)
            finally:
                stop.set()
                await asyncio.gather(running, return_exceptions=True)

    async def begin_model(self, project: ProjectId, watched: Watched) -> None:
        """Let the engine place some photographs that come over the fast way."""
        async with asyncio.timeout(READY_TIMEOUT_S):
            async with watched.changed:
                await watched.changed.wait_for(lambda: takes_previews(watched.state))
            connection = self.mosquitto.connection(WARM_SENDER)
            async with Delivery(connection, client_id=fresh_client_id("warm", project), session_expiry_s=0) as delivery:
                for number, content in enumerate(self.photographs.begun):
                    outgoing = IMAGE.outgoing(
                        connection.space,
                        project,
                        content,
                        content_type="image/jpeg",
                        sender=SenderId(WARM_SENDER),
                        image_name=f"begun-{number}",
                    )
                    await delivery.publish(outgoing)
            async with watched.changed:
                await watched.changed.wait_for(lambda: len(watched.processed) == BEGUN_COUNT)
        if len(watched.placed_s) < LEAST_PLACED:
            raise NotMeasuredError(f"the engine placed {len(watched.placed_s)} photographs of the first {BEGUN_COUNT}")


def takes_previews(state: ReconstructorState | None) -> bool:
    return state is not None and state.presence is ReconstructorPresence.READY and state.takes_previews


def rig_of(project: ProjectId) -> AgentId:
    """The rig of a project."""
    return AgentId(f"rig-{project}")


def _project(rate_kb_per_s: int) -> ProjectId:
    return ProjectId(f"at-{rate_kb_per_s}")


def _plain(rate_kb_per_s: int) -> ProjectId:
    return ProjectId(f"plain-{rate_kb_per_s}")


@dataclass(slots=True, kw_only=True)
class Crossing:
    """What one rate showed, photograph by photograph."""

    previewed_s: list[float] = field(default_factory=list)
    placed_s: list[float] = field(default_factory=list)
    stored_s: list[float] = field(default_factory=list)
    plain_s: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, object]:
        """For the last line."""
        ratios = [stored / plain for stored, plain in zip(self.stored_s, self.plain_s, strict=True)]
        return {
            "placed_s": round(statistics.median(self.placed_s), 1),
            "previewed_s": round(statistics.median(self.previewed_s), 1),
            "placed_longest_s": round(max(self.placed_s), 1),
            "stored_s": round(statistics.median(self.stored_s), 1),
            "stored_ratio": round(statistics.median(ratios), 3),
            "plain_stored_s": round(statistics.median(self.plain_s), 1),
        }


async def cross(stage: Stage, rate_kb_per_s: int) -> Crossing:
    """Photograph five times, each time when the one before is stored with and without a preview."""
    crossing, project = Crossing(), _project(rate_kb_per_s)
    async with stage.rig(project, rate_kb_per_s) as rig, stage.rig(_plain(rate_kb_per_s), rate_kb_per_s) as plain:
        await stage.begin_model(project, rig.watched)
        for number, content in enumerate(stage.photographs.row[:TIMED_COUNT]):
            digest = hashlib.sha256(content).hexdigest()[:16]
            for each in (rig, plain):
                each.link.begin_stalls(FIRST_SEED + number)
            began_s, plain_began_s = rig.shoot(content), plain.shoot(content)
            placed_s, stored_s, plain_s = await asyncio.gather(
                rig.watched.until(rig.watched.placed_s, digest),
                rig.watched.until(rig.watched.stored_s, digest),
                plain.watched.until(plain.watched.stored_s, digest),
            )
            if digest not in rig.watched.previewed_s or plain.watched.previewed_s:
                raise NotMeasuredError(f"photograph {number} went without a preview, or its double with one")
            crossing.previewed_s.append(rig.watched.previewed_s[digest] - began_s)
            crossing.placed_s.append(placed_s - began_s)
            crossing.stored_s.append(stored_s - began_s)
            crossing.plain_s.append(plain_s - plain_began_s)
            last = {key: round(getattr(crossing, key)[-1], 1) for key in crossing.__slots__}
            print(f"{rate_kb_per_s} KB/s, photograph {number + 1}: {last}", flush=True)
    print(f"{rate_kb_per_s} KB/s: {crossing.figures()}", flush=True)
    return crossing


async def shoot_in_a_row(stage: Stage) -> int:
    """How many of ten photographs are placed when the third original is stored."""
    async with stage.rig(ROW, SLOWEST_KB_PER_S) as rig:
        await stage.begin_model(ROW, rig.watched)
        digests = {hashlib.sha256(content).hexdigest()[:16] for content in stage.photographs.row}
        for content in stage.photographs.row:
            rig.shoot(content)
        async with asyncio.timeout(2 * PATIENCE_S), rig.watched.changed:
            await rig.watched.changed.wait_for(lambda: len(digests & rig.watched.stored_s.keys()) >= THIRD)
        count = len(digests & rig.watched.placed_s.keys())
    print(f"in a row: {count} of {ROW_COUNT} placed before the third original", flush=True)
    return count


async def cross_all(stage: Stage) -> tuple[dict[int, Crossing], int]:
    """The rates beside each other, as each is slow by itself; the row when the fastest is done."""
    async with asyncio.TaskGroup() as tasks:
        running = {rate: tasks.create_task(cross(stage, rate), name=f"{rate} KB/s") for rate in RATES_KB_PER_S}
        await running[max(RATES_KB_PER_S)]
        count = await shoot_in_a_row(stage)
    return {rate: task.result() for rate, task in running.items()}, count


@contextlib.contextmanager
def _reconstructors(mosquitto: Mosquitto, folder: Path) -> Iterator[None]:
    """One with the built-in engine, one without previews."""
    previewed = [*map(_project, RATES_KB_PER_S), ROW]
    wishes: list[tuple[str, Sequence[ProjectId], dict[str, str]]] = [
        ("engine", previewed, {}),
        ("plain", [*map(_plain, RATES_KB_PER_S)], {"BLACK_BOX": LIGHT_BLACK_BOX}),
    ]
    programs = []
    for name, projects, more in wishes:
        settings = {"PROJECTS": json.dumps(projects), "DATA_DIR": str(folder / name), **more}
        variables = environment("CAIRN_RECONSTRUCTOR", mosquitto.connection("reconstructor"), settings)
        programs.append(Program(("reconstructor", "run"), variables, folder / f"{name}.log"))
    try:
        for each in programs:
            each.start()
        yield
    finally:
        for each in programs:
            each.kill()


def measure(photographs: Photographs) -> dict[str, object]:
    """Run everything.

    Raises:
        NotMeasuredError: a photograph had no preview, or was not stored and placed in time.
    """
    projects = [*map(_project, RATES_KB_PER_S), ROW, *map(_plain, RATES_KB_PER_S)]
    people = [
        User.build(name, name if name == "reconstructor" else "operator", projects) for name in ("reconstructor", "ops")
    ]
    rigs = [User.build(rig_of(each), "agent", [each]) for each in projects]
    users = [Credential.fresh(each) for each in (*people, *rigs, User.build(WARM_SENDER, "agent", projects))]
    with tempfile.TemporaryDirectory(prefix="cairn-links-") as name:
        folder = Path(name)
        plan = BrokerPlan(data_dir=folder / "broker", port=free_port())
        with Mosquitto(plan, users) as mosquitto, _reconstructors(mosquitto, folder):
            stage = Stage(mosquitto=mosquitto, folder=folder, photographs=photographs)
            try:
                crossings, count = asyncio.run(cross_all(stage))
            except ExceptionGroup as group:  # after `except*`, Python 3.11.2 would raise a group again
                ours, others = group.split((CairnError, TimeoutError))
                if ours is None or others is not None:
                    raise
                reasons = "; ".join(str(each) or type(each).__name__ for each in _leaves(ours))
                raise NotMeasuredError(reasons) from group
    figures: dict[str, object] = {f"at_{rate}_kb_per_s": each.figures() for rate, each in crossings.items()}
    return figures | {"placed_before_third_original": count}


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for each in group.exceptions:
        found += _leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return found

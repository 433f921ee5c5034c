"""Which programs are killed? A broker, a reconstructor and some rigs in one folder, started again as systemd would."""

import asyncio
import contextlib
import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.parts.ejabberd import Ejabberd
from broker.accounts.access import Credential, User
from broker.config import Connection
from broker.contract import RECONSTRUCTOR_STATE, RECONSTRUCTOR_STATISTICS, REFERENCE
from broker.envelope import decode
from broker.ids import ProjectId
from broker.live import BrokerLostError, follow
from broker.manifest import Manifest
from broker.messages import ReconstructorState, ReconstructorStatistics
from broker.mosquitto import BrokerPlan, Mosquitto, free_port

ROOT: Final = Path(__file__).parents[2]
PROJECT: Final = ProjectId("chaos")
BLACK_BOX: Final = "tests.black_boxes:instant_of_previews"
POINTS_PER_IMAGE: Final = 500
REFETCH_EVERY: Final = 10
PATIENCE_S: Final = 900.0
PREVIEW_SIDE_PX: Final = 160
PREVIEW_PATIENCE_S: Final = 30.0  # in which the last previews go after their originals came
PAUSE_S: Final = (0.6, 2.2)  # between two kills


class Kind(StrEnum):
    """Which broker."""

    MOSQUITTO = "mosquitto"
    EJABBERD = "ejabberd"


class Program:
    """One `cairn …` process that is killed and started again."""

    def __init__(self, words: tuple[str, ...], environment: dict[str, str], log: Path, module: str = "cairn") -> None:
        self._module = module
        self._words, self._environment, self.log = words, environment, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module, *self._words],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | self._environment,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)

    @property
    def pid(self) -> int | None:
        """Its process, once it was started."""
        return None if self._process is None else self._process.pid

    @property
    def status(self) -> int | None:
        """Exit code, or None while it runs."""
        return None if self._process is None else self._process.poll()


class Stage:
    """A broker, a reconstructor and some rigs in one folder."""

    def __init__(
        self,
        folder: Path,
        *,
        image_count: int,
        rig_count: int,
        is_persistent: bool,
        seed: int,
        interval_s: float = 0.05,
        has_rival: bool = False,
        settings: Mapping[str, str] = MappingProxyType({}),
        broker: Kind = Kind.MOSQUITTO,
    ) -> None:
        self._settings = settings  # of the reconstructor, beside those below
        self.folder, self.image_count, self._interval_s = folder, image_count, interval_s
        self._random = random.Random(seed)  # noqa: S311 - moments of kills
        names = [f"rig-{number}" for number in range(rig_count)]
        programs = (("reconstructor", "reconstructor"), ("viewer", "viewer"), ("ops", "operator"))
        people = [*programs, *((name, "agent") for name in names)]
        users = [Credential.fresh(User.build(name, role, [PROJECT])) for name, role in people]
        self.broker = broker_of(broker, folder / "broker", users, is_persistent=is_persistent)
        self.rigs = [self._rig(name, number, rig_count) for number, name in enumerate(names)]
        self.reconstructor = self._reconstructor("reconstructor")
        self.rivals = [self._reconstructor("rival")] if has_rival else []

    @property
    def store_folders(self) -> list[Path]:
        """Where the reconstructors keep the project."""
        return [self.folder / name / PROJECT for name in ("reconstructor", "rival")[: 1 + len(self.rivals)]]

    async def play(self, kill_count: int) -> int:
        """Runs until every rig is done, killing meanwhile; how many were killed."""
        await asyncio.to_thread(self.broker.start)
        for program in (self.reconstructor, *self.rivals):
            program.start()
        await self._until_previews_are_taken()
        for rig in self.rigs:
            rig.start()
        await self._until_first_preview()
        killing = asyncio.create_task(self._kill_now_and_then(kill_count))
        async with asyncio.timeout(PATIENCE_S):
            while not (killing.done() and all(rig.status == 0 for rig in self.rigs)):
                await asyncio.sleep(0.2)
                self._revive()
                if killing.done():
                    killing.result()
            await self.until_processed()
            await self._until_previews_are_gone()
        return killing.result()

    @property
    def previews_taken(self) -> int:
        """How many images came by their preview first, as the reconstructors' logs say."""
        logs = (program.log.read_text(encoding="utf-8") for program in (self.reconstructor, *self.rivals))
        return sum(log.count("event=preview_stored") for log in logs)

    @property
    def previews(self) -> list[Path]:
        """The previews that lie on the disk."""
        return [path for folder in self.store_folders for path in (folder / "previews").glob("*")]

    async def _until_previews_are_taken(self) -> None:
        connection = self.broker.connection("viewer")
        async with asyncio.timeout(PATIENCE_S), follow(connection) as follower:
            await follower.subscribe(connection.space.topic(PROJECT, RECONSTRUCTOR_STATE.template))
            async for message in follower.messages():
                if decode(message.payload, ReconstructorState).takes_previews:
                    return

    async def _until_first_preview(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not self.previews_taken:
                self._revive()
                await asyncio.sleep(0.05)

    async def _until_previews_are_gone(self) -> None:
        with contextlib.suppress(TimeoutError):  # what stays is counted
            async with asyncio.timeout(PREVIEW_PATIENCE_S):
                while self.previews:
                    self._revive()
                    await asyncio.sleep(0.2)

    def end(self) -> None:
        """Stops everything, whatever happened."""
        for program in (*self.rigs, *self.rivals, self.reconstructor):
            program.kill()
        self.broker.stop()

    async def _kill_now_and_then(self, kill_count: int) -> int:
        killed = 0
        while killed < kill_count:
            await asyncio.sleep(self._random.uniform(*PAUSE_S))
            busy = [rig for rig in self.rigs if rig.status is None]
            victim = self._random.choice([*busy, *self.rivals, self.reconstructor, None])
            if victim is None:
                await asyncio.to_thread(self.broker.kill)
                await asyncio.sleep(self._random.uniform(0.0, 1.0))
                await asyncio.to_thread(self.broker.start)
            else:
                await asyncio.to_thread(victim.kill)
            killed += 1
        return killed

    def _revive(self) -> None:
        """As systemd would: what did not end by itself is started again."""
        for program in (*self.rigs, *self.rivals, self.reconstructor):
            if program.status not in {None, 0}:
                program.start()

    async def until_processed(self) -> None:
        """Everything is in the retained set, and no work is left: the last refetch too is over."""
        while not await self._is_processed():
            self._revive()
            await asyncio.sleep(0.5)

    async def _is_processed(self) -> bool:
        connection = self.broker.connection("viewer")
        manifest = connection.space.topic(PROJECT, REFERENCE.template)
        statistics = connection.space.topic(PROJECT, RECONSTRUCTOR_STATISTICS.template)
        point_count, is_idle = 0, False
        with contextlib.suppress(BrokerLostError, TimeoutError):
            async with asyncio.timeout(5), follow(connection) as follower:
                await follower.subscribe(manifest, statistics)
                async for message in follower.messages():
                    if message.topic == manifest:
                        point_count = decode(message.payload, Manifest).point_count
                    else:
                        figures = decode(message.payload, ReconstructorStatistics)
                        is_idle = (figures.queued_count, figures.preview_count) == (0, 0)
                        is_idle = is_idle and figures.stored_count == self.image_count
                    if is_idle and point_count == self.image_count * POINTS_PER_IMAGE:
                        return True
        return False

    def _rig(self, name: str, number: int, rig_count: int) -> Program:
        photos = self.folder / f"{name}-photos"
        photos.mkdir(parents=True)
        for index in range(number, self.image_count, rig_count):
            (photos / f"img_{index:05d}.jpg").write_bytes(photograph(index))
        settings = {
            "PROJECT": PROJECT,
            "SPOOL_DIR": str(self.folder / name),
            "CAMERA": "folder",
            "FOLDER": str(photos),
            "INTERVAL_S": str(self._interval_s),
            "RESERVE_BYTES": "0",
        }
        access = environment("CAIRN_EDGE", self._connection(name), settings)
        return Program((), access, self._log(name), "benchmarks.parts.rig_with_previews")

    def _reconstructor(self, name: str) -> Program:
        settings = {
            "PROJECTS": json.dumps([PROJECT]),
            "DATA_DIR": str(self.folder / name),
            "BLACK_BOX": BLACK_BOX,
            "REFETCH_EVERY": str(REFETCH_EVERY),
            "STATISTICS_INTERVAL_S": "1",
            "PREVIEW_MAX_SIDE_PX": str(PREVIEW_SIDE_PX),
            **self._settings,
        }
        connection = self._connection("reconstructor")
        return Program(
            ("reconstructor", "run"),
            environment("CAIRN_RECONSTRUCTOR", connection, settings),
            self._log(name),
        )

    def _connection(self, name: str) -> Connection:
        return self.broker.connection(name)

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


def broker_of(kind: Kind, folder: Path, users: list[Credential], *, is_persistent: bool) -> Mosquitto | Ejabberd:
    """A broker that is not started yet."""
    if kind is Kind.EJABBERD:
        return Ejabberd(folder=folder, port=free_port(), is_persistent=is_persistent)
    return Mosquitto(BrokerPlan(data_dir=folder, port=free_port(), is_persistent=is_persistent), users)


def environment(prefix: str, connection: Connection, settings: dict[str, str]) -> dict[str, str]:
    """Settings of one program as environment variables."""
    access = {
        "BROKER__PORT": str(connection.port),
        "BROKER__USERNAME": str(connection.username),
        "BROKER__PASSWORD": connection.secret() or "",
    }
    return {f"{prefix}_{name}": value for name, value in (access | settings).items()}


def photograph(seed: int) -> bytes:
    """A small image, another for each seed, that is larger than its preview and that a preview shows."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(patches).resize((192, 144), Image.Resampling.BICUBIC).save(out, "JPEG")
    return out.getvalue()

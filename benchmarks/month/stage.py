"""What plays in the month? A broker, a reconstructor, and rigs with small disks behind links that can be cut."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.chaos.stage import environment
from benchmarks.month.camera import put_camera
from benchmarks.month.clock import Pace
from benchmarks.month.controls import CameraMode, Control, Controls
from benchmarks.month.ledger import Witness, open_job_count, preview_count
from benchmarks.month.supervisor import Unit
from broker.accounts.access import Credential, User
from broker.errors import CairnError
from broker.ids import AgentId, ProjectId
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from edge_agent.spool.index import SpoolCounts
from edge_agent.spool.spool import Spool
from tests.integration.edge_agent.link import Link

PROJECT: Final = ProjectId("month")
REFETCH_EVERY: Final = 60
INTERVAL_S: Final = 3600.0
HOURS: Final = "06:00-20:00"
WATCHDOG_S: Final = 8.0
KEEPALIVE_S: Final = 5
SHOT_TIMEOUT_S: Final = 3.0
FAST_LINK_BYTES_PER_S: Final = 20e6
RIG_DISK_BYTES: Final = 64 * 2**20
STORE_DISK_BYTES: Final = 1024 * 2**20


class Disk:
    """A file system of its own, whose size can be cut to what is used; a plain folder where mounting is not allowed."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self.folder, self._size_bytes = folder, size_bytes
        folder.mkdir(parents=True)
        mounting = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
        self.is_mounted = subprocess.run(mounting, check=False, capture_output=True).returncode == 0

    def fill(self) -> bool:
        """Leave hardly a page free; whether that could be done."""
        status = os.statvfs(self.folder)
        used_bytes = (status.f_blocks - status.f_bfree) * status.f_frsize
        return self.is_mounted and self._resize(used_bytes + status.f_frsize)

    def empty(self) -> None:
        """Give the room back."""
        if self.is_mounted:
            self._resize(self._size_bytes)

    def close(self) -> None:
        """Unmount."""
        if self.is_mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=False, capture_output=True)

    def _resize(self, size_bytes: int) -> bool:
        words = ["mount", "-o", f"remount,size={size_bytes}", str(self.folder)]
        return subprocess.run(words, check=False, capture_output=True).returncode == 0


@dataclass(slots=True)
class Uplink:
    """The rig's way to the broker."""

    link: Link
    is_down: bool = False
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until it ends or the link is cut; a server's task must not end by being cancelled."""
        if self.is_down:
            writer.close()
            return
        task = asyncio.current_task()
        if task is not None:
            self._serving.add(task)
        try:
            await self.link.serve(reader, writer)
        except (OSError, asyncio.CancelledError):  # no broker behind it, or the link was cut
            writer.close()
        finally:
            if task is not None:
                self._serving.discard(task)

    def cut(self) -> None:
        """Close every connection and take no new one."""
        self.is_down = True
        for task in list(self._serving):
            task.cancel()


class Rig:
    """One rig: its agent, camera, disk, clock and link."""

    def __init__(self, name: str, folder: Path, pace: Pace, seed: int, *, hours: str | None) -> None:
        self.name, self._pace, self._hours = name, pace, hours
        self.disk = Disk(folder / f"{name}-disk", RIG_DISK_BYTES)
        self.controls = Controls(folder / f"{name}-controls")
        self.spool, self._programs = self.disk.folder / "spool", folder / f"{name}-programs"
        self.witness = Witness(self.spool)
        self.unit: Unit | None = None
        put_camera(self._programs, self.controls, seed)

    def install(self, broker: Mosquitto, port: int) -> Unit:
        """Make its unit, which reaches the broker at this port."""
        settings = {
            "PROJECT": PROJECT,
            "SPOOL_DIR": str(self.spool),
            "CAMERA": "gphoto2",
            "INTERVAL_S": str(INTERVAL_S),
            "SHOT_TIMEOUT_S": str(SHOT_TIMEOUT_S),
            "RESERVE_BYTES": "0",
            "HEALTH_INTERVAL_S": "2",
            "BROKER__KEEPALIVE_S": str(KEEPALIVE_S),
        } | ({"HOURS": self._hours} if self._hours else {})
        connection = broker.connection(self.name).model_copy(update={"port": port})
        words = ("-m", "benchmarks.month.rig", str(self.controls.folder), *self._pace.words())
        path = {"PATH": f"{self._programs}:{os.environ.get('PATH', '')}"}
        surroundings = environment("CAIRN_EDGE", connection, settings) | path
        self.unit = Unit(words, surroundings, self.disk.folder / "agent.log", watchdog_s=WATCHDOG_S)
        return self.unit

    @property
    def agent(self) -> Unit:
        """Its unit, once installed."""
        if self.unit is None:
            raise RuntimeError("install the rig first")
        return self.unit

    def counts(self) -> SpoolCounts | None:
        """What its spool says; None while that cannot be read."""
        with contextlib.suppress(CairnError):
            return Spool.read_only(self.spool).counts()
        return None

    def retire(self) -> None:
        """No photograph is begun from now on, not even by an agent that is started again; one may be under way."""
        self.controls.clear(Control.JUMP)
        self.controls.set(Control.CAMERA, CameraMode.FAILS)
        self.controls.set(Control.STOPPED, repr(time.monotonic()))

    def waiting_count(self) -> int:
        """How many photographs wait in the spool of an agent that has ended, with those that have no row yet."""
        with Spool(self.spool, AgentId(self.name)) as spool:
            counts = spool.counts()
            return counts.waiting_count + counts.held_count


class Stage:
    """Everything, in one folder. The first rig's agent is never killed: its memory is watched over the whole month."""

    def __init__(self, folder: Path, pace: Pace, seed: int) -> None:
        self.folder, self.pace = folder, pace
        self.rigs = [
            Rig("rig-always", folder, pace, seed, hours=None),
            Rig("rig-by-day", folder, pace, seed + 1, hours=HOURS),
        ]
        people = [("reconstructor", "reconstructor"), *((rig.name, "agent") for rig in self.rigs)]
        users = [Credential.fresh(User.build(name, role, [PROJECT])) for name, role in people]
        self.broker = Mosquitto(BrokerPlan(data_dir=folder / "broker", port=free_port()), users)
        self.store_disk = Disk(folder / "store", STORE_DISK_BYTES)
        self.reconstructor = self._reconstructor()
        self.uplinks: dict[str, Uplink] = {}

    @property
    def units(self) -> list[Unit]:
        """Every supervised program."""
        return [self.reconstructor, *(rig.agent for rig in self.rigs)]

    @property
    def store_folder(self) -> Path:
        """Where the reconstructor keeps the project."""
        return self.store_disk.folder / PROJECT

    @contextlib.asynccontextmanager
    async def playing(self) -> AsyncIterator[None]:
        """Everything runs, and is ended whatever happens."""
        servers: list[asyncio.Server] = []
        try:
            await asyncio.to_thread(self.broker.start)
            self.reconstructor.start()
            for rig in self.rigs:
                uplink = Uplink(Link(target_port=self.broker.plan.port, rate_bytes_per_s=FAST_LINK_BYTES_PER_S))
                server = await asyncio.start_server(uplink.serve, "127.0.0.1", 0)
                servers.append(server)
                self.uplinks[rig.name] = uplink
                rig.install(self.broker, server.sockets[0].getsockname()[1]).start()
            yield
        finally:
            await asyncio.to_thread(self._end)
            for server in servers:
                server.close()
            for uplink in self.uplinks.values():
                uplink.cut()

    def close(self) -> None:
        """Unmount the disks, after the end of what used them."""
        for disk in (self.store_disk, *(rig.disk for rig in self.rigs)):
            disk.close()

    def copy_logs(self, folder: Path) -> None:
        """Keep what the programs said last."""
        folder.mkdir(parents=True, exist_ok=True)
        for log in (*self.folder.glob("*.log*"), *self.folder.glob("*-disk/*.log*"), self.broker.plan.log):
            shutil.copy(log, folder / f"{log.parent.name}-{log.name}")

    def tick(self) -> None:
        """Supervise and look."""
        for unit in self.units:
            unit.tick()
        for rig in self.rigs:
            rig.witness.look()

    def is_idle(self) -> bool:
        """Whether nothing waits on the rigs, and the reconstructor has neither a job nor a preview left."""
        counts = [rig.counts() for rig in self.rigs]
        is_empty = all(each is not None and each.waiting_count == 0 for each in counts)
        return is_empty and open_job_count(self.store_folder) == 0 and preview_count(self.store_folder) == 0

    def end_rigs(self) -> bool:
        """End the agents in order when nothing waits there; else they run on. Whether they have ended.

        A photograph that a camera had in hand may have come after the last look; it waits on the rig, safe and not lost.
        """
        for rig in self.rigs:
            rig.agent.stop()
        if self.is_idle() and not any(rig.waiting_count() for rig in self.rigs):
            return True
        for rig in self.rigs:
            rig.agent.start()
        return False

    def _end(self) -> None:
        for unit in [self.reconstructor, *(rig.unit for rig in self.rigs if rig.unit is not None)]:
            unit.close()
        self.broker.stop()

    def _reconstructor(self) -> Unit:
        settings = {
            "PROJECTS": json.dumps([PROJECT]),
            "DATA_DIR": str(self.store_disk.folder),
            "BLACK_BOX": "benchmarks.month.black_box:quick",
            "REFETCH_EVERY": str(REFETCH_EVERY),
            "STATISTICS_INTERVAL_S": "2",
            "DISK_RESERVE_BYTES": "1048576",
            "GRACE_S": "5",
            "PREVIEW_MAX_SIDE_PX": "320",
        }
        surroundings = environment("CAIRN_RECONSTRUCTOR", self.broker.connection("reconstructor"), settings)
        return Unit(("-m", "cairn", "reconstructor", "run"), surroundings, self.folder / "reconstructor.log")

"""What happens in many projects at once? A broker, one reconstructor and a watcher that notes when each image was processed."""

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import psutil

from broker.accounts.access import Credential, User
from broker.config import Connection
from broker.contract import EVENT, RECONSTRUCTOR_STATE, match
from broker.delivery import Delivery
from broker.envelope import decode
from broker.ids import ProjectId, fresh_client_id
from broker.messages import EVENTS, Error, ProcessingComplete, ReconstructorPresence, ReconstructorState
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from tests.integration.reconstructor.programs import RIG, SPACE, Program

LIGHT: Final = "benchmarks.parts.light_black_box:light"


def project_names(count: int) -> list[ProjectId]:
    return [ProjectId(f"project-{number:03d}") for number in range(count)]


@dataclass(slots=True)
class Processed:
    """When each image was processed, by project, and in which order."""

    ready: set[str] = field(default_factory=set)
    at_s: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    numbers: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    errors: list[Error] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @classmethod
    @contextlib.asynccontextmanager
    async def watched(cls, connection: Connection, projects: list[ProjectId]) -> AsyncIterator[Self]:
        topics = [SPACE.filter(each.template, name) for name in projects for each in (EVENT, RECONSTRUCTOR_STATE)]
        client_id = fresh_client_id("benchmark", "watcher")
        async with Delivery(connection, client_id=client_id, subscriptions=tuple(topics)) as delivery:
            await delivery.wait_connected(30)
            seen = cls()
            reading = asyncio.create_task(seen._read(delivery))
            yield seen
            reading.cancel()

    async def until_ready(self, count: int, timeout_s: float = 300) -> None:
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(lambda: len(self.ready) >= count)

    async def until_processed(self, project: str, count: int, timeout_s: float) -> None:
        """Wait for that many images, whatever came of them."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(lambda: len(self.at_s[project]) >= count)

    async def _read(self, delivery: Delivery) -> None:
        async for message in delivery.messages():
            found = match(SPACE, message.topic)
            async with self._changed:
                if found.channel is RECONSTRUCTOR_STATE:
                    state = decode(message.payload, ReconstructorState)
                    if state.presence is ReconstructorPresence.READY:
                        self.ready.add(found.project)
                else:
                    self._note(found.project, decode(message.payload, EVENTS[found.event_type]))
                self._changed.notify_all()
            message.acknowledge()

    def _note(self, project: str, event: object) -> None:
        if isinstance(event, ProcessingComplete) and not event.is_refetch:
            self.at_s[project][event.image_id] = time.monotonic()
            self.numbers[project].append(event.image_number)
        elif isinstance(event, Error):
            self.errors.append(event)


@dataclass(frozen=True, slots=True)
class Stage:
    """A broker with accounts for these projects, and the reconstructor that serves them."""

    projects: list[ProjectId]
    broker: Mosquitto
    reconstructor: Program

    @property
    def family(self) -> list[psutil.Process]:
        """The reconstructor and all that it started."""
        process = psutil.Process(self.reconstructor.pid)
        return [process, *process.children(recursive=True)]

    def cpu_s(self) -> float:
        """Processor time of the reconstructor and all that it started, until now, also of what has ended."""
        return sum(sum(_times(each)) for each in self.family)

    def resident_bytes(self) -> int:
        """What they have resident together; a page that several share counts once."""
        total = 0
        for each in self.family:
            with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
                lines = Path(f"/proc/{each.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
                total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
        return total


def _times(process: psutil.Process) -> tuple[float, ...]:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return (0.0,)
    return times.user, times.system, times.children_user, times.children_system


@contextlib.contextmanager
def stage(folder: Path, projects: list[ProjectId], black_box: str = LIGHT, **settings: object) -> Iterator[Stage]:
    """Start a broker and a reconstructor for these projects in a new folder; both end with the block."""
    folder.mkdir(parents=True)
    roles = [("reconstructor", "reconstructor"), (RIG, "agent"), ("viewer", "viewer")]
    users = [Credential.fresh(User.build(name, role, projects)) for name, role in roles]
    with Mosquitto(BrokerPlan(data_dir=folder / "broker", port=free_port()), users) as broker:
        wishes: dict[str, object] = {"projects": json.dumps(projects), "refetch_at_rest_s": 0} | settings
        program = Program(broker.connection("reconstructor"), folder, black_box, **wishes)
        program.start()
        try:
            yield Stage(projects, broker, program)
        finally:
            program.stop()

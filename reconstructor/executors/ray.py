"""How does the black box run on another machine? A named Ray actor per project hosts the local executor there.

The actor's process may die, or its node: Ray starts it again elsewhere, and the call that was under way is run again.
Slots stay here, so that the limit of black boxes at work holds for the whole cluster. Files do not travel: the project's
folder has the same path on every node. Errors come back as values, since Ray would wrap what is raised in its traceback.
"""

import asyncio
import hashlib
import importlib
import importlib.util
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import structlog
from structlog.typing import FilteringBoundLogger

from broker.errors import CairnError
from reconstructor.executors.child import BlackBoxInterruptedError
from reconstructor.executors.local import LocalExecutor
from reconstructor.executors.slots import Lanes, Slots
from reconstructor.worker import Call

_NAMESPACE: Final = "cairn"
_PROCESSORS: Final = 0.001  # keeps actors away from a head that was started with --num-cpus 0
_CALLS_AT_ONCE: Final = 16
_BACK_S: Final = 60.0
_PAUSE_S: Final = 0.2
_connecting = asyncio.Lock()


class RayMissingError(CairnError):
    """Ray is not installed."""

    code = "ray_missing"
    remedy = "Install the extra cairn[ray] on every node, or set reconstructor.executor to local."


class RayUnreachableError(CairnError):
    """There is no Ray cluster at the address, or it has no place for the black box."""

    code = "ray_unreachable"
    remedy = "Look at `ray status` on the cluster, and at reconstructor.ray_address and gpu_share."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Which Ray cluster, and what of it one project takes.

    Attributes:
        address: host:port of its head; empty for one on this machine alone, which is started.
        gpu_share: part of a GPU that each project's actor holds; 0 for none.
    """

    address: str
    gpu_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosting:
    """What the actor needs to host a local executor."""

    project: str
    black_box: str
    folder: Path
    memory_limit_bytes: int
    load_timeout_s: float
    rest_s: float
    environment: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a method of the actor came to, and how the black box is since."""

    folder: Path | None = None
    error: CairnError | None = None
    is_concurrent: bool = False
    takes_previews: bool = False
    reads_cloud: bool = True
    memory_bytes: int = 0


class Host:
    """The actor: a local executor on whichever node; a restart by Ray begins with an unloaded black box."""

    def __init__(self, hosting: Hosting) -> None:
        self._hosting, self._executor = hosting, _local(hosting)

    async def start(self, hosting: Hosting) -> Outcome:
        """Load the black box as a new service wishes it; an older service's calls end."""
        if hosting != self._hosting:
            former, self._hosting, self._executor = self._executor, hosting, _local(hosting)
            await former.close()
        return await self._outcome(self._executor.start)

    async def call(self, call: Call, timeout_s: float) -> Outcome:
        """Make one call of the black box."""
        return await self._outcome(lambda: self._executor.call(call, timeout_s))

    async def put_to_rest(self) -> None:
        """End the child until the next call needs one."""
        self._executor.put_to_rest()

    async def close(self) -> None:
        """Stop the black box, also in the middle of calls."""
        await self._executor.close()

    async def _outcome(self, method: Callable[[], Awaitable[Path | None]]) -> Outcome:
        folder, error = None, None
        try:
            folder = await method()
        except CairnError as exc:
            error = type(exc)(str(exc))
        executor = self._executor
        return Outcome(
            folder=folder,
            error=error,
            is_concurrent=executor.is_concurrent,
            takes_previews=executor.takes_previews,
            reads_cloud=executor.reads_cloud,
            memory_bytes=executor.memory_bytes,
        )


class RayExecutor:
    """See `reconstructor.executors.Executor`.

    Args:
        hosting: what the actor is to run.
        cluster: where.
        slots: shared with the black boxes of other projects.
        log: carries the project.
    """

    def __init__(self, hosting: Hosting, cluster: Cluster, *, slots: Slots | None, log: FilteringBoundLogger) -> None:
        self._hosting, self._cluster, self._slots, self._log = hosting, cluster, slots, log
        self._actor: Any = None
        self._call_count = 0
        self._lanes = Lanes()
        self._last = Outcome()

    @property
    def is_concurrent(self) -> bool:
        """See the protocol."""
        return self._last.is_concurrent

    @property
    def takes_previews(self) -> bool:
        """See the protocol."""
        return self._last.takes_previews

    @property
    def reads_cloud(self) -> bool:
        """See the protocol."""
        return self._last.reads_cloud

    @property
    def memory_bytes(self) -> int:
        """What the black box had resident after its last call."""
        return self._last.memory_bytes

    async def start(self) -> None:
        """Find or create the actor and load the black box there.

        Raises:
            RayMissingError: Ray is not installed here.
            RayUnreachableError: there is no cluster, or it has no place.
            CairnError: the black box cannot be loaded; see `LocalExecutor.start`.
        """
        await self._asked("start", self._hosting)

    async def call(self, call: Call, timeout_s: float) -> Path:
        """The folder that the black box returned.

        Raises:
            BlackBoxInterruptedError: the actor or its node was lost; it serves again, or will soon.
            CairnError: as from `LocalExecutor.call`.
        """
        self._call_count += 1
        try:
            if self._slots is not None:
                self._slots.note_awake(self)
            async with self._lanes.taken(self._slots, is_refetch=call.is_refetch, is_concurrent=self.is_concurrent):
                outcome = await self._asked("call", call, timeout_s)
        finally:
            self._call_count -= 1
            if self._slots is not None and self._call_count == 0 and self._actor is not None:
                self._slots.note_idle(self)
        if outcome.folder is None:
            raise BlackBoxInterruptedError("the black box returned no folder")
        return outcome.folder

    async def close(self) -> None:
        """Stop the black box, also in the middle of calls, and end the actor."""
        if self._slots is not None:
            self._slots.note_awake(self)
        actor, self._actor = self._actor, None
        if actor is not None:
            await asyncio.to_thread(_ray().kill, actor)  # its child ends with it

    def put_to_rest(self) -> None:
        """End the child until the next call needs one."""
        if self._actor is not None:
            self._actor.put_to_rest.remote()

    async def _asked(self, method: str, *arguments: object) -> Outcome:
        """What the actor answers; a lost actor is waited for, and its call counts as interrupted."""
        ray = _ray()
        if self._actor is None:
            self._actor = await self._found()
        under_way = getattr(self._actor, method).remote(*arguments)
        try:
            outcome: Outcome = await under_way
        except asyncio.CancelledError:
            ray.cancel(under_way)
            raise
        except ray.exceptions.RayError as exc:
            self._log.warning("ray_actor_lost", reason=type(exc).__name__)
            await self._recover()
            raise BlackBoxInterruptedError(
                f"the black box's actor was lost ({type(exc).__name__}): the call runs again, alone"
            ) from None
        self._last = outcome
        if outcome.error is not None:
            raise outcome.error
        return outcome

    async def _recover(self) -> None:
        """Wait until Ray has started the actor again; create another when it is gone for good."""
        ray = _ray()
        began_s = time.monotonic()
        while time.monotonic() - began_s < _BACK_S:
            try:
                async with asyncio.timeout(_BACK_S):
                    self._last = await self._actor.start.remote(self._hosting)
            except (ray.exceptions.ActorUnavailableError, TimeoutError):
                await asyncio.sleep(_PAUSE_S)
            except ray.exceptions.RayError:
                await asyncio.sleep(_PAUSE_S)
                self._actor = await self._found()
            else:
                self._log.info("ray_actor_back", after_s=round(time.monotonic() - began_s, 1))
                return

    async def _found(self) -> Any:
        """The project's actor, which another run of this service may have left behind."""
        ray = _ray()
        async with _connecting:
            await asyncio.to_thread(_connect, ray, self._cluster.address)
        options = ray.remote(Host).options(
            name=name_of(self._hosting),
            namespace=_NAMESPACE,
            lifetime="detached",
            get_if_exists=True,
            max_restarts=-1,
            max_concurrency=_CALLS_AT_ONCE,
            num_cpus=_PROCESSORS,
            num_gpus=self._cluster.gpu_share,
            scheduling_strategy="SPREAD",
        )
        try:
            return await asyncio.to_thread(options.remote, self._hosting)
        except (ray.exceptions.RayError, ValueError) as exc:
            raise RayUnreachableError(f"no actor for {self._hosting.project}: {_first_line(exc)}") from None


def check_installed() -> None:
    """Raise RayMissingError when Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise RayMissingError("reconstructor.executor is ray, but Ray is not installed")


def name_of(hosting: Hosting) -> str:
    """The actor's name: the project, and which store of it, since two services may share a cluster."""
    return f"{hosting.project}-{hashlib.sha256(str(hosting.folder).encode()).hexdigest()[:12]}"


def _ray() -> ModuleType:
    check_installed()
    return importlib.import_module("ray")


def _connect(ray: ModuleType, address: str) -> None:
    if ray.is_initialized():
        return
    try:
        ray.init(address=address or "local", namespace=_NAMESPACE, include_dashboard=False if not address else None)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as exc:
        raise RayUnreachableError(f"no Ray cluster at {address or 'this machine'}: {_first_line(exc)}") from None


def _first_line(exc: Exception) -> str:
    return str(exc).strip().partition("\n")[0]


def _local(hosting: Hosting) -> LocalExecutor:
    return LocalExecutor(
        hosting.black_box,
        hosting.folder,
        memory_limit_bytes=hosting.memory_limit_bytes,
        load_timeout_s=hosting.load_timeout_s,
        log=structlog.get_logger().bind(project=hosting.project),
        environment=hosting.environment,
        rest_s=hosting.rest_s,
    )

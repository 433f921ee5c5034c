"""How does a rig survive a camera that hangs? By a child process, killed after a time-out and started again."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from broker.logs import get_logger
from edge_agent.cameras.camera import MAX_PHOTOGRAPH_BYTES, CameraError
from edge_agent.cameras.child import Header, photograph_of
from edge_agent.cameras.plan import CameraPlan
from edge_agent.photograph import Photograph

CHILD_COMMAND = (sys.executable, "-m", "edge_agent.cameras.child")
LOG = get_logger()
HEADER_LIMIT_BYTES = 64 * 1024
END_TIMEOUT_S = 3.0


class CameraHungError(CameraError):
    """No answer in time; the camera's process was killed and the next shot starts a new one."""

    code = "camera_hung"
    remedy = "Nothing at first: the camera's process is started again. If it goes on, check cable and power."


class CameraEndedError(CameraError):
    """The end of the camera's process; the next shot starts a new one."""

    code = "camera_ended"
    remedy = "Nothing at first: the camera's process is started again. If it goes on, read the agent's log."


class WatchedCamera:
    """A camera in a process of its own. `first` and the taken sources grow with each photograph.

    Args:
        plan: the camera.
        shot_timeout_s: longest time for a photograph.
        start_timeout_s: longest start.
        scratch: folder of the camera's temporary files, emptied at each start of its process: a process that is killed
            leaves half a photograph there. None: the system's folder.
    """

    def __init__(
        self, plan: CameraPlan, *, shot_timeout_s: float, start_timeout_s: float, scratch: Path | None = None
    ) -> None:
        self._plan, self._shot_timeout_s, self._start_timeout_s = plan, shot_timeout_s, start_timeout_s
        self._scratch = scratch
        self._process: asyncio.subprocess.Process | None = None
        self._start_count = 0
        self._left_out: list[str] = []

    @property
    def restart_count(self) -> int:
        """How often the process had to be started again."""
        return max(0, self._start_count - 1)

    @property
    def left_out(self) -> Sequence[str]:
        """Files of a folder that are not taken, each with its reason."""
        return self._left_out

    async def prepare(self) -> None:
        """Start the camera's process, if it does not run, so that the next photograph does not wait for that.

        Raises:
            CameraError: it does not start; the next call may succeed.
        """
        if self._process is None:
            await self._start()

    async def capture(self) -> Photograph | None:
        """Take one photograph within the time-out; None when there is nothing yet.

        Raises:
            CameraExhaustedError: a fixed set is at its end.
            CameraError: no photograph; the next call may succeed.
        """
        process = self._process or await self._start()
        try:
            header, content = await self._ask(process, b"shoot\n", self._shot_timeout_s)
            self._note_left_out(header.left_out)
            photograph = photograph_of(header, content)
        except (CameraHungError, CameraEndedError):
            await self._kill()
            raise
        if photograph is not None:
            self._remember(photograph)
        return photograph

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        await self._kill()

    async def _start(self) -> asyncio.subprocess.Process:
        self._start_count += 1
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *CHILD_COMMAND,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=HEADER_LIMIT_BYTES,
                env=await asyncio.to_thread(self._environment),
                start_new_session=True,  # a group of its own: what the camera's software started ends with it
            )
        except OSError as exc:
            raise CameraEndedError(f"the camera's process cannot be started: {exc.strerror}") from exc
        LOG.info("camera_started", kind=self._plan.kind, pid=process.pid, restarts=self.restart_count)
        try:
            photograph_of(
                *await self._ask(process, self._plan.model_dump_json().encode() + b"\n", self._start_timeout_s)
            )
        except CameraError:
            await self._kill()
            raise
        return process

    def _environment(self) -> dict[str, str] | None:
        """The process's environment, with an empty folder for temporary files; None: ours. Raises OSError."""
        if self._scratch is None:
            return None
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True, exist_ok=True)
        return os.environ | {"TMPDIR": str(self._scratch.resolve())}

    async def _ask(self, process: asyncio.subprocess.Process, line: bytes, timeout_s: float) -> tuple[Header, bytes]:
        try:
            async with asyncio.timeout(timeout_s):
                return await _exchange(process, line)
        except TimeoutError as exc:
            raise CameraHungError(f"the camera did not answer within {timeout_s:.0f} s: it is started again") from exc
        except (OSError, asyncio.IncompleteReadError, ValueError, ValidationError) as exc:
            raise CameraEndedError("the camera's process ended: it is started again") from exc

    def _note_left_out(self, sentences: tuple[str, ...]) -> None:
        """Name what the camera left out; a process that was started again names it again."""
        for sentence in sentences:
            if sentence not in self._left_out:
                self._left_out.append(sentence)
                LOG.warning("left_out", file=sentence)

    def _remember(self, photograph: Photograph) -> None:
        """Note a photograph in the plan, so that a restarted process continues after it."""
        sources = (photograph.source,) if photograph.source else ()
        self._plan = self._plan.model_copy(
            update={"first": self._plan.first + 1, "taken_sources": (*self._plan.taken_sources, *sources)}
        )

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_TIMEOUT_S):
                await process.wait()


async def _exchange(process: asyncio.subprocess.Process, line: bytes) -> tuple[Header, bytes]:
    if process.stdin is None or process.stdout is None:
        raise OSError("the camera's process has no pipes")
    process.stdin.write(line)
    await process.stdin.drain()
    header = Header.model_validate_json(await process.stdout.readline())
    if not 0 <= header.size_bytes <= MAX_PHOTOGRAPH_BYTES:
        raise ValueError(f"a photograph of {header.size_bytes} bytes")
    return header, await process.stdout.readexactly(header.size_bytes)

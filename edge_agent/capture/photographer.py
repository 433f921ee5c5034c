"""When is a photograph taken? At an interval within the daily hours, and on request; with backoff after errors."""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from typing import Final, Protocol

from broker.logs import get_logger
from edge_agent.cameras.camera import CameraError, CameraExhaustedError, CameraUnusableError
from edge_agent.capture.counters import Counters
from edge_agent.capture.image_pipeline import ImagePipeline
from edge_agent.capture.request import CaptureRequest
from edge_agent.capture.schedule import Hours
from edge_agent.clock import SYSTEM_CLOCK, Clock
from edge_agent.config import SpoolPolicy
from edge_agent.photograph import Photograph
from edge_agent.spool.index import SpooledImage, SpoolKey
from edge_agent.spool.spool import Spool, SpoolFullError

AFTER_ERROR_S: Final = 1.0
LONGEST_AFTER_ERROR_S: Final = 60.0
FULL_PAUSE_S: Final = 2.0
NOTHING_YET_S: Final = 0.5
LOOK_AGAIN_S: Final = 600.0  # the rig's clock may be set meanwhile
APPOINTMENT_LOOK_S: Final = 1.0  # the same, while a request for a later instant waits
LOG = get_logger()


class ShotSource(Protocol):
    """The part of a camera that the photographer uses."""

    async def capture(self) -> Photograph | None:
        """As `Camera.capture`."""

    @property
    def restart_count(self) -> int:
        """How often the camera's process was started again."""

    @property
    def left_out(self) -> Sequence[str]:
        """Files that are not taken, each with its reason."""


class Listener(Protocol):
    """A receiver of the photographer's events."""

    def photograph_kept(self, image: SpooledImage, photograph: Photograph) -> None:
        """Called after a photograph is safe in the spool."""

    def rig_changed(self) -> None:
        """Called after a value of the health message changed."""


class Photographer:
    """The capture loop: one photograph at each interval and for each request; it waits while the spool is full."""

    def __init__(
        self,
        camera: ShotSource,
        spool: Spool,
        pipeline: ImagePipeline,
        counters: Counters,
        listener: Listener,
        *,
        interval_s: float,
        policy: SpoolPolicy = SpoolPolicy.PAUSE,
        hours: Hours | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._camera, self._spool, self._counters, self._listener = camera, spool, counters, listener
        self._pipeline, self._policy, self.interval_s = pipeline, policy, interval_s
        self._hours, self._clock = hours, clock
        self._requests: list[CaptureRequest] = []
        self._changed = asyncio.Event()
        self._error_count = 0
        self.is_paused = spool.recall(SpoolKey.IS_PAUSED) == "yes"
        self.is_enough = False

    def request(self, request: CaptureRequest) -> None:
        """Take photographs outside of the interval, also while paused."""
        self._requests.extend(CaptureRequest(at=request.at) for _ in range(request.count))
        self._changed.set()

    def cancel(self) -> None:
        """Drop every request."""
        self._requests.clear()

    async def pause(self, *, is_paused: bool) -> None:
        """Stop or resume the interval; this is kept over a reboot."""
        await asyncio.to_thread(self._spool.remember, SpoolKey.IS_PAUSED, "yes" if is_paused else "no")
        self.is_paused = is_paused
        self._changed.set()

    def set_enough(self, *, is_enough: bool) -> None:
        """Stop the interval while enough photographs are placed; requests are still served."""
        self.is_enough = is_enough
        self._changed.set()

    async def run(self) -> None:
        """Take photographs until a fixed set is at its end.

        Raises:
            CameraUnusableError: a retry does not help.
        """
        due_s = self._clock.monotonic_s()
        while True:
            await self._wait_turn(due_s)
            began_s = self._clock.monotonic_s()
            try:
                is_taken = await self._take()
            except CameraExhaustedError as exc:
                LOG.info("camera_exhausted", reason=exc.sentence)
                return
            pause_s = self.interval_s if is_taken else max(NOTHING_YET_S, self._error_pause_s())
            due_s = max(began_s + pause_s, self._clock.monotonic_s() if is_taken else due_s)

    @property
    def _is_resting(self) -> bool:
        return self.is_paused or self.is_enough

    async def _wait_turn(self, due_s: float) -> None:
        while not self._is_turn(due_s):
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(self._next_look_s(due_s)):
                    await self._changed.wait()

    def _is_turn(self, due_s: float) -> bool:
        due = next((each for each in self._requests if each.at is None or self._clock.now_utc() >= each.at), None)
        if due is not None:  # a request for later does not delay one for now
            self._requests.remove(due)
            return True
        is_open = self._hours is None or self._hours.is_open(self._clock.now_utc())
        return is_open and not self._is_resting and self._clock.monotonic_s() >= due_s

    def _next_look_s(self, due_s: float) -> float:
        looks = [LOOK_AGAIN_S]
        if not self._is_resting:
            opens_in_s = self._hours.opens_in_s(self._clock.now_utc()) if self._hours else 0.0
            looks.append(max(due_s - self._clock.monotonic_s(), opens_in_s))
        instants = [each.at for each in self._requests if each.at is not None]
        if instants:
            looks.append(min(APPOINTMENT_LOOK_S, (min(instants) - self._clock.now_utc()).total_seconds()))
        return max(0.0, min(looks))

    async def _take(self) -> bool:
        """Take and keep one photograph; whether there was one."""
        try:
            photograph = await self._camera.capture()
        except (CameraExhaustedError, CameraUnusableError):
            raise
        except CameraError as exc:
            self._error_count += 1
            self._counters.camera_error_count += 1
            self._counters.note_error(exc)
            LOG.warning("camera_failed", code=exc.code, reason=exc.sentence, failures_in_a_row=self._error_count)
            return False
        finally:
            self._counters.camera_restart_count = self._camera.restart_count
            await self._note_left_out(self._camera.left_out)
            self._listener.rig_changed()
        if photograph is None:
            return False
        self._error_count = 0
        await self._keep(photograph)
        return True

    async def _note_left_out(self, sentences: Sequence[str]) -> None:
        """Keep the names of files that are not taken for `cairn edge status`."""
        if len(sentences) != len(self._counters.left_out):
            self._counters.left_out = list(sentences)
            await asyncio.to_thread(self._spool.remember, SpoolKey.LEFT_OUT, json.dumps(self._counters.left_out))

    async def _keep(self, photograph: Photograph) -> None:
        """Retry until the spool has room: images leave it as receipts come."""
        while True:
            try:
                image = await asyncio.to_thread(self._pipeline.keep, photograph)
            except SpoolFullError as exc:
                if await self._give_up(photograph, exc):
                    return
                continue
            self._counters.alarms.discard(SpoolFullError.code)
            LOG.info("photograph_kept", image_id=image.image_id, bytes=image.size_bytes, file_name=image.file_name)
            self._listener.photograph_kept(image, photograph)
            return

    async def _give_up(self, photograph: Photograph, exc: SpoolFullError) -> bool:
        """Apply the policy for a full spool; whether the photograph is dropped."""
        if exc.code not in self._counters.alarms:
            LOG.error("spool_full", reason=exc.sentence, policy=self._policy.value)
        self._counters.alarms.add(exc.code)
        self._counters.note_error(exc)
        self._listener.rig_changed()
        if self._policy is SpoolPolicy.REJECT:
            self._counters.refused_count += 1
            return True
        if self._policy is SpoolPolicy.EVICT:
            gone = await asyncio.to_thread(self._spool.evict, len(photograph.content))
            if gone:
                LOG.warning("spool_evicted", images=gone)
                return False
        await asyncio.sleep(FULL_PAUSE_S)
        return False

    def _error_pause_s(self) -> float:
        return min(LONGEST_AFTER_ERROR_S, AFTER_ERROR_S * 2**self._error_count) if self._error_count else 0.0

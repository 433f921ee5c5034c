"""When is a photograph taken? At an interval within the daily hours, and on request; with backoff after errors."""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from broker.errors import CairnError
from broker.logs import get_logger
from edge_agent.cameras.camera import CameraError, CameraExhaustedError, CameraUnusableError
from edge_agent.capture.camera_errors import CameraErrors
from edge_agent.capture.counters import Counters
from edge_agent.capture.image_pipeline import ImagePipeline
from edge_agent.capture.request import (
    CameraBusyError,
    CaptureCancelledError,
    CaptureRequest,
    InstantMissedError,
    NoPhotographError,
    OpenRequest,
)
from edge_agent.capture.schedule import Hours
from edge_agent.clock import SYSTEM_CLOCK, Clock
from edge_agent.config import SpoolPolicy
from edge_agent.photograph import Photograph
from edge_agent.spool.errors import SpoolFullError
from edge_agent.spool.index import SpooledImage, SpoolKey
from edge_agent.spool.spool import Spool

AFTER_ERROR_S: Final = 1.0
LONGEST_AFTER_ERROR_S: Final = 60.0
FULL_PAUSE_S: Final = 2.0
NOTHING_YET_S: Final = 0.2
LOOKING_SHARE: Final = 0.1  # of the time, while there is nothing yet: a large folder is looked at less often,
LONGEST_NOTHING_YET_S: Final = 2.0  # but not less often than this
LOOK_AGAIN_S: Final = 600.0  # the rig's clock may be set meanwhile
FREE_S: Final = 0.5  # before an instant, the camera rests for so much longer than a photograph takes
LONGEST_FREE_S: Final = 30.0
APPOINTMENT_LOOK_S: Final = 1.0  # the same, while a request for a later instant waits
LOG = get_logger()


class ShotSource(Protocol):
    """The part of a camera that the photographer uses."""

    async def prepare(self) -> None:
        """Get ready, so that the next photograph is taken at once; raises like `capture`."""

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
        self._errors = CameraErrors(spool, counters)
        self._hours, self._clock = hours, clock
        self._requests: list[OpenRequest] = []
        self._is_preparing = False
        self._shot_s = 0.0  # what the last photograph took
        self._busy_from = self._busy_until = (
            self._clock.now_utc()
        )  # the last photograph's time, until it is in the spool
        self._changed = asyncio.Event()
        self._error_count = 0
        self._end: CairnError | None = None  # why no photograph will be taken any more
        self.is_paused = spool.recall(SpoolKey.IS_PAUSED) == "yes"
        self.is_enough = False

    def request(self, request: CaptureRequest) -> None:
        """Take photographs outside of the interval, also while paused."""
        self._requests.append(OpenRequest(request))
        self._is_preparing |= request.at is not None
        if self._end is not None:
            self._end_all(self._end)
        self._changed.set()

    def cancel(self) -> None:
        """Drop every request."""
        self._end_all(CaptureCancelledError("operators cancelled it"))

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
            try:
                request = await self._wait_turn(due_s)
                began_s = self._clock.monotonic_s()
                is_taken = await self._take(request)
            except (CameraExhaustedError, CameraUnusableError) as exc:
                self._end = exc
                self._end_all(exc)
                if isinstance(exc, CameraUnusableError):
                    raise
                LOG.info("camera_exhausted", reason=exc.sentence)
                return
            pause_s = self.interval_s if is_taken else max(self._nothing_yet_pause_s, self._error_pause_s())
            due_s = max(began_s + pause_s, self._clock.monotonic_s() if is_taken else due_s)

    @property
    def _nothing_yet_pause_s(self) -> float:
        return max(NOTHING_YET_S, min(self._shot_s / LOOKING_SHARE, LONGEST_NOTHING_YET_S))

    @property
    def _is_resting(self) -> bool:
        return self.is_paused or self.is_enough

    async def _wait_turn(self, due_s: float) -> OpenRequest | None:
        """Wait until a photograph is to be taken; for whom, None: for the interval."""
        while True:
            self._end_missed()
            due = next((each for each in self._requests if each.is_due(self._clock.now_utc())), None)
            if due is not None or self._is_interval_due(due_s):  # a request for later does not delay one for now
                return due
            self._changed.clear()
            if self._is_preparing:
                await self._prepare()
                continue
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(self._next_look_s(due_s)):
                    await self._changed.wait()

    async def _prepare(self) -> None:
        """Start the camera ahead of an instant; where it fails now, it is tried again at the instant."""
        self._is_preparing, self._busy_from = False, self._clock.now_utc()
        try:
            await self._camera.prepare()
        except CameraError as exc:
            if self._errors.is_final(exc):
                raise
            self._counters.note_error(exc)
            LOG.warning("camera_failed", code=exc.code, reason=exc.sentence)
        self._busy_until = self._clock.now_utc()

    def _is_interval_due(self, due_s: float) -> bool:
        is_open = self._hours is None or self._hours.is_open(self._clock.now_utc())
        return is_open and not self._is_resting and self._clock.monotonic_s() >= due_s and not self._keeps_free

    @property
    def _next_instant_s(self) -> float | None:
        """Seconds until the next request for an instant."""
        instants = [each.at for each in self._requests if each.at is not None]
        return (min(instants) - self._clock.now_utc()).total_seconds() if instants else None

    @property
    def _keeps_free(self) -> bool:
        """Whether a photograph begun now would keep the camera busy beyond the next instant."""
        return self._next_instant_s is not None and self._next_instant_s < min(self._shot_s, LONGEST_FREE_S) + FREE_S

    def _next_look_s(self, due_s: float) -> float:
        looks = [LOOK_AGAIN_S]
        if not self._is_resting and not self._keeps_free:
            opens_in_s = self._hours.opens_in_s(self._clock.now_utc()) if self._hours else 0.0
            looks.append(max(due_s - self._clock.monotonic_s(), opens_in_s))
        if self._next_instant_s is not None:
            looks.append(min(APPOINTMENT_LOOK_S, self._next_instant_s))
        return max(0.0, min(looks))

    def _end_missed(self) -> None:
        """End requests whose instant has passed: a late photograph belongs to no other rig's."""
        now = self._clock.now_utc()
        for each in [each for each in self._requests if each.late_s(now)]:
            self._requests.remove(each)
            if each.at is not None and self._busy_from <= each.at < self._busy_until:
                each.end(CameraBusyError(f"the camera was busy until {each.late_s(now):.1f} s after the instant"))
            else:
                late = f"{each.late_s(now):.1f} s after the instant"
                each.end(InstantMissedError(f"the rig's clock was set to {late}, or the machine stood still"))

    def _end_all(self, error: CairnError) -> None:
        """Take no photograph for any request."""
        while self._requests:
            self._requests.pop().end(error)

    async def _take(self, request: OpenRequest | None) -> bool:
        """Take and keep one photograph; whether there was one."""
        asked_at, began_s = self._clock.now_utc(), self._clock.monotonic_s()
        self._busy_from = asked_at
        try:
            await self._camera.prepare()
            asked_at = self._clock.now_utc()
            if request is not None and (late_s := request.late_s(asked_at)):
                self._requests.remove(request)
                request.end(CameraBusyError(f"the camera was ready only {late_s:.1f} s after the instant"))
                return False
            photograph = await self._camera.capture()
            self._errors.note_success()
        except CameraError as exc:
            if self._errors.is_final(exc):
                raise
            self._error_count += 1
            self._counters.camera_error_count += 1
            self._counters.note_error(exc)
            LOG.warning("camera_failed", code=exc.code, reason=exc.sentence, failures_in_a_row=self._error_count)
            self._settle(request, asked_at, exc)
            return False
        finally:
            self._shot_s, self._busy_until = self._clock.monotonic_s() - began_s, self._clock.now_utc()
            self._counters.camera_restart_count = self._camera.restart_count
            await self._note_left_out(self._camera.left_out)
            self._listener.rig_changed()
        if photograph is None:
            self._settle(request, asked_at, NoPhotographError("the camera has no photograph to give"))
            return False
        self._error_count = 0
        image = await self._keep(replace(photograph, capture_id=request.capture_id if request else None))
        self._settle(request, asked_at, image or NoPhotographError("the spool is full, and its policy is to reject"))
        self._busy_until = self._clock.now_utc()
        return True

    def _settle(self, request: OpenRequest | None, fired_at: datetime, result: SpooledImage | CairnError) -> None:
        """Note in a request what became of one photograph."""
        if request is None:
            return
        if isinstance(result, SpooledImage):
            request.note_taken(result.image_id, fired_at)
        else:
            request.note_failure(result, fired_at)
        if not request.is_open and request in self._requests:  # it may have been cancelled meanwhile
            self._requests.remove(request)

    async def _note_left_out(self, sentences: Sequence[str]) -> None:
        """Keep the names of files that are not taken for `cairn edge status`."""
        if len(sentences) != len(self._counters.left_out):
            self._counters.left_out = list(sentences)
            await asyncio.to_thread(self._spool.remember, SpoolKey.LEFT_OUT, json.dumps(self._counters.left_out))

    async def _keep(self, photograph: Photograph) -> SpooledImage | None:
        """Retry until the spool has room: images leave it as receipts come. None when the photograph is dropped."""
        while True:
            try:
                image = await asyncio.to_thread(self._pipeline.keep, photograph)
            except SpoolFullError as exc:
                if await self._give_up(photograph, exc):
                    return None
                continue
            self._counters.alarms.discard(SpoolFullError.code)
            LOG.info("photograph_kept", image_id=image.image_id, bytes=image.size_bytes, file_name=image.file_name)
            self._listener.photograph_kept(image, photograph)
            return image

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

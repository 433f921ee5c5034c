"""When photographs are taken, with a camera and a spool that do as the test says."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from broker.ids import AgentId
from broker.rig_messages import AgentSettings
from edge_agent.cameras.camera import CameraError, CameraExhaustedError, CameraUnusableError
from edge_agent.cameras.folder import FolderAwayError, FolderMissingError
from edge_agent.capture import photographer as photographer_module
from edge_agent.capture import request as request_module
from edge_agent.capture.counters import Counters
from edge_agent.capture.image_pipeline import ImagePipeline
from edge_agent.capture.photographer import Photographer
from edge_agent.capture.request import CaptureOutcome, CaptureRequest
from edge_agent.capture.schedule import Hours
from edge_agent.clock import SYSTEM_CLOCK, Clock
from edge_agent.config import SpoolPolicy
from edge_agent.photograph import Photograph, now_utc
from edge_agent.spool.index import SpooledImage, SpoolState
from edge_agent.spool.spool import Spool

RIG = AgentId("rig-north")
Step = Photograph | None | Exception


def photograph(number: int) -> Photograph:
    return Photograph(content=f"photo {number}".encode(), content_type="image/jpeg")


class Camera:
    """Gives what the script says, one step a shot, and is exhausted at its end."""

    restart_count = 0
    left_out: ClassVar[tuple[str, ...]] = ("bad.jpg: has no bytes",)

    def __init__(self, *script: Step) -> None:
        self._script = list(script)
        self.shot_at_s: list[float] = []
        self.prepared_count = 0

    async def prepare(self) -> None:
        self.prepared_count += 1

    async def capture(self) -> Photograph | None:
        self.shot_at_s.append(time.monotonic())
        if not self._script:
            raise CameraExhaustedError("that was all")
        step = self._script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


class Ears:
    """Notes what was taken."""

    def __init__(self) -> None:
        self.kept: list[SpooledImage] = []

    def photograph_kept(self, image: SpooledImage, photograph: Photograph) -> None:
        self.kept.append(image)

    def rig_changed(self) -> None:
        """Health would tell."""


class Rig:
    def __init__(
        self,
        folder: Path,
        *script: Step,
        interval_s: float = 0.0,
        policy: SpoolPolicy = SpoolPolicy.PAUSE,
        hours: Hours | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.spool, self.camera, self.ears, self.counters = Spool(folder, RIG), Camera(*script), Ears(), Counters()
        pipeline = ImagePipeline(self.spool, is_gated=False, settings=AgentSettings())
        self.photographer = Photographer(
            self.camera,
            self.spool,
            pipeline,
            self.counters,
            self.ears,
            interval_s=interval_s,
            policy=policy,
            hours=hours,
            clock=clock,
        )

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not is_so():
                await asyncio.sleep(0.01)


class JumpingClock(Clock):
    """A wall clock that is years off, elsewhere each time."""

    def __init__(self) -> None:
        self._look_count = 0

    def now_utc(self) -> datetime:
        self._look_count += 1
        return datetime(1970 + 7 * self._look_count % 60, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AFTER_ERROR_S", "FULL_PAUSE_S", "NOTHING_YET_S"):
        monkeypatch.setattr(photographer_module, name, 0.01)


async def test_a_fixed_set_is_taken_in_order_and_then_it_is_over(tmp_path: Path) -> None:
    rig = Rig(tmp_path, photograph(1), None, photograph(2))
    await asyncio.wait_for(rig.photographer.run(), 10)
    assert [rig.spool.read(image) for image in rig.ears.kept] == [b"photo 1", b"photo 2"]


async def test_photographs_are_an_interval_apart(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *(photograph(number) for number in range(3)), interval_s=0.2)
    await asyncio.wait_for(rig.photographer.run(), 10)
    first, second, third, *_ = rig.camera.shot_at_s
    assert second - first > 0.19
    assert third - second > 0.19


async def test_photographs_are_an_interval_apart_whatever_the_wall_clock_does(tmp_path: Path) -> None:
    photographs = [photograph(number) for number in range(3)]
    all_day = Hours.parse("00:00-00:00")
    rig = Rig(tmp_path, *photographs, interval_s=0.2, hours=all_day, clock=JumpingClock())
    await asyncio.wait_for(rig.photographer.run(), 10)
    first, second, third, *_ = rig.camera.shot_at_s
    assert second - first > 0.19
    assert third - second > 0.19
    assert third - first < 5


async def test_a_failing_camera_is_tried_again_more_and_more_slowly_and_counted(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *(CameraError("no light") for _ in range(3)), photograph(1))
    await asyncio.wait_for(rig.photographer.run(), 10)
    assert rig.counters.camera_error_count == 3
    assert rig.counters.last_error == "no light"
    assert len(rig.ears.kept) == 1
    pauses = [after - before for before, after in zip(rig.camera.shot_at_s, rig.camera.shot_at_s[1:], strict=False)]
    assert pauses[2] > 0.07  # 0.01 doubled three times


async def test_a_camera_that_cannot_work_ends_the_agent(tmp_path: Path) -> None:
    with pytest.raises(CameraUnusableError):
        await asyncio.wait_for(Rig(tmp_path, CameraUnusableError("not installed")).photographer.run(), 10)


async def test_a_missing_folder_is_tried_again_while_photographs_wait(tmp_path: Path) -> None:
    with Spool(tmp_path, RIG) as spool:
        spool.add(photograph(9))
    rig = Rig(tmp_path, FolderMissingError("is not a folder"), FolderAwayError("is not there"), photograph(1))
    await asyncio.wait_for(rig.photographer.run(), 10)
    assert len(rig.ears.kept) == 1
    assert rig.counters.camera_error_count == 2
    assert rig.counters.alarms == set()


async def test_a_pause_outlives_a_restart_and_requests_are_followed_meanwhile(tmp_path: Path) -> None:
    rig = Rig(tmp_path, photograph(1), photograph(2), photograph(3))
    await rig.photographer.pause(is_paused=True)
    rig.spool.close()
    rig = Rig(tmp_path, photograph(1), photograph(2), photograph(3))
    assert rig.photographer.is_paused
    running = asyncio.create_task(rig.photographer.run())
    await asyncio.sleep(0.1)
    assert rig.ears.kept == []
    rig.photographer.request(CaptureRequest(count=2))
    await rig.until(lambda: len(rig.ears.kept) == 2)
    await asyncio.sleep(0.1)
    assert len(rig.ears.kept) == 2
    await rig.photographer.pause(is_paused=False)
    await asyncio.wait_for(running, 10)
    assert len(rig.ears.kept) == 3


async def test_a_request_for_a_future_instant_is_followed_then(tmp_path: Path) -> None:
    rig = Rig(tmp_path, photograph(1))
    await rig.photographer.pause(is_paused=True)
    running = asyncio.create_task(rig.photographer.run())
    asked_s = time.monotonic()
    rig.photographer.request(CaptureRequest(at=now_utc() + timedelta(seconds=0.3)))
    await rig.until(lambda: len(rig.ears.kept) == 1)
    assert 0.28 < rig.camera.shot_at_s[0] - asked_s < 2
    running.cancel()


async def test_an_appointment_for_later_does_not_hold_up_what_is_requested_now(tmp_path: Path) -> None:
    rig = Rig(tmp_path, photograph(1), photograph(2))
    await rig.photographer.pause(is_paused=True)
    running = asyncio.create_task(rig.photographer.run())
    rig.photographer.request(CaptureRequest(at=now_utc() + timedelta(hours=1)))
    rig.photographer.request(CaptureRequest())
    await rig.until(lambda: len(rig.ears.kept) == 1)
    running.cancel()


async def test_cancelled_requests_are_forgotten(tmp_path: Path) -> None:
    rig = Rig(tmp_path, photograph(1))
    await rig.photographer.pause(is_paused=True)
    running = asyncio.create_task(rig.photographer.run())
    rig.photographer.request(CaptureRequest(at=now_utc() + timedelta(seconds=0.2)))
    rig.photographer.cancel()
    await asyncio.sleep(0.4)
    assert rig.camera.shot_at_s == []
    running.cancel()


async def test_a_full_spool_makes_the_photograph_wait_and_shouts(tmp_path: Path) -> None:
    rig = Rig(tmp_path, photograph(1))
    rig.spool._reserve_bytes = 2**62
    running = asyncio.create_task(rig.photographer.run())
    await rig.until(lambda: "spool_full" in rig.counters.alarms)
    assert rig.ears.kept == []
    rig.spool._reserve_bytes = 0
    await asyncio.wait_for(running, 10)
    assert len(rig.ears.kept) == 1
    assert rig.counters.alarms == set()


async def test_the_policy_reject_lets_new_photographs_go_and_counts_them(tmp_path: Path) -> None:
    rig = Rig(tmp_path, photograph(1), photograph(2), policy=SpoolPolicy.REJECT)
    rig.spool._reserve_bytes = 2**62
    await asyncio.wait_for(rig.photographer.run(), 10)
    assert rig.counters.refused_count == 2
    assert "spool_full" in rig.counters.alarms


async def test_the_policy_thin_deletes_what_the_gate_turned_down_first(tmp_path: Path) -> None:
    rig = Rig(tmp_path, photograph(1), policy=SpoolPolicy.EVICT)
    aside = rig.spool.add(photograph(9), state=SpoolState.QUARANTINED, reason="blurred")
    rig.spool._reserve_bytes = 2**62
    running = asyncio.create_task(rig.photographer.run())
    await rig.until(lambda: rig.spool.counts().evicted_count == 1)
    rig.spool._reserve_bytes = 0
    await asyncio.wait_for(running, 10)
    assert [image.image_id for image in rig.ears.kept] != [aside.image_id]
    assert len(rig.ears.kept) == 1


async def test_while_enough_is_placed_a_rig_takes_only_what_is_requested(tmp_path: Path) -> None:
    rig = Rig(tmp_path, photograph(1), photograph(2))
    rig.photographer.set_enough(is_enough=True)
    running = asyncio.create_task(rig.photographer.run())
    await asyncio.sleep(0.05)
    assert rig.camera.shot_at_s == []
    rig.photographer.request(CaptureRequest())
    await rig.until(lambda: len(rig.ears.kept) == 1)
    await asyncio.sleep(0.05)
    assert len(rig.camera.shot_at_s) == 1
    rig.photographer.set_enough(is_enough=False)
    await asyncio.wait_for(running, 10)
    assert len(rig.ears.kept) == 2


async def test_outside_its_hours_a_rig_takes_only_what_is_requested(tmp_path: Path) -> None:
    now = now_utc()
    closed = Hours(
        opens=(now + timedelta(hours=2)).time().replace(microsecond=0),
        closes=(now + timedelta(hours=3)).time().replace(microsecond=0),
    )
    rig = Rig(tmp_path, photograph(1), photograph(2), hours=closed)
    running = asyncio.create_task(rig.photographer.run())
    await asyncio.sleep(0.1)
    assert rig.ears.kept == []
    rig.photographer.request(CaptureRequest())
    await rig.until(lambda: len(rig.ears.kept) == 1)
    running.cancel()


async def run_until(rig: Rig, is_so: Callable[[], bool]) -> None:
    """Photograph until something is so."""
    task = asyncio.create_task(rig.photographer.run())
    try:
        await rig.until(is_so)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_request_for_an_instant_tells_what_became_of_it(tmp_path: Path) -> None:
    rig, outcomes = Rig(tmp_path, *(photograph(number) for number in range(3)), interval_s=60.0), list[CaptureOutcome]()
    await rig.photographer.pause(is_paused=True)
    at = now_utc() + timedelta(seconds=0.3)
    rig.photographer.request(CaptureRequest(count=2, at=at, capture_id="front-1", ended=outcomes.append))
    await run_until(rig, lambda: bool(outcomes))
    (outcome,) = outcomes
    assert rig.camera.prepared_count >= 2  # for each photograph, and ahead of the instant
    assert outcome.error is None
    assert outcome.image_ids == tuple(image.image_id for image in rig.ears.kept)
    assert outcome.fired_at is not None
    assert outcome.fired_at >= at
    assert [image.capture_id for image in rig.ears.kept] == ["front-1", None]  # the second was not taken at the instant
    assert [image.capture_id for image in rig.spool.waiting(9)] == ["front-1", None]


@pytest.mark.parametrize(
    ("step", "code"), [(CameraError("no light"), "camera_failed"), (None, "no_photograph")], ids=["fails", "has none"]
)
async def test_a_camera_that_gives_nothing_at_the_instant_is_reported(tmp_path: Path, step: Step, code: str) -> None:
    rig, outcomes = Rig(tmp_path, step, interval_s=60.0), list[CaptureOutcome]()
    await rig.photographer.pause(is_paused=True)
    rig.photographer.request(CaptureRequest(at=now_utc(), ended=outcomes.append))
    await run_until(rig, lambda: bool(outcomes))
    assert (outcomes[0].error and outcomes[0].error.code, outcomes[0].image_ids) == (code, ())


async def test_an_instant_that_passes_while_the_camera_works_is_missed_and_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_module, "LATEST_S", 0.1)
    rig, outcomes = Rig(tmp_path, photograph(1), photograph(2), interval_s=60.0), list[CaptureOutcome]()
    first = rig.camera.capture

    async def slow() -> Photograph | None:
        rig.camera.capture = first  # type: ignore[method-assign]
        rig.photographer.request(CaptureRequest(at=now_utc(), ended=outcomes.append))
        await asyncio.sleep(0.3)
        return await first()

    rig.camera.capture = slow  # type: ignore[method-assign]
    await run_until(rig, lambda: bool(outcomes))
    assert outcomes[0].error is not None
    assert outcomes[0].error.code == "camera_busy"
    assert len(rig.ears.kept) == 1


async def test_a_camera_that_must_be_started_at_the_instant_is_too_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_module, "LATEST_S", 0.2)
    rig, outcomes = Rig(tmp_path, photograph(1), interval_s=60.0), list[CaptureOutcome]()
    await rig.photographer.pause(is_paused=True)

    async def start() -> None:
        await asyncio.sleep(0.3)

    rig.camera.prepare = start  # type: ignore[method-assign]
    rig.photographer.request(CaptureRequest(at=now_utc(), ended=outcomes.append))
    await run_until(rig, lambda: bool(outcomes))
    assert outcomes[0].error is not None
    assert (outcomes[0].error.code, rig.camera.shot_at_s) == ("camera_busy", [])


async def test_an_instant_over_which_the_clock_jumps_is_missed(tmp_path: Path) -> None:
    rig, outcomes = Rig(tmp_path, photograph(1)), list[CaptureOutcome]()
    await rig.photographer.pause(is_paused=True)
    rig.photographer.request(CaptureRequest(at=now_utc() - timedelta(hours=1), ended=outcomes.append))
    await run_until(rig, lambda: bool(outcomes))
    assert outcomes[0].error is not None
    assert outcomes[0].error.code == "instant_missed"
    assert rig.camera.shot_at_s == []


async def test_the_interval_keeps_the_camera_free_before_an_instant(tmp_path: Path) -> None:
    rig, outcomes = Rig(tmp_path, *(photograph(number) for number in range(50)), interval_s=0.1), list[CaptureOutcome]()
    at = now_utc() + timedelta(seconds=1.5)
    rig.photographer.request(CaptureRequest(at=at, ended=outcomes.append))
    await run_until(rig, lambda: bool(outcomes))
    before_s = rig.camera.shot_at_s[-1] - rig.camera.shot_at_s[-2]
    assert before_s >= photographer_module.FREE_S


async def test_requests_that_are_cancelled_or_come_too_late_end_with_their_reason(tmp_path: Path) -> None:
    rig, outcomes = Rig(tmp_path, interval_s=60.0), list[CaptureOutcome]()
    later = CaptureRequest(at=now_utc() + timedelta(hours=1), ended=outcomes.append)
    rig.photographer.request(later)
    rig.photographer.cancel()
    rig.photographer.request(later)
    await asyncio.wait_for(rig.photographer.run(), 10)  # the camera is exhausted
    rig.photographer.request(later)
    codes = [outcome.error.code for outcome in outcomes if outcome.error]
    assert codes == ["capture_cancelled", "camera_exhausted", "camera_exhausted"]

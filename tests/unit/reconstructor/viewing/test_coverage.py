"""When is coverage computed, of which project, and does a trouble stay its own?"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from unittest.mock import AsyncMock, Mock

import pytest

from broker.ids import ProjectId
from broker.manifest import CameraEntry, CameraState, camera_pages
from reconstructor.context import Context
from reconstructor.signals import Adding
from reconstructor.viewing import coverage
from reconstructor.viewing.coverage import CoverageFailedError, computed, has_enough_placed
from reconstructor.viewing.coverage_process import main

POSE = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def camera(number: int, *, is_placed: bool = True, component: int = 0) -> CameraEntry:
    return CameraEntry.model_validate(
        {
            "image_id": f"walk-{number:06d}-0123456789abcdef",
            "image_number": number,
            "state": CameraState.PLACED if is_placed else CameraState.WAITING,
            "component": component,
            "world_from_camera": [POSE[row : row + 4] for row in range(0, 16, 4)] if is_placed else None,
            "intrinsics": (500.0, 500.0, 306.0, 204.0) if is_placed else None,
        }
    )


@pytest.mark.parametrize(
    ("cameras", "is_enough"),
    [
        ([], False),
        ([camera(1), camera(2)], False),
        ([camera(1), camera(2), camera(3, is_placed=False)], False),
        ([camera(1), camera(2), camera(3, component=1)], False),
        ([camera(1), camera(2), camera(3)], True),
        ([camera(number, is_placed=number > 197) for number in range(1, 201)], True),  # on the last page
    ],
)
def test_three_placed_photographs_of_the_leading_component_are_enough(
    cameras: list[CameraEntry], is_enough: bool
) -> None:
    assert has_enough_placed(camera_pages(ProjectId("wall"), cameras)) is is_enough


async def test_a_process_that_cannot_be_started_is_a_failure_of_coverage_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    with pytest.raises(CoverageFailedError, match="cannot be started"):
        await computed(tmp_path, ProjectId("wall"), memory_limit_bytes=1 << 30, adding=Adding())


async def test_a_process_that_takes_too_much_memory_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    takes = "data = bytearray(256 << 20); data[::4096] = b'x' * (len(data) // 4096); import time; time.sleep(600)"
    monkeypatch.setattr(coverage, "_command", lambda *_: (sys.executable, "-c", takes))
    with pytest.raises(CoverageFailedError, match="more than 128 MiB of memory"):
        await computed(tmp_path, ProjectId("wall"), memory_limit_bytes=128 << 20, adding=Adding())


class Service:
    """A project whose newest state and computations are given, and what is published of its coverage."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state: tuple[int, int] = (1, 0)
        self.is_failing = False
        self.published: list[int | None] = []  # generations; None where all is cleared
        self.looks = 0
        self.context = SimpleNamespace(
            delivery=SimpleNamespace(connect_count=1),
            election=SimpleNamespace(until_confirmed=AsyncMock()),
            store=SimpleNamespace(rest=self),
            publish_error=AsyncMock(),
            log=Mock(),
        )
        monkeypatch.setattr(coverage, "_LOOK_S", 0.001)
        monkeypatch.setattr(coverage, "_state", lambda _: self.state)
        monkeypatch.setattr(coverage, "_computed", self.computed)
        monkeypatch.setattr(coverage, "_publish", self.publish)

    @property
    def change_count(self) -> int:
        self.looks += 1
        return hash(self.state)

    async def computed(self, _: object) -> SimpleNamespace:
        if self.is_failing:
            raise CoverageFailedError("it took longer than 300 s")
        return SimpleNamespace(coverage=SimpleNamespace(generation=self.state[0]))

    async def publish(self, _: object, told: SimpleNamespace | None) -> None:
        self.published.append(None if told is None else told.coverage.generation)

    async def has(self, *, state: tuple[int, int] | None = None, connect_count: int = 1) -> list[int | None]:
        """What has been published once that state or that connection has been looked at."""
        self.state = state or self.state
        self.context.delivery.connect_count = connect_count
        looks = self.looks
        async with asyncio.timeout(30):
            while self.looks < looks + 10:
                await asyncio.sleep(0.001)
        return self.published


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    made = Service(monkeypatch)
    task = asyncio.create_task(coverage.publish_coverage(cast("Context", made.context), asyncio.Semaphore()))
    yield made
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_what_was_published_stays_after_a_failure_and_comes_again_to_a_new_broker(service: Service) -> None:
    assert await service.has() == [1]
    service.is_failing = True
    assert await service.has(state=(1, 1)) == [1]
    assert await service.has(connect_count=2) == [1, 1]
    service.is_failing = False
    assert await service.has(state=(1, 2), connect_count=2) == [1, 1, 1]


async def test_what_is_of_an_earlier_generation_is_cleared_at_once_after_a_failure(service: Service) -> None:
    assert await service.has() == [1]
    service.is_failing = True
    assert await service.has(state=(2, 0)) == [1, None]
    assert await service.has(connect_count=2) == [1, None, None]
    service.is_failing = False
    assert await service.has(state=(2, 1), connect_count=2) == [1, None, None, 2]


async def test_a_failure_that_stays_is_said_once_until_it_is_over(service: Service) -> None:
    service.is_failing = True
    for revision in range(1, 4):
        await service.has(state=(1, revision))
    assert service.context.publish_error.await_count == 1
    service.is_failing = False
    await service.has(state=(1, 4))
    service.is_failing = True
    await service.has(state=(1, 5))
    assert service.context.publish_error.await_count == 2


def test_a_replay_of_the_same_name_where_the_service_was_started_is_not_taken_for_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wall" / "engine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert main("wall", str(tmp_path / "data")) == 1
    assert "no project 'wall'" in capsys.readouterr().err

"""When is coverage computed, of which project, and does a trouble stay its own?"""

import sys
from pathlib import Path

import pytest

from broker.ids import ProjectId
from broker.manifest import CameraEntry, CameraState, camera_pages
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
        await computed(tmp_path, ProjectId("wall"), memory_limit_bytes=1 << 30)


async def test_a_process_that_takes_too_much_memory_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    takes = "data = bytearray(256 << 20); data[::4096] = b'x' * (len(data) // 4096); import time; time.sleep(600)"
    monkeypatch.setattr(coverage, "_command", lambda *_: (sys.executable, "-c", takes))
    with pytest.raises(CoverageFailedError, match="more than 128 MiB of memory"):
        await computed(tmp_path, ProjectId("wall"), memory_limit_bytes=128 << 20)


def test_a_replay_of_the_same_name_where_the_service_was_started_is_not_taken_for_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wall" / "engine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert main("wall", str(tmp_path / "data")) == 1
    assert "no project 'wall'" in capsys.readouterr().err

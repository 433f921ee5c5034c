"""What a black box says of its progress is read whole or not at all."""

import os
from pathlib import Path

import numpy as np
import pytest

from broker.manifest import CameraState
from broker.shards import PointCloud
from reconstructor.black_box import CameraUpdate, Update
from reconstructor.jobs.answer import read_answer
from reconstructor.progress import (
    PLACED_NAME,
    PROGRESS_NAME,
    ProgressNote,
    first_of,
    forget_first,
    forget_placed,
    forget_progress,
    read_placed,
    read_progress,
    write_first,
    write_placed,
    write_progress,
)

WAITING = Update(cameras=(CameraUpdate(image_id="walk-1", state=CameraState.WAITING),), solution=2)


def test_what_was_written_last_is_read(tmp_path: Path) -> None:
    assert read_progress(tmp_path) is None
    write_progress(tmp_path, "solving", 0.0)
    write_progress(tmp_path, "fusion", 0.64)
    assert read_progress(tmp_path) == ProgressNote(stage="fusion", done_ratio=0.64)
    forget_progress(tmp_path)
    assert read_progress(tmp_path) is None
    forget_progress(tmp_path)


@pytest.mark.parametrize(
    "content",
    ["", "{", '{"stage": "fusion", "done_ratio": 1.5}', '{"stage": "Fusion of all", "done_ratio": 0.5}', "[" * 100_000],
)
def test_what_is_no_progress_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / PROGRESS_NAME).write_text(content)
    assert read_progress(tmp_path) is None


def test_a_folder_that_takes_no_file_does_not_stop_the_work(tmp_path: Path) -> None:
    # must not raise
    write_progress(tmp_path / "gone", "fusion", 0.5)


def test_a_pipe_of_this_name_holds_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / PROGRESS_NAME)
    assert read_progress(tmp_path) is None


def test_where_a_photograph_stands_is_read_until_the_next_call(tmp_path: Path) -> None:
    assert read_placed(tmp_path) is None
    write_placed(tmp_path, WAITING)
    assert read_placed(tmp_path) == WAITING
    assert [each.name for each in tmp_path.iterdir()] == [PLACED_NAME]
    forget_placed(tmp_path)
    assert read_placed(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"cameras": 7}', b"\xff", b"[" * 100_000])
def test_what_is_no_update_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / PLACED_NAME).write_bytes(content)
    assert read_placed(tmp_path) is None


def test_first_points_are_those_that_came_first_in_a_call(tmp_path: Path) -> None:
    cloud = PointCloud(points_in_world=np.eye(3, dtype=np.float32), colors_rgb=np.zeros((3, 3), np.uint8))
    write_first(tmp_path, Update(solution=2), 0, PointCloud.empty())
    assert first_of(tmp_path) is None
    write_first(tmp_path, Update(solution=2), 1, cloud)
    write_first(tmp_path, Update(solution=2), 0, cloud)
    answer = read_answer(first_of(tmp_path) or tmp_path, 3)
    assert [(component, len(points)) for component, points in answer.increments] == [(1, 3)]
    assert answer.solution == 2
    forget_first(tmp_path)
    assert first_of(tmp_path) is None
    assert not list(tmp_path.iterdir())
    write_first(tmp_path / "gone", Update(), 0, cloud)  # must not raise


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    write_placed(tmp_path, WAITING)
    (tmp_path / PLACED_NAME).rename(tmp_path / "elsewhere.json")
    (tmp_path / PLACED_NAME).symlink_to("elsewhere.json")
    assert read_placed(tmp_path) is None


def test_a_folder_that_is_gone_stops_neither(tmp_path: Path) -> None:
    write_placed(tmp_path / "gone", WAITING)
    forget_placed(tmp_path / "gone")

"""What a black box says of its progress is read whole or not at all."""

import os
from pathlib import Path

import pytest

from broker.manifest import CameraState
from reconstructor.black_box import CameraUpdate, Update
from reconstructor.progress import (
    PLACED_NAME,
    PROGRESS_NAME,
    ProgressNote,
    forget_placed,
    forget_progress,
    read_placed,
    read_progress,
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


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    write_placed(tmp_path, WAITING)
    (tmp_path / PLACED_NAME).rename(tmp_path / "elsewhere.json")
    (tmp_path / PLACED_NAME).symlink_to("elsewhere.json")
    assert read_placed(tmp_path) is None


def test_a_folder_that_is_gone_stops_neither(tmp_path: Path) -> None:
    write_placed(tmp_path / "gone", WAITING)
    forget_placed(tmp_path / "gone")

"""What a black box says of its progress is read whole or not at all."""

import os
from pathlib import Path

import pytest

from reconstructor.progress import PROGRESS_NAME, ProgressNote, forget_progress, read_progress, write_progress


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

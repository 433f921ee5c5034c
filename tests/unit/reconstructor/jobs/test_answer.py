"""A black box's folder becomes an answer or an error with a code."""

from pathlib import Path

import pytest

from broker.shards import encode_ply
from reconstructor.black_box import BadUpdateError, Update, write_update
from reconstructor.clouds.ply import NotFinitePlyError, PlyTooLargeError
from reconstructor.jobs.answer import NoOutputError, read_answer
from tests.black_boxes import POINTS_PER_IMAGE, patch, writes_nan


def test_all_plys_of_a_folder_are_one_cloud(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.ply").write_bytes(encode_ply(patch(f"image-{name}")))
    answer = read_answer(tmp_path, 10_000)
    assert answer.cloud is not None
    assert len(answer.cloud) == 2 * POINTS_PER_IMAGE
    assert answer.update is None


def test_an_update_without_points_means_that_the_image_waits(tmp_path: Path) -> None:
    write_update(Update(), tmp_path)
    assert read_answer(tmp_path, 10).cloud is None


def test_an_empty_folder_and_no_folder_are_no_output(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NoOutputError) as caught:
            read_answer(folder, 10)
        assert caught.value.code == "black_box_no_output"


def test_one_bad_ply_refuses_the_whole_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path(writes_nan("", "", "image-bad"))
    (folder / "good.ply").write_bytes(encode_ply(patch("image-good")))
    with pytest.raises(NotFinitePlyError):
        read_answer(folder, 10_000)


def test_the_limit_holds_for_all_plys_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.ply").write_bytes(encode_ply(patch(f"image-{name}")))
    with pytest.raises(PlyTooLargeError):
        read_answer(tmp_path, POINTS_PER_IMAGE + 1)


def test_an_update_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "update.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadUpdateError):
        read_answer(tmp_path, 10)

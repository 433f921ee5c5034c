"""A black box's folder becomes an answer or an error with a code."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.shards import encode_ply
from reconstructor.black_box import BadUpdateError, Update, write_update
from reconstructor.clouds.ply_errors import NotFinitePlyError, PlyTooLargeError
from reconstructor.jobs.answer import NoOutputError, read_answer
from reconstructor.plain_files import NotPlainFileError
from tests.black_boxes import POINTS_PER_IMAGE, patch, writes_nan


def test_all_plys_of_a_folder_are_one_cloud(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.ply").write_bytes(encode_ply(patch(f"image-{name}")))
    answer = read_answer(tmp_path, 10_000)
    assert answer.cloud is not None
    assert len(answer.cloud) == 2 * POINTS_PER_IMAGE
    assert answer.update is None


def test_the_plys_of_further_components_are_told_apart_by_their_names(tmp_path: Path) -> None:
    names = (
        "a.ply",
        "component-1.ply",
        "component-1-fine.PLY",
        "component-2.ply",
        "component.ply",
        "component-12345.ply",
    )
    for name in names:
        (tmp_path / name).write_bytes(encode_ply(patch(name)))
    write_update(Update(component=3), tmp_path)
    answer = read_answer(tmp_path, 10_000)
    assert answer.cloud is not None
    assert {number: len(cloud) for number, cloud in answer.increments} == {
        3: 3 * POINTS_PER_IMAGE,
        1: 2 * POINTS_PER_IMAGE,
        2: POINTS_PER_IMAGE,
    }


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


def make_in_subfolder(folder: Path) -> None:
    (folder / "points").mkdir()
    (folder / "points/cloud.PLY").write_bytes(encode_ply(patch("image-sub")))


def make_other_files(folder: Path) -> None:
    for name in "abcdefg":
        (folder / f"{name}.pcd").touch()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda _: None, "it is empty"),
        (make_other_files, "it holds a.pcd, b.pcd, c.pcd, d.pcd, e.pcd and 2 more"),
        (make_in_subfolder, "PLYs lie in its subfolder 'points', return that one"),
    ],
)
def test_a_folder_without_a_ply_is_named_with_what_lies_in_it(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    make(tmp_path)
    with pytest.raises(NoOutputError) as caught:
        read_answer(tmp_path, 10)
    assert caught.value.sentence == f"the folder '{tmp_path}' has neither a PLY nor an update.json: {words}"


def test_a_file_instead_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "cloud.ply").write_bytes(encode_ply(patch("image-a")))
    with pytest.raises(NoOutputError, match=r"cloud\.ply', which is no folder"):
        read_answer(tmp_path / "cloud.ply", 10)
    with pytest.raises(NoOutputError, match=r"nowhere', which does not exist"):
        read_answer(tmp_path / "nowhere", 10)


@pytest.mark.parametrize("name", ["cloud.ply", "update.json"])
def test_a_pipe_among_good_files_is_refused_without_waiting(tmp_path: Path, name: str) -> None:
    (tmp_path / "good.ply").write_bytes(encode_ply(patch("image-good")))
    os.mkfifo(tmp_path / name)
    with pytest.raises(NotPlainFileError, match=f"{name} is a named pipe"):
        read_answer(tmp_path, 10_000)


def test_names_that_no_encoder_takes_are_told(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"cloud-\xff\x1b.pcd")).touch()
    with pytest.raises(NoOutputError) as caught:
        read_answer(tmp_path, 10)
    assert caught.value.sentence.endswith("it holds cloud-\\udcff\\x1b.pcd")


def test_more_plys_than_are_read_are_refused(tmp_path: Path) -> None:
    for number in range(10_001):
        (tmp_path / f"{number}.ply").touch()
    with pytest.raises(PlyTooLargeError, match="10001 PLYs"):
        read_answer(tmp_path, 10)

"""What lies on real cards and in real folders: kinds 5, 6 and 11 of the field's findings."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from broker.images.folders import REASON_BY_SUFFIX, list_folder, sound_photographs

JPEG = b"\xff\xd8\xff\xd9"
NOBODY = 65_534


def fill(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(JPEG)


def taken(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in list_folder(folder).photographs]


def test_folders_of_any_depth_come_in_order_of_their_numbers(tmp_path: Path) -> None:
    deep = "/".join("abcdefghijklmnopqrst") + "/x.jpg"
    fill(tmp_path, "DCIM/100CANON/IMG_2.JPG", "DCIM/99CANON/IMG_10.JPG", "DCIM/99CANON/IMG_9.JPG", deep, "b.jpg")
    assert taken(tmp_path) == [
        deep,
        "b.jpg",
        "DCIM/99CANON/IMG_9.JPG",
        "DCIM/99CANON/IMG_10.JPG",
        "DCIM/100CANON/IMG_2.JPG",
    ]


def test_what_systems_and_cameras_write_beside_photographs_is_passed_over_without_a_word(tmp_path: Path) -> None:
    fill(tmp_path, "IMG_1.JPG", "._IMG_1.JPG", ".DS_Store", "Thumbs.db", "desktop.ini", "IMG_1.THM", "GOPR1.LRV")
    fill(tmp_path, ".Trashes/a.jpg", "__MACOSX/._a.jpg", "@eaDir/a.jpg", "System Volume Information/a.jpg")
    fill(tmp_path, "IMG_1.xmp", "track.gpx", "IMG_1.jpg.json", "~IMG_2.jpg", "IMG_3.jpg.part", "IMG_4.AAE")
    assert taken(tmp_path) == ["IMG_1.JPG"]
    assert list_folder(tmp_path).left_out == ()


def test_every_name_of_jpeg_is_taken(tmp_path: Path) -> None:
    names = ["a.JPG", "b.jpeg", "c.Jpe", "d.jfif", "e.MPO"]
    fill(tmp_path, *names)
    assert taken(tmp_path) == names


def test_links_are_followed_to_files_and_never_in_a_circle(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    (tmp_path / "c.jpg").symlink_to("c.jpg")
    (tmp_path / "d.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "round").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "e.jpg")  # reading it would never end
    assert taken(tmp_path) == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize(
    "name", [b"\xe9glise.jpg", b"\xff\xfe.jpg", "教会２.jpg".encode(), b"\xb21.jpg", "x²٣.jpg".encode()]
)
def test_a_name_in_any_encoding_is_taken(tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes(JPEG)
    assert list_folder(tmp_path).photographs == (path,)


@pytest.mark.parametrize(
    ("suffix", "word"),
    [("dng", "raw"), ("CR3", "raw"), ("nef", "raw"), ("MP4", "film"), ("avif", "convert"), ("gif", "convert")],
)
def test_what_is_left_out_is_named_with_its_reason(tmp_path: Path, suffix: str, word: str) -> None:
    fill(tmp_path, f"IMG_1.{suffix}", "IMG_2.jpg")
    (left_out,) = list_folder(tmp_path).left_out
    assert word in left_out.sentence
    assert left_out.sentence.startswith(str(tmp_path / f"IMG_1.{suffix}"))
    assert f".{suffix.lower()}" in REASON_BY_SUFFIX


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to read everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def test_what_may_not_be_read_is_named_and_the_rest_is_taken() -> None:
    with TemporaryDirectory(dir="/tmp") as name:  # nobody may not enter pytest's own folders
        folder = Path(name)
        fill(folder, "a.jpg", "b.jpg", "closed/c.jpg", "d.jpg")
        folder.chmod(0o755)
        (folder / "b.jpg").chmod(0)
        (folder / "closed").chmod(0)
        with as_nobody():
            contents = sound_photographs(folder)
        (folder / "closed").chmod(0o700)
        assert [path.name for path in contents.photographs] == ["a.jpg", "d.jpg"]
        assert sorted(each.sentence for each in contents.left_out) == [
            f"{folder}/b.jpg: cannot be read: Permission denied",
            f"{folder}/closed: cannot be listed: Permission denied",
        ]


@pytest.mark.parametrize(
    ("content", "word"), [(b"", "no bytes"), (JPEG[:2], "cut"), (b"\x89PNG\r\n\x1a\n", "cut"), (bytes(512), None)]
)
def test_an_empty_or_cut_file_stops_nothing(tmp_path: Path, content: bytes, word: str | None) -> None:
    fill(tmp_path, "a.jpg", "c.jpg")
    (tmp_path / "b.jpg").write_bytes(content)
    contents = sound_photographs(tmp_path)
    assert {path.name for path in contents.photographs} >= {"a.jpg", "c.jpg"}
    reasons = [each.reason for each in contents.left_out]
    assert reasons == [] if word is None else word in reasons[0]  # what it is else is for the decoder to say


def fail_to_look_at(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    looking = Path.is_file

    def is_file(path: Path) -> bool:
        if path.name in names:
            raise OSError(errno.EIO, "Input/output error", str(path))
        return looking(path)

    monkeypatch.setattr(Path, "is_file", is_file)


def test_one_file_that_the_disk_does_not_show_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"x")
    fail_to_look_at(monkeypatch, "a.jpg")
    contents = list_folder(tmp_path)
    assert [path.name for path in contents.photographs] == ["b.jpg"]
    assert [each.sentence for each in contents.left_out] == [f"{tmp_path}/a.jpg: cannot be listed: Input/output error"]


def test_a_disk_that_shows_no_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"x")
    fail_to_look_at(monkeypatch, "a.jpg", "b.jpg")
    with pytest.raises(OSError, match="Input/output error"):
        list_folder(tmp_path)

import os
from pathlib import Path

import pytest

from edge_agent.cameras.camera import CameraExhaustedError
from edge_agent.cameras.folder import FolderCamera, FolderMissingError, by_name

LATER = 10**10  # a clock at which every file has rested long enough


def camera(folder: Path, *, is_watched: bool = False, taken: tuple[str, ...] = (), now: float = LATER) -> FolderCamera:
    return FolderCamera(folder, is_watched=is_watched, taken_sources=taken, clock=lambda: now)


def take(folder: FolderCamera) -> str | None:
    photograph = folder.capture()
    return photograph.file_name if photograph else None


def test_photographs_come_by_name_with_numbers_by_value(tmp_path: Path) -> None:
    for name in ("img_10.jpg", "img_9.JPG", "img_9b.png", "a.webp"):
        (tmp_path / name).write_bytes(name.encode())
    source = camera(tmp_path)
    assert [take(source) for _ in range(4)] == ["a.webp", "img_9.JPG", "img_9b.png", "img_10.jpg"]
    with pytest.raises(CameraExhaustedError):
        source.capture()


def test_names_that_mix_numbers_and_letters_can_be_compared() -> None:
    names = ["1.jpg", "a1.jpg", "1a.jpg", "-.jpg", "a.jpg"]
    assert len(sorted((Path(name) for name in names), key=by_name)) == 5


def test_what_is_no_photograph_is_left_alone(tmp_path: Path) -> None:
    for name in ("notes.txt", ".hidden.jpg", "~part.jpg", "photo.jpg.part"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.jpg").mkdir()
    with pytest.raises(CameraExhaustedError):
        camera(tmp_path).capture()


def test_a_name_with_signs_that_no_message_takes_is_escaped(tmp_path: Path) -> None:
    for name in (b"a\x1b[31mb.jpg", b"b\n.jpg", b"c\xff\xfe.jpg", b"d\xe2\x80\xae.jpg", "e ü.jpg".encode()):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(name)
    source = camera(tmp_path)
    taken = [source.capture() for _ in range(5)]
    names = [photograph.file_name for photograph in taken if photograph]
    assert names == [r"a\x1b[31mb.jpg", r"b\n.jpg", r"c\udcff\udcfe.jpg", r"d\u202e.jpg", "e ü.jpg"]
    again = camera(tmp_path, taken=tuple(photograph.source or "" for photograph in taken if photograph))
    with pytest.raises(CameraExhaustedError):
        again.capture()


def test_content_and_type_are_the_files_own(tmp_path: Path) -> None:
    (tmp_path / "door.tif").write_bytes(b"II*")
    photograph = camera(tmp_path).capture()
    assert photograph is not None
    assert (photograph.content, photograph.content_type) == (b"II*", "image/tiff")


def test_a_file_that_still_grows_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    written = path.stat().st_ctime
    assert camera(tmp_path, now=written + 0.2).capture() is None
    assert take(camera(tmp_path, now=written + 1.5)) == "a.jpg"


def test_an_empty_file_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert camera(tmp_path).capture() is None


def test_a_file_dated_by_a_camera_whose_clock_is_ahead_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    now = path.stat().st_ctime
    os.utime(path, (now + 86_400, now + 86_400))
    assert take(camera(tmp_path, now=now + 1.5)) == "a.jpg"


def test_a_watched_folder_waits_for_the_next_file(tmp_path: Path) -> None:
    source = camera(tmp_path, is_watched=True)
    assert source.capture() is None
    (tmp_path / "a.jpg").write_bytes(b"1")
    assert take(source) == "a.jpg"
    assert source.capture() is None


def test_what_was_taken_before_a_restart_is_not_taken_again(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"1")
    photograph = camera(tmp_path).capture()
    assert photograph is not None
    assert photograph.source is not None
    with pytest.raises(CameraExhaustedError):
        camera(tmp_path, taken=(photograph.source,)).capture()
    (tmp_path / "a.jpg").write_bytes(b"another photograph of the same name")
    assert take(camera(tmp_path, taken=(photograph.source,))) == "a.jpg"


def test_a_folder_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(FolderMissingError, match="name another"):
        camera(tmp_path / "nowhere")

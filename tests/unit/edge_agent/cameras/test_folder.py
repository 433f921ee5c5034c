import errno
import io
import os
from pathlib import Path

import pytest
from PIL import Image

from broker.images.folders import LeftOut
from edge_agent.cameras.camera import MAX_PHOTOGRAPH_BYTES, CameraExhaustedError
from edge_agent.cameras.folder import (
    MOST_NAMED,
    EmptyFolderError,
    FolderAwayError,
    FolderCamera,
    FolderMissingError,
)
from edge_agent.photograph import Photograph

JPEG = b"\xff\xd8\xff\xd9"  # the smallest whole one
LATER = 10**10  # a clock at which every file has rested long enough


def camera(folder: Path, *, is_watched: bool = False, taken: tuple[str, ...] = (), now: float = LATER) -> FolderCamera:
    return FolderCamera(folder, is_watched=is_watched, taken_sources=taken, clock=lambda: now)


def take(folder: FolderCamera) -> str | None:
    photograph = folder.capture()
    return photograph.file_name if photograph else None


def take_all(folder: FolderCamera) -> tuple[list[Photograph], list[LeftOut]]:
    """Everything until the end, as the camera's process hands it over, call by call."""
    taken, left_out = list[Photograph](), list[LeftOut]()
    for _ in range(100):
        try:
            photograph = folder.capture()
        except CameraExhaustedError:
            return taken, left_out + folder.new_left_out()
        taken += [photograph] if photograph else []
        left_out += folder.new_left_out()
    raise AssertionError("the folder has no end")


def test_photographs_come_by_name_with_numbers_by_value(tmp_path: Path) -> None:
    for name in ("img_10.jpg", "img_9.JPG", "img_9b.png", "a.webp"):
        (tmp_path / name).write_bytes(name.encode())
    source = camera(tmp_path)
    assert [take(source) for _ in range(4)] == ["a.webp", "img_9.JPG", "img_9b.png", "img_10.jpg"]
    with pytest.raises(CameraExhaustedError):
        source.capture()


def test_what_is_no_photograph_is_left_alone(tmp_path: Path) -> None:
    for name in ("notes.txt", ".hidden.jpg", "~part.jpg", "photo.jpg.part"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.jpg").mkdir()
    source = camera(tmp_path)
    with pytest.raises(EmptyFolderError):
        source.capture()
    assert source.new_left_out() == []


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


def test_a_file_that_ends_as_its_format_says_is_taken_sooner(tmp_path: Path) -> None:
    whole, cut = tmp_path / "a.jpg", tmp_path / "b.jpg"
    whole.write_bytes(jpeg(1))
    cut.write_bytes(jpeg(2)[:-2])
    written = cut.stat().st_ctime
    assert take(camera(tmp_path, now=written + 0.05)) is None
    source = camera(tmp_path, is_watched=True, now=written + 0.2)
    assert [take(source), take(source)] == ["a.jpg", None]
    assert source.new_left_out() == []


def test_a_new_file_keeps_its_place_before_those_that_settled_sooner_and_one_that_grows_stops_none(
    tmp_path: Path,
) -> None:
    first, second = tmp_path / "a.tif", tmp_path / "b.jpg"
    second.write_bytes(jpeg(2))
    first.write_bytes(b"II*\0")  # no end mark: it needs a second
    looks = iter((0.0, 0.5, 1.5))
    source = FolderCamera(
        tmp_path, is_watched=True, clock=lambda: first.stat().st_ctime + 0.3, steady_clock=lambda: next(looks)
    )
    assert [take(source) for _ in range(3)] == [None, None, "b.jpg"]


def test_a_bad_file_is_passed_over_and_taken_when_it_is_mended(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "b.jpg").write_bytes(JPEG)
    source = camera(tmp_path, is_watched=True)
    assert [take(source), take(source)] == ["b.jpg", None]
    assert [each.reason for each in source.new_left_out()] == ["has no bytes"]
    assert source.new_left_out() == []
    (tmp_path / "a.jpg").write_bytes(JPEG)
    assert take(source) == "a.jpg"


@pytest.mark.parametrize("age_s", [0.2, 10.0])  # a young file is looked at for the end of its format
def test_a_file_above_the_limit_is_left_out_unread_and_those_behind_it_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age_s: float
) -> None:
    with (tmp_path / "a.tif").open("wb") as file:
        file.write(b"II*\0")
        file.truncate(MAX_PHOTOGRAPH_BYTES + 1)  # without blocks on the disk
    (tmp_path / "b.jpg").write_bytes(JPEG)
    reading, read = Path.read_bytes, list[str]()

    def watched_reading(path: Path) -> bytes:
        read.append(path.name)
        return reading(path)

    monkeypatch.setattr(Path, "read_bytes", watched_reading)
    looks = iter((0.0, 2.0, 4.0))
    written = (tmp_path / "b.jpg").stat().st_ctime
    source = FolderCamera(tmp_path, is_watched=True, clock=lambda: written + age_s, steady_clock=lambda: next(looks))
    names = [take(source), take(source)]
    assert [each for each in names if each] == ["b.jpg"]
    assert "a.tif" not in read
    if age_s > 1:
        (left_out,) = source.new_left_out()
        assert left_out.path.name == "a.tif"
        assert left_out.reason.startswith("a photograph of 30.1 MiB is above the limit of 30 MiB: save it as JPEG")


def jpeg(seed: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (seed, 2 * seed, 90)).save(out, "JPEG")
    return out.getvalue()


def test_a_card_is_taken_in_order_and_what_is_left_out_is_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.images.folders.can_read_heic", lambda: False)
    folders = [tmp_path / "DCIM" / name for name in ("99MEDIA", "100CANON", "101CANON")]
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        for index in range(14 if number == 0 else 12):
            (folder / f"IMG_{index + 7}.JPG").write_bytes(jpeg(20 * number + index))  # equal names in each folder
    (folders[0] / "IMG_7.JPG").write_bytes(b"")
    (folders[1] / "IMG_9.JPG").write_bytes(jpeg(5)[:-40])
    for index in range(5):
        (folders[1] / f"IMG_0{index}.HEIC").write_bytes(b"ftypheic")
    for index in range(3):
        (folders[2] / f"IMG_0{index}.DNG").write_bytes(b"II*\0")
    (folders[2] / "MVI_1.MP4").write_bytes(b"film")
    (folders[2] / "notes.txt").write_text("no photograph")
    (tmp_path / "around").symlink_to(tmp_path)
    source = camera(tmp_path)
    taken, left_out = take_all(source)
    assert [(each.source or "").partition(":")[0] for each in taken] == [
        *(f"DCIM/99MEDIA/IMG_{number}.JPG" for number in range(8, 21)),
        *(f"DCIM/100CANON/IMG_{number}.JPG" for number in range(7, 19) if number != 9),
        *(f"DCIM/101CANON/IMG_{number}.JPG" for number in range(7, 19)),
    ]
    assert len(left_out) == len({each.path for each in left_out}) == 5 + 3 + 1 + 2
    reasons = {each.path.name: each.reason for each in left_out if each.path.suffix != ".HEIC"}
    assert "has no bytes" in reasons["IMG_7.JPG"]
    assert "is cut" in reasons["IMG_9.JPG"]
    assert "raw" in reasons["IMG_00.DNG"]
    assert "film" in reasons["MVI_1.MP4"]


def test_more_files_left_out_than_one_answer_names_are_all_named(tmp_path: Path) -> None:
    for number in range(MOST_NAMED + 5):
        (tmp_path / f"{number}.dng").write_bytes(b"raw")
    (tmp_path / "a.jpg").write_bytes(JPEG)
    taken, left_out = take_all(camera(tmp_path))
    assert (len(taken), len(left_out)) == (1, MOST_NAMED + 5)


def test_a_file_dated_by_a_camera_whose_clock_is_ahead_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    now = path.stat().st_ctime
    os.utime(path, (now + 86_400, now + 86_400))
    assert take_in_time(tmp_path, now + 1.5) == [None, None, "a.jpg"]


def take_in_time(folder: Path, now: float) -> list[str | None]:
    """Three looks of half a settling time and more each, by a clock that stands."""
    looks = iter((0.0, 0.6, 1.2))
    source = FolderCamera(folder, is_watched=True, clock=lambda: now, steady_clock=lambda: next(looks))
    return [take(source) for _ in range(3)]


@pytest.mark.parametrize("back_s", [3600.0, 86_400.0, 50 * 365 * 86_400.0])
@pytest.mark.parametrize("is_time_kept", [False, True])
def test_a_file_copied_before_the_clock_was_set_back_is_taken(
    tmp_path: Path, back_s: float, *, is_time_kept: bool
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    if is_time_kept:  # as by cp -p of an old card
        os.utime(path, (10**9, 10**9))
    assert take_in_time(tmp_path, path.stat().st_ctime - back_s) == [None, None, "a.jpg"]


def test_a_file_of_long_ago_is_taken_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG)
    os.utime(path, (0, 0))
    assert take(camera(tmp_path, now=path.stat().st_ctime + 1.5)) == "a.jpg"


def test_a_file_dated_ahead_that_still_grows_is_waited_for(tmp_path: Path) -> None:
    path, now = tmp_path / "a.jpg", 10**9
    looks = iter((0.0, 1.1, 2.2))
    source = FolderCamera(tmp_path, is_watched=True, clock=lambda: now, steady_clock=lambda: next(looks))
    for size in (10, 20):
        path.write_bytes(JPEG + bytes(size))
        assert take(source) is None
    assert take(source) == "a.jpg"
    assert source.new_left_out() == []


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


def test_a_card_that_is_pulled_out_and_put_in_again_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = tmp_path / "card"
    card.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (card / name).write_bytes(JPEG)
    source = camera(card, is_watched=True)
    assert take(source) == "a.jpg"
    with monkeypatch.context() as patch:

        def fail(path: Path) -> bytes:
            raise OSError(errno.EIO, "Input/output error", path)

        patch.setattr(Path, "read_bytes", fail)
        assert take(source) is None
    card.rename(tmp_path / "pocket")
    with pytest.raises(FolderAwayError, match="put the card in again, or mount the share; photographs that wait"):
        source.capture()
    (tmp_path / "pocket").rename(card)
    assert [take(source), take(source)] == ["b.jpg", None]


def test_a_folder_whose_share_does_not_answer_may_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(path: Path) -> bool:
        raise OSError(errno.ESTALE, "Stale file handle", path)

    monkeypatch.setattr(Path, "is_dir", stale)
    with pytest.raises(FolderAwayError, match="Stale file handle"):
        camera(tmp_path)


def test_a_folder_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(FolderMissingError, match="name another"):
        camera(tmp_path / "nowhere")

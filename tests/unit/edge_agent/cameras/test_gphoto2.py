"""The real camera code against a stand-in of the gphoto2 command."""

import stat
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from edge_agent.cameras.camera import MAX_PHOTOGRAPH_BYTES, CameraError, PhotographTooLargeError
from edge_agent.cameras.gphoto2 import Gphoto2Camera, Gphoto2MissingError


@pytest.fixture(autouse=True)
def scratch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The folder of temporary files; after the test, whatever came of the photograph, nothing lies there."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """Puts a `gphoto2` on PATH that does what the script says, in the folder it is run in."""
    program = tmp_path / "bin" / "gphoto2"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_the_jpeg_is_taken_and_the_raw_file_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, f'echo "$@" > {tmp_path}/arguments; printf raw > DSC_1.nef; printf jpeg > DSC_1.jpg')
    camera = Gphoto2Camera(shot_timeout_s=10)
    photograph = camera.capture()
    assert (photograph.content, photograph.file_name, photograph.content_type) == (b"jpeg", "DSC_1.jpg", "image/jpeg")
    arguments = (tmp_path / "arguments").read_text().split()
    assert {"--capture-image-and-download", "--keep", "--keep-raw"} <= set(arguments)
    camera.close()


def test_a_photograph_above_the_limit_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, f"truncate --size={MAX_PHOTOGRAPH_BYTES + 1} DSC_1.jpg")
    with pytest.raises(PhotographTooLargeError, match="with fewer pixels"):
        Gphoto2Camera(shot_timeout_s=10).capture()


def test_raw_alone_is_said_with_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, "printf raw > DSC_1.nef")
    with pytest.raises(CameraError, match=r"JPEG or RAW\+JPEG"):
        Gphoto2Camera(shot_timeout_s=10).capture()


def test_a_busy_camera_is_said_with_what_to_close(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, "echo \"*** Error (-53: 'Could not claim the USB device') ***\" >&2; exit 1")
    with pytest.raises(CameraError, match="gvfs-gphoto2"):
        Gphoto2Camera(shot_timeout_s=10).capture()


def test_another_trouble_is_passed_on_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, 'printf "first\\n\\nOut of Focus\\n" >&2; exit 1')
    with pytest.raises(CameraError, match=r"^gphoto2: Out of Focus$"):
        Gphoto2Camera(shot_timeout_s=10).capture()


def test_a_camera_that_sleeps_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, "exec sleep 60")
    with pytest.raises(CameraError, match="is the camera awake"):
        Gphoto2Camera(shot_timeout_s=0.3).capture()


def test_a_run_that_hangs_is_ended_with_all_that_it_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, f"echo $$ > {tmp_path}/pids; sleep 60 & echo $! >> {tmp_path}/pids; wait")
    with pytest.raises(CameraError, match="is the camera awake"):
        Gphoto2Camera(shot_timeout_s=1.0).capture()
    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=5)
    assert alive == []


def test_without_the_command_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Gphoto2MissingError, match="apt-get install gphoto2"):
        Gphoto2Camera(shot_timeout_s=10)

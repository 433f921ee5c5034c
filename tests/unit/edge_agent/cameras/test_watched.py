"""The real child process, with cameras that misbehave in it."""

import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from edge_agent.cameras.camera import CameraError, CameraExhaustedError
from edge_agent.cameras.child import Header, photograph_of
from edge_agent.cameras.folder import FolderAwayError, FolderMissingError
from edge_agent.cameras.plan import CameraPlan
from edge_agent.cameras.watched import CameraEndedError, CameraHungError, WatchedCamera
from edge_agent.config import CameraKind

CHILD = """
import sys, time
from edge_agent.photograph import Photograph
from edge_agent.cameras.camera import CameraError
from edge_agent.cameras import child

class Camera:
    def __init__(self, first):
        self.number = first
    def capture(self):
        self.number += 1
        {misbehaviour}
        return Photograph(content=b"%d" % self.number, content_type="image/jpeg", file_name=f"{{self.number}}.jpg")
    def close(self):
        pass

child.open_camera = lambda plan: Camera(plan.first)
child.main()
"""


def watched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, misbehaviour: str, *, shot_timeout_s: float = 20.0
) -> WatchedCamera:
    """A watched camera whose child runs the program above instead of a real device's."""
    program = tmp_path / "child.py"
    program.write_text(textwrap.dedent(CHILD).format(misbehaviour=misbehaviour))
    monkeypatch.setattr("edge_agent.cameras.watched.CHILD_COMMAND", (sys.executable, str(program)))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[4]))
    return WatchedCamera(
        CameraPlan(), shot_timeout_s=shot_timeout_s, start_timeout_s=20, scratch=tmp_path / "spool" / "camera"
    )


async def names(camera: WatchedCamera, count: int) -> list[str]:
    taken = [await camera.capture() for _ in range(count)]
    return [each.file_name for each in taken if each]


async def test_photographs_pass_from_the_child_as_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with watched(monkeypatch, tmp_path, "print('a library talks')") as camera:
        assert await names(camera, 3) == ["1.jpg", "2.jpg", "3.jpg"]
        assert camera.restart_count == 0


async def test_a_hung_camera_costs_one_photograph_and_one_restart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    flag = tmp_path / "hung"
    hang = f"import pathlib; flag = pathlib.Path({str(flag)!r})\n        if self.number == 2 and not flag.exists(): flag.touch(); time.sleep(600)"
    async with watched(monkeypatch, tmp_path, hang, shot_timeout_s=1.0) as camera:
        assert await names(camera, 1) == ["1.jpg"]
        with pytest.raises(CameraHungError, match="within 1 s"):
            await camera.capture()
        assert await names(camera, 2) == ["2.jpg", "3.jpg"]
        assert camera.restart_count == 1


async def test_what_a_hung_camera_started_ends_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    hang = (
        "import pathlib, subprocess; started = subprocess.Popen(['sleep', '60']);"
        f" pathlib.Path({str(pid_file)!r}).write_text(str(started.pid)); time.sleep(60)"
    )
    async with watched(monkeypatch, tmp_path, hang, shot_timeout_s=1.0) as camera:
        with pytest.raises(CameraHungError):
            await camera.capture()
    pid = int(pid_file.read_text())
    _, alive = psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=5)
    assert alive == []


async def test_a_camera_that_dies_is_started_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    flag = tmp_path / "died"
    die = f"import os, pathlib; flag = pathlib.Path({str(flag)!r})\n        if not flag.exists(): flag.touch(); os._exit(3)"
    async with watched(monkeypatch, tmp_path, die) as camera:
        with pytest.raises(CameraEndedError):
            await camera.capture()
        assert await names(camera, 1) == ["1.jpg"]


async def test_an_error_of_the_camera_reaches_the_agent_and_the_child_lives_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with watched(monkeypatch, tmp_path, "if self.number == 1: raise CameraError('no light')") as camera:
        with pytest.raises(CameraError, match="no light"):
            await camera.capture()
        assert await names(camera, 1) == ["2.jpg"]
        assert camera.restart_count == 0


async def test_a_photograph_above_the_limit_is_an_error_and_the_child_lives_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    huge = "if self.number == 1: return Photograph(content=bytes(child.MAX + 1), content_type='image/jpeg')"
    misbehaviour = (
        f"from edge_agent.cameras.camera import MAX_PHOTOGRAPH_BYTES; child.MAX = MAX_PHOTOGRAPH_BYTES\n        {huge}"
    )
    async with watched(monkeypatch, tmp_path, misbehaviour) as camera:
        with pytest.raises(CameraError, match="above the limit of 30 MiB"):
            await camera.capture()
        assert await names(camera, 1) == ["2.jpg"]
        assert camera.restart_count == 0


async def test_the_folder_camera_works_through_its_child(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"abc")
    plan = CameraPlan(kind=CameraKind.FOLDER, folder=tmp_path)
    async with WatchedCamera(plan, shot_timeout_s=20, start_timeout_s=20) as camera:
        photograph = None
        while photograph is None:
            photograph = await camera.capture()
        assert photograph.content == b"abc"
        with pytest.raises(CameraExhaustedError, match="every photograph"):
            await camera.capture()


async def test_a_camera_that_cannot_work_says_why(tmp_path: Path) -> None:
    plan = CameraPlan(kind=CameraKind.FOLDER, folder=tmp_path / "nowhere")
    async with WatchedCamera(plan, shot_timeout_s=20, start_timeout_s=20) as camera:
        with pytest.raises(FolderMissingError, match="is not a folder"):
            await camera.capture()


async def test_a_folder_that_goes_away_and_comes_back_costs_no_restart(tmp_path: Path) -> None:
    folder = tmp_path / "card"
    folder.mkdir()
    plan = CameraPlan(kind=CameraKind.WATCH, folder=folder)
    async with WatchedCamera(plan, shot_timeout_s=20, start_timeout_s=20) as camera:
        assert await camera.capture() is None
        folder.rmdir()
        with pytest.raises(FolderAwayError, match="put the card in again"):
            await camera.capture()
        folder.mkdir()
        assert await camera.capture() is None
        assert camera.restart_count == 0


async def test_what_a_killed_camera_left_half_done_is_gone_when_it_starts_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    misbehaviour = "import tempfile, os; tempfile.mkstemp(); self.number == 2 and os._exit(9)"
    async with watched(monkeypatch, tmp_path, misbehaviour) as camera:
        assert await names(camera, 1) == ["1.jpg"]
        with pytest.raises(CameraEndedError):
            await camera.capture()
        assert len(list((tmp_path / "spool" / "camera").iterdir())) == 2
        with pytest.raises(CameraEndedError):
            await camera.capture()
        assert len(list((tmp_path / "spool" / "camera").iterdir())) == 1


async def test_a_camera_whose_folder_cannot_be_made_fails_and_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "spool").write_text("in the way")
    async with watched(monkeypatch, tmp_path, "pass") as camera:
        with pytest.raises(CameraEndedError, match="cannot be started"):
            await camera.capture()
        (tmp_path / "spool").unlink()
        assert await names(camera, 1) == ["1.jpg"]


def test_a_file_without_bytes_is_no_photograph() -> None:
    header = Header(content_type="image/jpeg", captured_at=datetime.now(UTC), file_name="empty.jpg")
    with pytest.raises(CameraError, match="without bytes"):
        photograph_of(header, b"")

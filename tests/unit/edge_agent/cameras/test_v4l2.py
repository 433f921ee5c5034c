"""The real camera code against a stand-in of linuxpy, whose buffers hold images from before the call."""

import io
import itertools
import sys
import time
import types
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from PIL import ExifTags, Image

from edge_agent.cameras.camera import CameraError
from edge_agent.cameras.v4l2 import LinuxpyMissingError, UsbCamera
from tests.unit.edge_agent.photographs import bare_jpeg, without_tables


class Picture:
    def __init__(self, age_s: float) -> None:
        self.timestamp = time.monotonic() - age_s

    def __bytes__(self) -> bytes:
        return without_tables(bare_jpeg())


def size(width: int, height: int, name: str) -> Any:
    return types.SimpleNamespace(width=width, height=height, pixel_format=types.SimpleNamespace(name=name))


class Device:
    sizes = (size(640, 480, "MJPEG"), size(1920, 1080, "MJPEG"), size(3840, 2160, "YUYV"))

    def __init__(self, number: int) -> None:
        if number == 9:
            raise FileNotFoundError(2, "No such file", "/dev/video9")
        self.info = types.SimpleNamespace(card="HD Webcam", bus_info="usb-1.2", frame_sizes=self.sizes)
        self.is_open = False

    @classmethod
    def from_id(cls, number: int) -> "Device":
        return cls(number)

    def open(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False


class VideoCapture:
    ages: tuple[float, ...] = (0.5, 0.5, 0.0)
    formats: ClassVar[list[tuple[int, int, str]]] = []

    def __init__(self, device: Device, size: int) -> None:
        assert device.is_open
        assert size == 2

    def set_format(self, width: int, height: int, pixel_format: str) -> None:
        self.formats.append((width, height, pixel_format))

    def open(self) -> None:
        """Streaming."""

    def close(self) -> None:
        """No more."""

    def __iter__(self) -> Iterator[Picture]:
        yield from (Picture(age) for age in itertools.chain(self.ages, itertools.repeat(0.0)))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> type[VideoCapture]:
    module = types.ModuleType("linuxpy.video.device")
    module.Device, module.VideoCapture, module.V4L2Error = Device, VideoCapture, RuntimeError  # type: ignore[attr-defined]
    for name in ("linuxpy", "linuxpy.video"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "linuxpy.video.device", module)
    monkeypatch.setattr(VideoCapture, "formats", [])
    return VideoCapture


def test_the_first_picture_exposed_after_the_call_becomes_a_complete_jpeg(installed: type[VideoCapture]) -> None:
    camera = UsbCamera(0, warm_up_s=0)
    image = Image.open(io.BytesIO(camera.capture().content))
    assert image.tobytes() == Image.open(io.BytesIO(bare_jpeg())).tobytes()
    assert image.getexif()[ExifTags.Base.Model] == "HD Webcam"
    camera.close()


def test_the_largest_motion_jpeg_size_is_chosen_unless_one_is_named(installed: type[VideoCapture]) -> None:
    UsbCamera(0, warm_up_s=0)
    UsbCamera(0, size_px=(640, 480), warm_up_s=0)
    assert installed.formats == [(1920, 1080, "MJPG"), (640, 480, "MJPG")]


def test_a_camera_that_only_repeats_old_pictures_is_said_to_be_broken(
    installed: type[VideoCapture], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "ages", (5.0,) * 100)
    with pytest.raises(CameraError, match="old images only"):
        UsbCamera(0, warm_up_s=0).capture()


def test_a_camera_that_is_not_plugged_in_is_named(installed: type[VideoCapture]) -> None:
    with pytest.raises(CameraError, match="/dev/video9 does not open"):
        UsbCamera(9, warm_up_s=0)


def test_a_camera_without_motion_jpeg_is_refused(
    installed: type[VideoCapture], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Device, "sizes", (size(640, 480, "YUYV"),))
    with pytest.raises(CameraError, match="no motion JPEG"):
        UsbCamera(0, warm_up_s=0)


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "linuxpy.video.device", None)
    with pytest.raises(LinuxpyMissingError, match="pip install linuxpy"):
        UsbCamera(0, warm_up_s=0)

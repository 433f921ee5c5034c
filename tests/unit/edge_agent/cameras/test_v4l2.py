"""The camera code and the real linuxpy, against a stand-in of the kernel that answers its system calls."""

import ctypes
import errno
import io
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

import linuxpy.ioctl
import pytest
from linuxpy.video import raw
from linuxpy.video.device import IOC, BufferType, Capability, Device, FrameSizeType, PixelFormat
from PIL import ExifTags, Image

from edge_agent.cameras.camera import CameraError
from edge_agent.cameras.v4l2 import LinuxpyMissingError, UsbCamera
from tests.unit.edge_agent.photographs import bare_jpeg, without_tables

BUFFER_BYTES: Final = 65_536  # a whole number of pages, as mmap wants


class Kernel:
    """A USB camera's driver: two buffers in a file, which the real linuxpy maps into memory.

    Attributes:
        sizes: what the camera offers: format, width, height.
        is_stepwise: whether it names ranges instead of sizes.
        ages_s: how old the next images are; then 0.
        chosen: the format that was set.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.sizes = [(PixelFormat.MJPEG, 640, 480), (PixelFormat.MJPEG, 1920, 1080), (PixelFormat.YUYV, 3840, 2160)]
        self.is_stepwise = False
        self.ages_s: list[float] = []
        self.chosen: tuple[int, int] | None = None
        self._next = 0

    def ioctl(self, fd: Any, request: IOC, argument: Any = None) -> None:
        answer = getattr(self, f"_{request.name.lower()}", None)
        if answer is None:
            raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
        answer(argument)

    def _querycap(self, answer: raw.v4l2_capability) -> None:
        answer.card, answer.bus_info, answer.driver = b"HD Webcam", b"usb-1.2", b"uvcvideo"
        answer.capabilities = answer.device_caps = Capability.VIDEO_CAPTURE | Capability.STREAMING

    def _enum_fmt(self, answer: raw.v4l2_fmtdesc) -> None:
        formats = list(dict.fromkeys(kind for kind, _, _ in self.sizes))
        if answer.type != BufferType.VIDEO_CAPTURE or answer.index >= len(formats):
            raise OSError(errno.EINVAL, "Invalid argument")
        answer.pixelformat = formats[answer.index]

    def _enum_framesizes(self, answer: raw.v4l2_frmsizeenum) -> None:
        sizes = [(width, height) for kind, width, height in self.sizes if kind == answer.pixel_format]
        if answer.index >= len(sizes):
            raise OSError(errno.EINVAL, "Invalid argument")
        width, height = sizes[answer.index]
        if self.is_stepwise:
            answer.type = FrameSizeType.STEPWISE
            answer.m1.stepwise = raw.v4l2_frmsize_stepwise(16, width, 16, 16, height, 16)
        else:
            answer.type = FrameSizeType.DISCRETE
            answer.m1.discrete = raw.v4l2_frmsize_discrete(width, height)

    def _s_fmt(self, answer: raw.v4l2_format) -> None:
        assert answer.fmt.pix.pixelformat == PixelFormat.MJPEG
        self.chosen = (answer.fmt.pix.width, answer.fmt.pix.height)

    def _g_fmt(self, answer: raw.v4l2_format) -> None:
        answer.fmt.pix.pixelformat = PixelFormat.MJPEG
        answer.fmt.pix.width, answer.fmt.pix.height = self.chosen or (0, 0)

    def _reqbufs(self, answer: raw.v4l2_requestbuffers) -> None:
        self.file.write_bytes(bytes(BUFFER_BYTES * answer.count))

    def _querybuf(self, answer: raw.v4l2_buffer) -> None:
        answer.length, answer.m.offset = BUFFER_BYTES, BUFFER_BYTES * answer.index

    def _qbuf(self, answer: raw.v4l2_buffer) -> None:
        assert answer.index in {0, 1}

    def _dqbuf(self, answer: raw.v4l2_buffer) -> None:
        picture = without_tables(bare_jpeg())
        answer.index, self._next = self._next, 1 - self._next
        with self.file.open("r+b") as buffers:
            buffers.seek(answer.index * BUFFER_BYTES)
            buffers.write(picture)
        answer.bytesused = len(picture)
        age_s = self.ages_s.pop(0) if self.ages_s else -0.001  # exposed just after the call
        taken_us = int((time.monotonic() - age_s) * 1e6)
        answer.timestamp.secs, answer.timestamp.usecs = divmod(taken_us, 1_000_000)

    def _streamon(self, answer: ctypes.c_int) -> None:
        del answer

    def _streamoff(self, answer: ctypes.c_int) -> None:
        del answer


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kernel:
    stand_in = Kernel(tmp_path / "video0")
    stand_in.file.touch()
    monkeypatch.setattr(linuxpy.ioctl.fcntl, "ioctl", stand_in.ioctl)
    monkeypatch.setattr(Device, "PREFIX", os.fspath(tmp_path / "video"))
    return stand_in


def test_the_first_picture_exposed_after_the_call_becomes_a_complete_jpeg(kernel: Kernel) -> None:
    camera = UsbCamera(0, warm_up_s=0)
    kernel.ages_s = [0.5, 0.5]
    image = Image.open(io.BytesIO(camera.capture().content))
    assert image.tobytes() == Image.open(io.BytesIO(bare_jpeg())).tobytes()
    assert image.getexif()[ExifTags.Base.Model] == "HD Webcam"
    assert kernel.ages_s == []
    camera.close()


@pytest.mark.parametrize("is_stepwise", [False, True])
def test_the_largest_motion_jpeg_size_is_chosen(kernel: Kernel, is_stepwise: bool) -> None:
    kernel.is_stepwise = is_stepwise
    UsbCamera(0, warm_up_s=0).close()
    assert kernel.chosen == (1920, 1080)


def test_a_size_that_is_named_is_taken(kernel: Kernel) -> None:
    UsbCamera(0, size_px=(640, 480), warm_up_s=0).close()
    assert kernel.chosen == (640, 480)


def test_a_camera_that_only_repeats_old_pictures_is_said_to_be_broken(kernel: Kernel) -> None:
    camera = UsbCamera(0, warm_up_s=0)
    kernel.ages_s = [5.0] * 100
    with pytest.raises(CameraError, match="old images only"):
        camera.capture()
    camera.close()


def test_a_camera_that_is_pulled_out_says_what_to_look_at(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    camera = UsbCamera(0, warm_up_s=0)

    def gone(_answer: raw.v4l2_buffer) -> None:
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr(kernel, "_dqbuf", gone)
    with pytest.raises(CameraError, match="is the cable in"):
        camera.capture()
    camera.close()


def test_a_camera_that_is_not_plugged_in_is_named(kernel: Kernel) -> None:
    with pytest.raises(CameraError, match="/dev/video9 does not open"):
        UsbCamera(9, warm_up_s=0)


def test_a_camera_without_motion_jpeg_is_refused(kernel: Kernel) -> None:
    kernel.sizes = [(PixelFormat.YUYV, 640, 480)]
    with pytest.raises(CameraError, match="no motion JPEG"):
        UsbCamera(0, warm_up_s=0)


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "linuxpy.video.device", None)
    with pytest.raises(LinuxpyMissingError, match="pip install linuxpy"):
        UsbCamera(0, warm_up_s=0)

"""How does a USB camera photograph? By V4L2 (linuxpy) as a motion-JPEG stream, kept as the camera compressed it."""

import time
from collections.abc import Iterator
from typing import Any, Final

from edge_agent.cameras.camera import CameraError, CameraUnusableError
from edge_agent.cameras.jpeg import Shot, with_exif, with_huffman_tables
from edge_agent.photograph import Photograph, now_utc

BUFFERS: Final = 2
MOST_STALE: Final = 8  # buffers hold images from before the trigger
WARM_UP_S: Final = 2.0
MOTION_JPEG: Final = frozenset({"MJPEG", "JPEG"})


class LinuxpyMissingError(CameraUnusableError):
    """The package for USB cameras is not installed."""

    code = "usb_camera_missing"
    remedy = "Install linuxpy into the environment: `.venv/bin/pip install linuxpy`."


class UsbCamera:
    """A USB camera. It streams all the time, so that exposure stays stable; returns the first image after the call."""

    def __init__(self, device: int, *, size_px: tuple[int, int] | None = None, warm_up_s: float = WARM_UP_S) -> None:
        self._device, self._capture = _open(device, size_px)
        self._name = str(self._device.info.card)
        self._stream: Iterator[Any] = iter(self._capture)
        self._drain(time.monotonic() + warm_up_s)

    def capture(self) -> Photograph:
        asked_s = time.monotonic()
        for _ in range(BUFFERS + MOST_STALE):
            taken = self._next()
            if taken.timestamp >= asked_s:  # V4L2 stamps with the monotonic clock
                return self._photograph(bytes(taken))
        raise CameraError(f"{self._name} delivers old images only: it is started again")

    def close(self) -> None:
        self._capture.close()
        self._device.close()

    def _next(self) -> Any:
        try:
            return next(self._stream)
        except (OSError, StopIteration) as exc:
            raise CameraError(f"{self._name} stopped: {exc}; is the cable in and the power enough?") from exc

    def _drain(self, until_s: float) -> None:
        while time.monotonic() < until_s:
            self._next()

    def _photograph(self, content: bytes) -> Photograph:
        taken_at = now_utc()
        shot = Shot(make="USB", model=self._name, taken_at=taken_at, serial=str(self._device.info.bus_info) or None)
        return Photograph(
            content=with_exif(with_huffman_tables(content), shot), content_type="image/jpeg", captured_at=taken_at
        )


def _open(number: int, size_px: tuple[int, int] | None) -> tuple[Any, Any]:
    try:
        from linuxpy.video.device import Device, V4L2Error, VideoCapture  # noqa: PLC0415 - only rigs with USB cameras
    except ImportError as exc:
        raise LinuxpyMissingError("linuxpy is missing: run `.venv/bin/pip install linuxpy`") from exc
    device = Device.from_id(number)
    try:
        device.open()
        capture = VideoCapture(device, size=BUFFERS)
        width, height = size_px or _largest(device)
        capture.set_format(width, height, "MJPG")
        capture.open()
    except (OSError, V4L2Error, ValueError) as exc:
        device.close()
        raise CameraError(f"/dev/video{number} does not open as a camera: {exc}; see v4l2-ctl --list-devices") from exc
    return device, capture


def _largest(device: Any) -> tuple[int, int]:
    """The largest motion-JPEG size that the camera offers."""
    sizes = [_size_px(each.info) for each in device.info.frame_sizes() if each.pixel_format.name in MOTION_JPEG]
    if not sizes:
        raise ValueError("it offers no motion JPEG")
    return max(sizes, key=lambda size: size[0] * size[1])


def _size_px(info: Any) -> tuple[int, int]:
    """Width and height of the kernel's structure: of one size, or of the largest in a range."""
    if hasattr(info, "max_width"):
        return info.max_width, info.max_height
    return info.width, info.height

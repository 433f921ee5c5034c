"""The real camera code against a stand-in of picamera2 with its documented behaviour and its known faults."""

import io
import sys
import time
import types
from typing import Any, ClassVar

import pytest
from PIL import ExifTags, Image

from edge_agent.cameras.camera import CameraError
from edge_agent.cameras.picamera import FixedFocusError, Picamera, PicameraMissingError, StalePhotographError
from tests.unit.edge_agent.photographs import drawn


class Request:
    """One completed request of libcamera."""

    def __init__(self, camera: "Picamera2", age_s: float) -> None:
        self._camera = camera
        self._stamp_ns = time.monotonic_ns() + 2_000_000 - int(age_s * 1e9)
        camera.held += 1

    def get_metadata(self) -> dict[str, Any]:
        return {"SensorTimestamp": self._stamp_ns, "ExposureTime": 1000, "AnalogueGain": 2.0}

    def save(self, name: str, out: io.BytesIO, format: str) -> None:  # noqa: A002 - picamera2's name
        assert (name, format) == ("main", "jpeg")
        drawn(1).save(out, "JPEG")

    def release(self) -> None:
        self._camera.held -= 1


class Picamera2:
    """As much of picamera2 as is used; `stale` requests from before the trigger lie in the queue (issue 787)."""

    stale = 0
    has_fixed_lens = False
    instances: ClassVar[list["Picamera2"]] = []

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.controls: dict[str, Any] = {}
        self.camera_properties = {"Model": "imx708_wide_noir"}
        self.camera_controls: dict[str, Any] = {"AfMode": (0, 2, 0), "LensPosition": (0.0, 15.0, 1.0)}
        if Picamera2.has_fixed_lens:
            self.camera_controls = {}
        self.searches = 2  # metadata without a focus, before the autofocus has found it
        self.held = 0
        self.is_started = self.is_closed = False
        Picamera2.instances.append(self)

    def create_still_configuration(self, **options: Any) -> dict[str, Any]:
        return options

    def configure(self, configuration: dict[str, Any]) -> None:
        assert configuration["buffer_count"] >= 2  # with one, the pipeline stalls

    def start(self) -> None:
        self.is_started = True

    def capture_metadata(self) -> dict[str, Any]:
        metadata = {"ExposureTime": 1000, "AnalogueGain": 2.0, "ColourGains": (1.5, 1.7), "Lux": 400}
        if Picamera2.has_fixed_lens:
            return metadata
        if self.controls.get("AfMode") == 2:  # continuous
            self.searches -= 1
        is_focused = self.controls.get("AfMode") == 2 and self.searches <= 0
        return metadata | {"LensPosition": 3.2 if is_focused else 0.5, "AfState": 2 if is_focused else 1}

    def set_controls(self, controls: dict[str, Any]) -> None:
        self.controls.update(controls)

    def capture_request(self) -> Request:
        if self.held >= 2:
            raise RuntimeError("no buffer: would hang")
        is_stale = Picamera2.stale > 0
        Picamera2.stale -= is_stale
        return Request(self, 1.0 if is_stale else 0.0)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> type[Picamera2]:
    module = types.ModuleType("picamera2")
    module.Picamera2 = Picamera2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", module)
    monkeypatch.setattr(Picamera2, "stale", 0)
    monkeypatch.setattr(Picamera2, "instances", [])
    return Picamera2


def test_a_photograph_tells_sensor_lens_and_exposure(installed: type[Picamera2]) -> None:
    camera = Picamera(warm_up_s=0)
    image = Image.open(io.BytesIO(camera.capture().content))
    details = image.getexif().get_ifd(ExifTags.IFD.Exif)
    assert image.getexif()[ExifTags.Base.Model] == "imx708_wide_noir"
    assert float(details[ExifTags.Base.FocalLength]) == pytest.approx(2.75)
    assert details[ExifTags.Base.ISOSpeedRatings] == 200
    camera.close()
    assert installed.instances[0].is_closed


def test_exposure_white_balance_and_focus_are_locked_after_the_warm_up(installed: type[Picamera2]) -> None:
    Picamera(warm_up_s=0)
    assert installed.instances[0].controls == {
        "AeEnable": False,
        "AwbEnable": False,
        "ExposureTime": 1000,
        "AnalogueGain": 2.0,
        "ColourGains": (1.5, 1.7),
        "AfMode": 0,
        "LensPosition": 3.2,
    }
    Picamera(warm_up_s=0, is_locked=False)
    assert installed.instances[1].controls == {"AfMode": 2}


def test_a_lens_is_focused_at_the_distance_that_is_set(installed: type[Picamera2]) -> None:
    Picamera(warm_up_s=0, focus_m=8.0)
    Picamera(warm_up_s=0, focus_m=8.0, is_locked=False)
    for camera in installed.instances:
        assert (camera.controls["AfMode"], camera.controls["LensPosition"]) == (0, 0.125)


def test_an_autofocus_that_finds_nothing_leaves_the_lens_where_the_tuning_puts_it(
    installed: type[Picamera2], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "capture_metadata", lambda _self: {"LensPosition": 9.0, "AfState": 3})
    Picamera(warm_up_s=0, search_s=0)
    assert installed.instances[0].controls["LensPosition"] == 1.0
    assert "set focus_m" in capsys.readouterr().err


def test_a_lens_that_cannot_move_is_not_focused(installed: type[Picamera2], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "has_fixed_lens", True)
    Picamera(warm_up_s=0)
    assert "AfMode" not in installed.instances[0].controls
    with pytest.raises(FixedFocusError, match="remove focus_m"):
        Picamera(warm_up_s=0, focus_m=3.0)
    assert installed.instances[1].is_closed


def test_photographs_from_before_the_trigger_are_thrown_away(installed: type[Picamera2]) -> None:
    camera = Picamera(warm_up_s=0)
    installed.stale = 3
    assert camera.capture().content
    assert installed.stale == 0
    assert installed.instances[0].held == 0


def test_a_camera_that_is_always_late_is_said_to_be_broken(installed: type[Picamera2]) -> None:
    camera = Picamera(warm_up_s=0)
    installed.stale = 1000
    with pytest.raises(StalePhotographError):
        camera.capture()
    assert installed.instances[0].held == 0


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(PicameraMissingError, match="apt-get install python3-picamera2"):
        Picamera(warm_up_s=0)


def test_a_camera_that_is_not_there_can_be_tried_again(
    installed: type[Picamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(_self: Picamera2) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr(installed, "__init__", absent)
    with pytest.raises(CameraError, match="check the cable"):
        Picamera(warm_up_s=0)

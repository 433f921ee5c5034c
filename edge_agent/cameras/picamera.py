"""How does a Raspberry Pi camera photograph? By picamera2, with everything locked after a warm-up."""

import io
import sys
import time
from typing import Any, Final

from edge_agent.cameras.camera import CameraError, CameraUnusableError
from edge_agent.cameras.jpeg import Shot, with_exif
from edge_agent.cameras.sensors import Sensor, find_sensor
from edge_agent.photograph import Photograph, now_utc

WARM_UP_S: Final = 2.0  # exposure and white balance converge, then they are locked: photographs must match
LOCKED: Final = ("ExposureTime", "AnalogueGain", "ColourGains")
MOST_STALE: Final = 8  # photographs older than the trigger that are discarded before an error
JPEG_QUALITY: Final = 95
ISO_AT_GAIN_1: Final = 100
MANUAL_FOCUS: Final = (
    0  # libcamera's AfModeManual, which is picamera2's default: the lens stays where the tuning puts it
)
CONTINUOUS_FOCUS: Final = 2  # libcamera's AfModeContinuous
IS_FOCUSED: Final = 2  # libcamera's AfStateFocused
FOCUS_S: Final = 5.0  # longest search for the focus after the warm-up


class PicameraMissingError(CameraUnusableError):
    """The package picamera2 is not installed; it comes with the operating system, not from PyPI."""

    code = "picamera_missing"
    remedy = "Install it from Raspberry Pi OS: `apt install python3-picamera2`."


class FixedFocusError(CameraUnusableError):
    """A distance is set for a camera whose lens cannot move."""

    code = "focus_fixed"
    remedy = "Remove focus_m from the settings, and focus the lens by hand."


class StalePhotographError(CameraError):
    """Only photographs from before the trigger (picamera2 issue 787)."""

    code = "camera_stale"
    remedy = "Nothing: the old photograph is dropped and the shot repeated."


class Picamera:
    """A Pi camera, locked after a warm-up; it discards photographs that were exposed before the trigger."""

    def __init__(
        self,
        *,
        lens_mm: float | None = None,
        focus_m: float | None = None,
        is_locked: bool = True,
        warm_up_s: float = WARM_UP_S,
        search_s: float = FOCUS_S,
    ) -> None:
        """Start the camera, let it adjust itself, and lock what it found.

        Args:
            lens_mm: focal length of a lens that was put on the camera; None for its own.
            focus_m: distance that the lens is focused at, metres; None for autofocus during the warm-up.
            is_locked: whether exposure, white balance and focus are locked after the warm-up.
            warm_up_s: how long exposure and white balance may converge.
            search_s: how long the autofocus may search after that.

        Raises:
            CameraError: no camera answers.
            FixedFocusError: `focus_m` for a camera whose lens cannot move.
        """
        self._camera = _open()
        self._camera.options["quality"] = JPEG_QUALITY
        self._camera.configure(self._camera.create_still_configuration(buffer_count=2))
        self._camera.start()
        properties = self._camera.camera_properties
        self._model = str(properties.get("Model", "camera"))
        known = find_sensor(self._model)
        self._sensor = known.with_lens(lens_mm) if known else None
        can_focus = "LensPosition" in self._camera.camera_controls
        if focus_m is not None and not can_focus:
            self._camera.close()
            raise FixedFocusError(f"the lens of {self._model} cannot be focused from here: remove focus_m")
        if focus_m is not None:
            self._camera.set_controls({"AfMode": MANUAL_FOCUS, "LensPosition": 1 / focus_m})
        elif can_focus:
            self._camera.set_controls({"AfMode": CONTINUOUS_FOCUS})
        time.sleep(warm_up_s)
        if is_locked:
            self._lock(1 / focus_m if focus_m is not None else self._found_focus(search_s) if can_focus else None)

    def capture(self) -> Photograph:
        asked_ns = time.monotonic_ns()
        for _ in range(MOST_STALE):
            request = self._camera.capture_request()
            try:
                metadata = request.get_metadata()
                if _exposed_from_ns(metadata) < asked_ns:
                    continue
                out = io.BytesIO()
                request.save("main", out, format="jpeg")
            finally:
                request.release()  # else libcamera runs out of buffers and hangs
            return self._photograph(out.getvalue(), metadata)
        raise StalePhotographError("the camera hands over old photographs only: it is started again")

    def close(self) -> None:
        self._camera.close()

    def _found_focus(self, search_s: float) -> float:
        """Where the autofocus has put the lens, dioptres; where the tuning would put it if it finds nothing in time."""
        until_s = time.monotonic() + search_s
        while True:
            metadata = self._camera.capture_metadata()
            if metadata.get("AfState") == IS_FOCUSED:
                return float(metadata["LensPosition"])
            if time.monotonic() >= until_s:
                break
        position = float(self._camera.camera_controls["LensPosition"][2])
        sys.stderr.write(
            f"{self._model}: the autofocus found nothing in {search_s:.0f} s, so the lens stands at {position} dioptres."
            " Give it light and contrast, or set focus_m\n"
        )
        return position

    def _lock(self, lens_position: float | None) -> None:
        """Lock the exposure and white balance that the warm-up found, and the lens at a position in dioptres."""
        metadata = self._camera.capture_metadata()
        controls: dict[str, Any] = {name: metadata[name] for name in LOCKED if name in metadata}
        controls |= {"AeEnable": False, "AwbEnable": False}
        if lens_position is not None:
            controls |= {"AfMode": MANUAL_FOCUS, "LensPosition": lens_position}
        self._camera.set_controls(controls)

    def _photograph(self, jpeg: bytes, metadata: dict[str, Any]) -> Photograph:
        taken_at = now_utc()
        sensor = self._sensor or Sensor(name=self._model, width_mm=1.0, focal_length_mm=0.0)
        shot = Shot(
            make="Raspberry Pi",
            model=self._model,
            taken_at=taken_at,
            focal_length_mm=sensor.focal_length_mm or None,
            focal_length_35mm_mm=sensor.focal_length_35mm_mm,
            exposure_s=metadata.get("ExposureTime", 0) / 1e6,
            iso=round(metadata.get("AnalogueGain", 0) * ISO_AT_GAIN_1),
        )
        return Photograph(content=with_exif(jpeg, shot), content_type="image/jpeg", captured_at=taken_at)


def _exposed_from_ns(metadata: dict[str, Any]) -> int:
    """The start of the exposure, nanoseconds: the timestamp is of the first line's read-out."""
    return int(metadata["SensorTimestamp"]) - 1000 * int(metadata.get("ExposureTime", 0))


def _open() -> Any:
    try:
        from picamera2 import Picamera2  # noqa: PLC0415 - only where there is one
    except ImportError as exc:
        raise PicameraMissingError(
            "picamera2 is missing: apt-get install python3-picamera2, and make the environment with"
            " --system-site-packages"
        ) from exc
    try:
        return Picamera2()
    except (RuntimeError, IndexError) as exc:
        raise CameraError(f"no Raspberry Pi camera answers: {exc}; check the cable and rpicam-hello") from exc

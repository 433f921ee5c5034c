"""How is a rig calibrated? By refined intrinsics or a given matrix, written into the settings file."""

import asyncio
import json
import re
import stat
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from broker.errors import CairnError
from broker.files import write_durably
from broker.live import BrokerLostError
from broker.manifest import CameraEntry
from edge_agent.cameras.sensors import find_sensor
from edge_agent.capture.calibration import LEAST_IMAGES, Fit, TooFewImagesError, difference_percent, table_focal_px
from edge_agent.config import Calibration, Settings
from edge_agent.membership import read_cameras
from edge_agent.spool.errors import SpoolError
from edge_agent.spool.index import SpoolKey
from edge_agent.spool.sessions import own_placed, sessions_of
from edge_agent.spool.spool import Spool

ANSWER_TIMEOUT_S: Final = 10.0
ROWS: Final = 3
LONGEST_FILE_BYTES: Final = 1 << 20


class BadCalibrationError(CairnError):
    """A text or file that is no calibration."""

    code = "bad_calibration"
    remedy = "Give OpenCV's matrix and distortion as the message says."


class _OpencvMatrix(BaseModel):
    model_config = ConfigDict(frozen=True)

    data: list[float] = Field(max_length=64)


class _OpencvFile(BaseModel):
    """The file that `cv2.FileStorage("camera.json", …)` writes after `cv2.calibrateCamera`."""

    model_config = ConfigDict(frozen=True)

    image_width: int = Field(ge=1)
    image_height: int = Field(ge=1)
    camera_matrix: _OpencvMatrix
    distortion_coefficients: _OpencvMatrix = _OpencvMatrix(data=[])


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationReport:
    """A calibration, its fit to the placed photographs, and the sensor table's focal length."""

    calibration: Calibration
    fit: Fit | None
    sensor: str | None
    table_px: float | None

    def lines(self) -> Iterator[str]:
        """The report for people, line by line."""
        fx, fy, cx, cy = self.calibration.matrix
        width, height = self.calibration.size_px
        yield f"lens         fx {fx:.1f}, fy {fy:.1f}, cx {cx:.1f}, cy {cy:.1f} px at {width}x{height}"
        bends = ", ".join(f"{value:.5f}" for value in self.calibration.distortion)
        yield f"distortion   {bends or 'none'} (k1, k2, p1, p2)"
        if self.fit is None:
            yield "images       none of this rig's are placed: nothing to compare with"
        else:
            yield from self._compared(self.fit)
        if self.table_px is not None:
            yield f"sensor       {difference_percent(fx, self.table_px):+.1f} % from {self.sensor} in the sensor table"
        else:
            yield "sensor       not in the sensor table, or with a lens of its own"

    def _compared(self, fit: Fit) -> Iterator[str]:
        rms = "unknown" if fit.reprojection_rms_px is None else f"{fit.reprojection_rms_px:.2f} px"
        yield f"images       {fit.image_count} placed, fx spreads over {fit.focal_spread_percent:.2f} %"
        yield f"reprojection {rms} RMS"
        if fit.calibration != self.calibration:
            refined_px = fit.calibration.matrix[0] / max(fit.calibration.size_px) * max(self.calibration.size_px)
            apart = difference_percent(self.calibration.matrix[0], refined_px)
            yield f"given        fx {apart:+.2f} % from what the reconstructor refined"


async def refined(
    settings: Settings, *, least_images: int = LEAST_IMAGES, sensor: str | None = None
) -> CalibrationReport:
    """Adopt the intrinsics that the reconstructor refined for this rig's photographs.

    Raises:
        TooFewImagesError: too few of them are placed.
        PoorFitError: they do not agree on one lens.
        BrokerLostError: the broker cannot be reached or refuses the account.
    """
    fit = Fit.of(await _placed(settings), least_images=least_images)
    fit.check()
    return await asyncio.to_thread(_report, settings, fit.calibration, fit, sensor)


async def given(settings: Settings, calibration: Calibration, *, sensor: str | None = None) -> CalibrationReport:
    """Compare a given calibration with the placed photographs, if the broker can be reached, and the sensor table."""
    try:
        fit = Fit.of(await _placed(settings), least_images=1)
    except (BrokerLostError, TooFewImagesError):
        return await asyncio.to_thread(_report, settings, calibration, None, sensor)
    return await asyncio.to_thread(_report, settings, calibration, fit, sensor)


def read_numbers(matrix: str, distortion: str | None, size: str | None) -> Calibration:
    """Read numbers from the command line: `fx,fy,cx,cy`, `k1,k2,p1,p2` and `WIDTHxHEIGHT`.

    Raises:
        BadCalibrationError: the text has another form.
    """
    try:
        width, height = (int(each) for each in (size or "").lower().split("x"))
        return Calibration.model_validate(
            {
                "size_px": (width, height),
                "matrix": tuple(float(each) for each in matrix.split(",")),
                "distortion": tuple(float(each) for each in distortion.split(",")) if distortion else (),
            }
        )
    except ValueError as exc:  # pydantic's ValidationError, too
        raise BadCalibrationError(
            "write --matrix fx,fy,cx,cy --distortion k1,k2,p1,p2 --size WIDTHxHEIGHT, in pixels of the photographs"
        ) from exc


def read_opencv(path: Path) -> Calibration:
    """Read a calibration in OpenCV's JSON.

    Raises:
        BadCalibrationError: the file has none.
    """
    try:
        if path.stat().st_size > LONGEST_FILE_BYTES:
            raise BadCalibrationError(f"{path} is larger than 1 MiB: that is no calibration")
        known = _OpencvFile.model_validate(json.loads(path.read_text("utf-8")))
        fx, _, cx, _, fy, cy, *_ = known.camera_matrix.data
        return Calibration(
            size_px=(known.image_width, known.image_height),
            matrix=(fx, fy, cx + 0.5, cy + 0.5),  # OpenCV's pixel centres are at whole numbers, ours at half integers
            distortion=tuple(known.distortion_coefficients.data[:4]),
        )
    except (OSError, ValueError, ValidationError) as exc:
        raise BadCalibrationError(
            f"{path} is no OpenCV calibration in JSON: write one with cv2.FileStorage('camera.json', …) that has"
            " image_width, image_height, camera_matrix and distortion_coefficients"
        ) from exc


def write(calibration: Calibration, settings_file: Path) -> None:
    """Put the calibration into the settings file's table [edge], in place of an older one.

    Raises:
        BadCalibrationError: the file is no TOML, or cannot be written.
    """
    line = f"calibration = {calibration.toml()}"
    try:
        text = settings_file.read_text("utf-8") if settings_file.exists() else ""
        changed = _with_line(text, line)
        tomllib.loads(changed)
        mode = stat.S_IMODE(settings_file.stat().st_mode) if settings_file.exists() else 0o644
        write_durably(settings_file.parent, {settings_file.name: changed.encode()}, mode=mode)
    except tomllib.TOMLDecodeError as exc:
        raise BadCalibrationError(f"{settings_file} is no TOML: put `{line}` into its table [edge] by hand") from exc
    except OSError as exc:
        raise BadCalibrationError(
            f"cannot write {settings_file}: {exc.strerror}; name another with --settings"
        ) from exc


def _with_line(text: str, line: str) -> str:
    head = re.search(r"(?m)^\[edge\][^\n]*\n?", text)
    if head is None:
        return f"{text.rstrip()}\n\n[edge]\n{line}\n".lstrip()
    table_end = re.search(r"(?m)^\[", text[head.end() :])
    end = head.end() + table_end.start() if table_end else len(text)
    table = re.sub(r"(?m)^calibration\s*=[^\n]*\n?", "", text[head.end() : end])
    opening = text[: head.end()] if text[: head.end()].endswith("\n") else text[: head.end()] + "\n"
    return f"{opening}{line}\n{table}{text[end:]}"


async def _placed(settings: Settings) -> list[CameraEntry]:
    _, name = settings.named()
    sessions = await asyncio.to_thread(sessions_of, name, partial(_recall, settings))
    return own_placed(await read_cameras(settings, ANSWER_TIMEOUT_S) or (), sessions)


def _report(settings: Settings, calibration: Calibration, fit: Fit | None, sensor: str | None) -> CalibrationReport:
    model = sensor or _recall(settings, SpoolKey.CAMERA_MODEL)
    known = find_sensor(model) if model else None
    known = known.with_lens(settings.lens_mm) if known else None
    table_px = table_focal_px(known, max(calibration.size_px)) if known else None
    return CalibrationReport(calibration=calibration, fit=fit, sensor=model, table_px=table_px)


def _recall(settings: Settings, key: SpoolKey) -> str | None:
    """A value of the spool, read beside a running agent; None when there is none or the index does not answer."""
    try:
        return Spool.read_only(settings.spool_dir).recall(key)
    except SpoolError:
        return None

"""What is this rig's lens? The median of refined intrinsics with spread and error; written into EXIF."""

import io
import math
import statistics
import struct
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.TiffImagePlugin import IFDRational

from broker.errors import CairnError
from broker.images.opening import open_image
from broker.manifest import CameraEntry
from edge_agent.cameras.sensors import FULL_FRAME_WIDTH_MM, Sensor
from edge_agent.capture.exif import EXIF_MARK, JPEG_START, edited, exif_segment
from edge_agent.config import Calibration

LEAST_IMAGES: Final = 12
MOST_SPREAD_PERCENT: Final = 2.0  # a lens that zooms or hunts for focus has more than one focal length
LEAST_RMS_LIMIT_PX: Final = 2.0
# Of the longer side: features are found in a reduced image, errors are given in full pixels.
MOST_RMS_RATIO: Final = 0.001
CENTIMETRES: Final = 3  # EXIF 2.32, tag 0xA210
MM_PER_CM: Final = 10.0
PRECISION: Final = 100_000


class TooFewImagesError(CairnError):
    """Not enough of the rig's photographs are placed to know the lens."""

    code = "too_few_images"
    remedy = "Take more photographs, wait until they are placed, then calibrate again."


class PoorFitError(CairnError):
    """The placed photographs do not agree on one lens."""

    code = "poor_fit"
    remedy = "Lock focus and zoom, take more photographs, then calibrate again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A calibration fitted to the placed photographs, and how well it fits."""

    calibration: Calibration
    image_count: int
    focal_spread_percent: float
    reprojection_rms_px: float | None

    @classmethod
    def of(cls, cameras: Sequence[CameraEntry], *, least_images: int = LEAST_IMAGES) -> Self:
        """Take the median of the refined intrinsics over the photographs of the most frequent size.

        Raises:
            TooFewImagesError: less than `least_images` are placed with a matrix.
        """
        known = [each for each in cameras if each.intrinsics and each.width_px and each.height_px]
        sizes = Counter((int(each.width_px or 0), int(each.height_px or 0)) for each in known)
        size_px, count = sizes.most_common(1)[0] if sizes else ((0, 0), 0)
        if count < max(1, least_images):
            raise TooFewImagesError(
                f"{count} of this rig's photographs are placed, {least_images} of one size are needed:"
                " take more photographs, or lower --least"
            )
        chosen = [each for each in known if (each.width_px, each.height_px) == size_px]
        focal_px = [each.intrinsics[0] for each in chosen if each.intrinsics]
        errors_px = [each.reprojection_error_px for each in chosen if each.reprojection_error_px is not None]
        rms_px = math.sqrt(statistics.fmean(error**2 for error in errors_px)) if errors_px else None
        median_px = statistics.median(focal_px)
        return cls(
            calibration=Calibration(
                size_px=size_px,
                matrix=_medians([each.intrinsics for each in chosen if each.intrinsics]),
                distortion=_medians([each.distortion for each in chosen if each.distortion]),
            ),
            image_count=count,
            focal_spread_percent=100 * (max(focal_px) - min(focal_px)) / median_px,
            reprojection_rms_px=rms_px,
        )

    def check(self) -> None:
        """Raise PoorFitError when these photographs were not taken through one lens, or are not understood."""
        if self.focal_spread_percent > MOST_SPREAD_PERCENT:
            raise PoorFitError(
                f"the focal length differs by {self.focal_spread_percent:.1f} % between photographs:"
                " lock zoom and focus, and photograph again"
            )
        if self.reprojection_rms_px is None:
            raise PoorFitError("the reconstructor gives no reprojection errors: its black box must, for this")
        limit_px = max(LEAST_RMS_LIMIT_PX, MOST_RMS_RATIO * max(self.calibration.size_px))
        if self.reprojection_rms_px > limit_px:
            raise PoorFitError(
                f"the reprojection error is {self.reprojection_rms_px:.1f} px, more than {limit_px:.1f}:"
                " sharper photographs with more overlap, or a calibration board and --matrix"
            )


def difference_percent(focal_px: float, other_px: float) -> float:
    """The relative difference of two focal lengths in pixels, percent."""
    return 100 * (focal_px / other_px - 1)


def table_focal_px(sensor: Sensor, width_px: int) -> float | None:
    """The sensor table's focal length for photographs of the whole sensor, pixels; None without a fixed lens."""
    return sensor.focal_length_mm / sensor.width_mm * width_px if sensor.focal_length_mm else None


def camera_model(content: bytes) -> str | None:
    """The camera's model in EXIF; None without one."""
    try:
        with open_image(content) as image:
            model = image.getexif().get(ExifTags.Base.Model)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError):
        return None
    return str(model).strip("\0 ")[:128] or None if model else None


def with_calibration(content: bytes, calibration: Calibration) -> bytes:
    """Write the calibrated focal length into a JPEG's EXIF; other formats and other views are returned unchanged.

    EXIF has a field for the focal length, none for distortion: the reconstructor starts with ours and refines the rest.
    """
    if not content.startswith(JPEG_START):
        return content
    bodies: list[bytes] = []

    def keep(body: bytes) -> bytes:
        bodies.append(body)
        return _calibrated_body(body, calibration, content)

    changed = edited(content, keep)
    if bodies:
        return changed
    body_after = _calibrated_body(b"", calibration, content)
    return JPEG_START + exif_segment(body_after) + content[len(JPEG_START) :] if body_after else content


def _calibrated_body(body: bytes, calibration: Calibration, content: bytes) -> bytes:
    """The EXIF body with our focal length; unchanged when it cannot be read, or is of another view."""
    size_px = _size_px(content)
    if size_px is None or not calibration.fits(*size_px):
        return body
    exif = Image.Exif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow only warns of EXIF that it reads in part
            if body:
                exif.load(EXIF_MARK + body)
            _set_focal_length(exif, calibration, size_px)
            body_after = exif.tobytes()
    except (OSError, SyntaxError, ValueError, struct.error, TypeError, KeyError, Warning):
        return body
    return body_after.removeprefix(EXIF_MARK)


def _set_focal_length(exif: Image.Exif, calibration: Calibration, size_px: tuple[int, int]) -> None:
    """Set the focal length in millimetres and the sensor's pixels per centimetre: their product is exact."""
    details = exif.get_ifd(ExifTags.IFD.Exif)
    scale = max(size_px) / max(calibration.size_px)
    fx_px, fy_px = calibration.matrix[0] * scale, calibration.matrix[1] * scale
    focal_mm = float(details.get(ExifTags.Base.FocalLength) or 0.0)
    if focal_mm <= 0:
        focal_mm = round(fx_px / max(size_px) * FULL_FRAME_WIDTH_MM, 2)  # as on a 36 mm wide sensor
        details[ExifTags.Base.FocalLength] = _ratio(focal_mm)
    details.pop(ExifTags.Base.FocalLengthIn35mmFilm, None)  # in whole millimetres, and readers would prefer it to ours
    details[ExifTags.Base.FocalPlaneXResolution] = _ratio(MM_PER_CM * fx_px / focal_mm)
    details[ExifTags.Base.FocalPlaneYResolution] = _ratio(MM_PER_CM * fy_px / focal_mm)
    details[ExifTags.Base.FocalPlaneResolutionUnit] = CENTIMETRES
    details[ExifTags.Base.ExifImageWidth], details[ExifTags.Base.ExifImageHeight] = size_px


def _size_px(content: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG from its header, pixels."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
            return image.size
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError):
        return None


def _ratio(value: float) -> IFDRational:
    return IFDRational(round(value * PRECISION), PRECISION)


def _medians(rows: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(statistics.median(column) for column in zip(*rows, strict=False))

"""How is one set of photographs made into sets of other cameras? Cropped and enlarged, bent, with other EXIF and senders.

Each kind is written as files beside which the engine finds what a sender would have told it. The true poses stay.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ExifTags import IFD, Base

_ZOOM: Final = 1.35
_FOCAL_MM: Final = 28.0
_SERIAL: Final = "7041923"
_JPEG_QUALITY: Final = 95
# A phone's wide lens: the corners of the picture are drawn inwards by a sixth. OpenCV's k1, k2 at depth one.
_WIDE: Final = (-0.27, 0.06)
_UNDISTORTING_STEPS: Final = 30


def kinds() -> tuple[str, ...]:
    """The names of all kinds."""
    return tuple(_MAKERS)


def write_kind(
    kind: str, photographs: Sequence[Path], intrinsics: tuple[float, float, float, float], out: Path
) -> None:
    """Write photographs as another camera, or several, would have taken them from the same places.

    Args:
        kind: one of `kinds`.
        photographs: in the order in which they were taken.
        intrinsics: fx, fy, cx, cy of all of them, in pixels.
        out: an existing folder.
    """
    for index, path in enumerate(photographs):
        with Image.open(path) as image:
            image.load()
        _MAKERS[kind](image.convert("RGB"), index, intrinsics, out / path.name)


def _zoom_in_millimetres(image: Image.Image, index: int, _: Any, path: Path) -> None:
    """Every second photograph with a longer focal length of one lens; EXIF says how long, not how large the sensor is."""
    zoom = _ZOOM if index % 2 else 1.0
    _save(_zoomed(image, zoom), path, serial=True, focal_mm=_FOCAL_MM * zoom)


def _digital_zoom(image: Image.Image, index: int, _: Any, path: Path) -> None:
    zoom = _ZOOM if index % 2 else 1.0
    _save(_zoomed(image, zoom), path, serial=True, focal_mm=_FOCAL_MM, digital_zoom=zoom)


def _no_exif(image: Image.Image, index: int, _: Any, path: Path) -> None:
    """The zoom again, and nothing that tells of it."""
    _save(_zoomed(image, _ZOOM if index % 2 else 1.0), path)


def _two_senders(image: Image.Image, index: int, _: Any, path: Path) -> None:
    """Two persons with phones of other lenses, who take photographs in turn; their programs removed the EXIF."""
    is_second = index // 2 % 2 == 1
    _save(_zoomed(image, _ZOOM if is_second else 1.0), path)
    sidecar = {"sender": "berta" if is_second else "anna"}
    path.with_name(path.name + ".json").write_text(json.dumps(sidecar), encoding="utf-8")


def _wide_distortion(image: Image.Image, _: int, intrinsics: tuple[float, float, float, float], path: Path) -> None:
    _save(Image.fromarray(_distorted(np.asarray(image), intrinsics)), path)


_MAKERS: Final[dict[str, Callable[..., None]]] = {
    "zoom_mm": _zoom_in_millimetres,
    "digital_zoom": _digital_zoom,
    "no_exif": _no_exif,
    "two_senders": _two_senders,
    "wide_distortion": _wide_distortion,
}


def _zoomed(image: Image.Image, zoom: float) -> Image.Image:
    """The middle of a picture, enlarged to its size."""
    width, height = image.size
    across, down = width * (1 - 1 / zoom) / 2, height * (1 - 1 / zoom) / 2
    box = (across, down, width - across, height - down)
    return image if zoom == 1.0 else image.resize(image.size, Image.Resampling.LANCZOS, box=box)


def _save(
    image: Image.Image,
    path: Path,
    *,
    serial: bool = False,
    focal_mm: float | None = None,
    digital_zoom: float | None = None,
) -> None:
    exif = Image.Exif()
    details = exif.get_ifd(IFD.Exif)
    if serial:
        exif[Base.Make], exif[Base.Model] = "Aperture", "Seven"
        details[Base.BodySerialNumber] = _SERIAL
    if focal_mm is not None:
        details[Base.FocalLength] = focal_mm
    if digital_zoom is not None:
        details[Base.DigitalZoomRatio] = digital_zoom
    image.save(path, "JPEG", quality=_JPEG_QUALITY, subsampling=0, exif=exif)


def _distorted(pixels: NDArray[np.uint8], intrinsics: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """A picture (H, W, 3) as a lens with `_WIDE` distortion shows it, enlarged so that no corner is empty."""
    fx, fy, cx, cy = intrinsics
    height, width = pixels.shape[:2]
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    across, down = (columns - cx) / fx, (rows - cy) / fy
    corner = _undistorted_radius(np.hypot(across, down).max())
    shrink = np.hypot(across, down).max() / corner  # the picture's own corners stay in the picture
    seen = np.hypot(across, down) * shrink
    straight = _undistorted_radius(seen) / np.maximum(np.hypot(across, down), 1e-9)
    return _sampled(pixels, across * straight * fx + cx - 0.5, down * straight * fy + cy - 0.5)


def _undistorted_radius(distorted: Any) -> Any:
    """The radius at depth one that `_WIDE` moves to this one, by Newton's method."""
    k1, k2 = _WIDE
    radius = distorted
    for _ in range(_UNDISTORTING_STEPS):
        off = radius * (1 + k1 * radius**2 + k2 * radius**4) - distorted
        radius = radius - off / (1 + 3 * k1 * radius**2 + 5 * k2 * radius**4)
    return radius


def _sampled(pixels: NDArray[np.uint8], columns: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Bilinear samples (H, W, 3)."""
    height, width = pixels.shape[:2]
    columns, rows = np.clip(columns, 0, width - 1.001), np.clip(rows, 0, height - 1.001)
    left, top = columns.astype(np.intp), rows.astype(np.intp)
    right_share, low_share = (columns - left)[..., None], (rows - top)[..., None]
    upper = pixels[top, left] * (1 - right_share) + pixels[top, left + 1] * right_share
    lower = pixels[top + 1, left] * (1 - right_share) + pixels[top + 1, left + 1] * right_share
    sampled: NDArray[np.uint8] = np.rint(upper * (1 - low_share) + lower * low_share).astype(np.uint8)
    return sampled

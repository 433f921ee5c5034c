"""What does the object look like in a report? Parallel projections of the cloud from above and the front, with the cameras."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reconstructor.clouds.ply import WideCloud
from reconstructor.clouds.similarity import Matrix

_SIDE_PX: Final = 900
_MARGIN: Final = 0.04  # of the width, on each side
_QUALITY: Final = 82
_PAPER: Final = (255, 255, 255)
_CAMERA: Final = (200, 60, 20)
_CAMERA_PX: Final = 3
_MARK: Final = (20, 70, 160)
_MARK_PX: Final = 3
_LABEL_PX: Final = 16
_KEPT_SHARE: Final = 0.98  # of the points: single points far away do not make the object small


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A direction to look along: which axes of the turned world go right and up, and which one comes towards the reader."""

    right: int
    up: int
    toward: int
    toward_sign: int


FROM_ABOVE: Final = Plane(right=0, up=1, toward=2, toward_sign=1)
FROM_FRONT: Final = Plane(right=0, up=2, toward=1, toward_sign=-1)


def projection(
    cloud: WideCloud,
    centres: NDArray[np.float64],
    upright: Matrix,
    plane: Plane,
    marks: Sequence[NDArray[np.float64]] = (),
) -> bytes:
    """A JPEG of the cloud as it is seen along one axis, the nearest point in each pixel.

    Args:
        cloud: the points.
        centres: (M, 3) where the cameras stood, world.
        upright: (3, 3) the rotation that turns up onto z.
        plane: the direction.
        marks: points (K, 3) of each measure or note, world; they are joined by lines and numbered from 1.
    """
    points, cameras = cloud.points_in_world @ upright.T, centres @ upright.T
    low, high = _bounds(points, plane), -_bounds(-points, plane)
    extent = float(max((high - low).max(), 1e-9))
    margin = _MARGIN * extent
    scale = (_SIDE_PX - 1) / (extent + 2 * margin)
    size = np.maximum(1, np.ceil((high - low + 2 * margin) * scale)).astype(int) + 1
    pixels = np.full((size[1], size[0], 3), _PAPER, np.uint8)
    columns, rows = _pixels(points, low - margin, scale, size, plane)
    order = np.argsort(plane.toward_sign * points[:, plane.toward], kind="stable")  # what is written last is nearest
    inside = order[_is_inside(columns[order], rows[order], size)]
    pixels[rows[inside], columns[inside]] = cloud.colors_rgb[inside]
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    columns, rows = _pixels(cameras, low - margin, scale, size, plane)
    for column, row in zip(columns.tolist(), rows.tolist(), strict=True):
        box = (column - _CAMERA_PX, row - _CAMERA_PX, column + _CAMERA_PX, row + _CAMERA_PX)
        draw.ellipse(box, outline=_CAMERA, width=2)
    for number, mark in enumerate(marks, 1):
        _draw_mark(draw, number, np.column_stack(_pixels(mark @ upright.T, low - margin, scale, size, plane)))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _draw_mark(draw: ImageDraw.ImageDraw, number: int, places: NDArray[np.int_]) -> None:
    """Draw the points of a measure or note, pixels (K, 2), and its number on white beside the first."""
    corners = [(float(column), float(row)) for column, row in places]
    if len(corners) > 1:
        draw.line(corners, fill=_MARK, width=2)
    for column, row in corners:
        draw.rectangle((column - _MARK_PX, row - _MARK_PX, column + _MARK_PX, row + _MARK_PX), fill=_MARK)
    corner = (corners[0][0] + 2 * _MARK_PX, corners[0][1] - _LABEL_PX)
    draw.rectangle(draw.textbbox(corner, str(number), font_size=_LABEL_PX), fill=_PAPER)
    draw.text(corner, str(number), fill=_MARK, font_size=_LABEL_PX)


def _bounds(points: NDArray[np.float64], plane: Plane) -> NDArray[np.float64]:
    """The least coordinates to the right and up, but for the farthest points."""
    flat = points[:, [plane.right, plane.up]]
    return np.asarray(np.quantile(flat, (1 - _KEPT_SHARE) / 2, axis=0), np.float64)


def _pixels(
    points: NDArray[np.float64], corner: NDArray[np.float64], scale: float, size: NDArray[np.int_], plane: Plane
) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Column and row (N,) of each point; they may lie outside."""
    flat = np.clip((points[:, [plane.right, plane.up]] - corner) * scale, -10, 10 * _SIDE_PX).astype(int)
    return flat[:, 0], size[1] - 1 - flat[:, 1]


def _is_inside(columns: NDArray[np.int_], rows: NDArray[np.int_], size: NDArray[np.int_]) -> NDArray[np.bool_]:
    return np.asarray((columns >= 0) & (columns < size[0]) & (rows >= 0) & (rows < size[1]))

"""Which colours of a photograph can be compared with those of others? Means around the sparse points, in linear light."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_DARKEST, _BRIGHTEST = 0.01, 0.6  # of full scale; below is noise, above the camera's tone curve and clipping

_LEVELS: Final = np.linspace(0.0, 1.0, 256)
_TOE: Final = 0.04045  # below, the curve is a line
LINEAR: Final[Floats] = np.where(_LEVELS <= _TOE, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4)
"""(256,) linear light, 0 to 1, of each level of sRGB; IEC 61966-2-1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColorSamples:
    """Colours of one photograph at N sparse points.

    Attributes:
        point_ids: (N,) int64; a point has the same id in all photographs.
        log_rgb: (N, 3) float64, logarithm of linear light.
        radii_squared: (N,) float64, squared distance from the image's centre; 1 in its corners.
    """

    point_ids: NDArray[np.int64]
    log_rgb: Floats
    radii_squared: Floats

    def __len__(self) -> int:
        return len(self.point_ids)

    @classmethod
    def taken(cls, pixels_rgb: NDArray[np.uint8], places_px: Floats, point_ids: NDArray[np.int64]) -> Self:
        """Mean colours of 3 x 3 pixels, of the points whose channels are all neither dark nor bright.

        Args:
            pixels_rgb: (H, W, 3) uint8 sRGB.
            places_px: (N, 2) float64, x and y in pixels; points outside are left out.
            point_ids: (N,) int64.
        """
        height, width = pixels_rgb.shape[:2]
        columns, rows = np.floor(places_px).astype(np.int64).T
        inside = np.flatnonzero((columns >= 1) & (rows >= 1) & (columns < width - 1) & (rows < height - 1))
        columns, rows = columns[inside], rows[inside]
        around = [LINEAR[pixels_rgb[rows + down, columns + across]] for down in (-1, 0, 1) for across in (-1, 0, 1)]
        mean = np.mean(around, axis=0) if len(inside) else np.empty((0, 3))
        is_usable = ((mean > _DARKEST) & (mean < _BRIGHTEST)).all(axis=1)
        return cls(
            point_ids=point_ids[inside[is_usable]],
            log_rgb=np.log(mean[is_usable]),
            radii_squared=radii_squared(rows[is_usable], columns[is_usable], height, width),
        )


def radii_squared(rows: NDArray[np.int64], columns: NDArray[np.int64], height: int, width: int) -> Floats:
    """(N,) float64 squared distances of pixels (N,) from the middle of their image, 1 in its corners."""
    down, across = rows + 0.5 - height / 2.0, columns + 0.5 - width / 2.0
    return np.asarray((down**2 + across**2) / ((height / 2.0) ** 2 + (width / 2.0) ** 2), np.float64)

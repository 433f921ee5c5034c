"""What does a photograph see of a cloud? Its depth at reduced size, by drawing the points into a z-buffer."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Depth = NDArray[np.float32]

_BEHIND: Final = 1.05  # a pixel that lies further behind its nearest neighbour shows through a gap of the surface


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Viewpoint:
    """A placed photograph.

    Attributes:
        number: its image number.
        camera_from_world: (4, 4) float64, OpenCV axes.
        intrinsics: (4,) float64: fx, fy, cx, cy in pixels, pixel centres at half integers.
        width, height: of the photograph, pixels.
    """

    number: int
    camera_from_world: Floats
    intrinsics: Floats
    width: int
    height: int

    @property
    def center(self) -> Floats:
        """(3,) the camera's place in the world."""
        return np.asarray(-self.camera_from_world[:3, :3].T @ self.camera_from_world[:3, 3])

    @property
    def forward(self) -> Floats:
        """(3,) unit, the direction in which the camera looks, in the world."""
        return np.asarray(self.camera_from_world[2, :3])

    def reduced(self, side_px: int) -> "Viewpoint":
        """The same photograph with its larger side reduced to `side_px`; a smaller one stays as it is."""
        ratio = min(1.0, side_px / max(self.width, self.height))
        width, height = max(1, round(self.width * ratio)), max(1, round(self.height * ratio))
        scale = np.array([width / self.width, height / self.height] * 2)
        return Viewpoint(
            number=self.number,
            camera_from_world=self.camera_from_world,
            intrinsics=self.intrinsics * scale,
            width=width,
            height=height,
        )

    def project(self, points: Floats) -> tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]:
        """Depth (N,), flat pixel index (N,) and whether it lies inside (N,), of points (N, 3) in the world."""
        rotation, translation = self.camera_from_world[:3, :3], self.camera_from_world[:3, 3]
        x, y, ahead = rotation @ points.T + translation[:, None]
        fx, fy, cx, cy = self.intrinsics
        positive = np.maximum(ahead, 1e-9)
        columns, rows = np.floor(fx * x / positive + cx), np.floor(fy * y / positive + cy)
        is_inside = (ahead > 0) & (columns >= 0) & (columns < self.width) & (rows >= 0) & (rows < self.height)
        pixels = np.where(is_inside, rows * self.width + columns, 0).astype(np.int64)
        return ahead, pixels, is_inside

    def unproject(self, rows: NDArray[np.int64], columns: NDArray[np.int64], depth: Floats) -> Floats:
        """Points (N, 3) in the world at the pixels' centres and the given depth."""
        fx, fy, cx, cy = self.intrinsics
        in_camera = np.stack([(columns + 0.5 - cx) / fx, (rows + 0.5 - cy) / fy, np.ones(len(rows))], axis=1)
        return np.asarray((in_camera * depth[:, None] - self.camera_from_world[:3, 3]) @ self.camera_from_world[:3, :3])


def up_of(views: list[Viewpoint]) -> Floats:
    """(3,) the world's up as the photographers held their cameras: the mean of the pictures' upward directions."""
    mean = -np.mean([view.camera_from_world[1, :3] for view in views], axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12))


def depth_of_cloud(view: Viewpoint, points: Floats, normals: Floats) -> Depth:
    """Depth (H, W) float32 of the points (N, 3) whose normals (N, 3) face the camera, world units; inf where none is seen.

    A pixel that lies clearly behind the nearest of its eight neighbours takes that one's depth: between its points a
    surface is closed.
    """
    is_facing = np.einsum("ij,ij->i", points - view.center, normals) < 0
    ahead, pixels, is_inside = view.project(points[is_facing])
    nearest_of_pixel = np.full(view.height * view.width, np.inf, np.float32)
    np.minimum.at(nearest_of_pixel, pixels[is_inside], ahead[is_inside].astype(np.float32))
    depth = nearest_of_pixel.reshape(view.height, view.width)
    nearest = nearest_around(depth)
    return np.where(np.isfinite(depth) & (depth > nearest * np.float32(_BEHIND)), nearest, depth)


def nearest_around(depth: Depth) -> Depth:
    """The smallest depth (H, W) in each pixel's 3 x 3."""
    padded = np.pad(depth, 1, constant_values=np.inf)
    rows = np.minimum(np.minimum(padded[:-2], padded[1:-1]), padded[2:])
    return np.minimum(np.minimum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])

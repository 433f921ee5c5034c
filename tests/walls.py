"""A wall of points with a hole and cameras before it, of which coverage is known by construction."""

import numpy as np
from numpy.typing import NDArray

from broker.manifest import CameraEntry, CameraState
from edge_agent.cameras.simulated.path import looking_at
from reconstructor.coverage.viewpoints import Viewpoint

SPACING = 0.02
HOLE = (-0.4, 0.2, 0.4, 0.8)  # left, right, bottom, top


def wall(*, hole: tuple[float, float, float, float] | None = HOLE) -> NDArray[np.float64]:
    """Points (N, 3) near y = 0.03, 4 wide and 2 high, two centimetres apart, slightly rough."""
    x, z = np.meshgrid(np.arange(-2, 2, SPACING), np.arange(0, 2, SPACING))
    points = np.stack([x.ravel(), np.random.default_rng(0).normal(0.03, 0.002, x.size), z.ravel()], axis=1)
    if hole is not None:
        left, right, bottom, top = hole
        is_missing = (points[:, 0] > left) & (points[:, 0] < right) & (points[:, 2] > bottom) & (points[:, 2] < top)
        points = points[~is_missing]
    return points


def photographer(
    number: int, x: float, *, distance: float = 3.0, height: float = 1.0, aim: float | None = None
) -> Viewpoint:
    """A camera before the wall at `x`, looking at it straight on or at `aim`; 612 x 408 pixels, focal length 500."""
    pose = looking_at((x, -distance, height), (x if aim is None else aim, 0.0, height))
    return Viewpoint(
        number=number,
        camera_from_world=np.asarray(np.linalg.inv(pose), np.float64),
        intrinsics=np.array([500.0, 500.0, 306.0, 204.0]),
        width=612,
        height=408,
    )


def row_of_photographers(places: list[float]) -> list[Viewpoint]:
    return [photographer(number, x) for number, x in enumerate(places, start=1)]


def camera_entry(number: int, x: float) -> CameraEntry:
    """The placed photograph of `photographer(number, x)`, as the wire names it."""
    view = photographer(number, x)
    return CameraEntry.model_validate(
        {
            "image_id": f"walk-{number:06d}-0123456789abcdef",
            "image_number": number,
            "state": CameraState.PLACED,
            "world_from_camera": np.linalg.inv(view.camera_from_world).tolist(),
            "intrinsics": view.intrinsics.tolist(),
            "width_px": view.width,
            "height_px": view.height,
        }
    )

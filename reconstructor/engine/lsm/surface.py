"""How does a small patch around a point look from another camera? The plane through the point gives an affine map."""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import open3d as o3d
from numpy.typing import NDArray

from reconstructor.engine.lsm.bundle import Bundle, Floats, Rows

_NEIGHBOURS: Final = 12
_MOST_THICKNESS: Final = 0.3  # deviation across the plane, over the smaller one within it
_LEAST_COSINE: Final = 0.342  # 70 degrees between normal and mean ray
_LEAST_INCIDENCE: Final = 0.05
_STEP_PX: Final = 2.0  # for the derivatives


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """For each point its normal and the observation that sees it best.

    Attributes:
        normals: (P, 3) unit vectors towards the cameras, world frame.
        references: (P,) row of the reference observation.
        sharpness: (P,) how large the reference image shows the point: focal length in pixels over distance.
    """

    normals: Floats
    references: Rows
    sharpness: Floats

    @classmethod
    def of(cls, bundle: Bundle, may_refer: NDArray[np.bool_]) -> Self:
        """Of a bundle's points; the references are in images that may refer (I,), where a point is in one."""
        seen, points = bundle.observations, bundle.points_in_world
        rays = bundle.centers_in_world()[seen.images] - points[seen.points]
        distances = np.linalg.norm(rays, axis=1)
        rays /= np.maximum(distances, 1e-12)[:, None]
        means = np.zeros_like(points)
        np.add.at(means, seen.points, rays)
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
        normals = _normals(points, means)
        focal_px = np.array([bundle.cameras[each].mean_focal_length() for each in bundle.camera_ids])
        sharpness = focal_px[seen.images] / np.maximum(distances, 1e-12)
        scores = (rays * normals[seen.points]).sum(1) * sharpness * (rays * means[seen.points]).sum(1)
        order = np.lexsort((scores, may_refer[seen.images], seen.points))
        references = np.zeros(len(points), np.int64)
        references[seen.points[order]] = order  # the last of each point has the highest score
        return cls(normals=normals, references=references, sharpness=sharpness[references])


def _normals(points: Floats, means: Floats) -> Floats:
    """Unit normals (P, 3) by principal component analysis of 12 neighbours; where they form no plane, the mean rays (P, 3)."""
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points - points.mean(axis=0)))
    cloud.estimate_covariances(o3d.geometry.KDTreeSearchParamKNN(_NEIGHBOURS + 1))
    variances, axes = np.linalg.eigh(np.asarray(cloud.covariances))
    normals: Floats = axes[:, :, 0] * np.sign((axes[:, :, 0] * means).sum(1))[:, None]
    deviations = np.sqrt(np.maximum(variances, 0.0))
    is_plane = (deviations[:, 0] <= _MOST_THICKNESS * deviations[:, 1]) & ((normals * means).sum(1) >= _LEAST_COSINE)
    return np.where(is_plane[:, None], normals, means)


def corners_in_world(camera: Any, pose: Any, places_px: Floats, points: Floats, normals: Floats) -> Floats:
    """Where the rays right, left, below and above of each place meet the plane of its point; (N, 4, 3), NaN beside it.

    Args:
        camera: the `pycolmap.Camera` of the photograph.
        pose: `pycolmap.Rigid3d`, camera from world.
        places_px: (N, 2), the points' places in the photograph.
        points: (N, 3), world frame.
        normals: (N, 3), unit vectors.
    """
    around = places_px[:, None] + _STEP_PX * np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    flat = np.asarray(camera.cam_from_img(np.ascontiguousarray(around.reshape(-1, 2))))
    in_camera = np.concatenate([flat, np.ones((len(flat), 1))], axis=1)
    in_camera /= np.linalg.norm(in_camera, axis=1, keepdims=True)
    world_from_camera = pose.inverse()
    rays = (in_camera @ world_from_camera.rotation.matrix().T).reshape(-1, 4, 3)
    center = np.asarray(world_from_camera.translation)
    slant = (rays * normals[:, None]).sum(2)
    reach = ((points - center) * normals).sum(1)[:, None] / np.where(slant < -_LEAST_INCIDENCE, slant, np.nan)
    corners: Floats = center + reach[:, :, None] * rays
    return corners


def affine_maps(camera: Any, pose: Any, corners: Floats) -> NDArray[np.float64]:
    """Matrices (N, 2, 2) from pixels of the reference to those of a photograph, from `corners_in_world`; NaN if unseen."""
    in_camera = np.asarray(pose * np.ascontiguousarray(corners.reshape(-1, 3)))
    in_camera[~(in_camera[:, 2] > 0)] = np.nan
    pixels = np.asarray(camera.img_from_cam(in_camera, False)).reshape(-1, 4, 2)
    matrices: Floats = np.stack([pixels[:, 0] - pixels[:, 1], pixels[:, 2] - pixels[:, 3]], axis=2) / (2 * _STEP_PX)
    return matrices

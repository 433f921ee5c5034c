"""What is known about the images that the dense benchmark measures on? Views with exact cameras, and surfaces."""

import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import open3d as o3d
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.parts.truth import Dataset
from edge_agent.cameras.simulated.camera import SimulatedObject, SimulatedView
from edge_agent.cameras.simulated.lens import Lens
from reconstructor.engine.colmap import configure, pycolmap
from reconstructor.engine.mvs.depth_maps import SurfacePoints
from reconstructor.engine.mvs.views import View

Array = NDArray[np.float64]

_FEATURE_SCALE = 2  # features are taken at twice the width that depth is
_SPARSE_PER_IMAGE = 300
_SAME_DEPTH_RATIO = 0.005
_TRUTH_STRIDE = 7
_MIN_TRACK_LENGTH = 3  # two images agree on a point by chance (48 % of such points of fountain-P11 were wrong)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posed:
    """Views in order, what is wrong with their sparse points, and the exact depth (H, W) of each where it is known."""

    name: str
    views: list[View]
    sparse_errors_px: list[Array]  # of each view (N,), mean reprojection error at the size that features are taken at
    depths: list[NDArray[np.float32]]
    surface: Any = None  # open3d RaycastingScene


def posed_object(
    name: str, *, count: int, first: int, width: int, device: torch.device, lens: Lens | None = None
) -> Posed:
    """A simulated object's photographs; the sparse points are exact ones, 300 an image, where three images see them.

    They are developed as by the object's own lens unless another is given.
    """
    simulated, surface = simulated_object(name, width)
    shots = [simulated.view(number, lens=lens) for number in range(first, first + count)]
    return posed_shots(name, shots, surface, device=device)


def posed_shots(name: str, shots: list[SimulatedView], surface: Any, *, device: torch.device) -> Posed:
    """Photographs of a simulated object with its surface; the sparse points are exact ones, 300 an image."""
    points = np.concatenate([_chosen(_points_in_world(shot), number) for number, shot in enumerate(shots)])
    seen = np.stack([_is_seen(points, shot) for shot in shots])
    seen &= seen.sum(axis=0) >= _MIN_TRACK_LENGTH
    views = [
        View(
            image_number=number,
            image_rgb=torch.from_numpy(shot.image_rgb).to(device),
            intrinsics=_four(shot),
            camera_from_world=_inverse(shot.world_from_camera),
            sparse_ids=np.flatnonzero(seen[number]).astype(np.int64),
            sparse_in_world=points[seen[number]],
        )
        for number, shot in enumerate(shots)
    ]
    exact = [np.zeros(len(view.sparse_ids)) for view in views]
    depths = [shot.depth for shot in shots]
    return Posed(name=name, views=views, sparse_errors_px=exact, depths=depths, surface=surface)


@lru_cache(maxsize=1)
def simulated_object(name: str, width: int) -> tuple[SimulatedObject, Any]:
    """The object, whose building takes most of the time, and its surface."""
    simulated = SimulatedObject(name, size_px=(width, width * 2 // 3))
    surface = o3d.t.geometry.RaycastingScene()
    surface.add_triangles(tensor_of(simulated.mesh.vertices), tensor_of(simulated.mesh.triangles.astype(np.uint32)))
    return simulated, surface


def true_points(posed: Posed) -> tuple[Array, Array]:
    """Points (N, 3) of the surface that at least three images see, and their sampling distances (N,)."""
    points, distances = [], []
    for view, depth in zip(posed.views, posed.depths, strict=True):
        world, ahead = _unprojected(depth, view.intrinsics, _inverse(view.camera_from_world), _TRUTH_STRIDE)
        count = sum(
            _is_visible(world, other.camera_from_world, other.intrinsics, seen).astype(np.int64)
            for other, seen in zip(posed.views, posed.depths, strict=True)
        )
        is_covered = np.asarray(count) >= _MIN_TRACK_LENGTH
        points.append(world[is_covered])
        distances.append(ahead[is_covered] / view.intrinsics[0])
    return np.concatenate(points), np.concatenate(distances)


def accuracy_in_sampling_distances(posed: Posed, points: SurfacePoints) -> Array:
    """(N,) distance from each point to the true surface."""
    query = tensor_of(points.points_in_world.astype(np.float32))
    return np.asarray(posed.surface.compute_distance(query).numpy() / points.sampling_distances, np.float64)


def completeness_in_sampling_distances(posed: Posed, points: SurfacePoints) -> Array:
    """(M,) distance from each point of the true surface to the nearest reconstructed one."""
    truth, sampling_distances = true_points(posed)
    return nearest_distances(points.points_in_world, truth) / sampling_distances


def nearest_distances(points: Array, query: Array) -> Array:
    """(M,) distance from each query point (M, 3) to the nearest point (N, 3)."""
    search = o3d.core.nns.NearestNeighborSearch(tensor_of(points.astype(np.float32)))
    search.knn_index()
    _, squared = search.knn_search(tensor_of(query.astype(np.float32)), 1)
    return np.asarray(np.sqrt(squared.numpy()[:, 0]), np.float64)


def posed_photographs(folder: Path, *, width: int, device: torch.device) -> Posed:
    """Photographs with known cameras (`images/`, `cameras.json`), sparse points triangulated from SIFT by COLMAP."""
    dataset = Dataset.read(folder)
    with tempfile.TemporaryDirectory() as name:
        ratio = _resized(dataset, Path(name), width * _FEATURE_SCALE)
        model = _triangulated(dataset, np.array(dataset.intrinsics) * ratio, Path(name))
        images = sorted(model.images.values(), key=lambda image: image.name)
        views = [_photographed(model, image, Path(name), device) for image in images]
    errors = [np.array([model.points3D[name].error for name in view.sparse_ids]) for view in views]
    return Posed(name=dataset.name, views=views, sparse_errors_px=errors, depths=[])


def tensor_of(array: NDArray[np.generic]) -> Any:
    """The array as a tensor of Open3D's."""
    return o3d.core.Tensor.from_numpy(np.ascontiguousarray(array))


def _inverse(pose: Array) -> Array:
    return np.asarray(np.linalg.inv(pose), np.float64)


def _points_in_world(shot: SimulatedView) -> Array:
    return _unprojected(shot.depth, _four(shot), shot.world_from_camera, 1)[0]


def _unprojected(
    depth: NDArray[np.float32], intrinsics: Array, world_from_camera: Array, stride: int
) -> tuple[Array, Array]:
    rows, columns = (places[::stride] for places in np.nonzero(np.isfinite(depth)))
    ahead = depth[rows, columns].astype(np.float64)
    fx, fy, cx, cy = intrinsics
    in_camera = np.stack([(columns + 0.5 - cx) / fx, (rows + 0.5 - cy) / fy, np.ones(len(rows))], axis=1)
    return in_camera * ahead[:, None] @ world_from_camera[:3, :3].T + world_from_camera[:3, 3], ahead


def _chosen(points: Array, seed: int) -> Array:
    rows = np.random.default_rng(seed).choice(len(points), min(_SPARSE_PER_IMAGE, len(points)), replace=False)
    return np.asarray(points[rows])


def _four(shot: SimulatedView) -> Array:
    known = shot.intrinsics
    return np.array([known.fx_px, known.fy_px, known.cx_px, known.cy_px])


def _is_seen(points: Array, shot: SimulatedView) -> NDArray[np.bool_]:
    return _is_visible(points, _inverse(shot.world_from_camera), _four(shot), shot.depth)


def _is_visible(
    points: Array, camera_from_world: Array, intrinsics: Array, depth: NDArray[np.float32]
) -> NDArray[np.bool_]:
    in_camera = points @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    ahead = np.maximum(in_camera[:, 2], 1e-9)
    places = in_camera[:, :2] / ahead[:, None] * intrinsics[:2] + intrinsics[2:]
    columns, rows = np.clip(np.floor(places), -1, 1 << 20).astype(np.int64).T
    is_inside = (in_camera[:, 2] > 0) & (columns >= 0) & (rows >= 0)
    is_inside &= (columns < depth.shape[1]) & (rows < depth.shape[0])
    seen = depth[np.where(is_inside, rows, 0), np.where(is_inside, columns, 0)]
    return np.asarray(is_inside & (np.abs(in_camera[:, 2] / seen - 1.0) < _SAME_DEPTH_RATIO))


def _resized(dataset: Dataset, folder: Path, width: int) -> float:
    """Write the photographs at a width; how much smaller they became."""
    ratio = 1.0
    for name in dataset.world_from_camera:
        with Image.open(dataset.images / name) as photograph:
            ratio = width / photograph.width
            size = (width, round(photograph.height * ratio))
            photograph.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(folder / f"{Path(name).stem}.png")
    return ratio


def _triangulated(dataset: Dataset, intrinsics: Array, folder: Path) -> Any:
    configure(seed=0)
    database, output = folder / "features.db", folder / "model"
    output.mkdir()
    extraction = pycolmap.FeatureExtractionOptions()
    extraction.sift.max_num_features, extraction.sift.first_octave = 4000, 0
    reader = pycolmap.ImageReaderOptions(camera_model="PINHOLE", camera_params=",".join(map(str, intrinsics)))
    pycolmap.extract_features(
        database, folder, camera_mode=pycolmap.CameraMode.SINGLE, reader_options=reader, extraction_options=extraction
    )
    pycolmap.match_exhaustive(database)
    poses = {Path(name).stem: pose for name, pose in dataset.world_from_camera.items()}
    model = pycolmap.Reconstruction()
    with pycolmap.Database.open(database) as known:
        for camera in known.read_all_cameras():
            model.add_camera_with_trivial_rig(camera)
        for image in sorted(known.read_all_images(), key=lambda each: each.image_id):
            bare = pycolmap.Image(name=image.name, camera_id=image.camera_id, image_id=image.image_id)
            model.add_image_with_trivial_frame(bare, _camera_from_world(poses[Path(image.name).stem]))
    return pycolmap.triangulate_points(model, database, folder, output)


def _camera_from_world(world_from_camera: Array) -> Any:
    left, _, right = np.linalg.svd(world_from_camera[:3, :3])  # the file's six digits are not quite a rotation
    rotation = (left @ right).T
    return pycolmap.Rigid3d(np.column_stack([rotation, -rotation @ world_from_camera[:3, 3]]))


def _photographed(model: Any, image: Any, folder: Path, device: torch.device) -> View:
    ids = [point.point3D_id for point in image.points2D if point.has_point3D()]
    ids = [name for name in ids if model.points3D[name].track.length() >= _MIN_TRACK_LENGTH]
    pose = np.eye(4)
    pose[:3] = image.cam_from_world().matrix()
    with Image.open(folder / image.name) as large:
        small = large.resize((large.width // _FEATURE_SCALE, large.height // _FEATURE_SCALE), Image.Resampling.BOX)
    return View(
        image_number=image.image_id,
        image_rgb=torch.from_numpy(np.array(small)).to(device),
        intrinsics=np.array(model.cameras[image.camera_id].params) / _FEATURE_SCALE,
        camera_from_world=pose,
        sparse_ids=np.array(ids, np.int64),
        sparse_in_world=np.array([model.points3D[name].xyz for name in ids]).reshape(-1, 3),
    )

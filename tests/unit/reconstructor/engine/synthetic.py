"""Objects with known truth for the engine's tests: points seen by cameras, and photographs rendered on disk."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from broker.manifest import CameraState
from reconstructor.black_box import Update
from reconstructor.clouds.similarity import estimate_similarity
from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Matches, Pair, PairEstimator
from reconstructor.engine.features.photographs import ImageMetadata, Intrinsics
from reconstructor.engine.features.sift import Features
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.restore import add_to_mapper
from tests.unit.reconstructor.engine.analytic import Object, looking_at, plane, sphere, union

WIDTH_PX, HEIGHT_PX = 480, 360
FOCAL_PX = 500.0
BALL_CENTER, BALL_RADIUS = (0.0, 0.1, 0.0), 0.9
INTRINSICS = (FOCAL_PX, FOCAL_PX, WIDTH_PX / 2, HEIGHT_PX / 2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenPoints:
    """Random points, their exact cameras, and noisy keypoints whose index is the point's index."""

    points_in_world: NDArray[np.float64]  # (N, 3)
    camera_from_world: NDArray[np.float64]  # (C, 4, 4)
    features: tuple[Features, ...]  # one for each camera
    point_of_feature: tuple[NDArray[np.intp], ...]

    def matches(self, first: int, second: int) -> Matches:
        """All true matches between two cameras."""
        _, in_first, in_second = np.intersect1d(
            self.point_of_feature[first], self.point_of_feature[second], return_indices=True
        )
        return np.stack([in_first, in_second], axis=1).astype(np.uint32)


def seen_points(
    *, cameras: int, points: int = 400, angle_deg: float = 10.0, noise_px: float = 0.3, seed: int = 0
) -> SeenPoints:
    """Points in a ball of radius 1, seen from an arc of radius 4."""
    random = np.random.default_rng(seed)
    points_in_world = random.uniform(-1, 1, (points, 3))
    turns = np.radians(angle_deg) * np.arange(cameras)
    poses = [
        looking_at((4 * float(np.sin(turn)), 0.4 * float(np.cos(3 * turn)), -4 * float(np.cos(turn))), (0.0, 0.0, 0.0))
        for turn in turns
    ]
    features, owners = [], []
    for pose in poses:
        owner = random.permutation(points)
        pixels = project(points_in_world[owner], pose) + random.normal(scale=noise_px, size=(points, 2))
        is_inside = (pixels > 0).all(axis=1) & (pixels < [WIDTH_PX, HEIGHT_PX]).all(axis=1)
        features.append(features_at(pixels[is_inside]))
        owners.append(owner[is_inside])
    return SeenPoints(
        points_in_world=points_in_world,
        camera_from_world=np.array(poses),
        features=tuple(features),
        point_of_feature=tuple(owners),
    )


class Walk:
    """Feeds the cameras of some seen points to a mapper, as the engine feeds photographs."""

    def __init__(
        self, seen: SeenPoints, intrinsics: Intrinsics | None = INTRINSICS, *, is_learned: bool = False
    ) -> None:
        self.seen = seen
        self.known = KnownImages()
        self.mapper = LiveMapper(EngineSettings(threads=1))
        self._intrinsics, self._is_learned = intrinsics, is_learned
        self._estimator = PairEstimator(seed=0)

    def add(self, number: int, *, is_matched: bool = True) -> list[int]:
        """Add the camera of this number, from 1; returns what was placed."""
        self.know(number, is_matched=is_matched)
        add_to_mapper(number, self.known, self.mapper)
        return self.mapper.place([other for other in self.known.numbers if not self.mapper.is_placed(other)])

    def know(self, number: int, *, is_matched: bool = True) -> None:
        """Know the camera of this number and its pairs with those before it."""
        facts = ImageFacts(
            image_id=f"{number}",
            path=f"{number}.jpg",
            file_name=f"{number}.jpg",
            width_px=2 * WIDTH_PX,
            height_px=2 * HEIGHT_PX,
            sensor_name="a",
            reduced_width_px=WIDTH_PX,
            reduced_height_px=HEIGHT_PX,
            intrinsics=self._intrinsics,
            focal_px=None,
            is_learned=self._is_learned,
        )
        self.mapper.add_camera(1, facts.sensor)
        pairs = [pair for other in self.known.numbers if is_matched and (pair := self.pair(other, number)) is not None]
        self.known.add(number, facts, self.seen.features[number - 1], pairs)

    def pair(self, earlier: int, newer: int) -> Pair | None:
        camera = self.mapper.camera(1)
        first, second = (self.seen.features[number - 1].keypoints for number in (earlier, newer))
        matches = self.seen.matches(earlier - 1, newer - 1)
        return self._estimator.estimate((earlier, newer), (camera, camera), (first, second), matches)

    def center_error(self) -> float:
        """Largest error of a placed camera's centre after the best similarity."""
        placed = self.mapper.placed_numbers()
        found = np.array([self.mapper.model.image(number).projection_center() for number in placed])
        truth = np.array([np.linalg.inv(self.seen.camera_from_world[number - 1])[:3, 3] for number in placed])
        return float(np.linalg.norm(estimate_similarity(found, truth).apply(found) - truth, axis=1).max())


def project(points_in_world: NDArray[np.float64], camera_from_world: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels (N, 2) of points (N, 3) in front of a pinhole camera of `INTRINSICS`."""
    in_camera = points_in_world @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    return in_camera[:, :2] / in_camera[:, 2:] * FOCAL_PX + [WIDTH_PX / 2, HEIGHT_PX / 2]


def features_at(pixels: NDArray[np.float64], seed: int = 0) -> Features:
    """Features at given pixels (N, 2), of random looks."""
    random = np.random.default_rng(seed)
    count = len(pixels)
    return Features(
        keypoints=np.concatenate([pixels, np.tile([2.0, 0.0], (count, 1))], axis=1).astype(np.float32),
        descriptors=random.integers(0, 80, (count, 128)).astype(np.uint8),
        colors_rgb=random.integers(0, 255, (count, 3)).astype(np.uint8),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Photographs:
    """JPEGs of a rendered object with their intrinsics beside them, and the truth."""

    paths: tuple[Path, ...]
    centers_in_world: NDArray[np.float64]  # (C, 3)

    def center_error(self, update: Update) -> float:
        """Largest error of a placed camera's centre after the best similarity; the object has a diameter of 2."""
        placed = [index for index, camera in enumerate(update.cameras) if camera.state is CameraState.PLACED]
        found = np.array([update.cameras[index].world_from_camera for index in placed])[:, :3, 3]
        truth = self.centers_in_world[placed]
        return float(np.linalg.norm(estimate_similarity(found, truth).apply(found) - truth, axis=1).max())


def photograph(folder: Path, *, count: int, seed: int = 0) -> Photographs:
    """Render `count` photographs of a stone ball before two walls, from an arc, each with its sidecar of intrinsics."""
    shape = union(
        sphere(BALL_CENTER, BALL_RADIUS),
        plane((0.0, 0.0, 1.6), (0.3, 0.0, -1.0)),
        plane((0.0, 1.1, 0.0), (0.0, -1.0, 0.1)),
    )
    stone = _stone(seed)
    paths, centers = [], []
    for number in range(count):
        turn = np.radians(9.0) * (number - count / 2)
        center = (4 * float(np.sin(turn)), 0.25 * (-1.0) ** number, -4 * float(np.cos(turn)))
        path = folder / f"photo-{number:03d}.jpg"
        Image.fromarray(_render(shape, stone, looking_at(center, (0.0, 0.0, 0.0)))).save(path, quality=95)
        sidecar = ImageMetadata(intrinsics=INTRINSICS, sensor="rig-north", file_name=path.name)
        path.with_name(path.name + ".json").write_text(sidecar.model_dump_json())
        paths.append(path)
        centers.append(center)
    return Photographs(paths=tuple(paths), centers_in_world=np.array(centers))


def _stone(seed: int) -> torch.Tensor:
    """A solid texture (1, 3, D, D, D), 0 to 1, of three octaves: its cells are 3 pixels wide, so nothing aliases."""
    generator = torch.Generator().manual_seed(seed)
    octaves = [torch.rand((1, 3, size, size, size), generator=generator) for size in (10, 40, 160)]
    grown = [torch.nn.functional.interpolate(octave, size=160, mode="trilinear") for octave in octaves]
    return sum(grown, torch.zeros(())) / 3


def _render(shape: Object, stone: torch.Tensor, camera_from_world: NDArray[np.float64]) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX] + 0.5
    rays = np.stack([columns - WIDTH_PX / 2, rows - HEIGHT_PX / 2, np.full_like(rows, FOCAL_PX)], axis=-1) / FOCAL_PX
    rotation = camera_from_world[:3, :3]
    center, directions = -rotation.T @ camera_from_world[:3, 3], rays.reshape(-1, 3) @ rotation
    hits = center + shape(center, directions)[:, None] * directions
    grid = torch.from_numpy(hits.astype(np.float32) / 2.5)[None, None, None]
    colors = torch.nn.functional.grid_sample(stone, grid, align_corners=False, padding_mode="reflection")
    noise = np.random.default_rng(0).normal(0, 1.0, (len(hits), 3))
    pixels = colors[0, :, 0, 0].T.numpy() * 255 + noise
    return np.clip(pixels, 0, 255).astype(np.uint8).reshape(HEIGHT_PX, WIDTH_PX, 3)


def placed_engine(photographs: Photographs, folder: Path, settings: EngineSettings, count: int) -> LiveEngine:
    """An engine in `folder/engine` that has placed the first photographs, which are copied into the folder."""
    engine = LiveEngine(folder / "engine", settings)
    for path in photographs.paths[:count]:
        for name in (path.name, f"{path.name}.json"):
            shutil.copy(path.with_name(name), folder)
        engine.add_image(folder / path.name, path.stem)
    assert len(engine.model.reg_image_ids()) == count
    return engine

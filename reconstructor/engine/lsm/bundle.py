"""Which cameras and points agree best with what was measured? Bundle adjustment with a Cauchy loss, outliers left out.

A bundle is a COLMAP model as arrays: cameras, points and observations, in pixels of the reduced images.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.lsm.learned_target import add_target, keep_size

_MOST_ITERATIONS: Final = 60
# COLMAP's 0 takes five times as long, for camera errors that differ by less than 0.1 % (three sets, 2026-11-28)
_LEAST_COST_CHANGE: Final = 1e-5
_POINTS_AT_ONCE: Final = 8192

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observations:
    """Where images see points.

    Attributes:
        images: (N,) int64, rows of the bundle's images.
        points: (N,) int64, rows of the bundle's points.
        features: (N,) int64, the feature of the image that observes the point; -1 for none.
        places_px: (N, 2) float64, in pixels of the reduced image.
    """

    images: Rows
    points: Rows
    features: Rows
    places_px: Floats

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: Rows | Mask) -> "Observations":
        return Observations(
            images=self.images[rows],
            points=self.points[rows],
            features=self.features[rows],
            places_px=self.places_px[rows],
        )

    def joined(self, others: "Observations") -> "Observations":
        return Observations(
            images=np.concatenate([self.images, others.images]),
            points=np.concatenate([self.points, others.points]),
            features=np.concatenate([self.features, others.features]),
            places_px=np.concatenate([self.places_px, others.places_px]),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bundle:
    """Cameras, poses, points and observations.

    Attributes:
        numbers: of the images.
        camera_ids: of the images' cameras.
        cameras: `pycolmap.Camera` by id.
        poses: `pycolmap.Rigid3d` of each image, camera from world.
        point_ids: (P,) int64, of the points in the COLMAP model.
        points_in_world: (P, 3) float64, world units.
        observations: what the images see.
        held: numbers of the images whose poses an adjustment does not change.
        learned: `pycolmap.Camera` as another project left it, by id; an adjustment counts it as a measurement.
    """

    numbers: tuple[int, ...]
    camera_ids: tuple[int, ...]
    cameras: dict[int, Any]
    poses: tuple[Any, ...]
    point_ids: Rows
    points_in_world: Floats
    observations: Observations
    held: frozenset[int] = frozenset()
    learned: Mapping[int, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, model: Any, numbers: Collection[int] | None = None, held: Collection[int] = ()) -> Self:
        """Placed images of a `pycolmap.Reconstruction` and all that they observe; by default of all images.

        Of the held images only what they observe of the others' points.
        """
        wanted = set(model.reg_image_ids() if numbers is None else numbers)
        numbers = tuple(sorted(wanted.union(held)))
        images = [model.image(number) for number in numbers]
        seen = [_observed(image) for image in images]
        ids = np.unique(
            np.concatenate(
                [
                    np.empty(0, np.int64),
                    *(ids for number, (_, ids, _) in zip(numbers, seen, strict=True) if number in wanted),
                ]
            )
        )
        if held:
            seen = [_only_of(ids, each) for each in seen]
        rows = np.searchsorted(ids, np.concatenate([np.empty(0, np.int64), *(each for _, each, _ in seen)]))
        return cls(
            numbers=numbers,
            camera_ids=tuple(image.camera_id for image in images),
            cameras={image.camera_id: pycolmap.Camera(model.camera(image.camera_id).todict()) for image in images},
            poses=tuple(image.cam_from_world() for image in images),
            point_ids=ids,
            points_in_world=np.array([model.point3D(int(each)).xyz for each in ids]).reshape(-1, 3),
            observations=Observations(
                images=np.repeat(np.arange(len(numbers)), [len(ids) for _, ids, _ in seen]),
                points=rows.astype(np.int64),
                features=np.concatenate([features for features, _, _ in seen] or [np.empty(0, np.int64)]),
                places_px=np.concatenate([places for _, _, places in seen] or [np.empty((0, 2))]),
            ),
            held=frozenset(held),
        )

    def in_camera(self, image: int, points_in_world: Floats) -> Floats:
        """Points (N, 3) in the camera frame of an image (a row)."""
        moved: Floats = self.poses[image] * np.ascontiguousarray(points_in_world)
        return moved

    def centers_in_world(self) -> Floats:
        """The camera centres (I, 3), world units."""
        return np.array([pose.inverse().translation for pose in self.poses]).reshape(-1, 3)

    def shared_counts(self) -> Rows:
        """(I, I) how many points two images share; on the diagonal, how many an image observes."""
        count, seen = len(self.numbers), self.observations
        shared = np.zeros((count, count), np.int64)
        for begin in range(0, len(self.points_in_world), _POINTS_AT_ONCE):
            rows = np.flatnonzero((seen.points >= begin) & (seen.points < begin + _POINTS_AT_ONCE))
            is_seen = np.zeros((count, _POINTS_AT_ONCE), np.float32)
            is_seen[seen.images[rows], seen.points[rows] - begin] = 1.0
            shared += (is_seen @ is_seen.T).astype(np.int64)
        return shared

    def errors_px(self) -> Floats:
        """(N,) distances between observations and projected points; inf behind a camera."""
        seen, errors = self.observations, np.full(len(self.observations), np.inf)
        for image in range(len(self.numbers)):
            rows = np.flatnonzero(seen.images == image)
            in_camera = self.in_camera(image, self.points_in_world[seen.points[rows]])
            rows, in_camera = rows[in_camera[:, 2] > 0], in_camera[in_camera[:, 2] > 0]
            pixels = self.cameras[self.camera_ids[image]].img_from_cam(np.ascontiguousarray(in_camera))
            errors[rows] = np.linalg.norm(pixels - seen.places_px[rows], axis=1)
        return np.where(np.isfinite(errors), errors, np.inf)

    def within(self, bound_px: float) -> Self:
        """Without the observations that are farther from their points."""
        return replace(self, observations=self.observations[self.errors_px() <= bound_px])

    def adjusted(
        self,
        loss_px: float,
        constant_cameras: Collection[int],
        threads: int,
        *,
        frees_principal_point: bool = False,
    ) -> Self:
        """The cameras, poses and points that agree best with the observations; points seen once stay where they are.

        Args:
            loss_px: residual from which the Cauchy loss grows more slowly.
            constant_cameras: ids of the cameras that keep their intrinsics.
            threads: for the solver.
            frees_principal_point: of the other cameras, too.
        """
        model, ids = self.to_colmap()
        options = pycolmap.BundleAdjustmentOptions()
        options.print_summary = False
        options.refine_principal_point = frees_principal_point
        options.ceres.loss_function_type = pycolmap.LossFunctionType.CAUCHY
        options.ceres.loss_function_scale = loss_px
        options.ceres.solver_options.max_num_iterations = _MOST_ITERATIONS
        options.ceres.solver_options.function_tolerance = _LEAST_COST_CHANGE
        options.ceres.solver_options.num_threads = threads
        config = pycolmap.BundleAdjustmentConfig()
        for number in self.numbers:
            config.add_image(number)
        for camera_id in self.cameras:
            if camera_id in constant_cameras:
                config.set_constant_cam_intrinsics(camera_id)
        for number in self.held:
            config.set_constant_rig_from_world_pose(model.image(number).frame_id)
        self._solve(model, options, config, set(self.learned).difference(constant_cameras))
        points = self.points_in_world.copy()
        for row, point_id in ids.items():
            points[row] = model.point3D(point_id).xyz
        return replace(
            self,
            cameras={camera_id: pycolmap.Camera(model.camera(camera_id).todict()) for camera_id in self.cameras},
            poses=tuple(model.image(number).cam_from_world() for number in self.numbers),
            points_in_world=points,
        )

    def _solve(self, model: Any, options: Any, config: Any, targets: Collection[int]) -> None:
        """Adjust; the world frame is that of the held images, else of the first one. `targets` are ids of learned cameras."""
        for camera_id in targets:
            add_target(model, config, self.learned[camera_id])
        anchor = min(self.held, default=self.numbers[0])
        if len(self.held) < 2:  # noqa: PLR2004 - two poses determine the world frame
            if targets:
                config.set_constant_rig_from_world_pose(model.image(anchor).frame_id)
            else:
                config.fix_gauge(pycolmap.BundleAdjustmentGauge.TWO_CAMS_FROM_WORLD)
        pycolmap.create_default_bundle_adjuster(options, config, model).solve()
        if targets and len(self.held) < 2:  # noqa: PLR2004
            keep_size(model, anchor, dict(zip(self.numbers, self.centers_in_world(), strict=True)))

    def to_colmap(self) -> tuple[Any, dict[int, int]]:
        """A `pycolmap.Reconstruction` of points with two observations or more, and their ids by row."""
        model, seen = pycolmap.Reconstruction(), self.observations
        for camera in self.cameras.values():
            model.add_camera_with_trivial_rig(camera)
        elements: dict[int, list[Any]] = {}
        for image, number in enumerate(self.numbers):
            rows = np.flatnonzero(seen.images == image)
            keypoints = np.ascontiguousarray(seen.places_px[rows])
            added = pycolmap.Image(
                name=f"{number:06d}", keypoints=keypoints, camera_id=self.camera_ids[image], image_id=number
            )
            model.add_image_with_trivial_frame(added, self.poses[image])
            for index, point in enumerate(seen.points[rows].tolist()):
                elements.setdefault(point, []).append(pycolmap.TrackElement(number, index))
        ids = {
            point: model.add_point3D(self.points_in_world[point], pycolmap.Track(track))
            for point, track in elements.items()
            if len(track) > 1
        }
        return model, ids


def _only_of(ids: Rows, seen: tuple[Rows, Rows, Floats]) -> tuple[Rows, Rows, Floats]:
    features, seen_ids, places = seen
    is_wanted = np.isin(seen_ids, ids)
    return features[is_wanted], seen_ids[is_wanted], places[is_wanted]


def _observed(image: Any) -> tuple[Rows, Rows, Floats]:
    """The features (N,) of a `pycolmap.Image` that observe points, the points' ids (N,), and the places (N, 2)."""
    features = np.array(image.get_observation_point2D_idxs(), np.int64)
    points = image.points2D
    ids = np.array([points[index].point3D_id for index in features.tolist()], np.int64)
    places = np.array([points[index].xy for index in features.tolist()], np.float64).reshape(-1, 2)
    return features, ids, places

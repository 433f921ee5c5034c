"""How does a model grow image by image? A long-lived COLMAP incremental mapper (streaming API, pycolmap >= 4.1).

The order of calls matters, and pycolmap does not document it: cache and model need separate Image and Frame objects,
the graph gets an image's pairs before the mapper's observation manager gets the image, `normalize` runs once.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reconstructor.black_box import CameraUpdate
from reconstructor.engine.colmap import keypoints_in_image, pycolmap
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.features.photographs import PhotographSensor
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.equal_parts.credible_pairs import agrees_with_nearest, credible_pairs
from reconstructor.engine.sfm.equal_parts.walk import may_be_placed, waiting_image
from reconstructor.engine.sfm.first_pair import find_first_pair, is_plausible
from reconstructor.engine.sfm.mapper_options import MIN_REGISTRATION_INLIERS, MapperOptions
from reconstructor.engine.sfm.residuals import Residuals, State

_MIN_STRUCTURE_LESS_POINTS = 60  # twice the usual bound, because the pose has no other confirmation
_MOST_WAITING_FOR_TWO = 3  # when more images wait for a model of two images, the model is restarted
# At these image counts the whole model is refined: local adjustment keeps a focal length fixed that few images constrain.
_REFINED_AT_COUNTS = frozenset({5, 6, 8})
_RETRY_GROWTH_RATIO = 1.1  # an image that failed is tried again once it sees a tenth more points
_FIRST_GUESS_RATIO = 1.2  # focal length over the longer side when nothing is known: 45 degrees of view


class LiveMapper:
    """The model of one project while it grows. An image's number is also its image and frame id in COLMAP."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        # empty on purpose: DatabaseCache.create() finalizes the graph, and later pairs are lost without an error
        self._cache = pycolmap.DatabaseCache()
        self._fixed_cameras: set[int] = set()
        self._set_aside: set[int] = set()  # calibrated ones whose calibration does not fit
        self._seen_when_tried: dict[int, int] = {}
        self.pairs: dict[int, list[Pair]] = {}  # those that the graph has, of each image; do not change them
        self.judged: frozenset[int] = frozenset()  # images whose pairs a whole model has judged, as a refetch does
        self.residuals = Residuals()
        self.described: dict[int, tuple[State, CameraUpdate]] = {}  # of placed images; made again when they change
        self.world_count = 1  # grows when the model is restarted in another world frame
        self._begin(pycolmap.Reconstruction())

    @property
    def model(self) -> Any:
        """The `pycolmap.Reconstruction`; only the mapper may change it."""
        return self._model

    @property
    def is_initialised(self) -> bool:
        return int(self._model.num_reg_frames()) > 0

    def is_placed(self, number: int) -> bool:
        return bool(self._model.exists_image(number) and self._model.image(number).has_pose)

    def knows(self, number: int) -> bool:
        """Whether this image was added."""
        return bool(self._cache.exists_image(number))

    def placed_numbers(self) -> list[int]:
        return sorted(self._model.reg_image_ids())

    def is_calibrated(self, camera_id: int) -> bool:
        return camera_id in self._fixed_cameras

    def camera(self, camera_id: int) -> Any:
        """The camera with its present, refined intrinsics."""
        return self._model.camera(camera_id)

    def camera_id_of(self, number: int) -> int:
        """The camera of an image, in the model or, before it was ever placed, in the cache."""
        return int((self._model if self._model.exists_image(number) else self._cache).image(number).camera_id)

    def set_calibration_aside(self, camera_id: int) -> None:
        """Let a calibrated camera be refined like others, now and when more of its images come."""
        self._set_aside.add(camera_id)
        self._fixed_cameras.discard(camera_id)
        self._options = MapperOptions.build(self._settings, frozenset(self._fixed_cameras))

    def add_camera(self, camera_id: int, sensor: PhotographSensor) -> None:
        camera = camera_of_sensor(camera_id, sensor)
        rig = pycolmap.Rig(rig_id=camera_id)
        rig.add_ref_sensor(camera.sensor_id)
        for keeper in (self._cache, self._model):
            if not keeper.exists_camera(camera_id):
                keeper.add_camera(camera)
                keeper.add_rig(rig)
        if sensor.intrinsics is not None and camera_id not in self._set_aside:
            self._fixed_cameras.add(camera_id)
        self._options = MapperOptions.build(self._settings, frozenset(self._fixed_cameras))

    def credible(
        self, number: int, camera_id: int, keypoints: NDArray[np.float32], pairs: Sequence[Pair]
    ) -> list[Pair]:
        """The credible ones of the pairs of an image to be added, with keypoints (N, 4) float32, x and y in pixels first."""
        look_up = partial(waiting_image, self._model, self._cache, self.pairs)
        return credible_pairs(self._model, (number, self._model.camera(camera_id)), keypoints, pairs, look_up)

    def add_image(self, number: int, camera_id: int, keypoints: NDArray[np.float32], pairs: Sequence[Pair]) -> None:
        """Add an image, not yet placed, with keypoints (N, 4) float32, x and y in pixels first, and its pairs."""
        image, frame = image_and_frame(number, camera_id, keypoints)
        self._cache.add_frame(frame)
        self._cache.add_image(image)
        if not self._model.exists_image(number):
            image, frame = image_and_frame(number, camera_id, keypoints)
            self._model.add_frame(frame)
            self._model.add_image(image)
        for pair in (each for each in pairs if len(each.matches)):  # one without matches marks a copy
            self._cache.correspondence_graph.add_two_view_geometry(pair.earlier, pair.newer, pair.to_colmap())
        _note_pairs(self.pairs, pairs)
        self._mapper.observation_manager.add_image(number)
        self._has_new_images = True

    def place(self, waiting: Iterable[int]) -> list[int]:
        """Place as many of the waiting images as possible; after each one the others are tried again."""
        waiting = set(waiting)
        placed = self._initialise() if not self.is_initialised else []
        placed += self._register_all(waiting.difference(placed))
        if self._model.num_reg_frames() == 2 and len(waiting) > _MOST_WAITING_FOR_TWO:  # noqa: PLR2004
            self.world_count += 1  # nothing fits the first two images: they were a bad pair
            everything = waiting.union(self.placed_numbers())
            self._start_over()
            placed = self._initialise()
            placed += self._register_all(everything.difference(placed))
        is_calibrated = self._fixed_cameras.issuperset(self._cache.cameras)
        if placed and not is_calibrated and self._model.num_reg_frames() in _REFINED_AT_COUNTS:
            self.refine_globally()
        if placed:
            self._remove_unsupported()
        return [number for number in placed if self.is_placed(number)]

    def remove(self, number: int) -> None:
        """Take a placed image out of the model; its points stay where other images see them, and it waits again."""
        if self._has_new_images:  # COLMAP's counts of them miss the images placed before; it would stop with an error
            self._mapper.end_reconstruction(False)
            self._begin(self._model)
        self._mapper.observation_manager.deregister_frame(number)

    def _remove_unsupported(self) -> None:
        """Take out images that hang on too few points since the last adjustments; the first two carry the world frame."""
        for number in self.placed_numbers():
            is_weak = self._model.image(number).num_points3D < MIN_REGISTRATION_INLIERS
            if is_weak and self._model.num_reg_frames() > 2:  # noqa: PLR2004
                self.remove(number)

    def _register_all(self, waiting: set[int]) -> list[int]:
        placed: list[int] = []
        progress = self.is_initialised
        while progress:
            progress = False
            for number in self._by_promise(waiting.difference(placed)):
                if self.register(number):
                    placed.append(number)
                    progress = True
        return placed

    def visible_point_count(self, number: int) -> int:
        """How many points of the model an image observes through its matches."""
        return int(self._mapper.observation_manager.num_visible_points3D(number))

    def keep_waiting(self, numbers: Iterable[int]) -> None:
        """Try these images again only when they see a tenth more points than now."""
        self._seen_when_tried.update({number: self.visible_point_count(number) for number in numbers})

    def swap(self, model: Any) -> None:
        """Continue with another model of the same images (restored or solved again); its world frame is kept."""
        self._mapper.end_reconstruction(False)
        self._seen_when_tried.clear()
        self._begin(model)

    def refine_globally(self, *, is_robust: bool = False) -> None:
        """Global bundle adjustment of all cameras and points; the world frame is kept."""
        options = self._options
        bundle = options.global_bundle_robust if is_robust else options.global_bundle
        self._mapper.iterative_global_refinement(
            2, 5e-4, options.mapping, bundle, options.triangulation, normalize_reconstruction=False
        )

    def complete_points(self) -> None:
        """Triangulate matches that have no point yet, complete and merge tracks, and filter outliers."""
        for number in self.placed_numbers():
            self._mapper.triangulate_image(self._options.triangulation, number)
        self._mapper.complete_and_merge_tracks(self._options.triangulation)
        self._mapper.filter_points(self._options.mapping)

    def restore_calibrations(self) -> None:
        """Reset calibrated cameras to their given intrinsics, because a solver may have refined them."""
        for camera_id in (moved := self.changed_calibrations()):
            self._model.camera(camera_id).params = list(self._cache.camera(camera_id).params)
        if moved:
            self.refine_globally(is_robust=True)

    def changed_calibrations(self) -> list[int]:
        """The calibrated cameras whose intrinsics are not those that were given."""
        now, given, fixed = self._model.camera, self._cache.camera, sorted(self._fixed_cameras)
        return [each for each in fixed if not np.array_equal(now(each).params, given(each).params)]

    def _begin(self, model: Any) -> None:
        self._model, self._has_new_images = model, False
        self._mapper: Any = pycolmap.IncrementalMapper(self._cache)
        self._mapper.begin_reconstruction(model)  # also adds the cache's cameras and images to the model
        _note_calibrated(model, self._fixed_cameras)
        self._options = MapperOptions.build(self._settings, frozenset(self._fixed_cameras))

    def _initialise(self) -> list[int]:
        cameras = {camera_id: self._cache.camera(camera_id) for camera_id in self._cache.cameras}
        found = find_first_pair(
            self._mapper,
            self._options,
            image_count=int(self._cache.num_images()),
            is_calibrated=all(camera.has_prior_focal_length for camera in cameras.values()),
        )
        if found is None:
            return []
        (first, second), second_from_first = found
        for bundle in (self._options.global_bundle, self._options.global_bundle_fixed):
            self._begin_with(first, second, second_from_first, bundle)
            used = {self._model.image(number).camera_id for number in (first, second)}
            is_sound = self._model.num_points3D() >= MIN_REGISTRATION_INLIERS and self._model.num_reg_frames() == 2  # noqa: PLR2004
            if is_sound and all(is_plausible(self._model.camera(one), cameras[one]) for one in used):
                return [first, second]
            self._start_over()
        return []

    def _begin_with(self, first: int, second: int, second_from_first: Any, bundle: Any) -> None:
        options = self._options
        # positional arguments, because the binding's keyword names are shifted
        self._mapper.register_initial_image_pair(options.mapping, first, second, second_from_first)
        for number in (first, second):
            self._mapper.triangulate_image(options.triangulation, number)
        self._mapper.adjust_global_bundle(options.mapping, bundle)
        self._model.normalize()  # only here, because it changes the world frame
        self._mapper.filter_points(options.mapping)
        self._mapper.filter_frames(options.mapping)

    def _start_over(self) -> None:
        self._mapper.end_reconstruction(False)  # with True a check in COLMAP fails if images were added since
        self._seen_when_tried.clear()
        self._begin(pycolmap.Reconstruction())

    def _by_promise(self, numbers: Iterable[int]) -> list[int]:
        """The images to try, those that observe most points first."""
        seen = {number: self.visible_point_count(number) for number in numbers}
        worth = [
            number
            for number, count in seen.items()
            if count >= MIN_REGISTRATION_INLIERS and count >= _RETRY_GROWTH_RATIO * self._seen_when_tried.get(number, 0)
        ]
        return sorted(worth, key=lambda number: (-seen[number], number))

    def _mapping_of(self, number: int) -> Any:
        is_fixed = self._model.image(number).camera_id in self._fixed_cameras
        return self._options.mapping_fixed if is_fixed else self._options.mapping

    def register(self, number: int, *, adjusts: bool = True) -> bool:
        """Place one image if it fits; unless it `adjusts` those around it, nothing else moves: a sixth of the time."""
        self._seen_when_tried[number] = self.visible_point_count(number)
        options, mapping, least = self._options, self._mapping_of(number), MIN_REGISTRATION_INLIERS
        if not self._mapper.register_next_image(mapping, number):
            least = _MIN_STRUCTURE_LESS_POINTS
            if not self._mapper.register_next_structure_less_image(mapping, number):
                return False
        if not may_be_placed(self._model, number, self.pairs.get(number, ())):
            self._mapper.observation_manager.deregister_frame(number)
            return False
        self._mapper.triangulate_image(options.triangulation, number)
        refine = self._mapper.iterative_local_refinement
        if adjusts:
            refine(2, 1e-3, options.mapping, options.local_bundle, options.triangulation, number)
        self._mapper.filter_frames(options.mapping)
        image = self._model.image(number)
        is_weak = image.has_pose and image.num_points3D < least
        if is_weak or not agrees_with_nearest(self._model, number, self.pairs.get(number, ())):
            self._mapper.observation_manager.deregister_frame(number)
        return bool(self._model.image(number).has_pose)


def _note_pairs(of_image: dict[int, list[Pair]], pairs: Iterable[Pair]) -> None:
    """Note pairs with both of their images."""
    for pair in pairs:
        for number in (pair.earlier, pair.newer):
            of_image.setdefault(number, []).append(pair)


def _note_calibrated(model: Any, camera_ids: Iterable[int]) -> None:
    """Say of a model's calibrated cameras that their focal length is given: COLMAP's files do not hold it."""
    for camera_id in camera_ids:
        if model.exists_camera(camera_id):
            model.camera(camera_id).has_prior_focal_length = True


def camera_of_sensor(camera_id: int, sensor: PhotographSensor) -> Any:
    """A COLMAP camera: PINHOLE or OPENCV when calibrated, else SIMPLE_RADIAL with the best estimate of the focal length.

    One that another project found in such a simple form keeps it: more free numbers would drift from project to project.
    """
    size = {"width": sensor.width_px, "height": sensor.height_px, "camera_id": camera_id}
    if sensor.intrinsics is not None:
        fx, fy, cx, cy = sensor.intrinsics
        k1, *others = [*sensor.distortion, 0.0, 0.0, 0.0, 0.0][:4]
        if sensor.is_learned and fx == fy and not any(others):
            model, params = "SIMPLE_RADIAL", [fx, cx, cy, k1]
        elif any(sensor.distortion):
            model, params = "OPENCV", [fx, fy, cx, cy, k1, *others]
        else:
            model, params = "PINHOLE", [fx, fy, cx, cy]
        camera = pycolmap.Camera(model=model, params=params, **size)
        camera.has_prior_focal_length = True
        return camera
    focal_px = sensor.focal_px or _FIRST_GUESS_RATIO * max(sensor.width_px, sensor.height_px)
    centre = [sensor.width_px / 2, sensor.height_px / 2]
    camera = pycolmap.Camera(model="SIMPLE_RADIAL", params=[focal_px, *centre, 0.0], **size)
    camera.has_prior_focal_length = sensor.focal_px is not None
    return camera


def image_and_frame(number: int, camera_id: int, keypoints: NDArray[np.float32]) -> tuple[Any, Any]:
    """New COLMAP objects of an image with keypoints (N, 4) float32, whose first columns are x and y in pixels.

    The image's name is its number, because file names may be equal.
    """
    image = pycolmap.Image(
        name=f"{number:06d}", keypoints=keypoints_in_image(keypoints), camera_id=camera_id, image_id=number
    )
    frame = pycolmap.Frame(frame_id=number, rig_id=camera_id)
    frame.add_data_id(image.data_id)
    image.frame_id = number
    return image, frame

"""Do more features make a solved model more exact? For `quality = "high"`: those of the larger photographs, from its poses.

No solver runs: features are matched in the pairs of the model, triangulated from its poses, adjusted once as the live
model is, and then robustly. So no image can come to another part of a building that looks the same.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np

from reconstructor.engine.colmap import keypoints_in_image, pycolmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.larger_features import LargerFeatures, LargerImage
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.lsm.robust_adjustment import RobustAdjustment
from reconstructor.engine.lsm.triangulation import triangulated
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.mapper_options import MapperOptions

MOST_IMAGES: Final = 100  # of more, the features alone take longer than a refetch may
_COARSE_PX: Final = 4.0
_FINE_PX: Final = 2.0
_CHANGE: Final = 5e-4  # of a model, below which COLMAP refines it no further


def with_larger_features(
    model: Any, known: KnownImages, constant_cameras: Collection[int], settings: EngineSettings, larger: LargerFeatures
) -> list[Bundle]:
    """The cameras and poses of a model, from the features of its larger photographs, in pixels of the reduced images.

    Where the principal point of a camera is not known and may be estimated, a second bundle has it.

    Args:
        model: the `pycolmap.Reconstruction`; it does not change.
        known: what the engine knows of its images; their pairs are matched.
        constant_cameras: ids of the cameras that keep their intrinsics.
        settings: the engine's.
        larger: the features and pairs of its photographs.

    Raises:
        TimeoutError: it takes too long.
        UnreadablePhotographError: a photograph's file is gone.
    """
    numbers = sorted(model.reg_image_ids())
    images = larger.images({number: known.facts[number] for number in numbers})
    cameras = {number: _larger_camera(model, number, images[number]) for number in numbers}
    cache = _cache_of(model, images)
    for newer in numbers:
        earlier = [
            pair.earlier
            for pair in known.pairs[newer]
            if pair.newer == newer and pair.earlier in images and len(pair.matches)
        ]
        for pair in larger.pairs(newer, earlier, images, cameras.__getitem__):
            cache.correspondence_graph.add_two_view_geometry(pair.earlier, newer, pair.to_colmap())
    scale = float(np.median([_scale(model, number, image) for number, image in images.items()]))
    triangulated_model = _triangulated(cache, model, MapperOptions.build(settings, frozenset(constant_cameras)), scale)
    adjustment = RobustAdjustment(scale=scale, constant_cameras=constant_cameras, threads=settings.threads)
    bundle = adjustment.adjusted(Bundle.of(triangulated_model), _COARSE_PX, _FINE_PX)
    return adjustment.with_principal_points(bundle)


def moved(model: Any, bundle: Bundle) -> Any:
    """A copy of a model with the cameras and poses of a bundle; its points are where the rays of their features meet."""
    copy = pycolmap.Reconstruction(model)
    for camera_id, camera in bundle.cameras.items():
        copy.camera(camera_id).params = camera.params
    for number, pose in zip(bundle.numbers, bundle.poses, strict=True):
        copy.frame(copy.image(number).frame_id).rig_from_world = pose
    now = Bundle.of(copy)
    rows = np.arange(len(now.point_ids))
    for point_id, place in zip(now.point_ids.tolist(), triangulated(now, rows).points_in_world, strict=True):
        copy.point3D(point_id).xyz = place
    return copy


def _scale(model: Any, number: int, image: LargerImage) -> float:
    """Pixels of the larger photograph per pixel of the reduced image; the same across and down, but for rounding."""
    camera = model.camera(model.image(number).camera_id)
    return float(max(image.size_px) / max(camera.width, camera.height))


def _larger_camera(model: Any, number: int, image: LargerImage) -> Any:
    camera = pycolmap.Camera(model.camera(model.image(number).camera_id).todict())
    camera.rescale(*image.size_px)
    camera.has_prior_focal_length = True  # as it was solved
    return camera


def _cache_of(model: Any, images: Mapping[int, LargerImage]) -> Any:
    """A `pycolmap.DatabaseCache` of the images with their larger photographs' features, and without pairs."""
    cache = pycolmap.DatabaseCache()
    for camera_id in sorted({model.image(number).camera_id for number in images}):
        camera = pycolmap.Camera(model.camera(camera_id).todict())
        rig = pycolmap.Rig(rig_id=camera_id)
        rig.add_ref_sensor(camera.sensor_id)
        cache.add_camera(camera)
        cache.add_rig(rig)
    for number, each in images.items():
        camera_id = model.image(number).camera_id
        keypoints = each.keypoints.copy()
        camera = model.camera(camera_id)
        keypoints[:, :2] *= np.array([camera.width, camera.height]) / each.size_px
        image = pycolmap.Image(
            name=f"{number:06d}", keypoints=keypoints_in_image(keypoints), camera_id=camera_id, image_id=number
        )
        frame = pycolmap.Frame(frame_id=number, rig_id=camera_id)
        frame.add_data_id(image.data_id)
        image.frame_id = number
        cache.add_frame(frame)
        cache.add_image(image)
    return cache


def _triangulated(cache: Any, poses: Any, options: MapperOptions, scale: float) -> Any:
    """A new model of the cached images at the poses of another one, refined once by COLMAP."""
    mapping, triangulation = options.mapping, options.triangulation
    mapping.filter_max_reproj_error /= scale
    triangulation.complete_max_reproj_error /= scale
    triangulation.merge_max_reproj_error /= scale
    mapper, model = pycolmap.IncrementalMapper(cache), pycolmap.Reconstruction()
    mapper.begin_reconstruction(model)
    for number in sorted(poses.reg_image_ids()):
        frame_id = model.image(number).frame_id
        model.frame(frame_id).rig_from_world = poses.image(number).cam_from_world()
        model.register_frame(frame_id)
    for number in sorted(poses.reg_image_ids()):
        mapper.triangulate_image(triangulation, number)
    mapper.complete_and_merge_tracks(triangulation)
    mapper.iterative_global_refinement(
        1, _CHANGE, mapping, options.global_bundle, triangulation, normalize_reconstruction=False
    )
    mapper.end_reconstruction(False)
    return model

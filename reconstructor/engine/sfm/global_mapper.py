"""How are all images solved at once? COLMAP's global mapping (GLOMAP, Pan et al., ECCV 2024) of the stored pairs."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.incremental_mapper import LiveMapper, image_and_frame

ALL_TRACKS: Final = 2**31 - 1
_FEWER_TRACKS: Final = 300  # for each image
_MANY_IMAGES: Final = 60


def track_limits(image_count: int) -> tuple[int, int]:
    """The tracks per image of the solver's first and second try: all are better, but too many for large projects."""
    return (ALL_TRACKS, _FEWER_TRACKS) if image_count <= _MANY_IMAGES else (_FEWER_TRACKS, ALL_TRACKS)


def solve_globally(
    known: KnownImages, mapper: LiveMapper, folder: Path, settings: EngineSettings, tracks_per_view: int
) -> Any | None:
    """A `pycolmap.Reconstruction` of the largest connected set of images, in an arbitrary world frame, or None.

    `mapper` provides the present, refined cameras and is not changed. `folder` must exist and is written into.
    """
    database = write_database(known, mapper, folder / "solve.db")
    options = pycolmap.GlobalPipelineOptions()
    options.num_threads = settings.threads
    options.random_seed = settings.random_seed
    options.mapper.track_required_tracks_per_view = tracks_per_view
    if all(mapper.is_calibrated(mapper.camera_id_of(number)) for number in known.numbers):
        options.mapper.bundle_adjustment.refine_focal_length = False
        options.mapper.bundle_adjustment.refine_extra_params = False
    output = folder / "solved"
    output.mkdir()
    models = pycolmap.global_mapping(str(database), str(folder), str(output), options)
    return max(models.values(), key=lambda model: model.num_reg_images(), default=None)


def finish_solution(known: KnownImages, mapper: LiveMapper, solution: Any) -> list[int]:
    """Make the solution the mapper's model and complete it as the live path does; returns the placed images.

    The solver builds only points with at least three observations; the live path also those with two.
    """
    mapper.swap(solution)
    mapper.restore_calibrations()
    mapper.complete_points()
    mapper.place([number for number in known.numbers if not mapper.is_placed(number)])
    return mapper.placed_numbers()


def write_database(known: KnownImages, mapper: LiveMapper, path: Path) -> Path:
    """Write a COLMAP database of all images, their pairs and the mapper's present cameras.

    Each solver gets a new one: copies of a live SQLite file, also by its backup API, had stale data (2026-11-23).
    """
    path.unlink(missing_ok=True)
    database = pycolmap.Database.open(str(path))
    for camera_id in sorted({mapper.camera_id_of(number) for number in known.numbers}):
        camera = pycolmap.Camera(mapper.camera(camera_id).todict())
        camera.has_prior_focal_length = True  # without it one real set had an error of 5.2 m
        rig = pycolmap.Rig(rig_id=camera_id)
        rig.add_ref_sensor(camera.sensor_id)
        database.write_camera(camera, True)
        database.write_rig(rig, True)
    for number in known.numbers:
        _write_image(database, number, known, mapper.camera_id_of(number))
    for number in known.numbers:
        for pair in known.pairs[number]:
            if pair.newer == number and len(pair.matches):  # a copy's mark has none
                database.write_two_view_geometry(pair.earlier, number, pair.to_colmap())
    database.close()
    return path


def _write_image(database: Any, number: int, known: KnownImages, camera_id: int) -> None:
    keypoints = known.features[number].keypoints
    image, frame = image_and_frame(number, camera_id, keypoints)
    database.write_frame(frame, True)  # before write_image
    database.write_image(image, True)
    database.write_keypoints(number, np.ascontiguousarray(keypoints))

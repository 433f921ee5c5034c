"""How does a stored reconstruction become a file? Open the engine's state read-only, fuse its surface, write it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from reconstructor.clouds.similarity import Vector
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.read_only_copy import read_only_copy
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.colmap_export import write_colmap
from reconstructor.engine.sfm.describe import world_from_camera
from reconstructor.engine.sfm.up_direction import estimate_upward
from reconstructor.exports.origins import NothingToExportError, find_origin, published_surface
from reconstructor.exports.surface import Surface, turn_up
from reconstructor.exports.writers import WRITERS, CannotExportError

# which axis is up by the format's own word (glTF 2.0, 3.4) or its programs' habit; the others keep the project's axes
_UP_AXIS: Final = {"gltf": 1, "laz": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The result of an export."""

    point_count: int
    unit: str


def export_to(what: str, data_dir: Path, form: str, out: Path) -> Exported:
    """Write a project or a replay in one format: `colmap`, `ply`, `laz` or `gltf`.

    Raises:
        NothingToExportError: there is nothing, or not what this format needs.
        CannotExportError: the file cannot be written.
        EngineStateMissingError: the engine's files are damaged.
    """
    origin = find_origin(what, data_dir)
    if origin.engine_folder is None:
        if form == "colmap":
            raise NothingToExportError("a COLMAP folder needs the built-in engine: another black box made these points")
        return _write(published_surface(origin), origin.metres_per_unit, origin.up, form, out)
    with read_only_copy(origin.engine_folder, EngineSettings()) as engine:
        if form == "colmap":
            _check_free(out)
            metres_per_unit = origin.metres_per_unit or 1.0
            write_colmap(engine.model, engine.known, out, units_per_unit=metres_per_unit, may_link=False)
            unit = "unscaled" if origin.metres_per_unit is None else "metres"
            return Exported(point_count=int(engine.model.num_points3D()), unit=unit)
        surface = _dense_surface(engine)
        up = origin.up if origin.up is not None else _up_of(engine)
    if not len(surface):
        surface = published_surface(origin)
    return _write(surface, origin.metres_per_unit, up, form, out)


def _check_free(folder: Path) -> None:
    """Refuse a folder with other content; an earlier export may be replaced."""
    if folder.exists() and not (folder / "sparse" / "0").is_dir() and (folder.is_file() or any(folder.iterdir())):
        raise CannotExportError(f"{folder} is there and holds something else: give a new folder")


def _write(surface: Surface, metres_per_unit: float | None, up: Vector | None, form: str, out: Path) -> Exported:
    placed = surface.scaled(metres_per_unit)
    if form in _UP_AXIS:
        placed = placed.turned(turn_up(up, _UP_AXIS[form]))
    WRITERS[form](placed, out)
    return Exported(point_count=len(placed), unit=placed.unit)


def _dense_surface(engine: LiveEngine) -> Surface:
    points = engine.surface()
    return Surface(
        points=points.points_in_world,
        normals=points.normals_in_world,
        colors_rgb=points.colors_rgb,
        confidences=points.confidences,
    )


def _up_of(engine: LiveEngine) -> Vector | None:
    poses = [world_from_camera(engine.model.image(number)) for number in sorted(engine.model.reg_image_ids())]
    upward = estimate_upward(np.array(poses).reshape(-1, 4, 4))
    return upward.direction if upward is not None else None

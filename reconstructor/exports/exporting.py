"""How does a stored reconstruction become a file? Open the engine's state read-only, fuse its surface, write it."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from reconstructor.clouds.ply import read_ply
from reconstructor.clouds.similarity import Matrix, Vector
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.mvs.dense_model import Report
from reconstructor.engine.mvs.normals import estimated_normals
from reconstructor.engine.read_only_copy import read_only_copy
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.colmap_export import write_colmap
from reconstructor.engine.sfm.describe import world_from_camera
from reconstructor.engine.sfm.up_direction import estimate_upward
from reconstructor.exports.origins import NothingToExportError, Origin
from reconstructor.exports.surface import Surface, turn_up
from reconstructor.exports.writers import WRITERS, CannotExportError
from reconstructor.storage.store import Store

# which axis is up by the format's own word (glTF 2.0, 3.4) or its programs' habit; the others keep the project's axes
_UP_AXIS: Final = {"gltf": 1, "laz": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The result of an export; `previews` names the placed photographs of which only the preview has come."""

    point_count: int
    unit: str
    previews: tuple[str, ...] = ()


def export_to(origin: Origin, form: str, out: Path, report: Report = lambda _stage, _done, _total: None) -> Exported:
    """Write a project or a replay in one format, `colmap`, `ply`, `laz` or `gltf`; `report` is called with the progress.

    Raises:
        NothingToExportError: there is not what this format needs.
        CannotExportError: the file cannot be written.
        EngineStateMissingError: the engine's files are damaged.
    """
    if origin.engine_folder is None:
        if form == "colmap":
            raise NothingToExportError("a COLMAP folder needs the built-in engine: another black box made these points")
        return _write(origin, _published_surface(origin), origin.up, form, out)
    with read_only_copy(origin.engine_folder, EngineSettings()) as engine:
        if form == "colmap":
            _check_free(out)
            metres_per_unit = origin.metres_per_unit or 1.0
            previews = write_colmap(
                engine.model,
                engine.known,
                out,
                units_per_unit=metres_per_unit,
                may_link=False,
            )
            if previews:
                (out / "previews.txt").write_text("\n".join(previews) + "\n", encoding="utf-8")
            unit = "unscaled" if origin.metres_per_unit is None else "metres"
            return Exported(point_count=int(engine.model.num_points3D()), unit=unit, previews=previews)
        surface = _dense_surface(engine, report)
        up = origin.up if origin.up is not None else _up_of(engine)
    if not len(surface):
        surface = _published_surface(origin)
    return _write(origin, surface, up, form, out)


def _check_free(folder: Path) -> None:
    """Refuse a folder with other content; an earlier export may be replaced."""
    if folder.exists() and not (folder / "sparse" / "0").is_dir() and (folder.is_file() or any(folder.iterdir())):
        raise CannotExportError(f"{folder} is there and holds something else: give a new folder")


def _write(origin: Origin, surface: Surface, up: Vector | None, form: str, out: Path) -> Exported:
    placed = surface.scaled(origin.metres_per_unit)
    if form in _UP_AXIS:
        placed = placed.turned(turn_up(up, _UP_AXIS[form]))
    WRITERS[form](placed, out)
    return Exported(point_count=len(placed), unit=placed.unit, previews=origin.previews)


def _dense_surface(engine: LiveEngine, report: Report) -> Surface:
    points = engine.surface(report)
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


def _published_surface(origin: Origin) -> Surface:
    """Every stored point of the leading component, with normals by neighbourhood; nothing is known of confidence.

    Raises:
        NothingToExportError: a replay publishes nothing.
        ShardGoneError, StoreError: files are damaged.
    """
    if origin.reference is None or origin.store_folder is None:
        raise NothingToExportError("there are no dense points: place more photographs")
    reference, files = origin.reference, Store.read_only(origin.store_folder).generation_files
    with tempfile.TemporaryDirectory() as name:
        merged = Path(name) / "merged.ply"
        files.write_merged(reference, merged)
        cloud = read_ply(merged, reference.manifest.point_count)
    normals = estimated_normals(cloud.points_in_world, _centres(origin.store_folder))
    return Surface(points=cloud.points_in_world, normals=normals, colors_rgb=cloud.colors_rgb, confidences=None)


def _centres(folder: Path) -> Matrix:
    cameras = Store.read_only(folder).cameras()
    poses = [each.world_from_camera for each in cameras if each.world_from_camera is not None and each.component == 0]
    return np.array(poses).reshape(-1, 4, 4)[:, :3, 3]

"""How does a stored reconstruction become a file? Open the engine's state read-only, fuse its surface, write it."""

import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from broker.ids import ExportFormat
from reconstructor.clouds.similarity import Matrix, Vector
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.mvs.dense_model import Report
from reconstructor.engine.mvs.normals import estimated_normals
from reconstructor.engine.read_only_copy import read_only_copy
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.colmap_export import write_colmap
from reconstructor.engine.sfm.describe import world_from_camera
from reconstructor.engine.sfm.up_direction import estimate_upward
from reconstructor.exports.companions import Companions, companions_of
from reconstructor.exports.origins import Exported, NothingToExportError, Origin
from reconstructor.exports.published import published_cloud
from reconstructor.exports.report import write_report
from reconstructor.exports.surface import Surface, turn_up
from reconstructor.exports.writers import WRITERS, CannotExportError, finished

# which axis is up by the format's own word (glTF 2.0, 3.4) or its programs' habit; the others keep the project's axes
_UP_AXIS: Final = {ExportFormat.GLTF: 1, ExportFormat.LAZ: 2, ExportFormat.E57: 2}
_ZIP: Final = ".zip"
_PREVIEWS: Final = "previews.txt"
_MISSING: Final = "missing.txt"


def export_to(
    origin: Origin,
    form: ExportFormat,
    out: Path,
    report: Report = lambda _stage, _done, _total: None,
    *,
    has_names: bool = True,
) -> Exported:
    """Write a project or a replay in one format; `report` is called with the progress.

    Args:
        origin: what to write.
        form: as what.
        out: the file; for COLMAP a folder, or a file that ends in `.zip`.
        report: called with a stage, and how much of it is done.
        has_names: whether it says who took which photograph and who left which measure.

    Raises:
        NothingToExportError: there is not what this format needs.
        CannotExportError: the file cannot be written.
        NoE57Error: E57 is not written here.
        EngineStateMissingError: the engine's files are damaged.
    """
    if form is ExportFormat.REPORT:
        return write_report(origin, out, report, has_names=has_names)
    if origin.reference is not None:
        report("coverage", 0, 1)
    companions = companions_of(origin, has_names=has_names)
    if origin.engine_folder is None:
        if form is ExportFormat.COLMAP:
            raise NothingToExportError("a COLMAP folder needs the built-in engine: another black box made these points")
        return _write(origin, _published_surface(origin), origin.up, form, out, companions=companions)
    with read_only_copy(origin.engine_folder, EngineSettings()) as engine:
        if form is ExportFormat.COLMAP:
            return _write_colmap(origin, engine, out, report, companions)
        surface = _dense_surface(engine, report)
        up = origin.up if origin.up is not None else _up_of(engine)
    if not len(surface):
        surface = _published_surface(origin)
    return _write(origin, surface, up, form, out, companions=companions)


def _write_colmap(
    origin: Origin, engine: LiveEngine, out: Path, report: Report, companions: Companions | None
) -> Exported:
    """Write a COLMAP folder, or the same as a ZIP."""
    if out.suffix.lower() == _ZIP:
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as name:
            folder = Path(name) / out.stem
            exported = _write_colmap(origin, engine, folder, report, companions)
            _zip(folder, out, report)
            return exported
    _check_free(out)
    written = write_colmap(
        engine.model,
        engine.known,
        out,
        units_per_unit=origin.metres_per_unit or 1.0,
        may_link=False,
    )
    if companions is not None:
        companions.write_beside(out)
    for name, images in ((_PREVIEWS, written.previews), (_MISSING, written.missing)):
        if images:
            (out / name).write_text("\n".join(images) + "\n", encoding="utf-8")
    unit = "unscaled" if origin.metres_per_unit is None else "metres"
    return Exported(
        point_count=int(engine.model.num_points3D()), unit=unit, previews=written.previews, missing=written.missing
    )


def _zip(folder: Path, out: Path, report: Report) -> None:
    """Pack a folder; photographs are stored as they are, for they do not shrink."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    with finished(out) as part, zipfile.ZipFile(part, "w", allowZip64=True) as archive:
        for done, path in enumerate(paths):
            report("packing", done, len(paths))
            kind = zipfile.ZIP_STORED if path.parent.name == "images" else zipfile.ZIP_DEFLATED
            archive.write(path, path.relative_to(folder.parent), kind)


def _check_free(folder: Path) -> None:
    """Refuse a folder with other content; an earlier export may be replaced."""
    if folder.exists() and not (folder / "sparse" / "0").is_dir() and (folder.is_file() or any(folder.iterdir())):
        raise CannotExportError(f"{folder} is there and holds something else: give a new folder")


def _write(
    origin: Origin, surface: Surface, up: Vector | None, form: ExportFormat, out: Path, *, companions: Companions | None
) -> Exported:
    covered = surface if companions is None else companions.with_coverage(surface)
    turn = turn_up(up, _UP_AXIS[form]) if form in _UP_AXIS else np.eye(3)
    placed = covered.scaled(origin.metres_per_unit).turned(turn)
    if companions is not None:
        placed = replace(placed, companions=companions.text(turn))
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
    cloud = published_cloud(origin)
    normals = estimated_normals(cloud.points_in_world, _centres(origin))
    return Surface(points=cloud.points_in_world, normals=normals, colors_rgb=cloud.colors_rgb, confidences=None)


def _centres(origin: Origin) -> Matrix:
    cameras = origin.reference.cameras if origin.reference is not None else ()
    poses = [each.world_from_camera for each in cameras if each.world_from_camera is not None and each.component == 0]
    return np.array(poses).reshape(-1, 4, 4)[:, :3, 3]

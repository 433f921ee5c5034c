"""What does a project's report say? One HTML file: pictures, figures, how the scale is known, coverage, who took what when."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np

from broker.annotations.tables import LeftAnnotation
from broker.images.thumbnails import thumbnail
from broker.manifest import CameraEntry
from broker.messages import ScaleSource, WorldFrame
from reconstructor.clouds.ply import WideCloud
from reconstructor.engine.mvs.dense_model import Report
from reconstructor.exports.companions import left_in
from reconstructor.exports.coverage_report import report_coverage
from reconstructor.exports.origins import Exported, NothingToExportError, Origin
from reconstructor.exports.published import published_cloud
from reconstructor.exports.report_annotations import report_annotations
from reconstructor.exports.report_html import figure, heading, page_of, paragraph, soft, table, time
from reconstructor.exports.report_times import CLOCKS, Taken, first_and_last
from reconstructor.exports.report_versions import report_versions
from reconstructor.exports.report_views import FROM_ABOVE, FROM_FRONT, projection
from reconstructor.exports.surface import turn_up
from reconstructor.exports.writers import finished
from reconstructor.storage.images import StoredImage, record_beside
from reconstructor.storage.read_only import ReadOnlyStore
from reconstructor.storage.reference_set import ReferenceSet
from reconstructor.storage.store import Store

_MOST_THUMBNAILS: Final = 12
_SOURCES: Final = {
    ScaleSource.NONE: "by the engine that made the points",
    ScaleSource.BASELINE: "by a known distance between cameras",
    ScaleSource.SCALE_BAR: "by a distance that a person measured on the object (a scale bar)",
    ScaleSource.GPS: "by GPS in the photographs",
}


def write_report(origin: Origin, out: Path, report: Report, *, has_names: bool) -> Exported:
    """Write the report of a project.

    Args:
        origin: a project; a replay has none of what a report says.
        out: the file.
        report: called with the progress.
        has_names: whether senders, their files' names and authors of measures stand in it.

    Raises:
        NothingToExportError: a replay.
        CannotExportError: the file cannot be written.
        ShardGoneError, StoreError: files are damaged.
    """
    reference, folder = origin.reference, origin.store_folder
    if reference is None or folder is None:
        raise NothingToExportError("a report is of a project, not of a replay: give a project's name")
    report("reading", 0, 4)
    store = Store.read_only(folder)
    cloud, images, left = published_cloud(origin), store.images(), left_in(folder, has_names=has_names)
    taken = [_taken(store, each) for each in images]
    name = store.title() or reference.manifest.project
    report("drawing", 1, 4)
    parts = [_head(name, reference.manifest.project), _views(cloud, reference, left)]
    parts += [_figures(reference, images, taken, cloud), _scale(reference)]
    parts.append(report_versions(store.generation_rows(), reference))
    parts.append(report_annotations(left, reference.manifest.frame, has_names=has_names))
    report("coverage", 2, 4)
    parts.append(_coverage(origin))
    report("photographs", 3, 4)
    parts += [_thumbnails(folder, reference, images), _senders(images, taken) if has_names else ""]
    parts.append(_photographs(reference, images, taken, has_names=has_names))
    text = page_of(f"{name}: report", parts)
    with finished(out) as part:
        part.write_text(text, encoding="utf-8")
    unit = "unscaled" if origin.metres_per_unit is None else "metres"
    return Exported(point_count=len(cloud.points_in_world), unit=unit, previews=origin.previews)


def _head(name: str, project: str) -> str:
    now = time(datetime.now(UTC).timestamp())
    known_as = "" if name == project else f"Project {project}. "
    made = f"{known_as}Made by cairn {version('cairn')} on {now}. Times are UTC unless they are by a camera's clock."
    return heading(name, 1) + "\n" + soft(made)


def _views(cloud: WideCloud, reference: ReferenceSet, left: Sequence[LeftAnnotation]) -> str:
    upright = turn_up(None if reference.manifest.frame.up is None else np.array(reference.manifest.frame.up), 2)
    centres = np.array([each.world_from_camera for each in _leading(reference)], np.float64).reshape(-1, 4, 4)[:, :3, 3]
    numbered = " Numbers: measures and notes, see the list below." if left else ""
    marks = [np.array(each.points, np.float64) for each in left]
    drawn = [
        figure(projection(cloud, centres, upright, plane, marks), words, is_wide=True)
        for plane, words in (
            (FROM_ABOVE, f"From above. Circles: where photographs were taken.{numbered}"),
            (FROM_FRONT, f"From the side.{numbered}"),
        )
    ]
    known = "" if reference.manifest.frame.up is not None else soft("It is not known which way is up.")
    return "\n".join([heading("The object"), *drawn, known])


def _taken(store: ReadOnlyStore, image: StoredImage) -> Taken | None:
    record = record_beside(store.path(image))
    return Taken.of(None if record is None else record.taken_at, image.captured_at)


def _figures(
    reference: ReferenceSet, images: Sequence[StoredImage], taken: Sequence[Taken | None], cloud: WideCloud
) -> str:
    manifest, placed = reference.manifest, [each for each in reference.cameras if each.world_from_camera is not None]
    errors = np.array([each.reprojection_error_px for each in placed if each.reprojection_error_px is not None])
    metres = manifest.frame.metres_per_unit
    extent = np.ptp(cloud.points_in_world, axis=0) * (metres or 1.0)
    sides = " × ".join(f"{each:.4g}" for each in extent.tolist())
    span = first_and_last(taken)
    parts_count = sum(each.id > 0 and each.image_count > 0 for each in manifest.components)
    rows = [
        ("Photographs", f"{len(images)}, of which {len(placed)} have a place in the reconstruction"),
        ("Only as previews so far", str(sum(not each.has_original for each in images))),
        ("Taken", " to ".join(span) if span else "the photographs do not say"),
        *([("Parts that do not fit the rest", str(parts_count))] if parts_count else []),
        ("Points", f"{len(cloud.points_in_world):,}"),
        ("Box around the points", f"{sides} {'m' if metres is not None else 'units without a known size'}"),
        ("Complete reconstruction", f"number {manifest.generation}, and {manifest.revision} changes since"),
    ]
    if len(errors):
        middle, most = float(np.median(errors)), float(errors.max())
        rows.append(("Reprojection error of the photographs", f"median {middle:.2f} px, largest {most:.2f} px"))
    return heading("Figures") + "\n" + table(None, rows)


def _scale(reference: ReferenceSet) -> str:
    return heading("Scale") + "\n" + paragraph(scale_sentence(reference.manifest.frame))


def scale_sentence(frame: WorldFrame) -> str:
    """How large the object is said to be, by what, and how sure that is."""
    if frame.metres_per_unit is None:
        return "The scale is not known: lengths have no unit. Somebody has to measure one distance on the object."
    deviation = frame.scale_deviation_ratio
    sure = "how sure it is, is not known" if deviation is None else f"its standard deviation is {deviation:.1%}"
    return f"One unit is {frame.metres_per_unit:.6g} m, {_SOURCES[frame.scale_source]}; {sure}."


def _coverage(origin: Origin) -> str:
    try:
        found = report_coverage(origin)
    except NothingToExportError as exc:
        return heading("Coverage") + "\n" + paragraph(exc.sentence)
    words = [paragraph(sentence) for sentence in found.sentences]
    coverage = found.told.coverage
    if coverage.is_dense:
        cells, bad, holes = coverage.cell_count, coverage.bad_cell_count, coverage.hole_cell_count
        missing = f", and {holes:,} {'cell is a hole' if holes == 1 else 'cells are holes'}" if holes else ""
        covered = f"{cells - bad:,} of {cells:,} cells of the surface are well covered by photographs{missing}."
        words.insert(0, paragraph(covered))
        words.append(
            soft("An estimate from the photographs' places and the points; it was not measured on the object.")
        )
    return heading("Coverage") + "\n" + "\n".join(words)


def _thumbnails(folder: Path, reference: ReferenceSet, images: Sequence[StoredImage]) -> str:
    """A few photographs that have a place, spread evenly over the walk."""
    store = Store.read_only(folder)
    placed = {each.image_id for each in reference.cameras if each.world_from_camera is not None}
    those = [each for each in images if each.image_id in placed]
    steps = np.linspace(0, len(those) - 1, min(_MOST_THUMBNAILS, len(those))).round().astype(int).tolist()
    figures = []
    for each in (those[step] for step in steps):
        try:
            jpeg = thumbnail(store.path(each).read_bytes())
        except OSError:  # an image that was removed by hand: the report is useful without it
            continue
        if jpeg is not None:
            figures.append(figure(jpeg, f"Photograph {each.number}"))
    return heading("Some of the photographs") + "\n" + "\n".join(figures) if figures else ""


def _senders(images: Sequence[StoredImage], taken: Sequence[Taken | None]) -> str:
    rows = []
    for sender in sorted({each.sender for each in images}):
        own = [when for image, when in zip(images, taken, strict=True) if image.sender == sender]
        rows.append((sender, str(len(own)), *(first_and_last(own) or ("not known", "not known"))))
    return heading("Who took the photographs") + "\n" + table(("Who", "Photographs", "First", "Last"), rows)


def _photographs(
    reference: ReferenceSet, images: Sequence[StoredImage], taken: Sequence[Taken | None], *, has_names: bool
) -> str:
    cameras = {each.image_id: each for each in reference.cameras}
    named = ("Who", "File") if has_names else ()
    rows = []
    for each, when in zip(images, taken, strict=True):
        camera = cameras.get(each.image_id)
        names = (each.sender, each.photographers_name or "") if has_names else ()
        shown = "" if when is None else when.words
        rows.append((str(each.number), *names, shown, time(each.stored_at), *_state(each, camera)))
    columns = ("Number", *named, "Taken", "Received", "Place", "Error, px")
    return heading("All photographs") + "\n" + soft(CLOCKS) + "\n" + table(columns, rows)


def _state(image: StoredImage, camera: CameraEntry | None) -> tuple[str, str]:
    if camera is None:
        return image.state.value, ""
    if camera.world_from_camera is None:
        return camera.reason or camera.code or camera.state.value, ""
    error = camera.reprojection_error_px
    part = f"placed, in part {camera.component + 1}" if camera.component else "placed"
    return part, "" if error is None else f"{error:.2f}"


def _leading(reference: ReferenceSet) -> list[CameraEntry]:
    return [each for each in reference.cameras if each.world_from_camera is not None and not each.component]

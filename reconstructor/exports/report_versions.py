"""How did the object grow? A report's list of complete versions: photographs, points, error of the cameras, scale."""

from collections.abc import Sequence

from broker.wire.history import GenerationRow
from reconstructor.exports.report_html import heading, soft, table, time
from reconstructor.storage.past.generations import accuracy_of
from reconstructor.storage.reference_set import ReferenceSet


def report_versions(rows: Sequence[GenerationRow], present: ReferenceSet) -> str:
    """The section about them; empty before there are two.

    Args:
        rows: the oldest first.
        present: the present version, of which the latest figures count.
    """
    if len(rows) <= 1:
        return ""
    lines = [_line(_latest(each, present)) for each in rows]
    head = ("Version", "Made", "Photographs", "Points", "Mean camera error", "One unit")
    words = soft("The error is how far points lie from where the photographs show them, in pixels of the photographs.")
    return "\n".join([heading("Complete versions"), table(head, lines), words])


def _latest(row: GenerationRow, present: ReferenceSet) -> GenerationRow:
    manifest = present.manifest
    if row.generation != manifest.generation:
        return row
    counts = {"image_count": manifest.image_count, "point_count": manifest.point_count}
    return row.model_copy(update={**counts, **accuracy_of(present)})


def _line(row: GenerationRow) -> tuple[str, ...]:
    error = row.mean_reprojection_error_px
    return (
        str(row.generation),
        time(row.made_at.timestamp()),
        f"{row.first_image_count} to {row.image_count}",
        f"{row.point_count:,}",
        "not known" if error is None else f"{error:.2f} px",
        _scale(row),
    )


def _scale(row: GenerationRow) -> str:
    if row.metres_per_unit is None:
        return "no scale"
    deviation = "" if row.scale_deviation_ratio is None else f" ± {row.scale_deviation_ratio:.1%}"
    return f"{row.metres_per_unit:.4g} m{deviation}"

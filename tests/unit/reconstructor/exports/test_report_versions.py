"""Does a report compare the complete versions of a project?"""

from datetime import UTC, datetime

from broker.ids import Generation, ProjectId
from broker.messages import Similarity, WorldFrame
from broker.wire.history import GenerationRow
from reconstructor.exports.report_versions import report_versions
from reconstructor.storage.reference_set import ReferenceSet

MADE_AT = datetime(2026, 11, 29, 10, 30, tzinfo=UTC)


def row(generation: int, error_px: float | None, metres: float | None, deviation: float | None) -> GenerationRow:
    return GenerationRow(
        generation=Generation(generation),
        made_at=MADE_AT,
        first_image_count=10 * generation,
        image_count=10 * generation + 9,
        point_count=12_345,
        offset=(0.0, 0.0, 0.0),
        world_from_previous=Similarity(),
        mean_reprojection_error_px=error_px,
        metres_per_unit=metres,
        scale_deviation_ratio=deviation,
    )


def present(generation: int) -> ReferenceSet:
    frame = WorldFrame(metres_per_unit=0.5)
    return ReferenceSet.empty(ProjectId("chapel")).with_manifest(
        generation=generation, image_count=34, point_count=20_000, frame=frame
    )


def test_every_version_has_its_figures_and_the_present_one_the_latest() -> None:
    rows = [row(1, 0.8123, None, None), row(2, 0.6, 0.25, 0.012), row(3, None, None, None)]
    text = report_versions(rows, present(3))
    assert (
        "<td>1</td><td>2026-11-29 10:30</td><td>10 to 19</td><td>12,345</td><td>0.81 px</td><td>no scale</td>" in text
    )
    assert "<td>0.60 px</td><td>0.25 m ± 1.2%</td>" in text
    assert "<td>30 to 34</td><td>20,000</td><td>not known</td><td>0.5 m</td>" in text


def test_one_version_is_compared_with_nothing() -> None:
    assert report_versions([row(1, 0.8, None, None)], present(1)) == ""

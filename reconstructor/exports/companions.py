"""What goes along with an exported cloud? Measures, notes and coverage, as text in the file, and coverage at each point.

The text is a GeoJSON FeatureCollection in the coordinates of the file. It is ASCII without spaces, so that it may stand in
the comments of a PLY.
"""

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from broker.annotations.tables import LeftAnnotation, collection_of, csv_of, geojson_of
from broker.envelope import Vector3
from broker.ids import ProjectId
from broker.messages import WorldFrame
from broker.wire.annotations import Measure
from reconstructor.clouds.similarity import Matrix
from reconstructor.exports.coverage_report import CoverageReport, report_coverage
from reconstructor.exports.origins import NothingToExportError, Origin
from reconstructor.exports.surface import Surface
from reconstructor.storage.store import Store

_FILES: Final = ("measures.csv", "measures.geojson", "coverage.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Companions:
    """What people left on the object, and how well photographs cover it.

    Attributes:
        left: in the order of a list.
        coverage: None with fewer than three placed photographs.
    """

    project: ProjectId
    title: str
    frame: WorldFrame
    left: tuple[LeftAnnotation, ...]
    coverage: CoverageReport | None

    def text(self, rotation: Matrix) -> str:
        """Everything as one line of ASCII, for a file whose points are turned by a rotation (3, 3)."""
        up = None if self.frame.up is None else _turned((self.frame.up,), rotation)[0]
        frame = self.frame.model_copy(update={"up": up})
        document = collection_of([_turned_annotation(each, rotation) for each in self.left], frame, self.project)
        document |= {"title": self.title, "coverage": self._summary()}
        line = json.dumps(document, separators=(",", ":"))
        return line.replace(" ", "\\u0020").replace(">", "\\u003e")  # these stand in strings only

    def with_coverage(self, surface: Surface) -> Surface:
        """The surface in world units with the coverage at each point, where a dense cloud lets that be known."""
        if self.coverage is None or not self.coverage.coverage.is_dense:
            return surface
        return replace(surface, coverages=self.coverage.coverage.shares_of(surface.points))

    def write_beside(self, folder: Path) -> None:
        """Write files into a folder of a format that is a folder, in place of earlier ones."""
        summary = self._summary()
        texts = (
            csv_of(self.left, self.frame) if self.left else None,
            geojson_of(self.left, self.frame, self.project) if self.left else None,
            json.dumps(summary, indent=1) if summary else None,
        )
        for name, text in zip(_FILES, texts, strict=True):
            if text is None:
                (folder / name).unlink(missing_ok=True)
            else:
                (folder / name).write_text(text, encoding="utf-8", newline="")

    def _summary(self) -> dict[str, object] | None:
        return None if self.coverage is None else self.coverage.summary(self.frame.metres_per_unit)


def companions_of(origin: Origin, *, has_names: bool) -> Companions | None:
    """What goes along with a project; None for a replay, which has none of it.

    Args:
        origin: what is exported.
        has_names: whether authors are named.

    Raises:
        ShardGoneError, StoreError: files are damaged.
    """
    if origin.reference is None or origin.store_folder is None:
        return None
    manifest, coverage = origin.reference.manifest, None
    with suppress(NothingToExportError):
        coverage = report_coverage(origin)
    return Companions(
        project=ProjectId(manifest.project),
        title=Store.read_only(origin.store_folder).title(),
        frame=manifest.frame,
        left=left_in(origin.store_folder, has_names=has_names),
        coverage=coverage,
    )


def left_in(folder: Path, *, has_names: bool) -> tuple[LeftAnnotation, ...]:
    """The measures and notes of the project in a folder, in the order of a list; raises StoreError."""
    stored = Store.read_only(folder).annotations()
    found = [LeftAnnotation(user=key.user if has_names else None, annotation=each) for key, each in stored]
    return tuple(sorted(found, key=lambda each: each.order))


def _turned_annotation(left: LeftAnnotation, rotation: Matrix) -> LeftAnnotation:
    points = _turned(left.points, rotation)
    changes = {"points": points} if isinstance(left.annotation, Measure) else {"point": points[0]}
    return replace(left, annotation=left.annotation.model_copy(update=changes))


def _turned(points: tuple[Vector3, ...], rotation: Matrix) -> tuple[Vector3, ...]:
    there = np.asarray(points, np.float64) @ rotation.T
    return tuple((float(x), float(y), float(z)) for x, y, z in there)

"""What is still missing of a stored project, and where should somebody stand? Its published cloud and cameras tell."""

import json
from dataclasses import dataclass
from typing import Final

import numpy as np

from broker.coverage.words import advice_sentences
from broker.manifest import CameraEntry
from reconstructor.coverage.advice import advise, is_walk_unfinished
from reconstructor.coverage.score import Coverage, coverage_of
from reconstructor.coverage.viewpoints import Viewpoint
from reconstructor.coverage.wire_form import Told, told_of
from reconstructor.exports.origins import NothingToExportError, Origin
from reconstructor.exports.published import published_points

LEAST_PHOTOGRAPHS: Final = 3
MOST_POINTS: Final = 2_000_000  # of a larger cloud every second, third, … point


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageReport:
    """What is known of a project's coverage, and what the wire tells of it."""

    told: Told
    coverage: Coverage

    @property
    def cell_width(self) -> float:
        """The width of the cells, world units."""
        return self.coverage.grid.side

    @property
    def sentences(self) -> list[str]:
        """What to say, one sentence or more."""
        return advice_sentences(self.told.advice)

    def to_json(self) -> str:
        """One line: counts of cells, each place in world units, and the sentences."""
        places = [place.model_dump(mode="json") for place in self.told.advice.places]
        return json.dumps({**self.summary(), "advice": places})

    def summary(self, metres_per_unit: float | None = None) -> dict[str, object]:
        """Counts of cells, and the sentences; the cells' width in metres where a scale is given."""
        coverage, advice = self.told.coverage, self.told.advice
        return {
            "photographs": coverage.photograph_count,
            "is_dense": coverage.is_dense,
            "is_walk_unfinished": advice.is_walk_unfinished,
            "cell_width": self.cell_width * (metres_per_unit or 1.0),
            "occupied_cells": coverage.cell_count,
            "badly_covered_cells": coverage.bad_cell_count if coverage.is_dense else None,
            "hole_cells": coverage.hole_cell_count if coverage.is_dense else None,
            "sentences": self.sentences,
        }


def report_coverage(origin: Origin) -> CoverageReport:
    """What the published points and cameras of a project's leading component tell.

    Raises:
        NothingToExportError: a replay, or fewer than three placed photographs.
        ShardGoneError, StoreError: files are damaged.
    """
    if origin.reference is None or origin.store_folder is None:
        raise NothingToExportError("coverage is known of a project, not of a replay: give a project's name")
    cameras = origin.reference.cameras
    views = [view for view in map(_viewpoint, cameras) if view is not None]
    if len(views) < LEAST_PHOTOGRAPHS:
        raise NothingToExportError(
            f"only {len(views)} photographs are placed: three are needed to tell what is missing"
        )
    points, step = published_points(origin, MOST_POINTS)
    coverage = coverage_of(points, views, thinned_by=step, up=origin.up)
    told = told_of(
        coverage,
        advise(coverage) if coverage.is_dense else [],
        origin.reference.manifest,
        {camera.image_number: camera.image_id for camera in cameras if camera.image_number is not None},
        is_unfinished=coverage.is_dense and is_walk_unfinished(coverage),
    )
    return CoverageReport(told=told, coverage=coverage)


def _viewpoint(camera: CameraEntry) -> Viewpoint | None:
    """A placed camera of the leading component whose picture's size is known."""
    is_known = camera.image_number is not None and camera.width_px is not None and camera.height_px is not None
    if camera.world_from_camera is None or camera.intrinsics is None or camera.component or not is_known:
        return None
    pose = np.array(camera.world_from_camera, np.float64).reshape(4, 4)
    return Viewpoint(
        number=camera.image_number or 0,
        camera_from_world=np.asarray(np.linalg.inv(pose), np.float64),
        intrinsics=np.array(camera.intrinsics, np.float64),
        width=camera.width_px or 1,
        height=camera.height_px or 1,
    )

"""What is still missing of a stored project, and where should somebody stand? Its published cloud and cameras tell."""

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from broker.manifest import CameraEntry
from reconstructor.coverage.advice import Advice, advise, is_walk_unfinished
from reconstructor.coverage.places import step_lengths
from reconstructor.coverage.score import FLAGGED_ERROR, Coverage, coverage_of
from reconstructor.coverage.sentences import sentence
from reconstructor.coverage.viewpoints import Viewpoint
from reconstructor.exports.origins import NothingToExportError, Origin
from reconstructor.exports.published import published_cloud
from reconstructor.storage.store import Store

_LEAST_PHOTOGRAPHS: Final = 3
_WALK_ON: Final = "Walk on: each of the last three photographs still shows much that is new."
_ONLY_PHOTOGRAPHS: Final = (
    "The points are too sparse to tell what is missing; it is only known how many photographs see each part."
)
_NOTHING: Final = "Nothing is missing that another photograph from around here would bring."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoverageReport:
    """A project's coverage with its advice.

    Attributes:
        coverage: the cells.
        advice: at most three places to stand.
        sentences: what to say, one sentence or more.
    """

    coverage: Coverage
    advice: list[Advice]
    sentences: list[str]

    @property
    def badly_covered_count(self) -> int:
        """How many cells are badly covered; meaningless for a cloud that is not dense."""
        return int((self.coverage.errors > FLAGGED_ERROR).sum())

    def to_json(self) -> str:
        """One line: counts of cells, and each place with its code, photograph and pose."""
        errors = self.coverage.errors
        return json.dumps(
            {
                "photographs": len(self.coverage.seen),
                "is_dense": self.coverage.is_dense,
                "cell_width": self.coverage.grid.side,
                "occupied_cells": len(errors),
                "badly_covered_cells": self.badly_covered_count if self.coverage.is_dense else None,
                "hole_cells": len(self.coverage.holes) if self.coverage.is_dense else None,
                "advice": [_place(each) for each in self.advice],
                "sentences": self.sentences,
            }
        )


def report_coverage(origin: Origin) -> CoverageReport:
    """What the published points and cameras of a project's leading component tell.

    Raises:
        NothingToExportError: a replay, or fewer than three placed photographs.
        ShardGoneError, StoreError: files are damaged.
    """
    if origin.reference is None or origin.store_folder is None:
        raise NothingToExportError("coverage is known of a project, not of a replay: give a project's name")
    cameras = Store.read_only(origin.store_folder).cameras()
    views = [view for view in map(_viewpoint, cameras) if view is not None]
    if len(views) < _LEAST_PHOTOGRAPHS:
        raise NothingToExportError(
            f"only {len(views)} photographs are placed: three are needed to tell what is missing"
        )
    coverage = coverage_of(published_cloud(origin).points_in_world, views)
    if not coverage.is_dense:
        return CoverageReport(coverage=coverage, advice=[], sentences=[_ONLY_PHOTOGRAPHS])
    advice = advise(coverage)
    steps = step_lengths(coverage)
    told = [sentence(each, meters_a_step=_in_meters(steps[each.place.nearest], origin)) for each in advice]
    if is_walk_unfinished(coverage):
        told.insert(0, _WALK_ON)
    return CoverageReport(coverage=coverage, advice=advice, sentences=told or [_NOTHING])


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


def _in_meters(step: float, origin: Origin) -> float | None:
    return None if origin.metres_per_unit is None else float(step) * origin.metres_per_unit


def _place(advice: Advice) -> dict[str, Any]:
    world_from_camera = np.linalg.inv(advice.place.view.camera_from_world)
    return {
        "code": advice.code.value,
        "photograph": advice.image_number,
        "cells": advice.cells,
        "target": np.round(advice.target, 6).tolist(),
        "world_from_camera": np.round(world_from_camera, 6).ravel().tolist(),
    }

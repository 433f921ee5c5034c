"""How much surface does a refetch lose against the live cloud before it? Measured on the true surface of an object."""

import time
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.parts.dense.truth import Posed, completeness_in_sampling_distances
from reconstructor.engine.mvs.dense_model import DenseModel, DenseSettings
from reconstructor.engine.mvs.depth_maps import SurfacePoints
from reconstructor.engine.mvs.plane_sweep import PlaneSweep, SweepSettings
from reconstructor.engine.mvs.surface_loss import surface_lost_share

_COVERED: Final = 2.0  # sampling distances
_FARTHER: Final = 1.0  # a point that only crosses the border is no loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What a refetch took away and brought.

    Attributes:
        lost_share: of the true surface that the live cloud covers within 2 sampling distances, what the refetch does
            not, and by at least one sampling distance.
        gained_share: the same the other way round.
        noticed_share: what the engine itself says is lost.
        live_s, refetch_s: seconds of CPU for an image.
    """

    lost_share: float
    gained_share: float
    noticed_share: float
    live_s: float
    refetch_s: float


def refetch_loss(posed: Posed, settings: DenseSettings, sweep: SweepSettings) -> Loss:
    """Add the images one after another, then refetch under the same poses.

    Every published live point is supported by two more photographs: the engine holds the rest back.
    """
    model = DenseModel(PlaneSweep(sweep), settings)
    began_s = time.process_time()
    live = SurfacePoints.join([model.add(view).sure_points for view in posed.views])
    grown_s = time.process_time()
    before = dict(model.entries)
    refetched = model.refetch(posed.views).points
    ended_s = time.process_time()
    then, now = (completeness_in_sampling_distances(posed, points) for points in (live, refetched))
    views = {view.image_number: view for view in posed.views}
    return Loss(
        lost_share=_lost_share(then, now),
        gained_share=_lost_share(now, then),
        noticed_share=surface_lost_share(before, model.entries, views),
        live_s=(grown_s - began_s) / len(views),
        refetch_s=(ended_s - grown_s) / len(views),
    )


def _lost_share(before: np.ndarray, after: np.ndarray) -> float:
    is_covered = before < _COVERED
    is_lost = is_covered & (after >= _COVERED) & (after > before + _FARTHER)
    return float(is_lost.sum() / max(1, is_covered.sum()))

"""May a new solution replace the live model? Only if it keeps images, observations and epipolar inliers.

Reprojection errors are not enough: repetitive architecture gives small ones with wrong poses. The bounds separated both
failures (errors of 5.2 m and 18.5 m) from all good solutions on six real sets (2026-11-23).
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict

from reconstructor.clouds.similarity import DegenerateGeometryError
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.sfm.model_comparison import (
    camera_jumps,
    epipolar_inlier_share,
    focal_change_ratio,
    placed_numbers,
    point_ids,
    reprojection_inlier_share,
    similarity_between,
)

_MIN_KEPT_SHARE: Final = 0.95
_MAX_JUMP_RATIO: Final = 0.05
_MAX_SHARE_LOSS: Final = 0.005  # with a larger jump
_MAX_SHARE_LOSS_WITHIN_JUMP: Final = 0.02
_MIN_OBSERVATION_RATIO: Final = 0.6
_MIN_REPROJECTION_SHARE: Final = 0.9
_MAX_FOCAL_CHANGE: Final = 0.1
_MIN_SHARE_ALONE: Final = 0.6  # for a first solution, which has no live model to be compared with


class GateFigures(BaseModel):
    """The figures that the gate compares with its bounds."""

    model_config = ConfigDict(frozen=True)

    kept_share: float  # of the images that the live model places
    camera_jump_ratio: float  # the largest, over the extent of the cameras
    mean_jump_ratio: float
    epipolar_share_before: float
    epipolar_share_after: float
    observation_ratio: float  # observations after over before, in common images
    reprojection_share: float  # of the solution's observations, within 4 pixels
    focal_change_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GateVerdict:
    """Whether a solution passes, and if not, the objection in one line."""

    figures: GateFigures
    objection: str

    @property
    def passes(self) -> bool:
        return not self.objection


def judge(before: Any | None, after: Any, known: KnownImages) -> GateVerdict:
    """Compare a new solution with the live model it would replace, if there is one."""
    if before is None:
        figures = measure(after, after, known)
        is_bad = figures.epipolar_share_after < _MIN_SHARE_ALONE
        objection = "its cameras disagree with most matches" if is_bad else _objection_alone(figures)
        return GateVerdict(figures=figures, objection=objection)
    figures = measure(before, after, known)
    return GateVerdict(figures=figures, objection=objection_to(figures))


def measure(before: Any, after: Any, known: KnownImages) -> GateFigures:
    common = placed_numbers(before) & placed_numbers(after)
    try:
        jumps = camera_jumps(before, after, similarity_between(before, after))
    except DegenerateGeometryError:
        jumps = np.array([np.inf])
    return GateFigures(
        kept_share=len(common) / max(1, len(placed_numbers(before))),
        camera_jump_ratio=float(jumps.max(initial=0.0)),
        mean_jump_ratio=float(jumps.mean()) if len(jumps) else 0.0,
        epipolar_share_before=epipolar_inlier_share(before, known, common),
        epipolar_share_after=epipolar_inlier_share(after, known, common),
        observation_ratio=_observation_count(after, common) / max(1, _observation_count(before, common)),
        reprojection_share=reprojection_inlier_share(after, known, common),
        focal_change_ratio=focal_change_ratio(before, after),
    )


def objection_to(figures: GateFigures) -> str:
    """One line that says what is wrong with a solution; empty if it passes."""
    loss = figures.epipolar_share_before - figures.epipolar_share_after
    is_within = figures.camera_jump_ratio <= _MAX_JUMP_RATIO and figures.focal_change_ratio <= _MAX_FOCAL_CHANGE
    if figures.kept_share < _MIN_KEPT_SHARE:
        return f"it places only {figures.kept_share:.0%} of the images placed before"
    if figures.observation_ratio < _MIN_OBSERVATION_RATIO:
        return f"it has only {figures.observation_ratio:.0%} of the observations before"
    if loss > (_MAX_SHARE_LOSS_WITHIN_JUMP if is_within else _MAX_SHARE_LOSS):
        return (
            f"a camera jumps by {figures.camera_jump_ratio:.1%} of the extent and the matches that agree fall "
            f"from {figures.epipolar_share_before:.1%} to {figures.epipolar_share_after:.1%}"
        )
    return _objection_alone(figures)


def _objection_alone(figures: GateFigures) -> str:
    if figures.reprojection_share < _MIN_REPROJECTION_SHARE:
        return f"only {figures.reprojection_share:.0%} of its observations lie where its points project"
    return ""


def _observation_count(model: Any, numbers: set[int]) -> int:
    return sum(int((point_ids(model, number) >= 0).sum()) for number in numbers)

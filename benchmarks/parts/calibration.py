"""Does confidence say how wrong a point may be? Errors by confidence, in ten parts of as many points each. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenth:
    """A tenth of the points, by confidence.

    Attributes:
        confidence: their mean.
        right: the share of them that is right.
        median_error, mean_error: of them, in the errors' unit; the mean is of errors cut at `limit`.
    """

    confidence: float
    right: float
    median_error: float
    mean_error: float


def tenths(
    confidences: NDArray[np.float32], errors: NDArray[np.float64], *, right_below: float, limit: float
) -> tuple[Tenth, ...]:
    """The least confident tenth first; `limit` keeps a few wild points from deciding a mean."""
    order = np.argsort(confidences, kind="stable")
    return tuple(
        Tenth(
            confidence=float(confidences[rows].mean()),
            right=float((errors[rows] < right_below).mean()),
            median_error=float(np.median(errors[rows])),
            mean_error=float(np.minimum(errors[rows], limit).mean()),
        )
        for rows in np.array_split(order, _BINS)
        if len(rows)
    )


def monotony(parts: tuple[Tenth, ...]) -> float:
    """Spearman's rank correlation between confidence and mean error: -1 where more confidence always means less error.

    Tenths of the same confidence, to a hundredth, count as one: many points have the highest there is.
    """
    errors: dict[float, list[float]] = {}
    for part in parts:
        errors.setdefault(round(part.confidence, 2), []).append(part.mean_error)
    if len(errors) < 2:
        return 0.0
    ranks = np.argsort(np.argsort([np.mean(errors[confidence]) for confidence in sorted(errors)]))
    return float(np.corrcoef(np.arange(len(ranks)), ranks)[0, 1])


def calibration_error(confidences: NDArray[np.float32], is_right: NDArray[np.bool_]) -> float:
    """Expected calibration error in ten bins (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017)."""
    bins = np.minimum((confidences * _BINS).astype(np.int64), _BINS - 1)
    gaps = [
        (bins == place).sum() * abs(float(is_right[bins == place].mean() - confidences[bins == place].mean()))
        for place in np.unique(bins)
    ]
    return float(sum(gaps) / len(bins))

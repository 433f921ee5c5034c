"""Which images did a solver leave at a wrong place? Those with hardly a point, or whose matches disagree: they are registered again.

So are those that do not agree with their nearest image in order, as when they are placed live: equal parts.

Averages over a model hide one such image: in 2026-11's largest set one of 30 was 19.5 m off with 7 points. Nothing is
refined here, because a squared loss spoils what the robust adjustment afterwards makes right.
"""

from collections.abc import Collection
from typing import Any

from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.sfm.equal_parts.credible_pairs import agrees_with_nearest
from reconstructor.engine.sfm.gate.bounds import LEAST_MATCHES, OBSERVATIONS, SHARE
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.model_comparison import match_shares


def repair(mapper: LiveMapper, known: KnownImages) -> tuple[int, ...]:
    """Register the weak images of the mapper's model again; returns those that did not come back."""
    weak = weak_images(mapper.model, known)
    for number in weak:
        mapper.remove(number)
    if mapper.model.num_reg_images() < 2 or not mapper.model.num_points3D():  # noqa: PLR2004 - nothing to register with
        return tuple(weak)
    for number in sorted(weak, key=lambda each: (-mapper.visible_point_count(each), each)):
        mapper.register(number, adjusts=False)
    lost = set(weak).difference(mapper.placed_numbers()) | set(weak_images(mapper.model, known, among=weak))
    for number in lost.intersection(mapper.placed_numbers()):
        mapper.remove(number)
    return tuple(sorted(lost))


def weak_images(model: Any, known: KnownImages, among: Collection[int] | None = None) -> list[int]:
    """The placed images (among these) with too few observations, or with matches that disagree: many, or those in order."""
    return [
        number
        for number, shares in match_shares(model, known).items()
        if (among is None or number in among)
        and (
            not OBSERVATIONS.is_met(int(model.image(number).num_points3D))
            or (shares.matches >= LEAST_MATCHES and not SHARE.is_met(shares.inliers / shares.matches))
            or not agrees_with_nearest(model, number, known.pairs[number])
        )
    ]

"""Which matches are only of parts that look alike? Those that a model contradicts, where images nearer in order explain it."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.sfm.equal_parts.credible_pairs import credible_pairs
from reconstructor.engine.sfm.equal_parts.observed_points import ObservedPoints
from reconstructor.engine.sfm.equal_parts.pair_geometry import (
    AGREES,
    LEAST_POINTS,
    Mask,
    Rows,
    are_near,
    cleaned_pair,
    gap_of,
    key_of,
)
from reconstructor.engine.sfm.equal_parts.walk import WaitingImage, pair_in_row
from reconstructor.engine.sfm.model_comparison import placed_numbers


def without_repeated(model: Any, known: KnownImages) -> KnownImages:
    """Leave out the matches that a model contradicts, if images nearer in order explain it: they only look alike.

    Images that it has not placed keep their credible pairs with placed ones.
    """
    observed = ObservedPoints(model)
    placed, least_gap, doubtful = placed_numbers(model), dict[int, int](), list[tuple[Pair, Mask, Rows]]()
    for number in sorted(placed):
        for pair in known.pairs[number]:
            if pair.newer == number and pair.earlier in placed:
                is_near, rows = _near_in_model(model, observed, pair, known)
                if len(rows) < LEAST_POINTS:
                    continue
                if is_near.mean() >= AGREES:
                    for each in (pair.earlier, pair.newer):
                        least_gap[each] = min(gap_of(pair), least_gap.get(each, gap_of(pair)))
                doubtful.append((pair, is_near, rows))
    cleaned = {
        key_of(pair): cleaned_pair(pair, is_near, rows) if is_near.mean() >= AGREES else None
        for pair, is_near, rows in doubtful
        if not is_near.all()
        and all(least_gap.get(each, gap_of(pair)) < gap_of(pair) for each in (pair.earlier, pair.newer))
    }
    look_up = partial(_waiting_image, model, known)
    for number in sorted(known.pairs.keys() - placed):
        if model.exists_camera(known.camera_ids[number]):
            image, pairs = (number, model.camera(known.camera_ids[number])), known.pairs[number]
            credible = credible_pairs(model, image, known.features[number].keypoints, pairs, look_up)
            cleaned |= {key_of(pair): None for pair in pairs} | {key_of(pair): pair for pair in credible}
    return replace(
        known,
        pairs={
            number: [kept for pair in pairs if (kept := cleaned.get(key_of(pair), pair)) is not None]
            for number, pairs in known.pairs.items()
        },
    )


def _waiting_image(model: Any, known: KnownImages, number: int) -> WaitingImage | None:
    if number not in known.pairs or not model.exists_camera(known.camera_ids[number]):
        return None
    return WaitingImage(
        camera=model.camera(known.camera_ids[number]),
        keypoints=known.features[number].keypoints,
        in_row=pair_in_row(known.pairs[number], number),
    )


def _near_in_model(model: Any, observed: ObservedPoints, pair: Pair, known: KnownImages) -> tuple[Mask, Rows]:
    """Which points that the earlier image observes the newer one sees where they match, and the rows of these matches."""
    points, rows = observed.of(pair.earlier, pair.matches[:, 0])
    places = known.features[pair.newer].keypoints[pair.matches[rows, 1], :2].astype(np.float64)
    image = model.image(pair.newer)
    return are_near(model.camera(image.camera_id), image.cam_from_world(), points, places), rows

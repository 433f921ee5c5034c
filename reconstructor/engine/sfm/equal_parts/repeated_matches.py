"""Which matches are only of parts that look alike? Those that a model contradicts, where images nearer in order explain it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.priority import Pause, no_pause
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
from reconstructor.engine.sfm.equal_parts.walk import decides, known_waiting_image
from reconstructor.engine.sfm.model_comparison import placed_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierPairs:
    """The credible pairs of a model some of whose images have moved a little since.

    Attributes:
        pairs: the credible ones among all placed images; one may be there twice.
        judged: numbers of the images whose pairs a whole model has judged; they are as credible as before.
    """

    pairs: Sequence[Pair]
    judged: Collection[int]


def without_repeated(
    model: Any, known: KnownImages, before: EarlierPairs | None = None, pause: Pause = no_pause
) -> KnownImages:
    """Leave out the matches that a model contradicts, if images nearer in order explain it: they only look alike.

    Images that it has not placed keep their credible pairs with placed ones. With the pairs `before` a part of the images
    moved a little, only pairs of images that were not judged are; the others are taken as they were. `pause` is called
    before each image.
    """
    observed = ObservedPoints(model)
    placed, least_gap, doubtful = placed_numbers(model), dict[int, int](), list[tuple[Pair, Mask, Rows]]()
    asked = placed if before is None else placed.difference(before.judged)
    around = asked.union(*(known.neighbours(number) for number in asked))
    for number in sorted(placed):
        pause()
        for pair in known.pairs[number]:
            is_asked = number in around or pair.earlier in around
            if is_asked and pair.newer == number and pair.earlier in placed:
                is_near, rows = _near_in_model(model, observed, pair, known)
                if len(rows) < LEAST_POINTS:
                    continue
                if is_near.mean() >= AGREES:
                    for each in (pair.earlier, pair.newer):
                        least_gap[each] = min(gap_of(pair), least_gap.get(each, gap_of(pair)))
                doubtful.append((pair, is_near, rows))
    cleaned = {} if before is None else _as_before(before, known, placed - asked)
    cleaned |= {
        key_of(pair): cleaned_pair(pair, is_near, rows) if is_near.mean() >= AGREES else None
        for pair, is_near, rows in doubtful
        if not is_near.all()
        and not asked.isdisjoint((pair.earlier, pair.newer))
        and all(least_gap.get(each, gap_of(pair)) < gap_of(pair) for each in (pair.earlier, pair.newer))
    }
    look_up = partial(known_waiting_image, model, known)
    for number in sorted(known.pairs.keys() - placed):
        pause()
        if model.exists_camera(known.camera_ids[number]):
            image, pairs = (number, model.camera(known.camera_ids[number])), known.pairs[number]
            credible = credible_pairs(model, image, known.features[number].keypoints, pairs, look_up)
            cleaned |= {key_of(pair): None for pair in pairs if not decides(pair)}
            cleaned |= {key_of(pair): pair for pair in credible}
    return replace(
        known,
        pairs={
            number: [kept for pair in pairs if (kept := cleaned.get(key_of(pair), pair)) is not None]
            for number, pairs in known.pairs.items()
        },
    )


def _as_before(before: EarlierPairs, known: KnownImages, still: Collection[int]) -> dict[tuple[int, int], Pair | None]:
    """The pairs among images that still stand as they were judged; None for those that were left out."""
    kept = {key_of(pair): pair for pair in before.pairs}
    pairs = [pair for number in still for pair in known.pairs[number] if pair.earlier in still and pair.newer in still]
    return {key_of(pair): kept.get(key_of(pair)) for pair in pairs}


def _near_in_model(model: Any, observed: ObservedPoints, pair: Pair, known: KnownImages) -> tuple[Mask, Rows]:
    """Which points that the earlier image observes the newer one sees where they match, and the rows of these matches."""
    points, rows = observed.of(pair.earlier, pair.matches[:, 0])
    places = known.features[pair.newer].keypoints[pair.matches[rows, 1], :2].astype(np.float64)
    image = model.image(pair.newer)
    return are_near(model.camera(image.camera_id), image.cam_from_world(), points, places), rows

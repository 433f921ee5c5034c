"""Do two components show one object by now? Then one model observes the other's images and can register them.

A photograph between two components is placed in one of them. Images of the other observe its points, are registered one by
one, and together must stand as they stood in their own model.
"""

from collections.abc import Collection
from typing import Any, Final

import numpy as np

from reconstructor.clouds.similarity import DegenerateGeometryError
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.mapper_options import MIN_REGISTRATION_INLIERS
from reconstructor.engine.sfm.model_comparison import camera_jumps, placed_numbers, point_ids, similarity_between
from reconstructor.engine.sfm.restore import build_mapper

MIN_JOINED_SHARE: Final = 0.95
_MAX_JUMP_RATIO: Final = 0.05


def is_linked(model: Any, other: Any, known: KnownImages) -> bool:
    """Whether an image of the other model observes enough points of this one, through its matches, to be registered."""
    ids = {number: point_ids(model, number) for number in placed_numbers(model)}
    for number in placed_numbers(other):
        seen = set[int]()
        for pair in known.pairs[number]:
            there = known.other(pair, number)
            if there in ids:
                here_column = 1 if pair.newer == number else 0
                has_point = ids[there][pair.matches[:, 1 - here_column]] >= 0
                seen.update(np.asarray(pair.matches[has_point, here_column]).tolist())
        if len(seen) >= MIN_REGISTRATION_INLIERS:
            return True
    return False


def joined(model: Any, other: Any, known: KnownImages, settings: EngineSettings) -> Any | None:
    """One model of the images of both, in the frame of the first; None if they do not fit together.

    Args:
        model: a `pycolmap.Reconstruction`; it is not changed.
        other: of another component, in a frame of its own; it is not changed.
        known: what the engine knows of the images.
        settings: the engine's settings.
    """
    numbers = placed_numbers(other)
    mapper = build_mapper(known, settings, placed_numbers(model) | numbers, pycolmap.Reconstruction(model))
    mapper.place(numbers)
    if not (has_most(mapper.model, numbers) and has_most(mapper.model, placed_numbers(model))):
        return None
    try:
        jumps = camera_jumps(other, mapper.model, similarity_between(other, mapper.model))
    except DegenerateGeometryError:
        return None
    return mapper.model if jumps.max(initial=0.0) <= _MAX_JUMP_RATIO else None


def has_most(model: Any, numbers: Collection[int]) -> bool:
    """Whether a model places these images, but for one in twenty."""
    return len(placed_numbers(model) & set(numbers)) >= MIN_JOINED_SHARE * len(numbers)

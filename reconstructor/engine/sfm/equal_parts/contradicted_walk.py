"""Does a model lay a part of the walk at a wrong place? Images that follow each other say where it turns otherwise.

All other matches may agree with such a model: those of equal sides of a building are more than the true ones at its corners.
"""

from functools import partial
from typing import Any, Final

from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.sfm.equal_parts.credible_pairs import is_on_lines
from reconstructor.engine.sfm.equal_parts.pair_geometry import angle_deg
from reconstructor.engine.sfm.equal_parts.walk import (
    decides,
    known_waiting_image,
    pair_in_row,
    rotation_over_waiting,
)
from reconstructor.engine.sfm.model_comparison import placed_numbers

_MOST_TURNED_DEG: Final = 30.0  # over up to 20 waiting images, each with an error; equal sides differ by 60 and more


def contradicted_walk(model: Any, known: KnownImages) -> tuple[int, int] | None:
    """The first two placed images between which the walk goes on otherwise than the model says; None if it agrees.

    They follow each other, or only waiting images are between them. A single image at a wrong place contradicts the images
    on both of its sides, and is not meant.

    Args:
        model: the `pycolmap.Reconstruction`.
        known: what the engine knows of the images.
    """
    placed = placed_numbers(model)
    in_row = {number: pair for number in placed if (pair := pair_in_row(known.pairs[number], number)) and decides(pair)}
    is_met = {
        number: is_on_lines(model, number, pair)
        if pair.earlier in placed
        else _is_turned_alike(model, known, number, pair)
        for number, pair in in_row.items()
    }
    for number in sorted(is_met):
        before = max((each for each in placed if each < number), default=number)
        if not is_met[number] and is_met.get(before) and is_met.get(number + 1):
            return before, number
    return None


def _is_turned_alike(model: Any, known: KnownImages, number: int, pair: Any) -> bool:
    """Whether the walk over the waiting images before an image gives it about its rotation, or none."""
    image = model.image(number)
    newer = model.camera(image.camera_id), known.features[number].keypoints
    rotation = rotation_over_waiting(model, pair, newer, partial(known_waiting_image, model, known))
    return rotation is None or angle_deg(rotation, image.cam_from_world().rotation.matrix()) <= _MOST_TURNED_DEG

"""Do images show the points that they should show? Patches of points that an image does not observe are looked for in it.

Missing correspondences alone say nothing, because features are found of half of what is there; photometrically confirmed
they see what every other figure is blind to: parts of a model laid over each other that share no pair.

Source of the idea: Zach, Irschara and Bischof, "What can missing correspondences tell us about 3D structure and motion?",
CVPR 2008.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.lsm.bundle import Bundle, Mask, Rows
from reconstructor.engine.lsm.measuring import Measuring, View

_LEAST_OBSERVATIONS: Final = 3  # of a point that is looked for
_MOST: Final = 1500  # points looked for in all images
_MOST_ACROSS: Final = 500  # across a cut
_LEAST_OF_IMAGE: Final = 60
_NEAR: Final = View(cosine=0.866, enlarged=1.5)  # 30 degrees
_ACROSS: Final = View(cosine=0.766, enlarged=1.5)  # 40 degrees


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Confirmation:
    """Points that were looked for in images.

    Attributes:
        images: (N,) int64, rows of the images they were looked for in.
        references: (N,) int64, rows of the images that show them best.
        is_found: (N,) whether they were found.
    """

    images: Rows
    references: Rows
    is_found: Mask

    def counts(self, image_count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many were looked for and found, each (I, I) int64 by image and reference."""
        drawn, found = (np.zeros((image_count, image_count), np.int64) for _ in range(2))
        np.add.at(drawn, (self.images, self.references), 1)
        np.add.at(found, (self.images, self.references), self.is_found.astype(np.int64))
        return drawn, found


def confirm(bundle: Bundle, measuring: Measuring, *, seed: int) -> Confirmation:
    """Look in each image for points of all the others."""
    count = len(bundle.numbers)
    wanted = {image: np.ones(count, np.bool_) for image in range(count)}
    most_of_image = max(_LEAST_OF_IMAGE, _MOST // max(1, count))
    return _looked_for(bundle, measuring, wanted, (_NEAR, most_of_image), seed)


def confirm_across(bundle: Bundle, measuring: Measuring, side: Collection[int], *, seed: int) -> Confirmation:
    """Look in the images on each side of a cut (rows) for points whose references lie on the other."""
    count = len(bundle.numbers)
    is_on_side = np.isin(np.arange(count), list(side))
    wanted = {image: is_on_side != is_on_side[image] for image in range(count)}
    return _looked_for(bundle, measuring, wanted, (_ACROSS, max(1, _MOST_ACROSS // max(1, count))), seed)


def _looked_for(
    bundle: Bundle, measuring: Measuring, wanted: dict[int, Mask], limits: tuple[View, int], seed: int
) -> Confirmation:
    """Look in each image for points of the wanted images, within a view and up to a number for each image.

    A photograph that cannot be read says nothing: nothing is looked for in it, and nothing that it shows best.
    """
    view, most_of_image = limits
    random = np.random.default_rng(seed)
    is_firm = np.bincount(bundle.observations.points, minlength=len(bundle.points_in_world)) >= _LEAST_OBSERVATIONS
    nothing = np.empty(0, np.int64)
    images, references, found = [nothing], [nothing], [np.empty(0, np.bool_)]
    for image, is_wanted in wanted.items():
        if not measuring.can_be_read[image]:
            continue
        points, places = measuring.expected(bundle, image, is_wanted & measuring.can_be_read, view)
        chosen = np.flatnonzero(is_firm[points])
        chosen = np.sort(random.permutation(chosen)[:most_of_image])
        images.append(np.full(len(chosen), image, np.int64))
        references.append(measuring.reference_images[points[chosen]])
        found.append(measuring.is_found(bundle, image, points[chosen], places[chosen]))
    return Confirmation(
        images=np.concatenate(images), references=np.concatenate(references), is_found=np.concatenate(found)
    )

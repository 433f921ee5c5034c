"""Do images show the points that they should show? Patches of points that an image does not observe are looked for in it.

Missing correspondences alone say nothing, because features are found of half of what is there; photometrically confirmed
they see what every other figure is blind to: parts of a model laid over each other that share no pair.

Source of the idea: Zach, Irschara and Bischof, "What can missing correspondences tell us about 3D structure and motion?",
CVPR 2008.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.lsm.bundle import Bundle, Floats, Mask, Rows
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
    random = np.random.default_rng(seed)
    candidates = _candidates(bundle, measuring, wanted, _NEAR)
    drawn = (each[np.sort(random.permutation(np.arange(len(each)))[:most_of_image])] for each in candidates)
    return _looked_for(bundle, measuring, drawn)


def confirm_across(bundle: Bundle, measuring: Measuring, side: Collection[int], *, seed: int) -> Confirmation:
    """Look in the images on each side of a cut (rows) for points whose references lie on the other.

    They are drawn from the points of all images together: in a large project most images stand far from the cut and have
    none, so that equal shares of the images would be too few to say anything.
    """
    count = len(bundle.numbers)
    is_on_side = np.isin(np.arange(count), list(side))
    wanted = {image: is_on_side != is_on_side[image] for image in range(count)}
    return _looked_for(bundle, measuring, _drawn_of_all(_candidates(bundle, measuring, wanted, _ACROSS), seed))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Candidates:
    """Points that one image should show and does not observe.

    Attributes:
        image: row of the image.
        points: (N,) int64, rows of the bundle's points.
        places_px: (N, 2) float64, where they should be, in pixels of the reduced image.
    """

    image: int
    points: Rows
    places_px: Floats

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, rows: Rows | Mask) -> Self:
        return replace(self, points=self.points[rows], places_px=self.places_px[rows])


def _candidates(bundle: Bundle, measuring: Measuring, wanted: dict[int, Mask], view: View) -> Iterator[_Candidates]:
    """What can be looked for in each image: points of the wanted images, within a view.

    A photograph that cannot be read says nothing: nothing is looked for in it, and nothing that it shows best.
    """
    is_firm = np.bincount(bundle.observations.points, minlength=len(bundle.points_in_world)) >= _LEAST_OBSERVATIONS
    for image, is_wanted in wanted.items():
        if measuring.can_be_read[image]:
            points, places_px = measuring.expected(bundle, image, is_wanted & measuring.can_be_read, view)
            yield _Candidates(image=image, points=points, places_px=places_px)[is_firm[points]]


def _drawn_of_all(candidates: Iterable[_Candidates], seed: int) -> list[_Candidates]:
    """At most 500 of all candidates, each with the same chance: those with the smallest random numbers."""
    random = np.random.default_rng(seed)
    drawn, numbers = list[_Candidates](), [np.empty(0)]
    for each in candidates:
        of_image = random.random(len(each))
        smallest = np.sort(np.argsort(of_image)[:_MOST_ACROSS])
        drawn.append(each[smallest])
        numbers.append(of_image[smallest])
    bound = np.sort(np.concatenate(numbers))[:_MOST_ACROSS].max(initial=0.0)
    return [each[of_image <= bound] for each, of_image in zip(drawn, numbers[1:], strict=True)]


def _looked_for(bundle: Bundle, measuring: Measuring, drawn: Iterable[_Candidates]) -> Confirmation:
    """Look in each image for the points that were drawn for it."""
    nothing = np.empty(0, np.int64)
    images, references, found = [nothing], [nothing], [np.empty(0, np.bool_)]
    for each in drawn:
        images.append(np.full(len(each), each.image, np.int64))
        references.append(measuring.reference_images[each.points])
        found.append(measuring.is_found(bundle, each.image, each.points, each.places_px))
    return Confirmation(
        images=np.concatenate(images), references=np.concatenate(references), is_found=np.concatenate(found)
    )

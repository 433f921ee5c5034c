"""May a new solution replace the live model? Only if every figure of the table of bounds is met.

Reprojection errors are not enough: repetitive architecture gives small ones with wrong poses. An objection names the
images to blame, so that a model can be judged again without them.

Only photographs show whether parts of a model are laid over each other. Where they cannot be read, that figure is missing,
which is no objection; the gate then rests on the live model, if there is one: such images stay where it has them, and no
others are added.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from reconstructor.clouds.similarity import DegenerateGeometryError
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.sfm.gate.bounds import (
    CONFIRMED,
    CONFIRMED_ACROSS,
    CONFLICTS,
    CUT,
    KEPT,
    MOVED_UNSEEN,
    OBSERVATIONS,
    OBSERVATIONS_KEPT,
    OWN_OBSERVATIONS,
    REPROJECTION,
    SHARE,
    SHARE_ALONE,
    SILENT_PAIRS,
    TIGHT_GAIN,
    TIGHT_SHARE,
)
from reconstructor.engine.sfm.gate.figures import ModelFigures
from reconstructor.engine.sfm.model_comparison import (
    camera_jumps,
    epipolar_inlier_share,
    focal_change_ratio,
    placed_numbers,
    point_ids,
    reprojection_inlier_share,
    similarity_between,
    tight_share,
)


class GateFigures(BaseModel):
    """The figures that compare a solution with the live model."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    kept_share: float  # of the images that the live model places
    camera_jump_ratio: float | None  # the largest, over the extent of the cameras; None if the models share too little
    mean_jump_ratio: float | None
    epipolar_share_before: float
    epipolar_share_after: float
    tight_share_before: float
    tight_share_after: float
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """What is wrong with a model, in one line, and without which images it may be right; none if nothing helps."""

    sentence: str
    blamed: tuple[int, ...] = ()
    is_of_image: bool = False  # from the figures of one image alone


def judge(
    before: Any | None,
    after: Any,
    known: KnownImages,
    solved: Any | None = None,
    unreadable: Collection[int] = (),
) -> GateVerdict:
    """Compare a new solution with the live model it would replace, if there is one.

    Args:
        before: the live `pycolmap.Reconstruction`.
        after: the solution's.
        known: what the engine knows of the images.
        solved: the solution before it was measured again, in which the places of observations are those of features:
            afterwards those that were refused keep their old places. One of both must explain its observations.
        unreadable: numbers of the images whose photographs cannot be read.
    """
    if before is None:
        figures = measure(after, after, known, solved)
        is_good = SHARE_ALONE.is_met(figures.epipolar_share_after)
        objection = _objection_alone(figures) if is_good else SHARE_ALONE.objection
        return GateVerdict(figures=figures, objection=objection)
    figures = measure(before, after, known, solved)
    objection = objection_to(figures) or _objection_to_unseen_moves(before, after, unreadable)
    return GateVerdict(figures=figures, objection=objection)


def measure(before: Any, after: Any, known: KnownImages, solved: Any | None = None) -> GateFigures:
    """The figures of a solution; see `judge`."""
    common = placed_numbers(before) & placed_numbers(after)
    try:
        jumps = camera_jumps(before, after, similarity_between(before, after))
    except DegenerateGeometryError:
        jumps = np.empty(0)
    return GateFigures(
        kept_share=len(common) / max(1, len(placed_numbers(before))),
        camera_jump_ratio=float(jumps.max()) if len(jumps) else None,
        mean_jump_ratio=float(jumps.mean()) if len(jumps) else None,
        epipolar_share_before=epipolar_inlier_share(before, known, common),
        epipolar_share_after=epipolar_inlier_share(after, known, common),
        tight_share_before=tight_share(before, known),
        tight_share_after=tight_share(after, known),
        observation_ratio=_observation_count(after, common) / max(1, _observation_count(before, common)),
        reprojection_share=max(
            reprojection_inlier_share(each, known, common) for each in (after, solved) if each is not None
        ),
        focal_change_ratio=focal_change_ratio(before, after),
    )


def objection_to(figures: GateFigures) -> str:
    """One line that says what is wrong with a solution; empty if it passes."""
    for bound, figure in (
        (KEPT, figures.kept_share),
        (OBSERVATIONS_KEPT, figures.observation_ratio),
        (TIGHT_GAIN, figures.tight_share_after - figures.tight_share_before),
    ):
        if not bound.is_met(figure):
            return bound.objection.format(figure)
    return _objection_alone(figures)


def objections_to(figures: ModelFigures) -> list[Objection]:
    """All that the figures of a model have against it: the parts it falls into first, then single images."""
    found = [
        Objection(sentence=bound.objection.format(figure), blamed=figures.cut)
        for bound, figure in ((CUT, figures.cut_points), (CONFIRMED_ACROSS, figures.confirmed_across))
        if not bound.is_met(figure)
    ]
    found += _objections_to_images(figures)
    if not SILENT_PAIRS.is_met(count := len(figures.silent_pairs)):
        blamed = _cover(figures.silent_pairs)
        found.append(Objection(sentence=SILENT_PAIRS.objection.format(count), blamed=blamed))
    if not CONFLICTS.is_met(figures.conflicts):
        found.append(Objection(sentence=CONFLICTS.objection.format(figures.conflicts)))
    return found


def blamed_next(objections: Sequence[Objection], placed_before: Collection[int]) -> tuple[int, ...]:
    """The images without which a model is judged again: those of its first objection, single images all together.

    Of these, the ones that the live model does not place go first, because one of them at a wrong place may be all that
    speaks against the others.
    """
    if not objections or not objections[0].is_of_image:
        return objections[0].blamed if objections else ()
    blamed = {number for each in objections if each.is_of_image for number in each.blamed}
    return tuple(sorted(blamed.difference(placed_before) or blamed))


def objections_to_unseen(figures: ModelFigures, placed_before: Collection[int]) -> list[Objection]:
    """What speaks against images that a model adds though their photographs cannot be read: they wait.

    A first model, with none before it, has nothing but its matches to rest on, as the live one that it would be.
    """
    if not placed_before:
        return []
    unseen = tuple(number for number in figures.unreadable if number not in placed_before)
    sentence = f"{len(unseen)} photographs of images that it adds cannot be read"
    return [Objection(sentence=sentence, blamed=unseen)] if unseen else []


def _objection_to_unseen_moves(before: Any, after: Any, unreadable: Collection[int]) -> str:
    """One line if images whose photographs cannot be read are not where the live model has them; else empty."""
    common = sorted(placed_numbers(before) & placed_numbers(after))
    is_unseen = np.isin(common, list(unreadable))
    if not is_unseen.any():
        return ""
    try:
        jumps = camera_jumps(before, after, similarity_between(before, after))
    except DegenerateGeometryError:
        return "nothing shows where it moves images whose photographs cannot be read"
    most = float(jumps[is_unseen].max())
    return "" if MOVED_UNSEEN.is_met(most) else MOVED_UNSEEN.objection.format(most)


def _objections_to_images(figures: ModelFigures) -> Iterator[Objection]:
    for image in figures.images:
        for bound, figure in (
            (OBSERVATIONS, image.observations),
            (SHARE, image.share),
            (TIGHT_SHARE, image.tight_share),
            (REPROJECTION, image.reprojection_ratio),
            (CONFIRMED, image.confirmed),
        ):
            if not bound.is_met(figure):
                sentence = bound.objection.format(figure, image.number)
                yield Objection(sentence=sentence, blamed=(image.number,), is_of_image=True)


def _cover(pairs: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    """Few images, newer ones first, without which none of the pairs is left."""
    left, chosen = list(pairs), []
    while left:
        counts = Counter(number for pair in left for number in set(pair))
        chosen.append(max(counts, key=lambda number: (counts[number], number)))
        left = [pair for pair in left if chosen[-1] not in pair]
    return tuple(sorted(chosen))


def _objection_alone(figures: GateFigures) -> str:
    share = figures.reprojection_share
    return "" if OWN_OBSERVATIONS.is_met(share) else OWN_OBSERVATIONS.objection.format(share)


def _observation_count(model: Any, numbers: set[int]) -> int:
    return sum(int((point_ids(model, number) >= 0).sum()) for number in numbers)

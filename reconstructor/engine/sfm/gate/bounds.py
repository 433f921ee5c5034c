"""Which figures must a model have? One table of bounds, each with the extremes that were measured of right and wrong models.

Extremes: 9 right and 22 wrong models of five sets, 2026-11-28 (`python -m benchmarks.folds` prints the table and makes
such models again). Where one says nothing, the bound was chosen without measuring: it may be too strict or too loose.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Side(Enum):
    """On which side of its bound a good figure lies."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One row of the table.

    Attributes:
        name: of the figure.
        side: of the bound on which a good figure lies.
        value: the bound.
        right: the extreme of the right models; None if it was not measured.
        wrong: of the wrong models; nearly all of those that this figure can see lie beyond it. None if it was not measured.
        objection: what to say of a figure that misses the bound; `{}` is its value.
    """

    name: str
    side: Side
    value: float
    right: float | None
    wrong: float | None
    objection: str

    def is_met(self, figure: float | None) -> bool:
        """Whether a figure meets the bound; one that could not be measured does."""
        if figure is None:
            return True
        return figure >= self.value if self.side is Side.AT_LEAST else figure <= self.value

    def row(self) -> str:
        """The bound as one line of the printed table."""
        right, wrong = ("not measured" if each is None else f"{each:g}" for each in (self.right, self.wrong))
        return f"{self.name}: {self.side.value} {self.value:g} (right {right}, wrong {wrong})"


LEAST_MATCHES: Final = 30  # of an image, for its shares to say anything
LEAST_DRAWN: Final = 30  # points looked for in an image
LEAST_DRAWN_OF_PAIR: Final = 15
LEAST_DRAWN_ACROSS: Final = 60
SILENT_SHARE: Final = 0.1  # a pair is silent if fewer of the points looked for are found
TIE: Final = 0.002  # of two tight shares

OBSERVATIONS: Final = Bound(
    name="observations of an image",
    side=Side.AT_LEAST,
    value=30,
    right=240,
    wrong=36,
    objection="image {1} observes only {0:.0f} points",
)
SHARE: Final = Bound(
    name="share of an image's matches within 4 px",
    side=Side.AT_LEAST,
    value=0.6,
    right=0.806,
    wrong=0.56,
    objection="only {0:.0%} of the matches of image {1} agree with its pose",
)
TIGHT_SHARE: Final = Bound(
    name="share of an image's matches within 0.3 px",
    side=Side.AT_LEAST,
    value=0.25,
    right=0.319,
    wrong=0.22,
    objection="only {0:.0%} of the matches of image {1} agree closely with its pose",
)
TIGHT_GAIN: Final = Bound(
    name="tight share of the model over that of the live one",
    side=Side.AT_LEAST,
    value=-TIE,
    right=0.003,
    wrong=-0.012,
    objection="the matches that agree closely change by {0:+.1%} against the live model",
)
REPROJECTION: Final = Bound(
    name="worst median reprojection error of an image over that of all",
    side=Side.AT_MOST,
    value=2.1,
    right=1.55,
    wrong=2.91,
    objection="image {1} has {0:.1f} times the reprojection error of the others",
)
CUT: Final = Bound(
    name="points across the weakest cut",
    side=Side.AT_LEAST,
    value=30,
    right=598,
    wrong=15,
    objection="it falls into two parts that share {0:.0f} points",
)
CONFIRMED_ACROSS: Final = Bound(
    name="points found across the weakest cut",
    side=Side.AT_LEAST,
    value=0.3,
    right=0.48,
    wrong=0.2,
    objection="only {0:.0%} of the points of one part are found in photographs of the other that should show them",
)
CONFIRMED: Final = Bound(
    name="points found in an image",
    side=Side.AT_LEAST,
    value=0.12,
    right=0.22,
    wrong=0.09,
    objection="only {0:.0%} of the points that image {1} should show are found in it",
)
SILENT_PAIRS: Final = Bound(
    name="pairs of images that should show the same points and do not",
    side=Side.AT_MOST,
    value=0,
    right=0,
    wrong=1,
    objection="{0:.0f} pairs of images should show the same points and do not",
)
CONFLICTS: Final = Bound(
    name="points before what an image sees",
    side=Side.AT_MOST,
    value=0.001,
    right=0.0002,
    wrong=0.001,
    objection="{0:.2%} of its points stand before what its images see",
)
FOCAL: Final = Bound(
    name="change of a given focal length that is set free",
    side=Side.AT_MOST,
    value=0.01,
    right=0.0023,
    wrong=0.0207,
    objection="the calibration does not fit",
)

KEPT: Final = Bound(
    name="share of the live model's images that a solution places",
    side=Side.AT_LEAST,
    value=0.95,
    right=None,
    wrong=None,
    objection="it places only {0:.0%} of the images placed before",
)
OBSERVATIONS_KEPT: Final = Bound(
    name="observations in common images over those of the live model",
    side=Side.AT_LEAST,
    value=0.6,
    right=None,
    wrong=None,
    objection="it has only {0:.0%} of the observations before",
)
OWN_OBSERVATIONS: Final = Bound(
    name="share of a solution's observations within 4 px",
    side=Side.AT_LEAST,
    value=0.9,
    right=None,
    wrong=None,
    objection="only {0:.0%} of its observations lie where its points project",
)
SHARE_ALONE: Final = Bound(
    name="share of all matches of a first solution within 4 px",
    side=Side.AT_LEAST,
    value=0.6,
    right=0.943,
    wrong=0.671,  # so the bound refuses only worse ones than were made
    objection="its cameras disagree with most matches",
)
MOVED_UNSEEN: Final = Bound(
    name="move of images whose photographs cannot be read, over the cameras' extent",
    side=Side.AT_MOST,
    value=0.05,  # as of components that are joined
    right=None,
    wrong=None,
    objection="it moves images whose photographs cannot be read by up to {0:.0%} of the cameras' extent",
)
TIGHT_SHARE_OF_CAMERAS: Final = Bound(
    name="share of placed images' matches within 0.3 px, with which no other cameras are sought",
    side=Side.AT_LEAST,
    value=0.45,
    right=0.54,
    wrong=0.15,  # bent by a zoom that nothing tells of
    objection="its cameras may have other focal lengths",
)
TIGHT_GAIN_OF_CAMERAS: Final = Bound(
    name="tight share with other cameras over that with one for each sensor",
    side=Side.AT_LEAST,
    value=0.05,
    right=0.44,  # where there was a zoom
    wrong=0.002,  # where there was none
    objection="other cameras fit its matches hardly better",
)
SURFACE_LOST: Final = Bound(
    name="share of the surface published before that is lost",
    side=Side.AT_MOST,
    value=0.1,
    right=0.0168,
    wrong=None,
    objection="it would lose {0:.0%} of the surface that two or more photographs support",
)

TABLE: Final = (
    OBSERVATIONS,
    SHARE,
    TIGHT_SHARE,
    TIGHT_GAIN,
    REPROJECTION,
    CUT,
    CONFIRMED_ACROSS,
    CONFIRMED,
    SILENT_PAIRS,
    CONFLICTS,
    FOCAL,
    KEPT,
    OBSERVATIONS_KEPT,
    OWN_OBSERVATIONS,
    SHARE_ALONE,
    MOVED_UNSEEN,
    TIGHT_SHARE_OF_CAMERAS,
    TIGHT_GAIN_OF_CAMERAS,
    SURFACE_LOST,
)

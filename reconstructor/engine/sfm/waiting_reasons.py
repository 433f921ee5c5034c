"""Why does an image wait, and what should the photographer do? A code for programs, and one sentence for people."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reconstructor.engine.features.copies import is_copy
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.sfm.mapper_options import MIN_REGISTRATION_INLIERS

MIN_FEATURES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingReason:
    """Why an image is not placed."""

    code: str
    reason: str


FIRST_IMAGE = WaitingReason(
    code="first_image", reason="The first photograph waits for a second one of the same object from another place."
)
TOO_FEW_FEATURES = WaitingReason(
    code="too_few_features",
    reason="Hardly any detail can be recognised: is it blurred, dark, or of a blank surface? Take it again.",
)
TOO_FEW_MATCHES = WaitingReason(
    code="too_few_matches",
    reason="It shares too little with the other photographs: take one or two between it and its neighbours.",
)
NEEDS_PARALLAX = WaitingReason(
    code="needs_parallax",
    reason="It was taken from the same place as its neighbours: step sideways and take it again.",
)
NOT_CONNECTED = WaitingReason(
    code="not_connected",
    reason="It matches only photographs that wait themselves: take one that overlaps both it and the model. Three that "
    "match each other begin a second part.",
)
TOO_FEW_POINTS = WaitingReason(
    code="too_few_points",
    reason="It overlaps the model too little to be placed safely: take one between it and its neighbours.",
)
COPY = WaitingReason(
    code="copy_of_another",
    reason="It is a picture of another photograph, such as a screenshot, a collage or a crop: send that photograph itself.",
)
UNSURE_POSE = WaitingReason(
    code="unsure_pose",
    reason="Its matches disagree about where it was taken: take another from nearby, with more overlap.",
)


def why_waiting(
    *,
    is_only_image: bool,
    feature_count: int,
    pairs: Sequence[Pair],
    placed: Collection[int],
    number: int,
    visible_point_count: int,
) -> WaitingReason:
    """The most helpful reason; `pairs` are all pairs of this image, with earlier and later images."""
    if feature_count < MIN_FEATURES:
        return TOO_FEW_FEATURES
    if is_only_image or is_copy(pairs, number):
        return FIRST_IMAGE if is_only_image else COPY
    if not pairs:
        return TOO_FEW_MATCHES
    if not placed:
        return TOO_FEW_MATCHES if any(pair.has_parallax for pair in pairs) and _is_weak(pairs) else NEEDS_PARALLAX
    if not any(_other(pair, number) in placed for pair in pairs):
        return NOT_CONNECTED
    return TOO_FEW_POINTS if visible_point_count < MIN_REGISTRATION_INLIERS else UNSURE_POSE


def _other(pair: Pair, number: int) -> int:
    return pair.earlier if pair.newer == number else pair.newer


def _is_weak(pairs: Sequence[Pair]) -> bool:
    return max(len(pair.matches) for pair in pairs) < 50  # noqa: PLR2004 - the least that a first pair needs

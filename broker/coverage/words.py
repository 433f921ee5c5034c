"""How is advice said to people at a terminal? In English sentences: steps and degrees from a photograph, and why."""

import math
from types import MappingProxyType
from typing import Final

from broker.coverage.messages import Advice, AdvisedPlace

WALK_ON: Final = "Walk on: each of the last three photographs still shows much that is new."
ONLY_PHOTOGRAPHS: Final = (
    "The points are too sparse to tell what is missing; it is only known how many photographs see each part."
)
NOTHING_MISSING: Final = "Nothing is missing that another photograph from around here would bring."
_REASONS: Final = MappingProxyType(
    {
        "few_views": "too few photographs see {place}",
        "narrow_angle": "{place} is seen from one side only",
        "too_far": "{place} was photographed from too far away",
        "hidden": "nobody has looked behind {place}",
        "hole": "the cloud has a hole at {place}",
    }
)
_STEP: Final = "one step apart (about a seventh of the distance to the object)"
_OTHER_REASON: Final = "{place} needs more photographs"
_NUMBERS: Final = MappingProxyType({1: "one step", 2: "two steps", 3: "three steps", 4: "four steps", 5: "five steps"})
_LEAST_STEPS: Final = 0.5  # less is the same place
_LEAST_TURN_DEG: Final = 8.0
_ROUND_DEG: Final = 5


def advice_sentences(advice: Advice) -> list[str]:
    """What to say, one sentence or more, the most important first."""
    if not advice.is_dense:
        return [ONLY_PHOTOGRAPHS]
    told = [_place_sentence(place, advice.metres_per_unit) for place in advice.places]
    if advice.is_walk_unfinished:
        told.insert(0, WALK_ON)
    return told or [NOTHING_MISSING]


def _place_sentence(place: AdvisedPlace, metres_per_unit: float | None) -> str:
    metres_a_step = None if metres_per_unit is None else place.step * metres_per_unit
    apart = _STEP if metres_a_step is None else f"{_metres(metres_a_step)} apart"
    parts = [_moved(place, metres_a_step)]
    if abs(place.steps_up) >= _LEAST_STEPS:
        parts.append("camera held high" if place.steps_up > 0 else "camera held low")
    turn, tilt = (_ROUND_DEG * _rounded(degrees / _ROUND_DEG) for degrees in (place.turn_right_deg, place.tilt_up_deg))
    if abs(turn) >= _LEAST_TURN_DEG:
        parts.append(f"turn {abs(turn)}° to the {'right' if turn > 0 else 'left'}")
    if abs(tilt) >= _LEAST_TURN_DEG:
        parts.append(f"aim {abs(tilt)}° {'higher' if tilt > 0 else 'lower'}")
    reason = _REASONS.get(place.code, _OTHER_REASON).format(place=_target(place))
    return f"Take three photographs, {apart}, {', '.join(parts)}: {reason}."


def _target(place: AdvisedPlace) -> str:
    """What the target is called: it can only be shown, on the page."""
    if place.marked is None:
        return "a place there"
    return f"the place that the page marks in photograph {place.marked.image_number}"


def _moved(place: AdvisedPlace, metres_a_step: float | None) -> str:
    """Where to stand, from the nearest photograph."""
    moves = []
    if abs(place.steps_right) >= _LEAST_STEPS:
        side = "right" if place.steps_right > 0 else "left"
        moves.append(f"{_length(place.steps_right, metres_a_step)} to the {side} of")
    if abs(place.steps_ahead) >= _LEAST_STEPS:
        towards = "closer than" if place.steps_ahead > 0 else "farther away than"
        moves.append(f"{_length(place.steps_ahead, metres_a_step)} {towards}")
    where = " and ".join(moves) if moves else "from the place of"
    return f"{where} photograph {place.image_number}"


def _length(steps: float, metres_a_step: float | None) -> str:
    if metres_a_step is not None:
        return _metres(abs(steps) * metres_a_step)
    whole = max(1, _rounded(abs(steps)))
    return _NUMBERS.get(whole, f"{whole} steps")


def _metres(length: float) -> str:
    if length >= 1:
        return f"{length:.1f} m"
    return f"{100 * length:.0f} cm" if length >= 0.1 else f"{100 * length:.1f} cm"  # noqa: PLR2004 - a decimetre


def _rounded(value: float) -> int:
    """The nearest whole number, of two the larger one, as the page's `Math.round` has it."""
    return math.floor(value + 0.5)

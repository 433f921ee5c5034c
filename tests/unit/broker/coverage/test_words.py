"""What does a person at a terminal read of advice?"""

import json
from pathlib import Path
from typing import Any

import pytest

from broker.coverage.messages import Advice
from broker.coverage.words import NOTHING_MISSING, ONLY_PHOTOGRAPHS, WALK_ON, advice_sentences

GOLDEN = json.loads((Path(__file__).parents[3] / "golden/messages/advice.json").read_text(encoding="utf-8"))
FULL = GOLDEN["valid"][0]["message"]


def advice(**fields: object) -> Advice:
    return Advice.model_validate(FULL | {"is_walk_unfinished": False, "metres_per_unit": None} | fields)


def place(**fields: object) -> dict[str, Any]:
    return {**FULL["places"][0], **fields}


def test_steps_turn_and_reason() -> None:
    [told] = advice_sentences(advice(places=[place()]))
    assert told == (
        "Take three photographs, one step apart (about a seventh of the distance to the object), two steps to the left of and two steps closer than photograph 14, "
        "turn 25° to the right, aim 15° lower: too few photographs see the place that the page marks in photograph 12."
    )


def test_metres_once_the_scale_is_known() -> None:
    [told] = advice_sentences(advice(places=[place()], metres_per_unit=2.0))
    assert "photographs, 90 cm apart, 1.4 m to the left of and 1.4 m closer than photograph 14" in told


def test_a_place_without_a_move_or_a_mark() -> None:
    [told] = advice_sentences(
        advice(places=[place(steps_right=0, steps_ahead=0, tilt_up_deg=0, marked=None, code="hidden")])
    )
    assert told == (
        "Take three photographs, one step apart (about a seventh of the distance to the object), from the place of "
        "photograph 14, turn 25° to the right: nobody has looked behind a place there."
    )


@pytest.mark.parametrize(
    ("steps", "said"), [(0.5, "one step"), (1.49, "one step"), (2.5, "three steps"), (-2.5, "three steps")]
)
def test_halves_are_rounded_up_as_on_the_page(steps: float, said: str) -> None:
    [told] = advice_sentences(advice(places=[place(steps_right=steps, steps_ahead=0, turn_right_deg=12.5)]))
    assert f", {said} to the {'right' if steps > 0 else 'left'} of photograph 14, turn 15° to the right" in told


def test_less_than_half_a_step_is_the_same_place() -> None:
    [told] = advice_sentences(advice(places=[place(steps_right=-0.49, steps_ahead=0.3, steps_up=0.2)]))
    assert ", from the place of photograph 14, turn" in told


@pytest.mark.parametrize(("metres", "said"), [(0.1, "4.5 cm"), (1.0, "45 cm"), (2.2, "99 cm"), (10.0, "4.5 m")])
def test_small_steps_are_centimetres(metres: float, said: str) -> None:
    [told] = advice_sentences(advice(places=[place()], metres_per_unit=metres))
    assert f"photographs, {said} apart, " in told


def test_a_code_of_a_later_version_is_still_a_sentence() -> None:
    [told] = advice_sentences(advice(places=[place(code="wet")]))
    assert told.endswith("needs more photographs.")


def test_walking_on_comes_first() -> None:
    assert advice_sentences(advice(is_walk_unfinished=True))[0] == WALK_ON


@pytest.mark.parametrize(("is_dense", "said"), [(True, NOTHING_MISSING), (False, ONLY_PHOTOGRAPHS)])
def test_without_places_it_says_why(is_dense: bool, said: str) -> None:
    assert advice_sentences(advice(places=[], is_dense=is_dense)) == [said]

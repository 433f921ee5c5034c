"""How is a place to stand said? In steps and degrees from the nearest photograph, with the reason."""

from typing import Final

from reconstructor.coverage.advice import Advice, AdviceCode

_REASONS: Final = {
    AdviceCode.FEW_VIEWS: "the place marked in it is seen by too few photographs",
    AdviceCode.NARROW_ANGLE: "the place marked in it is seen from one side only",
    AdviceCode.TOO_FAR: "the place marked in it was photographed from too far away",
    AdviceCode.HIDDEN: "nobody has looked behind the place marked in it",
    AdviceCode.HOLE: "the cloud has a hole at the place marked in it",
}
_NUMBERS: Final = {1: "one step", 2: "two steps", 3: "three steps", 4: "four steps", 5: "five steps"}
_LEAST_TURN_DEG: Final = 8.0
_ROUND_DEG: Final = 5


def sentence(advice: Advice, *, meters_a_step: float | None = None) -> str:
    """The advice in one English sentence; steps in metres once the scale is known."""
    parts = [_moved(advice, meters_a_step)]
    if advice.place.up:
        parts.append("camera held high" if advice.place.up > 0 else "camera held low")
    turn, tilt = (
        _ROUND_DEG * round(degrees / _ROUND_DEG) for degrees in (advice.place.turn_deg, advice.place.tilt_deg)
    )
    if abs(turn) >= _LEAST_TURN_DEG:
        parts.append(f"turn {abs(turn)}° to the {'right' if turn > 0 else 'left'}")
    if abs(tilt) >= _LEAST_TURN_DEG:
        parts.append(f"aim {abs(tilt)}° {'higher' if tilt > 0 else 'lower'}")
    return f"Take three photographs {', '.join(parts)}: {_REASONS[advice.code]}."


def _moved(advice: Advice, meters_a_step: float | None) -> str:
    """Where to stand, from the nearest photograph."""
    place, moves = advice.place, []
    if place.right:
        side = "right" if place.right > 0 else "left"
        moves.append(f"{_length(abs(place.right), meters_a_step)} to the {side} of")
    if place.ahead:
        moves.append(f"{_length(place.ahead, meters_a_step)} closer than")
    where = " and ".join(moves) if moves else "from where you took"
    return f"{where} photograph {advice.image_number}"


def _length(steps: float, meters_a_step: float | None) -> str:
    if meters_a_step is not None:
        return f"{steps * meters_a_step:.1f} m"
    return _NUMBERS[max(1, round(steps))]

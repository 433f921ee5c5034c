"""Which measures and notes does a report list? Each with its number in the views, its figures, and who set it when."""

from collections.abc import Sequence
from typing import Final

from broker.annotations.figures import figures_of
from broker.annotations.tables import LeftAnnotation
from broker.messages import WorldFrame
from broker.wire.annotations import Measure, MeasureKind, Note
from reconstructor.exports.report_html import heading, soft, table, time

_PARTS: Final = ("horizontal", "vertical")
_SMALL: Final = 0.1


def report_annotations(left: Sequence[LeftAnnotation], frame: WorldFrame, *, has_names: bool) -> str:
    """The section about them; empty when nobody left any.

    Args:
        left: numbered from 1 in this order, as in the views.
        frame: of their world.
        has_names: whether authors are named.
    """
    if not left:
        return ""
    rows = []
    for number, each in enumerate(left, 1):
        author = (each.user or "",) if has_names else ()
        set_at = time(each.annotation.sent_at.timestamp())
        rows.append((str(number), *_content(each.annotation, frame), *author, set_at))
    head = ("Number", "Kind", "Name or text", "Result", *(("Who",) if has_names else ()), "Set")
    parts = [heading("Measures and notes"), table(head, rows)]
    if frame.metres_per_unit is None:
        parts.append(soft("The scale is not known: lengths are in units of the model and areas in their squares."))
    elif frame.scale_deviation_ratio is not None:
        parts.append(
            soft(f"Lengths are as sure as the scale: its standard deviation is {frame.scale_deviation_ratio:.1%}.")
        )
    return "\n".join(parts)


def _content(annotation: Measure | Note, frame: WorldFrame) -> tuple[str, str, str]:
    if isinstance(annotation, Note):
        return "note", annotation.text, ""
    return annotation.kind.value, annotation.name, figure_words(annotation, frame)


def figure_words(measure: Measure, frame: WorldFrame) -> str:
    """What a measure comes to, with its unit: "2.500 m (horizontal 1.500 m, vertical 2.000 m)"."""
    figures = figures_of(measure, frame)
    unit = "m" if frame.metres_per_unit is not None else "units"
    words = {name: f"{_number(value)} {unit}" for name, value in figures.items()}
    if "area" in figures:
        return f"{_number(figures['area'])} {'m²' if unit == 'm' else 'square units'}"
    if "angle_deg" in figures:
        return f"{figures['angle_deg']:.1f}°"
    if "distance" in figures:
        parts = ", ".join(f"{name} {words[name]}" for name in _PARTS if name in words)
        return words["distance"] + (f" ({parts})" if parts else "")
    if measure.kind is MeasureKind.AREA:
        return "none: its outline crosses itself"
    return words.get("vertical", "not known: it is not known which way is up")


def _number(value: float) -> str:
    """Three decimals, six of a small length."""
    return f"{value:.3f}" if value >= _SMALL else f"{value:.6f}"

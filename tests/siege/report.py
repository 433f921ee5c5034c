"""Did the siege hold? What each attack did, the figures of the whole, and which bound is broken by which input."""

from dataclasses import dataclass, field
from typing import Final

BOUNDS: Final = {
    "crashes": 0,
    "hangs": 0,
    "escapes": 0,
    "other_projects_disturbed": 0,
    "longest_receipt_s": 6.0,
    "other_sender_receipt_s": 1.0,
    "peak_service_mb": 400,
    "peak_decoder_mb": 1100,
}
LEAST_INPUTS: Final = 200


@dataclass(slots=True)
class Report:
    """What happened, by the names of the inputs; None where nothing was measured."""

    inputs: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    escapes: list[str] = field(default_factory=list)
    disturbed: list[str] = field(default_factory=list)
    not_placed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    checked_count: int = 0  # inputs after which a good image was sent
    longest_receipt: tuple[float, str] | None = None
    other_sender_receipt: tuple[float, str] | None = None
    peak_service: tuple[float, str] | None = None
    peak_decoder: tuple[float, str] | None = None

    def note_receipt(self, seconds: float, name: str) -> None:
        """Keep the longest time to a hostile input's own receipt."""
        self.longest_receipt = max(self.longest_receipt or (0.0, ""), (seconds, name))

    def note_other_sender(self, seconds: float, name: str) -> None:
        """Keep the longest time to another sender's receipt."""
        self.other_sender_receipt = max(self.other_sender_receipt or (0.0, ""), (seconds, name))

    def note_memory(self, service_mb: float, decoder_mb: float | None, name: str) -> None:
        """Keep the peaks of memory."""
        self.peak_service = max(self.peak_service or (0.0, ""), (service_mb, name))
        if decoder_mb is not None:
            self.peak_decoder = max(self.peak_decoder or (0.0, ""), (decoder_mb, name))

    def figures(self) -> dict[str, float | int | None]:
        """The line of JSON."""
        placed = self.checked_count - len(self.not_placed)
        return {
            "inputs": len(self.inputs),
            "crashes": len(self.crashes),
            "hangs": len(self.hangs),
            "escapes": len(self.escapes),
            "other_projects_disturbed": len(self.disturbed),
            "next_good_image_placed_share": round(placed / self.checked_count, 4) if self.checked_count else None,
            "longest_receipt_s": _rounded(self.longest_receipt),
            "other_sender_receipt_s": _rounded(self.other_sender_receipt),
            "peak_service_mb": _rounded(self.peak_service),
            "peak_decoder_mb": _rounded(self.peak_decoder),
        }

    def breaches(self) -> list[str]:
        """One line for each bound that is broken or was not measured, with the inputs that broke it."""
        figures = self.figures()
        lines = [f"{name} was not measured" for name, value in figures.items() if value is None]
        for name, bound in BOUNDS.items():
            value = figures[name]
            if value is not None and value > bound:
                lines.append(f"{name} is {value}, at most {bound}: {self._by(name)}")
        if self.checked_count and self.not_placed:
            lines.append(f"the next good image was not placed after: {', '.join(self.not_placed)}")
        return lines

    def _by(self, name: str) -> str:
        lists = {
            "crashes": self.crashes,
            "hangs": self.hangs,
            "escapes": self.escapes,
            "other_projects_disturbed": self.disturbed,
        }
        if name in lists:
            return "; ".join(lists[name])
        peaks = {
            "longest_receipt_s": self.longest_receipt,
            "other_sender_receipt_s": self.other_sender_receipt,
            "peak_service_mb": self.peak_service,
            "peak_decoder_mb": self.peak_decoder,
        }
        peak = peaks[name]
        return peak[1] if peak else ""


def _rounded(peak: tuple[float, str] | None) -> float | None:
    return None if peak is None else round(peak[0], 2)

"""What is the result of a demo? The figures as JSON."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from broker.percentiles import percentile
from demo.progress import DemoProgress

_P95: Final = 0.95


def counted(count: int, one: str, many: str) -> str:
    """A number with its noun: `1 error`, `2 errors`."""
    return f"{count} {one if count == 1 else many}"


class Latency(BaseModel):
    """Percentiles in seconds, null without a measurement."""

    model_config = ConfigDict(frozen=True)

    p50: float | None
    p95: float | None

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Latency":
        """The percentiles of these."""
        measured = list(seconds)
        return cls(p50=percentile(measured, 0.5), p95=percentile(measured, _P95))


class Report(BaseModel):
    """The file that `--report` writes.

    Attributes:
        seconds_receipt_to_first_dense: from the receipt of a photograph, or of its preview, to its first points; a
            photograph that brings none because it waits is not counted.
        seconds_receipt_to_fine: from the same receipt until all its live points are there.
    """

    model_config = ConfigDict(frozen=True)

    captured: int
    stored: int
    placed: int
    waiting: int
    rejected: int
    stored_of_others: int
    rejected_of_others: int
    generations: int
    refetches: int
    shards: int
    points: int
    seconds_capture_to_shard: Latency
    seconds_receipt_to_first_dense: Latency
    seconds_receipt_to_fine: Latency
    restarts: int
    errors: tuple[str, ...]

    @classmethod
    def build(cls, progress: DemoProgress, restarts: int) -> "Report":
        """Sum up what was followed."""
        figures = progress.statistics
        generations = progress.generation
        return cls(
            captured=progress.captured,
            stored=figures.stored_count if figures else 0,
            placed=figures.placed_count if figures else 0,
            waiting=figures.waiting_count if figures else 0,
            rejected=figures.rejected_count if figures else 0,
            stored_of_others=len(progress.stored_of_others),
            rejected_of_others=len(progress.refused_of_others),
            generations=generations,
            refetches=max(0, generations - 1),
            shards=progress.shards,
            points=progress.points,
            seconds_capture_to_shard=Latency.of(progress.capture_to_shard_s),
            seconds_receipt_to_first_dense=Latency.of(progress.receipt_to_first_dense_s.values()),
            seconds_receipt_to_fine=Latency.of(progress.receipt_to_fine_s.values()),
            restarts=restarts,
            errors=tuple(f"{error.code}: {error.reason}" for error in progress.errors),
        )

    @property
    def is_complete(self) -> bool:
        """Whether every photograph of the rig has its receipt and none was refused."""
        return self.captured > 0 and self.through == self.captured and self.rejected <= self.rejected_of_others

    @property
    def through(self) -> int:
        """Photographs of the rig that are stored and were processed."""
        return self.stored - self.stored_of_others

    @property
    def verdict(self) -> str:
        """How it went, for people."""
        if self.is_complete:
            words = f"all {self.captured} are through"
        elif self.through < self.captured:
            words = f"{self.through} of {self.captured} photographs are through"
        else:
            refused = self.rejected - self.rejected_of_others
            words = f"{counted(refused, 'photograph was', 'photographs were')} refused"
        if self.rejected_of_others:
            words += f"; {counted(self.rejected_of_others, 'file of others was', 'files of others were')} refused"
        return words

    def write(self, path: Path) -> None:
        """Write one JSON object."""
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

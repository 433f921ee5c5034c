"""What is the result of a demo? The figures as JSON."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from broker.percentiles import percentile
from demo.progress import Progress

_P95: Final = 0.95


class Latency(BaseModel):
    """Percentiles in seconds, null without a measurement."""

    model_config = ConfigDict(frozen=True)

    p50: float | None
    p95: float | None


class Report(BaseModel):
    """The file that `--report` writes."""

    model_config = ConfigDict(frozen=True)

    captured: int
    stored: int
    placed: int
    waiting: int
    rejected: int
    generations: int
    refetches: int
    shards: int
    points: int
    seconds_capture_to_shard: Latency
    restarts: int
    errors: tuple[str, ...]

    @classmethod
    def build(cls, progress: Progress, restarts: int) -> "Report":
        """Sum up what was followed."""
        figures = progress.statistics
        generations = progress.generation
        return cls(
            captured=progress.captured,
            stored=figures.stored_count if figures else 0,
            placed=figures.placed_count if figures else 0,
            waiting=figures.waiting_count if figures else 0,
            rejected=figures.rejected_count if figures else 0,
            generations=generations,
            refetches=max(0, generations - 1),
            shards=progress.shards,
            points=progress.points,
            seconds_capture_to_shard=Latency(
                p50=percentile(progress.capture_to_shard_s, 0.5), p95=percentile(progress.capture_to_shard_s, _P95)
            ),
            restarts=restarts,
            errors=tuple(f"{error.code}: {error.reason}" for error in progress.errors),
        )

    @property
    def is_complete(self) -> bool:
        """Whether every photograph has its receipt and none was refused."""
        return self.captured > 0 and self.stored == self.captured and self.rejected == 0

    def write(self, path: Path) -> None:
        """Write one JSON object."""
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

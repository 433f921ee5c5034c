"""How is a project doing? Counts from the store, latency from what went out, memory of its black box."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from broker.ids import Generation, ProjectId
from broker.messages import ReconstructorStatistics
from broker.percentiles import percentile
from reconstructor.storage.images import ImageState
from reconstructor.storage.store import Store

_REMEMBERED: Final = 1000


@dataclass(slots=True, kw_only=True)
class LatencySamples:
    """Latencies measured while the program runs, and its start time."""

    started_s: float = field(default_factory=time.monotonic)
    stored_to_shard_s: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))


def collect(
    project: ProjectId, store: Store, figures: LatencySamples, *, retained_bytes: int = 0, memory_bytes: int = 0
) -> ReconstructorStatistics:
    """The present statistics of one project. `rejected_count` counts uploads not taken and images that the black box rejects."""
    counts, backlog = store.counts(), store.backlog
    reference = store.references.newest()
    manifest = reference.manifest if reference is not None else None
    return ReconstructorStatistics(
        project=project,
        stored_count=store.image_count(),
        placed_count=counts.get(ImageState.PLACED, 0),
        waiting_count=counts.get(ImageState.WAITING, 0),
        preview_count=counts["preview_count"],
        rejected_count=counts["rejected_count"] + counts.get(ImageState.REJECTED, 0),
        queued_count=counts["open_jobs"],
        error_count=counts["error_count"],
        generation=Generation(manifest.generation) if manifest else None,
        shard_count=manifest.shard_count if manifest else 0,
        point_count=manifest.point_count if manifest else 0,
        retained_bytes=retained_bytes,
        disk_free_bytes=store.free_bytes(),
        memory_bytes=memory_bytes,
        uptime_s=time.monotonic() - figures.started_s,
        stored_to_shard_p50_s=percentile(figures.stored_to_shard_s, 0.5),
        stored_to_shard_p95_s=percentile(figures.stored_to_shard_s, 0.95),
        queued_since=backlog.queued_since(),
        processed_at=backlog.processed_at(),
        refetch_s=backlog.refetch_s(),
    )

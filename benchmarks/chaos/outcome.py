"""What is left after a run with kills? Compared with what a run without them must leave."""

import asyncio
import contextlib
import hashlib
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.stage import REFETCH_EVERY, Kind, Stage, photograph
from reconstructor.storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run ended with."""

    images: int
    kills: int
    lost: int
    numbered_twice: int
    previews_taken: int
    previews_left_behind: int
    is_end_state_equal: bool
    seconds: float


def count_losses(stage: Stage, kills: int, seconds: float) -> Outcome:
    """Compares the reconstructor's store with what a run without kills must leave there."""
    images, open_jobs, left_behind = [], 0, len(stage.previews)
    for folder in stage.store_folders:
        with contextlib.closing(Store(folder, refetch_every=REFETCH_EVERY)) as store:
            images += store.images()
            open_jobs += store.counts()["open_jobs"]
    wanted = {hashlib.sha256(photograph(index)).hexdigest() for index in range(stage.image_count)}
    by_digest = Counter(image.sha256 for image in images)
    numbers = sorted(image.number for image in images)
    is_equal = numbers == list(range(1, stage.image_count + 1)) and set(by_digest) == wanted and open_jobs == 0
    return Outcome(
        images=len(images),
        kills=kills,
        lost=len(wanted - set(by_digest)),
        numbered_twice=sum(count - 1 for count in by_digest.values()) + len(numbers) - len(set(numbers)),
        previews_taken=stage.previews_taken,
        previews_left_behind=left_behind,
        is_end_state_equal=is_equal and left_behind == 0,
        seconds=round(seconds, 1),
    )


def run(
    folder: Path,
    *,
    images: int,
    rigs: int,
    kills: int,
    is_persistent: bool,
    seed: int,
    has_rival: bool = False,
    broker: Kind = Kind.MOSQUITTO,
) -> Outcome:
    """One run in a folder of its own."""
    began_s = time.monotonic()
    stage = Stage(
        folder,
        image_count=images,
        rig_count=rigs,
        is_persistent=is_persistent,
        seed=seed,
        has_rival=has_rival,
        broker=broker,
    )
    try:
        killed = asyncio.run(stage.play(kills))
    finally:
        stage.end()
    return count_losses(stage, killed, time.monotonic() - began_s)

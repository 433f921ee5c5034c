"""What does the index of a large project cost? `python -m benchmarks.index`: one line of JSON last.

A light black box adds one shard for each photograph and never rebuilds, so that the index only grows. Counted is every
byte of manifests and pages that a viewer may read; then a late joiner reads all.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from broker.accounts.access import Credential, User
from broker.logs import LogLevel, configure
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from tests.integration.reconstructor.index_bytes import IndexBytes
from tests.integration.reconstructor.programs import PROJECT, RIG, Program, Rig, Watcher, join

BATCH = 100


async def measure(mosquitto: Mosquitto, folder: Path, image_count: int) -> dict[str, object]:
    """Send the photographs in batches; returns the figures."""
    program = Program(mosquitto.connection("reconstructor"), folder, "instant", refetch_every=1_000_000)
    program.start()
    bytes_of_batch, seconds_of_batch = [], []
    viewer = mosquitto.connection("viewer")
    try:
        async with (
            Watcher.of(viewer) as seen,
            Rig.of(mosquitto.connection(RIG)) as rig,
            IndexBytes.counted(viewer) as index,
        ):
            await seen.until_ready()
            for begin in range(0, image_count, BATCH):
                end = min(begin + BATCH, image_count)
                began_s, before = time.perf_counter(), sum(index.sizes)
                await rig.send_many(range(begin, end))
                await seen.until_complete(end, 600)
                bytes_of_batch.append((sum(index.sizes) - before) / (end - begin))
                seconds_of_batch.append((time.perf_counter() - began_s) / (end - begin))
                print(
                    f"{end} images, {bytes_of_batch[-1] / 1000:.1f} kB and {seconds_of_batch[-1]:.3f} s each",
                    flush=True,
                )
        began_s = time.perf_counter()
        manifest = await join(viewer)
        join_s = time.perf_counter() - began_s
    finally:
        program.kill()
    return {
        "images": image_count,
        "index_kb_per_image": round(sum(bytes_of_batch) / len(bytes_of_batch) / 1000, 1),
        "index_kb_per_image_at_the_end": round(bytes_of_batch[-1] / 1000, 1),
        "seconds_per_image_at_the_start": round(seconds_of_batch[0], 3),
        "seconds_per_image_at_the_end": round(seconds_of_batch[-1], 3),
        "late_joiner_s": round(join_s, 2),
        "late_joiner_shards": manifest.shard_count,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    arguments = parser.parse_args()
    configure(level=LogLevel.WARNING)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = BrokerPlan(data_dir=folder / "broker", port=free_port())
        people = [("reconstructor", "reconstructor"), (RIG, "agent"), ("viewer", "viewer")]
        users = [Credential.fresh(User.build(each, role, [PROJECT])) for each, role in people]
        with Mosquitto(plan, users) as mosquitto:
            print(json.dumps(asyncio.run(measure(mosquitto, folder, arguments.images))))
    sys.stdout.flush()


if __name__ == "__main__":
    main()

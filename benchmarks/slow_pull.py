"""Does `cairn view pull` work on a very slow link? `python -m benchmarks.slow_pull` pulls 200,000 points at 20 KB/s.

The rows of the file are compared with what was published, and nothing may have been asked for again: a slow link is no
silence. One line of JSON last; exit code 1 when a byte differs or a resync was requested.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from broker.accounts.access import Credential, User
from broker.contract import REQUEST
from broker.delivery import Delivery
from broker.logs import LogLevel, configure
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from broker.shards import MAX_POINTS, PLY_BYTES_PER_POINT, ply_body
from tests.integration.edge_agent.link import Link, bad_link
from tests.integration.viewer.publisher import CHAPEL, Publisher, random_cloud
from viewer.export import write_ply

RATE_BYTES_PER_S: Final = 20_000.0
POINTS: Final = 200_000
PEOPLE: Final = (("reconstructor", "reconstructor"), ("viewer", "viewer"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came over the link."""

    seconds: float
    is_equal: bool
    resync_count: int


async def pull(folder: Path, rate_bytes_per_s: float, points_in_shards: tuple[int, ...]) -> Outcome:
    """Publish random shards, pull them over a slow link into a file, and compare its rows."""
    clouds = [random_cloud(count, seed) for seed, count in enumerate(points_in_shards)]
    plan = BrokerPlan(data_dir=folder / "broker", port=free_port(), is_persistent=False)
    people = [Credential.fresh(User.build(name, role, (CHAPEL,))) for name, role in PEOPLE]
    out = folder / "chapel.ply"
    with Mosquitto(plan, people) as mosquitto:
        owner, viewer = mosquitto.connection("reconstructor"), mosquitto.connection("viewer")
        requests = owner.space.filter(REQUEST.template, CHAPEL)
        async with Delivery(owner, client_id="owner", subscriptions=(requests,), session_expiry_s=0) as delivery:
            await delivery.wait_connected(5)
            await Publisher(owner, delivery).reference_set(clouds)
            counting = asyncio.create_task(_count(delivery))
            async with bad_link(Link(target_port=plan.port, rate_bytes_per_s=rate_bytes_per_s)) as link:
                began_s = time.monotonic()
                await write_ply(viewer.model_copy(update={"port": link.port}), CHAPEL, out)
                seconds = time.monotonic() - began_s
            counting.cancel()
            (resync_count,) = await asyncio.gather(counting)
    expected = b"".join(ply_body(cloud) for cloud in clouds)
    is_equal = _rows(out.read_bytes().partition(b"end_header\n")[2]) == _rows(expected)
    return Outcome(seconds=seconds, is_equal=is_equal, resync_count=resync_count)


async def _count(delivery: Delivery) -> int:
    """Count messages until cancelled."""
    count = 0
    try:
        async for message in delivery.messages():
            message.acknowledge()
            count += 1
    except asyncio.CancelledError:
        return count
    return count


def _rows(body: bytes) -> bytes:
    """The rows of a PLY in an order of their own: shards are written as they arrive."""
    return np.sort(np.frombuffer(body, dtype=f"S{PLY_BYTES_PER_POINT}")).tobytes()


def main() -> int:
    """Pull once and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow_pull")
    parser.add_argument("--points", type=int, default=POINTS, help=f"how many (default: {POINTS:,})")
    whole, rest = divmod(parser.parse_args().points, MAX_POINTS)
    shards = (MAX_POINTS,) * whole + ((rest,) if rest else ())
    configure(level=LogLevel.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(pull(Path(folder), RATE_BYTES_PER_S, shards))
    figures = {"seconds": round(outcome.seconds, 1), "is_equal": outcome.is_equal, "resyncs": outcome.resync_count}
    print(json.dumps({"points": sum(shards), "kb_per_s": RATE_BYTES_PER_S / 1000, **figures}))
    return 0 if outcome.is_equal and outcome.resync_count == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

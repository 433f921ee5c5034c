"""What does somebody see who joins at any moment? `python -m benchmarks.late_joins` (also in `make chaos`).

Viewers join while images come and reference sets are swapped. Each reads the manifest and then every shard that it
names, and compares all digests. One line of JSON last; exit code 1 when one of them saw shards of two generations, or
a manifest with a hole.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from broker.accounts.access import Credential, User
from broker.logs import LogLevel, configure
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from tests.integration.reconstructor.programs import PROJECT, Program, Rig, Watcher, join

JOIN_COUNT: Final = 500
JOINERS: Final = 4
REFETCH_EVERY: Final = 2
GRACE_S: Final = 10.0
PEOPLE: Final = (("reconstructor", "reconstructor"), ("rig-north", "agent"), ("viewer", "viewer"))


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was seen."""

    wanted: int
    joins: int = 0
    incomplete: int = 0
    generations: set[int] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        """Whether enough have joined."""
        return self.joins >= self.wanted


async def keep_joining(mosquitto: Mosquitto, tally: Tally, seed: int) -> None:
    """Join again and again, at random moments."""
    moments = random.Random(seed)  # noqa: S311 - moments are no secret
    while not tally.is_over:
        tally.joins += 1
        try:
            manifest = await join(mosquitto.connection("viewer"))
            tally.generations.add(manifest.generation)
        except (AssertionError, TimeoutError) as exc:
            tally.incomplete += 1
            print(f"join {tally.joins} saw no complete set: {str(exc)[:200]}", file=sys.stderr)
        await asyncio.sleep(moments.uniform(0, 0.05))


async def measure(mosquitto: Mosquitto, folder: Path, tally: Tally) -> None:
    """Images flow until enough have joined."""
    settings = {"refetch_every": REFETCH_EVERY, "grace_s": GRACE_S}
    program = Program(mosquitto.connection("reconstructor"), folder, "instant", **settings)
    program.start()
    try:
        async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
            await seen.until_ready()
            await rig.send_many(range(1))
            await seen.until_complete(1)
            async with asyncio.TaskGroup() as joining:
                for seed in range(JOINERS):
                    joining.create_task(keep_joining(mosquitto, tally, seed), name=f"joiner {seed}")
                number = 1
                while not tally.is_over:
                    await rig.send_many(range(number, number + 1))
                    number += 1
                    await seen.until_complete(number)
    finally:
        program.stop()


def main() -> int:
    """Measure and print; 0 when everybody saw a complete set."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.late_joins")
    parser.add_argument("--joins", type=int, default=JOIN_COUNT)
    tally = Tally(wanted=parser.parse_args().joins)
    configure(level=LogLevel.ERROR)
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        plan = BrokerPlan(data_dir=Path(name) / "broker", port=free_port())
        users = [Credential.fresh(User.build(each, role, [PROJECT])) for each, role in PEOPLE]
        with Mosquitto(plan, users) as mosquitto:
            asyncio.run(measure(mosquitto, Path(name), tally))
    seconds = round(time.monotonic() - began_s, 1)
    figures = {"joins": tally.joins, "incomplete": tally.incomplete, "generations_seen": len(tally.generations)}
    print(json.dumps(figures | {"seconds": seconds}))
    return 1 if tally.incomplete else 0


if __name__ == "__main__":
    sys.exit(main())

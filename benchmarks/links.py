"""Does a large photograph cross a bad link, at what cost, and is a rig steered meanwhile?

`python -m benchmarks.links` (6 minutes; `--rates 200` alone takes 2): a rig uploads one 6 MB photograph to a broker behind
a proxy of 20, 50 and 200 KB/s, all three beside each other, each with 300 ms round trip, 2 % of the reads stalled for a
second, and two half-open cuts that neither end notices. Every few seconds ops send `pause` or `resume` over the same
link; answers that a cut delays are counted apart. One line of JSON last; exit code 1 when a photograph did not arrive whole.

`--preview` (17 minutes): the same links without cuts, and when photographs are placed whose previews go first; see
`benchmarks.parts.links_preview`. `--cameras 100` (17 minutes): how exact the cameras are when previews went first and the
project has come to rest; see `benchmarks.parts.links_cameras`. Exit code 1 when it could not be measured.
"""

import argparse
import asyncio
import contextlib
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from benchmarks.parts import links_cameras, links_preview
from broker.accounts.access import Credential, User
from broker.contract import COMMAND, COMMAND_REPLY
from broker.delivery import Delivery
from broker.envelope import decode
from broker.ids import AgentId
from broker.logs import LogLevel, configure
from broker.messages import ReconstructorPresence
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from broker.outgoing import Outgoing
from broker.rig_messages import Command, CommandReply
from edge_agent import agent
from edge_agent.config import CameraKind, Settings
from edge_agent.photograph import now_utc
from tests.integration.edge_agent.link import Link, bad_link
from tests.integration.edge_agent.receiver import PROJECT, Receiver, receiving

RIG: Final = AgentId("rig-north")
KEEPALIVE_S: Final = 10  # a half-open cut costs one and a half of it
ROUND_TRIP_S: Final = 0.3
STALL_RATIO: Final = 0.02
CUTS: Final = (1 / 3, 2 / 3)  # of the photograph
PATIENCE_S: Final = 1200.0
ORDER_PAUSE_S: Final = 3.0
PROMISED_S: Final = 2.0  # two stalls on the way take that by themselves
UNNOTICED_S: Final = 2.0 * KEEPALIVE_S  # until a half-open connection is given up and the next one stands


@dataclass(slots=True, kw_only=True)
class Crossing:
    """What one link showed."""

    rate_kb_per_s: int
    seconds: float = 0.0
    sent_ratio: float = 0.0
    is_whole: bool = False
    cut_at_s: float = -1000.0
    answers_s: list[float] = field(default_factory=list)
    after_cut_s: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, object]:
        """For the last line."""
        return {
            "arrived": self.is_whole,
            "seconds": round(self.seconds),
            "sent_ratio": round(self.sent_ratio, 3),
            "answer_p50_s": round(statistics.median(self.answers_s or [0.0]), 2),
            "answer_longest_s": round(max(self.answers_s, default=0.0), 2),
            "answers": len(self.answers_s),
            "answers_over_2_s": sum(each > PROMISED_S for each in self.answers_s),
            "answer_after_cut_longest_s": round(max(self.after_cut_s, default=0.0), 2),
        }

    def note(self, began_s: float, now_s: float) -> None:
        """An answer; one that was asked for just before or after a cut waits until the cut is noticed."""
        is_hit = began_s < self.cut_at_s + UNNOTICED_S and now_s > self.cut_at_s
        (self.after_cut_s if is_hit else self.answers_s).append(now_s - began_s)


async def cross(rate_kb_per_s: int, content: bytes, folder: Path) -> Crossing:
    """Sends the photograph over one link."""
    (folder / "photos").mkdir(parents=True)
    (folder / "photos" / "large.jpg").write_bytes(content)
    people = (("reconstructor", "reconstructor"), ("ops", "operator"), (RIG, "agent"))
    users = [Credential.fresh(User.build(name, role, [PROJECT])) for name, role in people]
    crossing = Crossing(rate_kb_per_s=rate_kb_per_s)
    with Mosquitto(BrokerPlan(data_dir=folder / "broker", port=free_port()), users) as mosquitto:
        plan = Link(
            target_port=mosquitto.plan.port,
            rate_bytes_per_s=rate_kb_per_s * 1000,
            round_trip_s=ROUND_TRIP_S,
            stall_ratio=STALL_RATIO,
        )
        connection = mosquitto.connection("reconstructor")
        async with receiving(connection, ReconstructorPresence.READY) as receiver, bad_link(plan) as link:
            began_s = time.monotonic()
            async with _steered(mosquitto, crossing), _cut(link, receiver, len(content), crossing):
                async with asyncio.timeout(PATIENCE_S):
                    await agent.run(_settings(mosquitto, folder, link), asyncio.Event())
            crossing.seconds = time.monotonic() - began_s
            crossing.sent_ratio = link.sent_up_bytes / len(content)
            crossing.is_whole = list(receiver.content_by_id.values()) == [content]
    print(f"{rate_kb_per_s} KB/s: {crossing.figures()}", flush=True)
    return crossing


def _settings(mosquitto: Mosquitto, folder: Path, link: Link) -> Settings:
    broker = mosquitto.connection(RIG).model_copy(update={"port": link.port, "keepalive_s": KEEPALIVE_S})
    return Settings.load(
        broker=broker,
        project=PROJECT,
        spool_dir=folder / "spool",
        camera=CameraKind.FOLDER,
        folder=folder / "photos",
        interval_s=0.0,
        reserve_bytes=0,
    )


@contextlib.asynccontextmanager
async def _cut(link: Link, receiver: Receiver, size_bytes: int, crossing: Crossing) -> AsyncIterator[None]:
    """Cuts the link when so much has arrived."""

    async def cut() -> None:
        for share in CUTS:
            while _arrived_bytes(receiver) < share * size_bytes:  # noqa: ASYNC110 - a real process is looked at
                await asyncio.sleep(0.1)
            crossing.cut_at_s = time.monotonic()
            await link.cut()

    async with _beside(cut()):
        yield


def _arrived_bytes(receiver: Receiver) -> int:
    return sum(len(piece) for pieces in receiver.pieces_by_id.values() for piece in pieces.values())


@contextlib.asynccontextmanager
async def _steered(mosquitto: Mosquitto, crossing: Crossing) -> AsyncIterator[None]:
    """Sends commands in turn; one that a cut swallows is not waited for beyond its deadline."""
    space = mosquitto.plan.space
    replies = space.filter(COMMAND_REPLY.template, PROJECT, agent=RIG)

    async def steer(ops: Delivery) -> None:
        number = 0
        while True:
            await asyncio.sleep(ORDER_PAUSE_S)
            number += 1
            began_s = time.monotonic()
            await ops.publish(Outgoing(topic=space.topic(PROJECT, COMMAND.template, agent=RIG), payload=_order(number)))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2 * UNNOTICED_S):
                    async for incoming in ops.messages():
                        incoming.acknowledge()
                        if decode(incoming.payload, CommandReply).id == f"c{number}":
                            break
                    crossing.note(began_s, time.monotonic())

    async with Delivery(mosquitto.connection("ops"), client_id="ops", subscriptions=(replies,)) as ops:
        await ops.wait_connected(10)
        async with _beside(steer(ops)):
            yield


def _order(number: int) -> bytes:
    verb = "pause" if number % 2 else "resume"
    values = {"type": "command", "project": PROJECT, "id": f"c{number}", "verb": verb}
    return Command.model_validate(values | {"deadline_at": now_utc() + timedelta(seconds=60)}).encode()


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def measure(rates: list[int], size_mb: float) -> list[Crossing]:
    """All links at once: each is slow by itself."""
    content = random.Random(3).randbytes(round(size_mb * 1e6))  # noqa: S311 - bytes that no compression shortens
    with tempfile.TemporaryDirectory(prefix="cairn-links-") as name:
        return await asyncio.gather(*(cross(rate, content, Path(name) / str(rate)) for rate in rates))


def _report(measure: Callable[[], dict[str, object]]) -> int:
    try:
        figures = measure()
    except links_preview.NotMeasuredError as exc:
        print(f"not measured: {exc.sentence}", file=sys.stderr)
        return 1
    print(json.dumps(figures))
    return 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", default="20,50,200", help="KB/s, separated by commas")
    parser.add_argument("--size-mb", type=float, default=6.0)
    parser.add_argument(
        "--preview", action="store_true", help="measure when photographs are placed, in place of the above"
    )
    parser.add_argument(
        "--cameras",
        type=int,
        metavar="KB/S",
        help="measure how exact cameras are whose previews went first, in place of the above",
    )
    parser.add_argument(
        "--photographs",
        type=Path,
        help="a folder of ten or more, for --cameras a dataset; default: fountain-P11-6MP, or rendered",
    )
    options = parser.parse_args()
    configure(level=LogLevel.ERROR)
    if options.preview:
        sys.exit(_report(lambda: links_preview.measure(links_preview.Photographs.of(options.photographs))))
    if options.cameras:
        sys.exit(_report(lambda: links_cameras.measure(options.photographs, options.cameras)))
    crossings = asyncio.run(measure([int(each) for each in options.rates.split(",")], options.size_mb))
    print(json.dumps({f"at_{each.rate_kb_per_s}_kb_per_s": each.figures() for each in crossings}))
    sys.exit(0 if all(each.is_whole for each in crossings) else 1)


if __name__ == "__main__":
    main()

"""Does the object lie whole and centred on every screen, at every photograph? `make fit`: one line of JSON last.

    make fit
    make fit ARGS="--datasets FOLDER --set fountain-P11 --screen 390x844"

Each set is recorded once, by a replay without dense depth, and then played to a page on each screen. At every photograph
no trimmed point may lie outside the part of the page that nothing covers, the object must fill at least 80 % of it in one
direction, and its middle must be within 4 % of the middle. `F` twice must give the same camera. The exit code is 1 when a
bound is missed, or when nothing could be measured.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.parts.page.chromium import Chromium, Page, launched, opened
from benchmarks.parts.page.fit_page import Lie, again, lie, settle, trimmed
from benchmarks.parts.page.fit_recording import Recorded, record
from benchmarks.parts.page.server import page_server
from broker.accounts.access import Credential, User
from broker.config import Connection
from broker.contract import SHARD
from broker.delivery import Delivery
from broker.ids import Encoding, ProjectId
from broker.logs import LogLevel, configure
from broker.manifest import ShardEntry
from broker.messages import WorldFrame
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from broker.outgoing import Outgoing
from edge_agent.cameras.simulated.camera import write_photographs
from reconstructor.clouds.sharding import cut, entries, join_bounds
from tests.manifests import paged

ROOT: Final = Path(__file__).parents[1]
DATASETS: Final = ROOT.parent / "shared/datasets"
SETS: Final = ("fountain-P11", "Herz-Jesus-P8", "entry-P10", "statue")
RENDERED: Final = {"statue": 12}
SCREENS: Final[dict[str, dict[str, Any]]] = {
    f"{width}x{height}": {"width": width, "height": height, "deviceScaleFactor": scale}
    for width, height, scale in (
        (1440, 900, 1),
        (1024, 768, 1),
        (844, 390, 2),
        (390, 844, 2),
        (360, 640, 2),
        (720, 450, 2),
    )
}
LEAST_FILL: Final = 0.80
MOST_OFF_CENTRE: Final = 0.04
MOST_AGAIN: Final = 1e-6
MOST_COVERED_PX: Final = 1.0
LEAST_POINTS: Final = 8  # fewer are no object


@dataclass(slots=True)
class Worst:
    """The worst figures of all pictures, and where each was found."""

    outside: int = 0
    fill: float = 1.0
    off_centre: float = 0.0
    again: float = 0.0
    covered_px: float = 0.0
    where: dict[str, str] = field(default_factory=dict)
    pictures: int = 0

    def note(self, found: Lie, where: str) -> None:
        """Take one picture into account."""
        self.pictures += 1
        for name in ("outside", "off_centre", "covered_px"):
            if getattr(found, name) > getattr(self, name):
                setattr(self, name, getattr(found, name))
                self.where[name] = where
        if found.fill < self.fill:
            self.fill, self.where["fill"] = found.fill, where

    def note_again(self, ratio: float, where: str) -> None:
        """Take two `F` into account."""
        if ratio > self.again:
            self.again, self.where["again"] = ratio, where

    @property
    def is_good(self) -> bool:
        """Whether every bound is kept."""
        is_whole = self.outside == 0 and self.covered_px <= MOST_COVERED_PX
        is_filled = self.fill >= LEAST_FILL and self.off_centre <= MOST_OFF_CENTRE
        return is_whole and is_filled and self.again <= MOST_AGAIN and self.pictures > 0


class Player:
    """Publishes recorded steps as a reconstructor does: increments, and a new generation at each refetch."""

    def __init__(self, delivery: Delivery, connection: Connection, project: ProjectId) -> None:
        self._delivery, self._connection, self._project = delivery, connection, project
        self._entries: list[ShardEntry] = []
        self._clouds: list[NDArray[np.float64]] = []
        self.generation, self.revision = 1, -1

    @property
    def points(self) -> NDArray[np.float64]:
        """All points that are published."""
        return np.concatenate(self._clouds) if self._clouds else np.empty((0, 3))

    async def publish(self, step: Recorded) -> bool:
        """Publish one step; whether there is something to see now."""
        if step.is_refetch and len(step.cloud) > 0:
            self._entries, self._clouds = [], []
            self.generation, self.revision = self.generation + 1, -1
        self.revision += 1
        if len(step.cloud) > 0:
            await self._add(step)
        if len(self.points) < LEAST_POINTS:
            return False
        made = paged(
            self._project,
            self._entries,
            step.cameras,
            generation=self.generation,
            revision=self.revision,
            previous_generation=self.generation - 1 if self.generation > 1 else None,
            image_count=step.image_count,
            frame=WorldFrame(up=step.up),
            bounds=join_bounds([entry.bounds for entry in self._entries]),
        )
        for message in made.outgoing(self._connection.space):
            await self._delivery.publish(message)
        return True

    async def _add(self, step: Recorded) -> None:
        number = None if step.is_refetch else step.image_count
        ready = entries(cut(step.cloud), first_index=len(self._entries), image_number=number)
        for shard in ready:
            for encoding, payload in shard.payloads.items():
                topic = self._connection.space.topic(
                    self._project,
                    SHARD.template,
                    generation=self.generation,
                    encoding=Encoding(encoding),
                    index=shard.entry.index,
                )
                await self._delivery.publish(Outgoing(topic=topic, payload=payload, is_retained=True))
            self._entries.append(shard.entry)
        self._clouds.append(step.cloud.points_in_world.astype(np.float64))


async def play(
    browser: Chromium,
    mosquitto: Mosquitto,
    address: str,
    name: str,
    *,
    steps: list[Recorded],
    screens: dict[str, dict[str, Any]],
) -> Worst:
    """Show one set on every screen; the figures of each picture."""
    worst, connection = Worst(), mosquitto.connection("reconstructor")
    project = ProjectId(name.lower())
    async with (
        Delivery(connection, client_id=f"fit-{project}", session_expiry_s=0) as delivery,
        contextlib.AsyncExitStack() as stack,
    ):
        await delivery.wait_connected(10)
        player = Player(delivery, connection, project)
        pages = {
            screen: await stack.enter_async_context(
                _page(browser, address, mosquitto.connection("viewer"), project, size)
            )
            for screen, size in screens.items()
        }
        for step in steps:
            if not await player.publish(step):
                continue
            seen = trimmed(player.points)
            for screen, page in pages.items():
                await settle(
                    page, generation=player.generation, revision=player.revision, points_shown=len(player.points)
                )
                word = "refetch" if step.is_refetch else "image"
                worst.note(await lie(page, seen), f"{name} {screen} {word} {step.image_count}")
        for screen, page in pages.items():
            worst.note_again(await again(page, page.press), f"{name} {screen}")
            worst.note(await lie(page, seen), f"{name} {screen} F")
    return worst


@contextlib.asynccontextmanager
async def _page(
    browser: Chromium, address: str, connection: Connection, project: ProjectId, size: dict[str, Any]
) -> AsyncIterator[Page]:
    """A page that is signed in to the project, without flights."""
    account = json.dumps({"user": connection.username, "password": connection.secret(), "project": project})
    probe = f"sessionStorage.setItem('cairn.account', {json.dumps(account)});"
    async with opened(browser, address, size, probe, is_calm=True) as page:
        yield page


def recordings(names: list[str], datasets: Path, folder: Path) -> Iterator[tuple[str, list[Recorded]]]:
    """Each set, recorded now.

    Raises:
        FileNotFoundError: a set is not there.
    """
    for name in names:
        photographs = datasets / name / "images"
        if name in RENDERED:
            photographs = folder / name
            photographs.mkdir()
            write_photographs(name, photographs, count=RENDERED[name])
        elif not photographs.is_dir():
            raise FileNotFoundError(f"{photographs} is no folder of photographs: say --datasets FOLDER")
        began_s = time.monotonic()
        steps = record(photographs, folder / f"{name}-out")
        print(f"{name}: recorded {len(steps)} steps in {time.monotonic() - began_s:.0f} s", file=sys.stderr, flush=True)
        yield name, steps


async def measure(
    recorded: dict[str, list[Recorded]], mosquitto: Mosquitto, address: str, screens: dict[str, dict[str, Any]]
) -> Worst:
    """Play every set; the worst of all."""
    worst = Worst()
    async with launched() as browser:
        for name, steps in recorded.items():
            found = await play(browser, mosquitto, address, name, steps=steps, screens=screens)
            print(f"{name}: {found}", file=sys.stderr, flush=True)
            worst = _worse(worst, found)
    return worst


def _worse(one: Worst, other: Worst) -> Worst:
    both = Worst(pictures=one.pictures + other.pictures)
    for name in ("outside", "off_centre", "covered_px", "again"):
        worse = max(one, other, key=lambda each: getattr(each, name))
        setattr(both, name, getattr(worse, name))
        both.where[name] = worse.where.get(name, "")
    emptier = min(one, other, key=lambda each: each.fill)
    both.fill, both.where["fill"] = emptier.fill, emptier.where.get("fill", "")
    return both


def main() -> int:
    """Record, play, measure and print; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=Path, default=DATASETS, help="folder of the real sets")
    parser.add_argument("--set", action="append", choices=SETS, help="default: all")
    parser.add_argument("--screen", action="append", choices=list(SCREENS), help="default: all")
    wishes = parser.parse_args()
    configure(level=LogLevel.WARNING)
    names, began_s = wishes.set or list(SETS), time.monotonic()
    screens = {name: SCREENS[name] for name in wishes.screen or SCREENS}
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        try:
            recorded = dict(recordings(names, wishes.datasets, folder))
        except FileNotFoundError as exc:
            print(json.dumps({"worst": None, "reason": str(exc)}))
            return 1
        plan = BrokerPlan(data_dir=folder / "broker", port=free_port())
        projects = [ProjectId(name.lower()) for name in names]
        people = [Credential.fresh(User.build(who, who, projects)) for who in ("reconstructor", "viewer")]
        with Mosquitto(plan, people) as mosquitto, page_server(mosquitto) as url:
            address = url.replace("ws://", "http://").removesuffix("mqtt")
            worst = asyncio.run(measure(recorded, mosquitto, address, screens))
    figures = {name: round(getattr(worst, name), 4) for name in ("outside", "fill", "off_centre", "covered_px")}
    print(
        json.dumps(
            {
                "worst": {**figures, "again": worst.again},
                "where": worst.where,
                "pictures": worst.pictures,
                "sets": names,
                "screens": list(screens),
                "is_good": worst.is_good,
                "duration_s": round(time.monotonic() - began_s),
            }
        )
    )
    return 0 if worst.is_good else 1


if __name__ == "__main__":
    sys.exit(main())

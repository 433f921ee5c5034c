"""Does a move lose anything, and how long is it silent? `python -m benchmarks.moved_project`: one line of JSON last.

Two reconstructors beside one broker. A rig sends at a steady pace to a project of the first, and meanwhile
`cairn project move` brings it to the second. `lost` photographs were never processed; `twice` got a second number;
`revision_decreased` counts the events in which viewers would have seen an older state than before; `silence_s` is the
longest time between two photographs that were processed, less the rig's pace. Exit code 1 when it could not be measured,
or when anything was lost, twice or older.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.parts.many_projects import LIGHT
from broker.accounts.access import Credential, User
from broker.config import SETTINGS_VARIABLE
from broker.ids import ProjectId
from broker.logs import LogLevel, configure
from broker.messages import ProcessingComplete, ReconstructorPresence, ShardUpdate
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from tests.integration.reconstructor.programs import PROJECT, ROOT, Program, Rig, Watcher
from tests.photographs import image_id, photograph

STAYING, FOREIGN = ProjectId("abbey"), ProjectId("crypt")
PACE_S: Final = 0.25
START_S, DONE_S = 120.0, 300.0


def installed(mosquitto: Mosquitto, folder: Path, projects: Sequence[ProjectId]) -> Path:
    """The settings of a reconstructor that serves these projects."""
    folder.mkdir()
    connection = mosquitto.connection("reconstructor")
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text(str(connection.secret()), encoding="ascii")
    file = folder / "cairn.toml"
    file.write_text(
        f'[reconstructor]\nprojects = {json.dumps(projects)}\ndata_dir = "{folder / "data"}"\n'
        f'broker = {{port = {connection.port}, username = "reconstructor", password_file = "{password}"}}\n',
        encoding="utf-8",
    )
    return file


@contextlib.asynccontextmanager
async def running(mosquitto: Mosquitto, folder: Path, projects: Sequence[ProjectId]) -> AsyncIterator[Path]:
    """A reconstructor in this folder; gives its data folder."""
    file = installed(mosquitto, folder, projects)
    os.environ[SETTINGS_VARIABLE] = str(file)  # which the program inherits
    program = Program(mosquitto.connection("reconstructor"), folder, LIGHT, projects=None)
    program.start()
    try:
        yield program.folder
    finally:
        await asyncio.to_thread(program.stop)


async def sending(rig: Rig, enough: asyncio.Event) -> int:
    """Send at the rig's pace until it is enough; returns how many photographs."""
    under_way: list[asyncio.Task[object]] = []
    async with asyncio.TaskGroup() as tasks:
        while not enough.is_set():
            payload = photograph(len(under_way) + 1)
            name = image_id(payload, len(under_way) + 1)
            under_way.append(tasks.create_task(rig.send(payload, name)))
            await asyncio.sleep(PACE_S)
    return len(under_way)


async def measure(folder: Path, before: int, after: int) -> dict[str, object]:
    """Move a project between so many photographs."""
    people = (("reconstructor", "reconstructor"), ("rig-north", "agent"), ("viewer", "viewer"))
    users = [Credential.fresh(User.build(name, role, [PROJECT, STAYING, FOREIGN])) for name, role in people]
    with Mosquitto(BrokerPlan(data_dir=folder / "broker", port=free_port()), users) as mosquitto:
        async with (
            running(mosquitto, folder / "south", [FOREIGN]) as target,
            running(mosquitto, folder / "north", [PROJECT, STAYING]),
            Watcher.of(mosquitto.connection("viewer")) as seen,
            Rig.of(mosquitto.connection("rig-north")) as rig,
        ):
            await seen.until(lambda watched: watched.presence is ReconstructorPresence.READY, START_S)
            enough = asyncio.Event()
            walk = asyncio.create_task(sending(rig, enough))
            await seen.until_complete(before, DONE_S)
            began_s = time.monotonic()
            words = ["project", "move", PROJECT, str(target), "--folder", str(folder / "north")]
            command = await asyncio.create_subprocess_exec(sys.executable, "-m", "cairn", *words, cwd=ROOT)
            if await command.wait():
                raise subprocess.CalledProcessError(command.returncode or 1, words)
            move_s = time.monotonic() - began_s
            await seen.until_complete(len(seen.completed) + after, DONE_S)
            enough.set()
            sent = await walk
            await seen.until_complete(sent, DONE_S)
            return figures(seen, sent) | {"move_s": round(move_s, 1)}


def figures(seen: Watcher, sent: int) -> dict[str, object]:
    """What the events say."""
    complete = [each for each in seen.of_type(ProcessingComplete) if not each.is_refetch]
    numbers_of = {each.image_id: set[int]() for each in complete}
    for each in complete:
        numbers_of[each.image_id].add(each.image_number)
    states = [(each.generation, each.revision) for each in seen.of_type(ShardUpdate)]
    at_s = sorted(each.sent_at.timestamp() for each in complete)
    again = Counter(each.image_number for each in complete)
    return {
        "photographs": sent,
        "lost": sent - len(numbers_of),
        "twice": sum(len(numbers) > 1 for numbers in numbers_of.values()),
        "told_again": sum(count - 1 for count in again.values()),
        "revision_decreased": sum(late < early for early, late in itertools.pairwise(states)),
        "silence_s": round(max(late - early for early, late in itertools.pairwise(at_s)) - PACE_S, 2),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moved_project", description=__doc__)
    parser.add_argument("--before", type=int, default=30, help="photographs before the move")
    parser.add_argument("--after", type=int, default=30, help="photographs after it")
    wishes = parser.parse_args()
    configure(level=LogLevel.ERROR)
    with tempfile.TemporaryDirectory() as name:
        found = asyncio.run(measure(Path(name), wishes.before, wishes.after))
    print(json.dumps(found))
    return 1 if found["lost"] or found["twice"] or found["revision_decreased"] else 0


if __name__ == "__main__":
    sys.exit(main())

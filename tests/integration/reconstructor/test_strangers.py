"""An account of another project that takes every client id it can learn: no session is lost, and no photograph."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from itertools import cycle
from pathlib import Path

import pytest

from broker.accounts.access import Credential, User
from broker.contract import AGENT_STATE, RECONSTRUCTOR_STATE
from broker.delivery import Delivery
from broker.envelope import decode
from broker.live import follow
from broker.messages import ReconstructorState
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from broker.rig_messages import AgentHealth, AgentState
from reconstructor.storage.store import Store
from tests.conftest import credentials
from tests.integration.edge_agent.rig import RIG, running, settings_for, until, write_photographs
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, SPACE, Rig, Watcher

IMAGE_COUNT = 100
PAUSE_S = 0.1


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker with the people of `chapel`, and vic, who may only look at the castle."""
    people = [*credentials(), Credential.fresh(User.build("vic", "viewer", ["castle"]))]
    with Mosquitto(BrokerPlan(data_dir=tmp_path / "broker", port=free_port()), people) as broker:
        yield broker


async def learnt_ids(mosquitto: Mosquitto) -> list[str]:
    """Client ids made of everything that is published of the two programs."""
    async with asyncio.timeout(PATIENCE_S), follow(mosquitto.connection("ops")) as follower:
        messages = follower.messages()
        await follower.subscribe(SPACE.topic(PROJECT, RECONSTRUCTOR_STATE.template))
        state = decode((await anext(messages)).payload, ReconstructorState)
        await follower.subscribe(SPACE.topic(PROJECT, AGENT_STATE.template, agent=RIG))
        rig = decode((await anext(messages)).payload, AgentState)
    tokens = ["", f"-{state.store_id}", f"-{state.boot_id}", f"-{state.boot_id[:16]}"]
    programs = [f"{program}-{PROJECT}" for program in ("reconstructor", "reconstructor-election")]
    ids = [program + token for program in programs for token in tokens]
    tokens = ["", f"-{rig.run_id}", f"-{rig.session}", f"-{rig.boot_id}"]
    programs = [f"{RIG}-control", f"{RIG}-upload", f"edge-control-{RIG}", f"edge-upload-{RIG}"]
    return ids + [program + token for program in programs for token in tokens]


@contextlib.asynccontextmanager
async def taking_over(mosquitto: Mosquitto, client_ids: list[str]) -> AsyncIterator[list[str]]:
    """Connect ten times a second under one id after the other; yields those that were taken."""
    taken: list[str] = []

    async def attack() -> None:
        for client_id in cycle(client_ids):
            async with Delivery(mosquitto.connection("vic"), client_id=client_id, session_expiry_s=0) as session:
                await session.wait_connected(PATIENCE_S)
                taken.append(client_id)
            await asyncio.sleep(PAUSE_S)

    attacking = asyncio.create_task(attack())
    yield taken
    assert not attacking.done()
    attacking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await attacking


async def test_a_stranger_who_takes_every_known_client_id_disturbs_nobody(
    mosquitto: Mosquitto, start_program: StartProgram, tmp_path: Path
) -> None:
    program = start_program()
    write_photographs(tmp_path / "photos", 1)
    settings = settings_for(mosquitto, tmp_path, camera="watch")
    async with running(settings):
        await until(mosquitto, AgentHealth, lambda each: each.stored_count == 1)
        async with taking_over(mosquitto, await learnt_ids(mosquitto)) as taken:
            write_photographs(tmp_path / "photos", IMAGE_COUNT - 1, first=1, size_bytes=2000)  # no two alike
            health = await until(mosquitto, AgentHealth, lambda each: each.stored_count == IMAGE_COUNT, 60)
            while len(taken) < 2 * len(set(taken)) or len(set(taken)) < 20:
                await asyncio.sleep(PAUSE_S)
        assert (health.reconnect_count, "name_contested" in health.alarms) == (0, False)
    assert not program.logged("disconnected")
    images = Store.read_only(program.folder / PROJECT).images_by_state()
    assert sum(images.values()) == IMAGE_COUNT


async def test_a_session_that_is_taken_over_all_the_same_is_said_and_survived(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection(RIG)) as rig:
        await rig.send_many(range(1))
        with contextlib.closing(sqlite3.connect(program.folder / PROJECT / "store.sqlite")) as database:
            (token,) = database.execute("SELECT value FROM facts WHERE name = 'session_token'").fetchone()
        async with taking_over(mosquitto, [f"reconstructor-{PROJECT}-{token}"]):
            await seen.until(lambda each: each.state is not None and each.state.contested_since is not None)
        assert program.logged("session_contested", project=PROJECT)
        await rig.send_many(range(1, 3))
        await seen.until_complete(3)

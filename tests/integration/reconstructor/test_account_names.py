"""Accounts of other brokers are called `name@host`, which no topic level may be: nothing ends because of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.accounts.access import Credential, User
from broker.channel import Role
from broker.ids import ProjectId, Verb
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from tests.conftest import credentials
from tests.integration.reconstructor.programs import PROJECT, Program, Rig, Watcher, retained_manifest
from viewer.asking import ask_once


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker whose reconstructor and operator are called as on ejabberd."""
    people = [
        Credential(user=User(name=name, role=role, projects=(ProjectId(PROJECT),)), password=f"secret-{role}")  # type: ignore[arg-type]
        for name, role in (("cairn@localhost", Role.RECONSTRUCTOR), ("Anna.B@localhost", Role.RECONSTRUCTOR))
    ]
    plan = BrokerPlan(data_dir=tmp_path / "broker", port=free_port())
    with Mosquitto(plan, [*credentials(), *people]) as broker:
        yield broker


async def test_a_reconstructor_with_such_an_account_serves_and_answers_another(
    foreign: Mosquitto, tmp_path: Path
) -> None:
    program = Program(foreign.connection("cairn@localhost"), tmp_path, "instant")
    program.start()
    try:
        async with Watcher.of(foreign.connection("viewer")) as seen, Rig.of(foreign.connection("rig-north")) as rig:
            await seen.until_ready()
            await rig.send_many(range(2))
            await seen.until_complete(2)
        assert (await retained_manifest(foreign)).image_count == 2
        response = await ask_once(foreign.connection("Anna.B@localhost"), PROJECT, Verb.PING)
        assert response.is_done
        assert program.is_running
    finally:
        program.kill()

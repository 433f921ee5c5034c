"""The rules of access, tried cell by cell on a real Mosquitto, against a table that was written by hand."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from broker.accounts.access import Credential, User
from broker.channel import Role
from broker.clients.refusals import PublishRefusedError
from broker.contract import CHANNELS, match
from broker.delivery import Delivery
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from broker.outgoing import Outgoing
from broker.topics import TopicSpace
from tests.integration.trust.acl_table import NO_CHANNEL, TABLE, Row, read_table

ROOT = "cairn/v1"
PROJECTS = ("chapel", "castle")
ACCOUNTS = {  # one of each role in either project
    "rig-north": ("agent", "chapel"),
    "anna": ("contributor", "chapel"),
    "vera": ("viewer", "chapel"),
    "ops": ("operator", "chapel"),
    "guest": ("observer", "chapel"),
    "rebuilder": ("reconstructor", "chapel"),
    "rig-castle": ("agent", "castle"),
    "carl": ("contributor", "castle"),
    "vic": ("viewer", "castle"),
    "otto": ("operator", "castle"),
    "gus": ("observer", "castle"),
    "mason": ("reconstructor", "castle"),
}
STRANGERS = ("rig-south", "bert", "anna", "rig-north")  # names in topics beside one's own
LEAST_CELLS = 3_000
NOT_AUTHORISED = "(0x87)"
END = b"end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """May this account do this to this topic?"""

    account: str
    topic: str
    verb: str
    is_allowed: bool


@dataclass(slots=True)
class Seen:
    """What really happened."""

    written: set[tuple[str, str]] = field(default_factory=set)  # (account, topic) with a PUBACK of success
    refused: set[tuple[str, str]] = field(default_factory=set)  # with the reason "not authorised"
    other: set[tuple[str, str]] = field(default_factory=set)  # refused for another reason
    came: dict[str, set[tuple[str, bytes]]] = field(default_factory=dict)  # by reader: topic and author


def topics(row: Row, account: str) -> Iterator[tuple[str, str, bool]]:
    """Topic, project and whether it bears the account's own name, for one row and every name."""
    names = dict.fromkeys([account, *STRANGERS]) if row.has_name else {"": None}
    for project in PROJECTS:
        for name in names:
            yield f"{ROOT}/{project}/{row.topic.replace('{name}', name)}", project, name == account


def cells() -> list[Cell]:
    return [
        Cell(
            account=account,
            topic=topic,
            verb=verb,
            is_allowed=project == home and row.may(role, verb, is_own=is_own),
        )
        for account, (role, home) in ACCOUNTS.items()
        for row in read_table()
        for topic, project, is_own in topics(row, account)
        for verb in ("w" if row.channel == NO_CHANNEL else "wr")  # what nobody can write, nobody can read
    ]


async def try_everything(mosquitto: Mosquitto) -> Seen:
    """Let the owners of the projects write every topic, then everybody; each listens to everything meanwhile."""
    seen = Seen(came={account: set() for account in ACCOUNTS})
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        clients = {
            name: await stack.enter_async_context(
                Delivery(
                    mosquitto.connection(name),
                    client_id=f"acl-{name}",
                    subscriptions=("#", "$SYS/#"),
                    receive_maximum=1000,
                    session_expiry_s=0,
                )
            )
            for name in ACCOUNTS
        }
        await asyncio.gather(*(client.wait_connected(30) for client in clients.values()))
        readers = [asyncio.create_task(listen(client, seen.came[name])) for name, client in clients.items()]
        by_account = {name: sorted({cell.topic for cell in cells() if cell.account == name}) for name in ACCOUNTS}
        everything = sorted({topic for each in by_account.values() for topic in each})
        for owner in ("rebuilder", "mason"):
            await write(clients[owner], owner, everything, seen)
        others = [name for name in ACCOUNTS if name not in {"rebuilder", "mason"}]
        await asyncio.gather(*(write(clients[name], name, by_account[name], seen) for name in others))
        for owner in ("rebuilder", "mason"):  # each connection is served in order: this comes last
            project = ACCOUNTS[owner][1]
            await clients[owner].publish(Outgoing(topic=f"{ROOT}/{project}/reconstructor/state", payload=END))
        await asyncio.gather(*readers)
    return seen


async def listen(client: Delivery, came: set[tuple[str, bytes]]) -> None:
    async for message in client.messages():
        message.acknowledge()
        if message.payload == END:
            return
        came.add((message.topic, message.payload))


async def write(client: Delivery, name: str, to: list[str], seen: Seen) -> None:
    """Write each topic, with the author as payload, and read the reason codes of the PUBACKs."""

    async def one(topic: str) -> None:
        try:
            await client.publish(Outgoing(topic=topic, payload=name.encode()))
        except PublishRefusedError as exc:
            (seen.refused if NOT_AUTHORISED in str(exc) else seen.other).add((name, topic))
        else:
            seen.written.add((name, topic))

    await asyncio.gather(*(one(topic) for topic in to))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    people = [Credential.fresh(User.build(name, role, [project])) for name, (role, project) in ACCOUNTS.items()]
    plan = BrokerPlan(data_dir=tmp_path_factory.mktemp("broker"), port=free_port())
    with Mosquitto(plan, people) as broker:
        return asyncio.run(try_everything(broker))


def test_every_cell_is_as_the_table_says(seen: Seen) -> None:
    tried = cells()
    wrong = []
    for cell in tried:
        if cell.verb == "w":
            key = (cell.account, cell.topic)
            is_right = key in (seen.written if cell.is_allowed else seen.refused)
        else:
            owner = b"rebuilder" if f"/{PROJECTS[0]}/" in cell.topic else b"mason"
            assert (owner.decode(), cell.topic) in seen.written
            is_right = ((cell.topic, owner) in seen.came[cell.account]) == cell.is_allowed
        if not is_right:
            wrong.append(cell)
    sys.stdout.write(json.dumps({"acl_cells": len(tried), "acl_wrong": len(wrong)}) + "\n")
    assert seen.other == set()
    assert len(tried) >= LEAST_CELLS
    assert wrong == []


def test_what_was_refused_reached_nobody_and_what_was_taken_reached_the_reconstructor(seen: Seen) -> None:
    owner_of = {project: name for name, (role, project) in ACCOUNTS.items() if role == "reconstructor"}
    for name, topic in seen.refused:
        assert not any((topic, name.encode()) in came for came in seen.came.values()), (name, topic)
    for name, topic in seen.written:
        assert (topic, name.encode()) in seen.came[owner_of[topic.split("/")[2]]], (name, topic)


def test_only_ops_read_the_brokers_own_figures(seen: Seen) -> None:
    readers = {name for name, came in seen.came.items() if any(topic.startswith("$SYS/") for topic, _ in came)}
    assert readers == {"ops", "guest", "otto", "gus"}


def test_every_channel_has_a_row_and_every_row_is_a_topic_of_its_channel() -> None:
    rows = read_table()
    assert {channel.name for channel in CHANNELS} == {row.channel for row in rows} - {NO_CHANNEL}
    for row in rows:
        assert set(row.letters_by_role) == set(Role)
        topic = f"{ROOT}/chapel/{row.topic.replace('{name}', 'rig-north')}"
        if row.channel != NO_CHANNEL:
            assert match(TopicSpace(ROOT), topic).channel.name == row.channel


def test_a_channel_without_a_row_is_found(tmp_path: Path) -> None:
    shorter = tmp_path / "table.md"
    lines = TABLE.read_text().splitlines()
    shorter.write_text("\n".join(line for line in lines if not line.startswith("| probe ")))
    assert {channel.name for channel in CHANNELS} - {row.channel for row in read_table(shorter)} == {"probe"}


def test_a_row_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "table.md"
    for line in ("| image | `image/{name}/door1` | w | x | - | - | - | WR |", "| image | `image/{name}/door1` | w |"):
        broken.write_text(f"{TABLE.read_text()}{line}\n")
        with pytest.raises(ValueError, match="cannot be read"):
            read_table(broken)
    broken.write_text(f"{TABLE.read_text()}| event | `event/error` | w | - | - | - | - | WR |\n")
    with pytest.raises(ValueError, match="bears no name"):
        read_table(broken)

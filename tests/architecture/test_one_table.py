"""Law 2: the contract's rows build every message; no program states topic, QoS or retain by hand."""

import ast
import re
from dataclasses import replace

import pytest

from broker.channel import Channel, Role
from broker.contract import CHANNELS, RECONSTRUCTOR_STATE
from broker.ids import ProjectId
from broker.messages import ReconstructorPresence, ReconstructorState
from broker.topics import TopicSpace
from reconstructor import presence
from tests.architecture.sources import ROOT, nodes, place, python_files

PROGRAMS = ("edge_agent", "reconstructor", "viewer", "demo")
BY_HAND = re.compile(r"\bOutgoing\(|is_retained=(True|False)|\bqos=[0-9]")
BY_PEOPLE = {"command", "desired_settings", "scale_bar", "presence"}  # written with mosquitto_pub, or by the page


def rows_published_by_python() -> set[str]:
    """Names of the rows on which a program calls `outgoing`, itself or through a helper that is given the row."""
    names = {channel.name.upper() for channel in CHANNELS}
    used: set[str] = set()
    for path in [*python_files(*PROGRAMS), ROOT / "broker/live.py"]:
        for node in nodes(path):
            if isinstance(node, ast.Call):
                called = node.func
                if (
                    isinstance(called, ast.Attribute)
                    and called.attr == "outgoing"
                    and isinstance(called.value, ast.Name)
                ):
                    used.add(called.value.id)
                used |= {each.id for each in node.args if isinstance(each, ast.Name)}
    return used & names


def test_no_program_builds_a_message_by_hand() -> None:
    found = [
        place(path, number)
        for path in python_files(*PROGRAMS)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if BY_HAND.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("row", [row for row in CHANNELS if row.name not in BY_PEOPLE], ids=lambda row: row.name)
def test_a_program_publishes_each_row_through_the_row(row: Channel) -> None:
    assert row.name.upper() in rows_published_by_python()


def test_a_publisher_follows_a_row_that_is_altered(monkeypatch: pytest.MonkeyPatch) -> None:
    altered = replace(RECONSTRUCTOR_STATE, qos=0, is_retained=False)
    monkeypatch.setattr(presence, "RECONSTRUCTOR_STATE", altered)
    state = ReconstructorState(
        project=ProjectId("chapel"), presence=ReconstructorPresence.READY, boot_id="b", refetch_every=10
    )
    outgoing = presence.state_message(TopicSpace(), state)
    assert (outgoing.qos, outgoing.is_retained) == (0, False)


def test_the_page_publishes_by_the_generated_row() -> None:
    source = (ROOT / "viewer/web/src/wire/connection.ts").read_text(encoding="utf-8")
    assert "const { isRetained, maxBytes, qos } = CHANNELS[channel];" in source
    by_hand = re.compile(r"\bretain: (true|false)")
    others = [path for path in (ROOT / "viewer/web/src").rglob("*.ts") if path.name != "connection.ts"]
    assert [place(path) for path in others if by_hand.search(path.read_text(encoding="utf-8"))] == []


def test_roles_that_write_by_hand_are_people_or_the_page() -> None:
    machines = {Role.AGENT, Role.RECONSTRUCTOR}
    assert [row.name for row in CHANNELS if row.name in BY_PEOPLE and row.writers <= machines] == []

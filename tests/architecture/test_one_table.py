"""Law 2: the contract's rows build every message; no program states topic, QoS or retain by hand."""

import ast
import contextlib
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import pytest

from broker.channel import Channel, Role
from broker.clients.publications import PublishResult
from broker.clients.trouble import Trouble
from broker.config import Connection
from broker.contract import (
    AGENT_DESCRIPTION,
    AGENT_STATE,
    AGENT_THUMBNAIL,
    CHANNELS,
    COMMAND_REPLY,
    EVENT,
    FLOW,
    RECEIPT,
    RECONSTRUCTOR_STATE,
    REQUEST,
    RESPONSE,
    match,
)
from broker.delivery import Delivery
from broker.ids import AgentId, ConnectionId, ImageName, ProjectId, RequestId, SenderId, Verb
from broker.live import Follower, ask_on
from broker.logs import get_logger
from broker.messages import (
    Error,
    ReceiptStatus,
    ReconstructorPresence,
    ReconstructorState,
    Request,
    UploadAcknowledged,
)
from broker.outgoing import Outgoing
from broker.rig_messages import CommandReply
from broker.topics import TopicSpace
from edge_agent.control.presence import AgentPublisher
from reconstructor import disk, presence, requests
from reconstructor.config import Settings
from reconstructor.context import Context
from reconstructor.gaps import Gaps
from reconstructor.intake import receipts
from reconstructor.signals import Signals
from tests.architecture.sources import ROOT, nodes, place, python_files

SPACE, CHAPEL = TopicSpace(), ProjectId("chapel")
PROGRAMS = ("admin", "edge_agent", "reconstructor", "viewer", "demo")
BY_HAND = re.compile(r"\bOutgoing\(|is_retained=(True|False)|\bqos=[0-9]")
BY_PEOPLE = {
    "command",
    "desired_settings",
    "desired_scale_bar",
    "presence",
}  # written with mosquitto_pub, or by the page


@cache
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


class Recorder:
    """Stands where a program holds its connection, and keeps what it is given."""

    is_connected = True

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    async def publish(self, outgoing: Outgoing, timeout_s: float = 30.0) -> PublishResult:
        del timeout_s
        self.sent.append(outgoing)
        return PublishResult(has_subscribers=True)


@contextlib.contextmanager
def altered(row: Channel) -> Iterator[None]:
    """Alter a row where it stands, as an edit of the table would, and put it back."""
    before = {"qos": row.qos, "is_retained": row.is_retained}
    for name, value in {"qos": 1 - row.qos, "is_retained": not row.is_retained}.items():
        object.__setattr__(row, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            object.__setattr__(row, name, value)


def context_of(recorder: Recorder) -> Any:
    """What the reconstructor's publishing functions read of their context."""
    return SimpleNamespace(
        project=CHAPEL,
        space=SPACE,
        delivery=recorder,
        settings=Settings(),
        log=get_logger(),
        gaps=None,
        store=SimpleNamespace(past_events=SimpleNamespace(add=lambda _event: None)),
        signals=Signals(),
        presence=SimpleNamespace(disk=Trouble(log=get_logger(), event="storing_waits")),
    )


def request() -> Request:
    return Request(
        project=CHAPEL, id=RequestId("r1"), verb=Verb.PING, connection=ConnectionId("c1"), sent_at=datetime.now(UTC)
    )


async def publish_presence(recorder: Recorder) -> None:
    state = ReconstructorState(project=CHAPEL, presence=ReconstructorPresence.READY, boot_id="b", refetch_every=10)
    await recorder.publish(presence.state_message(SPACE, state))


async def publish_event(recorder: Recorder) -> None:
    await Context.publish_event(context_of(recorder), Error(project=CHAPEL, code="c", reason="r"))


async def publish_receipt(recorder: Recorder) -> None:
    receipt = UploadAcknowledged(project=CHAPEL, status=ReceiptStatus.STORED, image_name=ImageName("door"))
    await receipts.send_receipt(context_of(recorder), Gaps(first_wait_s=1.0), SenderId("anna"), receipt)


async def publish_flow(recorder: Recorder) -> None:
    await disk.send_flow(context_of(recorder), SenderId("anna"))


async def publish_response(recorder: Recorder) -> None:
    asked = requests.ReceivedRequest(
        user=SenderId("anna"), request=request(), refusal=None, received_at=datetime.now(UTC)
    )
    await requests._respond(context_of(recorder), asked, requests._Done(), None)


async def publish_request(recorder: Recorder) -> None:
    connection = Connection(username="anna")
    follower = cast("Follower", recorder)
    with contextlib.suppress(AttributeError):  # it asks; there is nothing to follow for the answer
        await ask_on(follower, connection, CHAPEL, request(), user="anna", timeout_s=1.0)


async def publish_rig(recorder: Recorder) -> None:
    rig = AgentPublisher(SPACE, CHAPEL, AgentId("rig-north"))
    delivery = cast("Delivery", recorder)
    await rig.announce(delivery, camera="simulated", is_capturing=True)
    await rig.publish_thumbnail(delivery, b"\xff\xd8\xff")
    await rig.reply(delivery, CommandReply(project=CHAPEL, id=RequestId("r1"), agent=rig.agent, is_done=True))
    await recorder.publish(rig.will())


PUBLISHERS = (
    (RECONSTRUCTOR_STATE, publish_presence),
    (EVENT, publish_event),
    (RECEIPT, publish_receipt),
    (FLOW, publish_flow),
    (RESPONSE, publish_response),
    (REQUEST, publish_request),
    (AGENT_STATE, publish_rig),
    (AGENT_DESCRIPTION, publish_rig),
    (AGENT_THUMBNAIL, publish_rig),
    (COMMAND_REPLY, publish_rig),
)


@pytest.mark.parametrize(("row", "publisher"), PUBLISHERS, ids=[row.name for row, _ in PUBLISHERS])
async def test_a_publisher_follows_a_row_that_is_altered(
    row: Channel, publisher: Callable[[Recorder], Awaitable[None]]
) -> None:
    recorder = Recorder()
    with altered(row):
        await publisher(recorder)
        sent = [each for each in recorder.sent if match(SPACE, each.topic).channel is row]
        assert {(each.qos, each.is_retained) for each in sent} == {(row.qos, row.is_retained)}
    assert (sent[0].qos, sent[0].is_retained) != (row.qos, row.is_retained)


def test_the_page_publishes_by_the_generated_row() -> None:
    source = (ROOT / "viewer/web/src/wire/connection.ts").read_text(encoding="utf-8")
    assert "const { isRetained, maxBytes, qos } = CHANNELS[channel];" in source
    by_hand = re.compile(r"\bretain: (true|false)")
    others = [path for path in (ROOT / "viewer/web/src").rglob("*.ts") if path.name != "connection.ts"]
    assert [place(path) for path in others if by_hand.search(path.read_text(encoding="utf-8"))] == []


def test_roles_that_write_by_hand_are_people_or_the_page() -> None:
    machines = {Role.AGENT, Role.RECONSTRUCTOR}
    assert [row.name for row in CHANNELS if row.name in BY_PEOPLE and row.writers <= machines] == []

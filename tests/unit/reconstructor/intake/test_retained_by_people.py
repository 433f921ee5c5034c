"""Which retained messages of people stay, and which are to be cleared."""

from broker.contract import PRESENCE, REQUEST, match
from broker.delivery import Incoming
from broker.ids import ConnectionId, ProjectId, SenderId
from broker.messages import Presence
from broker.topics import TopicSpace
from reconstructor.intake.retained_by_people import MOST_CONNECTIONS, SILENT_S, RetainedByPeople

SPACE, CHAPEL = TopicSpace(), ProjectId("chapel")


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def presence(
    connection: str, user: str = "anna", *, is_retained: bool = True, payload: bytes | None = None
) -> Incoming:
    here = Presence(project=CHAPEL, user=user, connection=connection, program="page")
    topic = SPACE.topic(CHAPEL, PRESENCE.template, user="anna", connection=connection)
    return Incoming(topic=topic, payload=here.encode() if payload is None else payload, qos=0, is_retained=is_retained)


def surplus(retained: RetainedByPeople, message: Incoming) -> list[str]:
    return retained.surplus(message, match(SPACE, message.topic))


def test_the_oldest_presence_of_an_account_gives_way_and_one_that_is_kept_up_does_not() -> None:
    retained = RetainedByPeople(SPACE, CHAPEL)
    first = presence("c0")
    for number in range(MOST_CONNECTIONS):
        assert surplus(retained, presence(f"c{number}")) == []
    retained.note_heard(SenderId("anna"), ConnectionId("c0"))
    assert surplus(retained, presence("one-more")) == [presence("c1").topic]
    assert surplus(retained, presence("c2", payload=b"")) == []  # it left
    assert surplus(retained, presence("c1")) == []
    assert surplus(retained, first) == []


def test_a_presence_that_nobody_keeps_up_is_cleared() -> None:
    clock = Clock()
    retained = RetainedByPeople(SPACE, CHAPEL, clock)
    surplus(retained, presence("gone"))
    surplus(retained, presence("here"))
    clock.now_s = SILENT_S / 2
    retained.note_heard(SenderId("anna"), ConnectionId("here"))
    retained.note_heard(SenderId("anna"), ConnectionId("never-announced"))
    clock.now_s = SILENT_S + 1
    assert retained.silent() == [presence("gone").topic]
    assert retained.silent() == []


def test_a_presence_that_is_too_large_or_in_another_name_is_cleared() -> None:
    retained = RetainedByPeople(SPACE, CHAPEL)
    for bad in (
        presence("c1", "bert"),
        presence("c1", payload=b"x"),
        presence("c1", payload=bytes(PRESENCE.max_bytes + 1)),
    ):
        assert surplus(retained, bad) == [bad.topic]
    assert surplus(retained, presence("c1", is_retained=False, payload=b"x")) == []


def test_nothing_else_stays_and_a_clearing_is_not_cleared_again() -> None:
    retained, topic = RetainedByPeople(SPACE, CHAPEL), SPACE.topic(CHAPEL, REQUEST.template, user="anna", verb="ping")
    unknown = f"{SPACE.root}/{CHAPEL}/image/anna/No Name"
    for where, found in ((topic, match(SPACE, topic)), (unknown, None)):
        assert retained.surplus(Incoming(topic=where, payload=b"x", qos=1, is_retained=True), found) == [where]
        assert retained.surplus(Incoming(topic=where, payload=b"", qos=1, is_retained=True), found) == []
        assert retained.surplus(Incoming(topic=where, payload=b"x", qos=1, is_retained=False), found) == []

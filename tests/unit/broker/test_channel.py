"""Does every message follow its row of the contract, and is a topic's level of its own type?"""

from dataclasses import replace

import pytest

from broker.channel import Channel, PayloadTooLargeError, WrongChannelError
from broker.contract import CHANNELS, COMMAND, EVENT, FLOW, IMAGE, REQUEST, SHARD, match
from broker.ids import ImageId, ProjectId, SenderId, Verb
from broker.messages import Error, Flow
from broker.topics import BadTopicError, LevelValue, TopicSpace
from tests.topic_levels import EXAMPLE_LEVELS

SPACE = TopicSpace()
CHAPEL = ProjectId("chapel")


def levels_of(channel: Channel) -> dict[str, LevelValue]:
    return {name: EXAMPLE_LEVELS[name] for name in channel.template.level_names}


@pytest.mark.parametrize("row", CHANNELS, ids=lambda row: row.name)
def test_a_message_follows_its_row_also_after_the_row_was_altered(row: Channel) -> None:
    for changed in (row, replace(row, qos=1 - row.qos), replace(row, is_retained=not row.is_retained)):
        outgoing = changed.outgoing(SPACE, CHAPEL, b"{}", **levels_of(row))  # type: ignore[arg-type]
        assert (outgoing.qos, outgoing.is_retained) == (changed.qos, changed.is_retained)
        assert match(SPACE, outgoing.topic).channel is row
    with pytest.raises(PayloadTooLargeError, match="above the limit of 1 "):
        replace(row, max_bytes=1).outgoing(SPACE, CHAPEL, b"{}", **levels_of(row))  # type: ignore[arg-type]


def test_an_events_topic_follows_from_its_message() -> None:
    outgoing = EVENT.outgoing(SPACE, CHAPEL, Error(project=CHAPEL, code="c", reason="r"))
    assert (outgoing.topic, outgoing.content_type) == ("cairn/v1/chapel/event/error", "application/json")


def test_a_message_of_another_channel_is_refused() -> None:
    flow = Flow(project=CHAPEL, image_count=1, size_bytes=1)
    with pytest.raises(WrongChannelError, match="does not carry Flow"):
        COMMAND.outgoing(SPACE, CHAPEL, flow, agent="rig-north")
    assert FLOW.outgoing(SPACE, CHAPEL, flow, sender="anna").is_retained


def test_only_what_is_retained_can_be_cleared() -> None:
    cleared = SHARD.clearing(SPACE, CHAPEL, generation=2, encoding="ply", index=0)
    assert (cleared.payload, cleared.is_retained) == (b"", True)
    with pytest.raises(WrongChannelError, match="retains nothing"):
        IMAGE.clearing(SPACE, CHAPEL, sender="anna", image_name="door1")


def test_the_content_type_of_bytes_is_the_rows_or_else_the_messages() -> None:
    shard = SHARD.outgoing(SPACE, CHAPEL, b"x", generation=2, encoding="ply", index=0)
    image = IMAGE.outgoing(SPACE, CHAPEL, b"x", content_type="image/png", sender="anna", image_name="door1")
    assert (shard.content_type, image.content_type) == ("application/octet-stream", "image/png")


def test_a_level_has_its_own_type_and_a_level_that_is_not_there_is_an_error() -> None:
    found = match(SPACE, "cairn/v1/chapel/upload/anna/day-000001-0123456789abcdef/7")
    assert (type(found.sender), type(found.image_id), found.offset) == (SenderId, ImageId, 7)
    with pytest.raises(BadTopicError, match=r"no level \{verb\}"):
        assert found.verb


def test_every_row_can_stand_in_a_set_and_lists_each_verb_for_somebody() -> None:
    assert len(set(CHANNELS)) == len(CHANNELS)
    assert set(REQUEST.writers_of_verb) == set(Verb)
    assert REQUEST.writers == frozenset().union(*REQUEST.writers_of_verb.values())

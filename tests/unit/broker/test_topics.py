"""Topics in and out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker import contract
from broker.channel import Channel
from broker.contract import CHANNELS, match
from broker.errors import CairnError
from broker.ids import BadIdError
from broker.topics import BadTopicError, TopicSpace
from tests.topic_levels import EXAMPLE_LEVELS

SPACE = TopicSpace()


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_every_channel_is_recognised_from_its_own_topic(channel: Channel) -> None:
    levels = {name: EXAMPLE_LEVELS[name] for name in channel.template.level_names}
    found = match(SPACE, SPACE.topic("chapel", channel.template, **levels))
    assert found.channel is channel
    assert found.project == "chapel"
    assert {name: getattr(found, name) for name in levels} == levels


@given(st.text(max_size=80))
def test_no_text_becomes_a_topic_of_a_channel_with_a_bad_level(text: str) -> None:
    try:
        found = match(SPACE, f"cairn/v1/chapel/image/anna/{text}")
    except CairnError:
        return
    assert found.channel is contract.IMAGE
    assert "/" not in text


@pytest.mark.parametrize(
    "topic", ["cairn/v2/chapel/event/error", "cairn/v1/chapel", "cairn/v1//x", "cairn/v1/chapel/x/y", "", "x" * 2000]
)
def test_topic_of_nobody_is_refused(topic: str) -> None:
    with pytest.raises((BadTopicError, BadIdError)):
        match(SPACE, topic)


def test_bad_level_is_told_as_a_bad_id_not_as_an_unknown_channel() -> None:
    with pytest.raises(BadIdError, match="ImageName"):
        match(SPACE, "cairn/v1/chapel/image/anna/a\u202eb")


def test_filter_has_a_wildcard_for_every_level_left_open() -> None:
    assert SPACE.filter(contract.SHARD.template, "chapel", generation=3) == "cairn/v1/chapel/shard/3/+/+"
    assert SPACE.filter(contract.EVENT.template) == "cairn/v1/+/event/+"


def test_no_wildcard_comes_out_of_a_topic() -> None:
    with pytest.raises(BadIdError, match="wildcard"):
        SPACE.topic("chapel", contract.IMAGE.template, sender="+", image_name="x")


def test_missing_level_is_named() -> None:
    with pytest.raises(BadTopicError, match=r"\{image_name\}"):
        SPACE.topic("chapel", contract.IMAGE.template, sender="anna")


@pytest.mark.parametrize("root", ["", "/cairn", "cairn/", "cairn/#", "CAIRN", "a//b"])
def test_root_with_holes_or_wildcards_is_refused(root: str) -> None:
    with pytest.raises(BadTopicError, match="root"):
        TopicSpace(root)

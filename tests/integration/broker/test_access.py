"""The ACL as a matrix: every role against every channel, on a real broker, both ways."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from broker.channel import Channel, Role
from broker.clients.refusals import PublishRefusedError
from broker.contract import CHANNELS, RECONSTRUCTOR_STATE
from broker.delivery import Delivery, Incoming
from broker.ids import Verb
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from broker.topics import TopicSpace
from tests.topic_levels import EXAMPLE_LEVELS

SPACE = TopicSpace()
LAST = b"last"
USER_OF_ROLE = {
    Role.RECONSTRUCTOR: "reconstructor",
    Role.AGENT: "rig-north",
    Role.CONTRIBUTOR: "anna",
    Role.VIEWER: "viewer",
    Role.OPERATOR: "ops",
    Role.OBSERVER: "guest",
}


def topic(channel: Channel, owner: str, project: str = "chapel") -> str:
    names = {"sender": owner, "user": owner, "agent": owner if owner.startswith("rig-") else "rig-north"}
    levels = {name: {**EXAMPLE_LEVELS, **names}[name] for name in channel.template.level_names}
    return SPACE.topic(project, channel.template, **levels)


async def may_publish(delivery: Delivery, to: str) -> bool:
    try:
        await delivery.publish(Outgoing(topic=to, payload=b"x"))
    except PublishRefusedError:
        return False
    return True


@pytest.mark.parametrize("role", list(Role))
async def test_role_writes_exactly_its_channels_and_only_as_itself(mosquitto: Mosquitto, role: Role) -> None:
    name = USER_OF_ROLE[role]
    async with Delivery(mosquitto.connection(name), client_id="w") as delivery:
        await delivery.wait_connected(30)
        for channel in CHANNELS:
            is_allowed = role in channel.writers or role is Role.RECONSTRUCTOR
            assert await may_publish(delivery, topic(channel, name)) == is_allowed, channel.name
            assert not await may_publish(delivery, topic(channel, name, project="castle")), channel.name
            if channel.own_level and role in {Role.AGENT, Role.CONTRIBUTOR, Role.VIEWER, Role.OPERATOR}:
                is_keeper = channel.own_level == "agent" or channel.is_kept_by_operators
                if is_keeper and role is Role.OPERATOR:
                    continue  # an operator commands every rig, and clears what anybody left
                foreign = "rig-south" if channel.own_level == "agent" else "bert"
                assert not await may_publish(delivery, topic(channel, foreign)), channel.name


PEOPLE = {Role.VIEWER, Role.CONTRIBUTOR, Role.OPERATOR}
MAY_ASK = {
    Verb.PING: PEOPLE | {Role.AGENT},
    Verb.RESYNC: PEOPLE,
    Verb.PHOTOGRAPH: PEOPLE,
    Verb.EARLIER: PEOPLE,
    Verb.EXPORT: {Role.CONTRIBUTOR, Role.OPERATOR},
    Verb.REFETCH: {Role.OPERATOR},
    Verb.PAUSE: {Role.OPERATOR},
    Verb.RESUME: {Role.OPERATOR},
}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.RECONSTRUCTOR])
async def test_role_asks_for_its_verbs_under_its_own_name_and_for_no_others(mosquitto: Mosquitto, role: Role) -> None:
    assert set(MAY_ASK) == set(Verb)
    name = USER_OF_ROLE[role]
    async with Delivery(mosquitto.connection(name), client_id="w") as delivery:
        await delivery.wait_connected(30)
        for verb, roles in MAY_ASK.items():
            own, foreign = (f"{SPACE.root}/chapel/request/{who}/{verb}" for who in (name, "bert"))
            assert await may_publish(delivery, own) == (role in roles), verb
            assert not await may_publish(delivery, foreign), verb
        assert not await may_publish(delivery, f"{SPACE.root}/chapel/request/{name}/explode")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.RECONSTRUCTOR])
async def test_role_reads_exactly_its_channels(mosquitto: Mosquitto, role: Role) -> None:
    name = USER_OF_ROLE[role]
    reader = Delivery(mosquitto.connection(name), client_id="r", subscriptions=(SPACE.root + "/#",), receive_maximum=64)
    async with reader, Delivery(mosquitto.connection("reconstructor"), client_id="w") as writer:
        await reader.wait_connected(30)
        await writer.wait_connected(30)
        for channel in CHANNELS:
            await writer.publish(Outgoing(topic=topic(channel, name), payload=b"own"))
            if channel.own_level:
                await writer.publish(Outgoing(topic=topic(channel, "rig-south"), payload=b"foreign"))
        await writer.publish(Outgoing(topic=topic(RECONSTRUCTOR_STATE, name), payload=LAST))
        seen = await drain(reader.messages())
    for channel in CHANNELS:
        assert ((topic(channel, name), b"own") in seen) == (role in channel.readers), channel.name
        sees_all = channel.is_read_by_all and role is not Role.AGENT
        is_everybodys = role in {Role.OPERATOR, Role.OBSERVER} or sees_all or channel.own_level is None
        if channel.own_level and not is_everybodys:
            assert (topic(channel, "rig-south"), b"foreign") not in seen, channel.name


async def drain(messages: AsyncIterator[Incoming]) -> set[tuple[str, bytes]]:
    """Everything until the last message, which every role reads; a connection is served in order."""
    seen = set[tuple[str, bytes]]()
    async with asyncio.timeout(30):
        async for message in messages:
            message.acknowledge()
            if message.payload == LAST:
                return seen
            seen.add((message.topic, message.payload))
    raise AssertionError("the connection ended")

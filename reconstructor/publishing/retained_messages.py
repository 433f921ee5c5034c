"""When has everything come that a broker retains? MQTT marks no end, so the list ends by silence between two messages of our own.

Mosquitto delivers a message of our own behind what a subscription brings, which marks the end. Other brokers deliver it
before that. So the list ends when a marker came back, then nothing retained for a moment, and then a second marker with
nothing retained before it: a broker that is merely busy delays that one, too.
"""

import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Final

from broker.channel import Channel
from broker.config import Connection
from broker.contract import RESPONSE
from broker.ids import ProjectId, SenderId
from broker.live import BrokerLostError, Follower, LiveMessage, follow, fresh_connection_id

QUIET_S: Final = 0.25  # retained messages come within milliseconds of each other, and bytes of a large one all the time
_SILENCE_S: Final = 60.0


async def retained_messages(
    connection: Connection, project: ProjectId, *channels: Channel
) -> AsyncGenerator[LiveMessage, None]:
    """Whatever these channels retain now, on a connection of its own.

    Raises:
        BrokerLostError: the broker went away, or fell silent.
    """
    async with follow(connection) as follower:
        filters = channel_filters(connection, project, *channels)
        async with aclosing(retained_at(follower, connection, project, filters)) as messages:
            async for message in messages:
                yield message


def channel_filters(connection: Connection, project: ProjectId, *channels: Channel) -> list[str]:
    """The topics of these channels, as filters of a subscription."""
    return [connection.space.filter(each.template, project) for each in channels]


async def retained_at(
    follower: Follower, connection: Connection, project: ProjectId, filters: Iterable[str]
) -> AsyncGenerator[LiveMessage, None]:
    """Whatever is retained at these filters now, to which the follower stays subscribed; raises like `retained_messages`."""
    user = SenderId("reconstructor")  # the account may be called what no topic level can be
    marker = RESPONSE.outgoing(connection.space, project, b"end", user=user, connection=fresh_connection_id())
    await follower.subscribe(marker.topic)
    await follower.subscribe(*filters)
    is_settled = False
    while True:
        has_come = False
        await follower.publish(marker)
        async with aclosing(_until_marker(follower, marker.topic)) as messages:
            async for message in messages:
                has_come = True
                yield message
        if is_settled and not has_come:
            break
        async with aclosing(_until_quiet(follower)) as messages:
            async for message in messages:
                yield message
        is_settled = True
    await follower.unsubscribe(marker.topic)


async def _until_marker(follower: Follower, topic: str) -> AsyncGenerator[LiveMessage, None]:
    while (message := await follower.next_message(_SILENCE_S)) is not None:
        if message.topic == topic:
            return
        if message.is_retained:
            yield message
    raise BrokerLostError(f"the broker fell silent for {_SILENCE_S:.0f} s while it listed what it retains")


async def _until_quiet(follower: Follower) -> AsyncGenerator[LiveMessage, None]:
    """Retained messages until none came for a moment; messages that are published meanwhile do not prolong it."""
    quiet_at_s = time.monotonic() + QUIET_S
    while (left_s := quiet_at_s - time.monotonic()) > 0:
        message = await follower.next_message(left_s)
        if message is None:
            return
        if message.is_retained:
            yield message
            quiet_at_s = time.monotonic() + QUIET_S

"""What does the broker retain of a project now? Asked once per connection: a broker may forget, or be another one."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from broker.channel import Channel
from broker.config import Connection
from broker.contract import CAMERAS, REFERENCE, RESPONSE, SHARD, match
from broker.ids import ProjectId, SenderId
from broker.live import BrokerLostError, LiveMessage, follow, fresh_connection_id
from broker.shards import sha256

_SILENCE_S: Final = 60.0


@dataclass(slots=True, kw_only=True)
class Retained:
    """What the broker holds: digest by shard topic, the manifest's and the cameras' bytes."""

    digests: dict[str, str] = field(default_factory=dict)
    manifest: bytes = b""
    cameras: bytes = b""


async def list_retained(connection: Connection, project: ProjectId) -> Retained:
    """Read the reference set that is retained; shards are digested and dropped as they come.

    Raises:
        BrokerLostError: the broker went away, or fell silent.
    """
    retained = Retained()
    async with aclosing(retained_messages(connection, project, SHARD, REFERENCE, CAMERAS)) as messages:
        async for message in messages:
            channel = match(connection.space, message.topic).channel
            if channel is REFERENCE:
                retained.manifest = message.payload
            elif channel is CAMERAS:
                retained.cameras = message.payload
            else:
                retained.digests[message.topic] = sha256(message.payload)
    return retained


async def retained_messages(
    connection: Connection, project: ProjectId, *channels: Channel
) -> AsyncGenerator[LiveMessage, None]:
    """Whatever these channels retain now, on a connection of its own; raises like `list_retained`."""
    space = connection.space
    user = SenderId("reconstructor")  # the account may be called what no topic level can be
    connection_id = fresh_connection_id()
    end = space.topic(project, RESPONSE.template, user=user, connection=connection_id)
    async with follow(connection) as follower:
        await follower.subscribe(end)
        await follower.subscribe(*(space.filter(each.template, project) for each in channels))
        # Queued behind what the subscription brought.
        await follower.publish(RESPONSE.outgoing(space, project, b"end", user=user, connection=connection_id))
        while (message := await follower.next_message(_SILENCE_S)) is not None:
            if message.topic == end:
                _heed_cancellation()
                return
            if message.is_retained:
                yield message
    raise BrokerLostError(f"the broker fell silent for {_SILENCE_S:.0f} s while it listed what it retains")


def _heed_cancellation() -> None:
    """End here when cancelled: aiomqtt waits with wait_for, which on Python 3.11 may swallow that."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError

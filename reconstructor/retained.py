"""What does the broker retain of a project now? Asked once per connection: a broker may forget, or be another one."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from broker.config import Connection
from broker.contract import CAMERAS, REFERENCE, RESPONSE, SHARD
from broker.ids import ProjectId, SenderId
from broker.live import BrokerLostError, Follower, follow, fresh_connection_id
from broker.shards import sha256

_TIMEOUT_S: Final = 300.0


@dataclass(slots=True, kw_only=True)
class Retained:
    """What the broker holds: digest by shard topic, the manifest's and the cameras' bytes."""

    digests: dict[str, str] = field(default_factory=dict)
    manifest: bytes = b""
    cameras: bytes = b""


async def list_retained(connection: Connection, project: ProjectId) -> Retained:
    """Read everything that is retained, on a connection of its own; shards are digested and dropped as they come.

    Raises:
        BrokerLostError: the broker went away, or took too long.
    """
    space = connection.space
    user = SenderId(connection.username or "reconstructor")
    end = space.topic(project, RESPONSE.template, user=user, connection=fresh_connection_id())
    try:
        async with asyncio.timeout(_TIMEOUT_S), follow(connection) as follower:
            await follower.subscribe(end)
            await follower.subscribe(*(space.filter(each.template, project) for each in (SHARD, REFERENCE, CAMERAS)))
            await follower.publish(end, b"end")  # queued behind what the subscription brought
            return await _read(
                follower, end, space.topic(project, REFERENCE.template), space.topic(project, CAMERAS.template)
            )
    except TimeoutError as exc:
        raise BrokerLostError(f"the broker did not list what it retains in {_TIMEOUT_S:.0f} s") from exc


async def _read(follower: Follower, end: str, manifest_topic: str, cameras_topic: str) -> Retained:
    retained = Retained()
    async for message in follower.messages():
        if message.topic == end:
            _heed_cancellation()
            return retained
        if not message.is_retained:
            continue
        if message.topic == manifest_topic:
            retained.manifest = message.payload
        elif message.topic == cameras_topic:
            retained.cameras = message.payload
        else:
            retained.digests[message.topic] = sha256(message.payload)
    raise BrokerLostError("the connection to the broker ended")


def _heed_cancellation() -> None:
    """End here when cancelled: aiomqtt waits with wait_for, which on Python 3.11 may swallow that."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError

"""What does the broker retain of a project now? Asked once per connection: a broker may forget, or be another one."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from broker.channel import Channel
from broker.config import Connection
from broker.contract import CAMERA_PAGE, MANIFEST_PAGE, REFERENCE, RESPONSE, SHARD, match
from broker.ids import Encoding, ProjectId, SenderId
from broker.live import BrokerLostError, LiveMessage, follow, fresh_connection_id
from broker.manifest import digest_of
from broker.shards import sha256

_SILENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class ShardKey:
    """Which shard, in which encoding."""

    generation: int
    encoding: Encoding
    index: int


@dataclass(slots=True, kw_only=True)
class Retained:
    """What the broker holds.

    A broker that is killed goes back to what it wrote last. One that comes back with the pointer which we published last
    has everything from before that pointer; what came after is noted here, to be published again.

    Attributes:
        digests: sha256 by shard.
        sizes: bytes by shard.
        pages: topics of pages whose bytes have the digest that the topic says.
        torn: topics of other pages.
        manifest: the pointer's bytes; empty without one.
        cleared: topics that were cleared after the pointer was published.
    """

    digests: dict[ShardKey, str] = field(default_factory=dict)
    sizes: dict[ShardKey, int] = field(default_factory=dict)
    pages: set[str] = field(default_factory=set)
    torn: set[str] = field(default_factory=set)
    manifest: bytes = b""
    cleared: set[str] = field(default_factory=set)
    _fresh: set[ShardKey] = field(default_factory=set)
    _sealed_pages: frozenset[str] = frozenset()

    def hold(self, key: ShardKey, digest: str, size_bytes: int) -> None:
        """Note a shard."""
        self.digests[key], self.sizes[key] = digest, size_bytes
        self._fresh.add(key)

    def seal(self, manifest: bytes) -> None:
        """Note that the broker has the pointer, and with it everything from before it."""
        self.manifest = manifest
        self._fresh, self._sealed_pages, self.cleared = set(), frozenset(self.pages), set()

    def reopen(self) -> None:
        """Note that the broker came back with the pointer: what came after it may be lost."""
        for key in self._fresh:
            self.drop(key)
        self._fresh = set()
        self.pages = (self.pages & self._sealed_pages) - self.cleared

    def drop(self, key: ShardKey) -> None:
        """Note that a shard is gone."""
        self.digests.pop(key, None)
        self.sizes.pop(key, None)


async def list_retained(connection: Connection, project: ProjectId) -> Retained:
    """Read the reference set that is retained; shards are digested and dropped as they come.

    Raises:
        BrokerLostError: the broker went away, or fell silent.
    """
    retained = Retained()
    channels = (SHARD, REFERENCE, MANIFEST_PAGE, CAMERA_PAGE)
    async with aclosing(retained_messages(connection, project, *channels)) as messages:
        async for message in messages:
            found = match(connection.space, message.topic)
            if found.channel is REFERENCE:
                retained.manifest = message.payload
            elif found.channel is SHARD:
                key = ShardKey(found.generation, found.encoding, found.index)
                retained.hold(key, sha256(message.payload), len(message.payload))
            else:
                is_whole = digest_of(message.payload) == found.page
                (retained.pages if is_whole else retained.torn).add(message.topic)
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

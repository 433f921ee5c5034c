"""How many bytes does the index of a project cost? Counted as a viewer gets them who reads every message of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from broker.config import Connection
from broker.contract import CAMERA_PAGE, MANIFEST_PAGE, REFERENCE
from broker.live import Follower, follow
from tests.integration.reconstructor.programs import PROJECT, SPACE


@dataclass(slots=True)
class IndexBytes:
    """The index messages that a viewer who reads everything gets."""

    sizes: list[int] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def counted(cls, connection: Connection) -> "AsyncIterator[IndexBytes]":
        counter = cls()
        async with follow(connection) as follower:
            await follower.subscribe(
                *(SPACE.filter(each.template, PROJECT) for each in (REFERENCE, MANIFEST_PAGE, CAMERA_PAGE))
            )
            counting = asyncio.create_task(counter._count(follower))
            yield counter
            counting.cancel()
            await asyncio.wait({counting})

    async def _count(self, follower: Follower) -> None:
        async for message in follower.messages():
            self.sizes.append(len(message.payload))

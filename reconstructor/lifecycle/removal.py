"""How does a project end? Its folder is taken from the service, then removed; what the broker retains of it is cleared."""

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from broker.channel import Role, clearing_of
from broker.config import Connection
from broker.contract import CHANNELS
from broker.ids import ProjectId
from broker.live import follow
from reconstructor.publishing.retained_messages import retained_messages
from reconstructor.storage.durable_files import StoreError, translate
from reconstructor.storage.lock import StoreInUseError, lock
from reconstructor.storage.read_only import DATABASE_NAME

_LOOK_S: Final = 0.2


@contextmanager
def taken(folder: Path) -> Iterator[None]:
    """Hold a project's folder so that no service opens it; raises StoreError without such a project, or when it is served."""
    if not (folder / DATABASE_NAME).is_file():
        raise StoreError(f"no project {folder.name!r} below {folder.parent}: check --data")
    with contextlib.closing(lock(folder)):
        yield


async def until_free(folder: Path, timeout_s: float) -> None:
    """Wait until the service has let go of a project that it does not serve any more; raises StoreError."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + timeout_s
    while True:
        try:
            with taken(folder):
                return
        except StoreInUseError:
            if loop.time() > until_s:
                raise
        await asyncio.sleep(_LOOK_S)


def remove_folder(folder: Path) -> None:
    """Remove everything that is stored of a project; a crash halfway leaves no half project. Raises StoreError."""
    with taken(folder):
        gone = folder.with_name(f".deleted-{folder.name}-{secrets.token_hex(4)}")
        try:
            folder.rename(gone)
        except OSError as exc:
            raise translate(exc) from exc
    shutil.rmtree(gone, ignore_errors=True)


async def clear_retained(connection: Connection, project: ProjectId) -> int:
    """Clear what a reconstructor published and the broker retains of a project; returns how many messages.

    Raises:
        BrokerLostError: no broker, or it does not let us in.
    """
    channels = [each for each in CHANNELS if each.is_retained and Role.RECONSTRUCTOR in each.writers]
    cleared: set[str] = set()
    async with follow(connection) as follower:
        while fresh := {each.topic async for each in retained_messages(connection, project, *channels)} - cleared:
            for topic in sorted(fresh):
                await follower.publish(clearing_of(topic))
            cleared |= fresh  # a broker may not list everything at once
    return len(cleared)

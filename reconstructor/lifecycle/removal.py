"""How does a project end? Its folder is put away, what the broker retains of it is cleared, then the folder is removed."""

import asyncio
import contextlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from broker.channel import Role, clearing_of
from broker.config import Connection
from broker.contract import CHANNELS, MEASURE, NOTE
from broker.files import sync
from broker.ids import ProjectId
from broker.live import follow
from reconstructor.publishing.election import client_id_of, end_session
from reconstructor.publishing.retained_messages import retained_messages
from reconstructor.storage.durable_files import StoreError, translate
from reconstructor.storage.interrupted import DELETED, note_progress
from reconstructor.storage.lock import StoreInUseError, lock
from reconstructor.storage.read_only import DATABASE_NAME, ReadOnlyStore

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


def session_of(folder: Path, project: ProjectId) -> str:
    """The client id of the session that the broker keeps for a project's store; raises StoreError."""
    return client_id_of(project, ReadOnlyStore(folder=folder).session_token())


def put_away(folder: Path) -> Path:
    """Give a project's folder a name that no service reads; a crash after it leaves no half project.

    Returns:
        Where the folder is now, to be removed.

    Raises:
        StoreError: there is no such project, a service has it, or the disk fails.
    """
    with taken(folder):
        gone = folder.with_name(f"{DELETED}{folder.name}-{secrets.token_hex(4)}")
        try:
            folder.rename(gone)
            sync(folder.parent)
        except OSError as exc:
            raise translate(exc) from exc
    note_progress(gone)
    return gone


async def clear_retained(connection: Connection, project: ProjectId, session: str) -> int:
    """End the store's session, then clear the project's cloud, measures and notes; returns how many messages were cleared.

    A session that stayed would keep the clearing of notes for the store, which may come back from an archive with them.

    Raises:
        BrokerLostError: no broker, or it does not let us in.
    """
    await end_session(connection, session)
    ours = [each for each in CHANNELS if each.is_retained and Role.RECONSTRUCTOR in each.writers]
    channels = [*ours, MEASURE, NOTE]  # nobody moves or checks any more what people wrote
    cleared: set[str] = set()
    async with follow(connection) as follower:
        while fresh := {each.topic async for each in retained_messages(connection, project, *channels)} - cleared:
            for topic in sorted(fresh):
                await follower.publish(clearing_of(topic))
            cleared |= fresh  # a broker may not list everything at once
    return len(cleared)

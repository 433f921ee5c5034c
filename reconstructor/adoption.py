"""How does a store take over a project on purpose? It outbids the epoch of the store that published it, and signs the cloud."""

import asyncio
from typing import Final

from broker.ids import ProjectId
from reconstructor.composition import context_of, decoders_of, open_store
from reconstructor.config import Settings
from reconstructor.storage.lock import StoreInUseError
from reconstructor.storage.store import Store

_OPEN_PAUSE_S: Final = 0.1
_OPEN_ATTEMPTS: Final = 100


def adopt_project(settings: Settings, project: ProjectId) -> str:
    """Take over a project and say from whom; the published cloud stays until this store has one.

    Raises:
        AnotherReconstructorError: the other store did not step back.
        StoreInUseError: the service serves this folder already.
        BrokerRefusedError: the broker does not let us in.
    """
    return asyncio.run(_adopt(settings, project))


async def _adopt(settings: Settings, project: ProjectId) -> str:
    store = await _open(settings, project)
    try:
        context = context_of(settings, project, store, decoders_of(settings))
        async with context.election as election:
            former = await election.take_over()
    finally:
        store.close()
    own = f"store {store.identity.store_id} in {store.folder}"
    if former is None:
        return f"{project} belongs to {own}, or to nobody: there is nothing to take over"
    return f"{project} belonged to {former} and belongs to {own} now; the service serves it within a minute"


async def _open(settings: Settings, project: ProjectId) -> Store:
    """Open the folder; a service that is refused lets go of it between two attempts."""
    for _ in range(_OPEN_ATTEMPTS - 1):
        try:
            return await open_store(settings, project)
        except StoreInUseError:
            await asyncio.sleep(_OPEN_PAUSE_S)
    return await open_store(settings, project)

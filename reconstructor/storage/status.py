"""What is stored of a project? Read from its database, beside a service that may be running."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from broker.ids import ProjectId
from reconstructor.storage.store import Store


class StoreStatus(BaseModel):
    """What `cairn reconstructor status` prints."""

    model_config = ConfigDict(frozen=True)

    project: ProjectId
    store_version: int
    images: int
    images_by_state: dict[str, int]
    jobs_by_state: dict[str, int]
    generation: int | None
    revision: int | None


def read_status(folder: Path, project: ProjectId) -> StoreStatus:
    """The present figures.

    Raises:
        StoreError: there is no such project, or its database cannot be read.
    """
    store = Store.read_only(folder)
    images = store.images_by_state()
    generation, revision = store.newest() or (None, None)
    return StoreStatus(
        project=project,
        store_version=store.version,
        images=sum(images.values()),
        images_by_state=images,
        jobs_by_state=store.jobs_by_state(),
        generation=generation,
        revision=revision,
    )

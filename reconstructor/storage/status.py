"""What is stored of a project? Read from its database, beside a service that may be running."""

import sqlite3
from contextlib import closing
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from broker.ids import ProjectId
from reconstructor.storage.durable_files import StoreError


class StoreStatus(BaseModel):
    """What `cairn reconstructor status` prints."""

    model_config = ConfigDict(frozen=True)

    project: ProjectId
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
    path = folder / "store.sqlite"
    if not path.is_file():
        raise StoreError(f"no project {project!r} below {folder.parent}: check --data")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            images = dict(connection.execute("SELECT state, count(*) FROM images GROUP BY state").fetchall())
            jobs = dict(connection.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
            newest = connection.execute(
                "SELECT generation, revision FROM generations ORDER BY generation DESC LIMIT 1"
            ).fetchone()
    except sqlite3.Error as exc:
        raise StoreError(f"the store of {project!r} cannot be read: {exc}") from exc
    generation, revision = newest or (None, None)
    return StoreStatus(
        project=project,
        images=sum(images.values()),
        images_by_state=images,
        jobs_by_state=jobs,
        generation=generation,
        revision=revision,
    )

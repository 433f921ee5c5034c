"""How does each project stand? What its store says, what it takes on the disk, and whether it is served."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict

from admin.projects.serving import Place
from broker.ids import ProjectId
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.read_only import DATABASE_NAME
from reconstructor.storage.room import size_of
from reconstructor.storage.status import StoreStatus, read_status
from reconstructor.storage.store import Store


class ProjectOverview(BaseModel):
    """What `cairn project status` prints.

    Attributes:
        title: what people call it; empty without a title.
        stored: images, jobs and the present cloud.
        backlog_s: for how long the oldest image waits for the black box; None when none waits.
        size_bytes: of everything in the project's folder.
        disk_budget_bytes: the most that it may take; None without a budget of its own.
    """

    model_config = ConfigDict(frozen=True)

    title: str
    stored: StoreStatus
    is_served: bool
    is_paused: bool
    newest_image_at: AwareDatetime | None
    backlog_s: float | None
    size_bytes: int
    disk_budget_bytes: int | None


def overview_of(place: Place, project: ProjectId) -> ProjectOverview:
    """How one project stands; raises StoreError when there is none of this name."""
    folder = place.folder(project)
    stored, store = read_status(folder, project), Store.read_only(folder)
    newest_at, waiting_at = store.newest_image_at(), store.oldest_waiting_at()
    return ProjectOverview(
        title=store.title(),
        stored=stored,
        is_served=project in place.served,
        is_paused=store.is_paused(),
        newest_image_at=datetime.fromtimestamp(newest_at, UTC) if newest_at is not None else None,
        backlog_s=round(max(0.0, time.time() - waiting_at), 1) if waiting_at is not None else None,
        size_bytes=size_of(folder),
        disk_budget_bytes=place.settings.disk_budget_of(project) or None,
    )


def projects_in(data_dir: Path) -> list[ProjectId]:
    """The projects that are stored, by name."""
    return sorted(ProjectId(path.parent.name) for path in data_dir.glob(f"[!.]*/{DATABASE_NAME}"))


def lines(place: Place) -> Iterator[str]:
    """One line for each project that is stored or listed."""
    for project in sorted({*projects_in(place.settings.data_dir), *place.served}):
        try:
            yield _line(overview_of(place, project))
        except StoreError as exc:
            is_there = (place.folder(project) / DATABASE_NAME).exists()
            yield f"{project:24} {exc.sentence if is_there else 'served, nothing stored yet'}"


def _line(each: ProjectOverview) -> str:
    stored = each.stored
    state = "paused" if each.is_paused else "served" if each.is_served else "not served"
    parts = [*([each.title] if each.title else []), state, f"{stored.images} images", f"{each.size_bytes / 1e6:.0f} MB"]
    if each.newest_image_at is not None:
        parts.append(f"last {each.newest_image_at:%Y-%m-%d %H:%M} UTC")
    if each.backlog_s is not None:
        parts.append(f"oldest waits {each.backlog_s:.0f} s")
    return f"{stored.project:24} {', '.join(parts)}"

"""What is there to export? A project in the reconstructor's folder, or what `cairn reconstructor replay` left."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from broker.errors import CairnError
from broker.ids import ProjectId
from reconstructor.clouds.similarity import Vector
from reconstructor.storage.read_only import DATABASE_NAME
from reconstructor.storage.reference_set import ReferenceSet
from reconstructor.storage.store import Store

_ENGINE_IN_STORE: Final = "black_box"
_ENGINE_IN_REPLAY: Final = "engine"
_MOST_NAMED: Final = 10


class NothingToExportError(CairnError):
    """No such project or folder, or nothing in it yet."""

    code = "nothing_to_export"
    remedy = "Check the project's name and the folder; photograph first."


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a reconstruction lies.

    Attributes:
        engine_folder: of the built-in engine's state; None where another black box made the points.
        store_folder: of the project; None for a replay.
        reference: every point that is stored; None for a replay.
    """

    engine_folder: Path | None
    store_folder: Path | None = None
    reference: ReferenceSet | None = None

    @property
    def metres_per_unit(self) -> float | None:
        return self.reference.manifest.frame.metres_per_unit if self.reference is not None else None

    @property
    def previews(self) -> tuple[str, ...]:
        """The placed photographs of which only the preview has come, by their file's name or their id."""
        cameras = self.reference.cameras if self.reference is not None else ()
        return tuple(
            each.file_name or str(each.image_id)
            for each in cameras
            if each.world_from_camera is not None and not each.has_original
        )

    @property
    def up(self) -> Vector | None:
        up = self.reference.manifest.frame.up if self.reference is not None else None
        return None if up is None else np.array(up)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The result of an export.

    Attributes:
        previews: the placed photographs of which only the preview has come.
        missing: the placed photographs that are not in a COLMAP folder, because their files are gone.
    """

    point_count: int
    unit: str
    previews: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def find_origin(name: str, data_dir: Path) -> Origin:
    """A folder that a replay wrote, or else the project of this name.

    Raises:
        NothingToExportError: neither is there, or it has no points yet.
        BadIdError: what is no folder is no project's name either.
    """
    replayed = Path(name) / _ENGINE_IN_REPLAY
    if replayed.is_dir():
        return Origin(engine_folder=replayed)
    folder = data_dir / ProjectId(name)
    if not (folder / DATABASE_NAME).is_file():
        raise NothingToExportError(
            f"{name!r} is neither the folder of a replay nor a project in {data_dir}, {_projects(data_dir)}"
        )
    return origin_of(folder)


def origin_of(folder: Path) -> Origin:
    """The project that is stored in this folder.

    Raises:
        NothingToExportError: it has no points yet.
        StoreError: it cannot be read.
    """
    reference = Store.read_only(folder).reference()
    if reference is None:
        raise NothingToExportError(f"project {folder.name!r} has no points yet")
    engine = folder / _ENGINE_IN_STORE
    engine_folder = engine if (engine / "steps").is_dir() else None
    return Origin(engine_folder=engine_folder, store_folder=folder, reference=reference)


def _projects(data_dir: Path) -> str:
    """Which projects there are, for a person who named none of them."""
    names = sorted(path.parent.name for path in data_dir.glob(f"*/{DATABASE_NAME}"))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"which has {', '.join(names[:_MOST_NAMED])}{more}" if names else "which has none: check --data"

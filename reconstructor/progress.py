"""What does a black box say while it works? How far a refetch is, where a photograph stands, and its first points.

All of it lies in its working directory: `progress.json`; `placed.json`, an `Update` that names only the cameras which are
new or moved; and `first`, a folder like the one that a call returns, whose points those of the call replace.
"""

import contextlib
import shutil
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from broker.envelope import Word
from broker.shards import PointCloud, encode_ply
from reconstructor.black_box import BadUpdateError, Update, cloud_name, read_update, write_update
from reconstructor.plain_files import NotPlainFileError, open_plain_file

PROGRESS_NAME: Final = "progress.json"
PLACED_NAME: Final = "placed.json"
FIRST_NAME: Final = "first"
_LIMIT_BYTES: Final = 4096


class ProgressNote(BaseModel):
    """What stands in the file."""

    model_config = ConfigDict(frozen=True)

    stage: Word
    done_ratio: Annotated[float, Field(ge=0, le=1)]


def write_progress(folder: Path, stage: str, done_ratio: float) -> None:
    """Say how far it is; a full disk is no reason to stop."""
    unfinished = folder / f"{PROGRESS_NAME}.tmp"
    note = ProgressNote(stage=stage, done_ratio=done_ratio)
    with contextlib.suppress(OSError):
        unfinished.write_text(note.model_dump_json(), encoding="utf-8")
        unfinished.replace(folder / PROGRESS_NAME)


def read_progress(folder: Path) -> ProgressNote | None:
    """What was said last; None if nothing was, or what is no progress."""
    try:
        with open_plain_file(folder / PROGRESS_NAME) as file:
            return ProgressNote.model_validate_json(file.read(_LIMIT_BYTES))
    except (OSError, ValidationError, NotPlainFileError):
        return None


def forget_progress(folder: Path) -> None:
    """What an earlier refetch said is not true of the next one."""
    with contextlib.suppress(OSError):
        (folder / PROGRESS_NAME).unlink(missing_ok=True)


def write_placed(folder: Path, update: Update) -> None:
    """Say where cameras stand; a full disk is no reason to stop."""
    unfinished = folder / f"{PLACED_NAME}.tmp"
    with contextlib.suppress(OSError):
        unfinished.write_text(update.model_dump_json(), encoding="utf-8")
        unfinished.replace(folder / PLACED_NAME)


def read_placed(folder: Path) -> Update | None:
    """What was said during the present call; None if nothing was, or what is no update."""
    try:
        return read_update(folder, PLACED_NAME)
    except (BadUpdateError, NotPlainFileError):
        return None


def forget_placed(folder: Path) -> None:
    """What was said during an earlier call is not true of the next one."""
    with contextlib.suppress(OSError):
        (folder / PLACED_NAME).unlink(missing_ok=True)


def write_first(folder: Path, update: Update, component: int, cloud: PointCloud) -> None:
    """Show these points of the present call; a second time, or on a full disk, nothing happens."""
    final, unfinished = folder / FIRST_NAME, folder / f"{FIRST_NAME}.tmp"
    if not len(cloud.points_in_world) or final.exists():
        return
    with contextlib.suppress(OSError):
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        write_update(update, unfinished)
        (unfinished / cloud_name(component)).write_bytes(encode_ply(cloud))
        unfinished.rename(final)


def first_of(folder: Path) -> Path | None:
    """The folder with the first points of the present call; None if there is none yet."""
    first = folder / FIRST_NAME
    return first if first.is_dir() and not first.is_symlink() else None


def forget_first(folder: Path) -> None:
    """Remove the first points of an earlier call."""
    shutil.rmtree(folder / FIRST_NAME, ignore_errors=True)

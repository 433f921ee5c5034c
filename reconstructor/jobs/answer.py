"""How is a black box's answer read? Its folder becomes one cloud and one update, or an error with a code."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from broker.errors import CairnError
from reconstructor.black_box import Update, read_update
from reconstructor.clouds.ply import PlyTooLargeError, WideCloud, read_ply

_MOST_FILES: Final = 10_000


class NoOutputError(CairnError):
    """The black box wrote nothing, or returned no folder."""

    code = "black_box_no_output"
    remedy = "Let the function return a folder with at least one PLY or an `update.json`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer of one call; without a cloud the image waits or nothing new was seen."""

    cloud: WideCloud | None
    update: Update | None

    @property
    def solution(self) -> int:
        """How many complete solutions had been taken over when the points were made; 0 if it does not say."""
        return self.update.solution if self.update is not None else 0

    @property
    def is_rejected(self) -> bool:
        """Whether a complete solution was not taken over."""
        return self.update is not None and bool(self.update.refetch_rejected)


def read_answer(folder: Path, points_limit: int) -> Answer:
    """Read and check everything that a black box left in its folder.

    Raises:
        NoOutputError: no folder, or neither a PLY nor an `update.json` in it.
        BadUpdateError: an `update.json` that is none.
        CairnError: a PLY of the leaves in `reconstructor.clouds.ply`; one bad file refuses the whole answer.
    """
    if not folder.is_dir():
        raise NoOutputError(f"the black box returned {str(folder)[:200]!r}, which is no folder")
    update = read_update(folder)
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".ply")
    if not paths and update is None:
        raise NoOutputError("the black box wrote neither a PLY nor an update.json")
    if len(paths) > _MOST_FILES:
        raise PlyTooLargeError(
            f"the black box wrote {len(paths)} PLYs, at most {_MOST_FILES} are read: write larger ones"
        )
    return Answer(cloud=_read_all(paths, points_limit) if paths else None, update=update)


def _read_all(paths: list[Path], points_limit: int) -> WideCloud:
    clouds, left = [], points_limit
    for path in paths:
        clouds.append(read_ply(path, left))
        left -= len(clouds[-1])
    return WideCloud(
        points_in_world=np.concatenate([cloud.points_in_world for cloud in clouds]),
        colors_rgb=np.concatenate([cloud.colors_rgb for cloud in clouds]),
    )

"""How is a black box's answer read? Its folder becomes a cloud for each component and one update, or an error with a code."""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from broker.errors import CairnError
from reconstructor.black_box import UPDATE_NAME, Update, component_of, read_update
from reconstructor.clouds.ply import WideCloud, read_ply
from reconstructor.clouds.ply_errors import PlyTooLargeError

_MOST_FILES: Final = 10_000
_MOST_ENTRIES: Final = 100_000
_MOST_NAMED: Final = 5
_MOST_SHOWN: Final = 300


class NoOutputError(CairnError):
    """The black box wrote nothing, or returned no folder."""

    code = "black_box_no_output"
    remedy = "Let the function return a folder with at least one PLY or an `update.json`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer of one call; without points the image waits or nothing new was seen.

    Attributes:
        cloud: the points of the PLYs whose names say no component.
        update: what the black box says beside them.
        further: the other points, by number of their component.
    """

    cloud: WideCloud | None
    update: Update | None
    further: Mapping[int, WideCloud] = field(default_factory=dict)

    @property
    def has_points(self) -> bool:
        return self.cloud is not None or bool(self.further)

    @property
    def increments(self) -> tuple[tuple[int, WideCloud], ...]:
        """The points of an increment with the number of their component."""
        component = self.update.component if self.update is not None else 0
        unnamed = () if self.cloud is None else ((component, self.cloud),)
        return (*unnamed, *sorted(self.further.items(), key=lambda item: item[0]))

    @property
    def solution(self) -> int:
        """How many complete solutions had been taken over when the points were made; 0 if it does not say."""
        return self.update.solution if self.update is not None else 0

    @property
    def wants_refetch(self) -> bool:
        """Whether a complete solution is worth its time now."""
        return self.update is not None and self.update.wants_refetch

    @property
    def is_rejected(self) -> bool:
        """Whether a complete solution was not taken over."""
        return self.update is not None and bool(self.update.refetch_rejected)


def read_answer(folder: Path, points_limit: int) -> Answer:
    """Read and check everything that a black box left in its folder.

    Raises:
        NoOutputError: no folder, or neither a PLY nor an `update.json` in it.
        BadUpdateError: an `update.json` that is none.
        CairnError: a PLY of the leaves in `reconstructor.clouds.ply`, or no plain file; one bad file refuses the whole
            answer.
    """
    names = _names(folder)
    update = read_update(folder)
    paths = [folder / name for name in names if name.lower().endswith(".ply")]
    if not paths and update is None:
        raise NoOutputError(
            f"the folder {_shown(folder)} has neither a PLY nor an {UPDATE_NAME}: {_contents(folder, names)}"
        )
    if len(paths) > _MOST_FILES:
        raise PlyTooLargeError(
            f"the black box wrote {len(paths)} PLYs, at most {_MOST_FILES} are read: write larger ones"
        )
    of_component: dict[int | None, list[Path]] = {}
    for path in paths:
        of_component.setdefault(component_of(path.name), []).append(path)
    clouds: dict[int | None, WideCloud] = {}
    for component, members in of_component.items():
        clouds[component] = _read_all(members, points_limit)
        points_limit -= len(clouds[component])
    unnamed = clouds.pop(None, None)
    return Answer(cloud=unnamed, update=update, further={key: each for key, each in clouds.items() if key is not None})


def _names(folder: Path) -> list[str]:
    """The names in the folder, sorted."""
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        raise NoOutputError(f"the black box returned {_shown(folder)}, which {what}")
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _MOST_ENTRIES + 1)]
    except OSError as exc:
        raise NoOutputError(f"the folder {_shown(folder)} cannot be read: {exc.strerror}") from exc
    if len(names) > _MOST_ENTRIES:
        raise NoOutputError(
            f"the folder {_shown(folder)} holds more than {_MOST_ENTRIES} files: leave PLYs alone in it"
        )
    return sorted(names)


def _contents(folder: Path, names: list[str]) -> str:
    """What lies in a folder without a PLY, for the person who wrote the function."""
    if not names:
        return "it is empty"
    for name in names[:_MOST_NAMED]:
        with contextlib.suppress(OSError):  # not a folder, or not ours to read
            if any(each.suffix.lower() == ".ply" for each in (folder / name).iterdir()):
                return f"PLYs lie in its subfolder {name!r}, return that one"
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"it holds {', '.join(name[:80] for name in names[:_MOST_NAMED])}{more}"


def _shown(folder: Path) -> str:
    return repr(str(folder)[:_MOST_SHOWN])


def _read_all(paths: list[Path], points_limit: int) -> WideCloud:
    clouds, left = [], points_limit
    for path in paths:
        clouds.append(read_ply(path, left))
        left -= len(clouds[-1])
    return WideCloud(
        points_in_world=np.concatenate([cloud.points_in_world for cloud in clouds]),
        colors_rgb=np.concatenate([cloud.colors_rgb for cloud in clouds]),
    )

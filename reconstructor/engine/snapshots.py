"""What survives a kill -9? One folder a step, complete or absent: model, marks, and the very output that was returned.

    steps/000012/state.json  marks.npz  model/ (COLMAP binary)  output/ (PLY and update.json: what the caller reads)

A step is written under a temporary name and renamed. The newest few are kept: the caller may still read the last
output, and if a power cut tore the newest step, the one before it stands.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from broker.shards import PointCloud, encode_ply
from reconstructor.black_box import Update, write_update
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.published import PublishedPoints

_KEPT_STEPS: Final = 3
_CLOUD_NAME: Final = "points.ply"


class StepImage(BaseModel):
    """One image that the engine was given; a rejected one has no files."""

    model_config = ConfigDict(frozen=True)

    number: int
    image_id: str
    rejection: str = ""
    sentence: str = ""


class StepState(BaseModel):
    """What a step says beside its model."""

    model_config = ConfigDict(frozen=True)

    sequence: int
    images: tuple[StepImage, ...]
    added_image_id: str = ""  # empty after a refetch
    has_model: bool
    model_sizes_bytes: dict[str, int] = {}  # COLMAP aborts the process on a torn file: sizes are compared first


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A finished step as it lies on disk."""

    state: StepState
    published: PublishedPoints
    model: Any | None  # pycolmap.Reconstruction
    output: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """The steps below one folder."""

    folder: Path

    def newest(self) -> Step | None:
        """The newest step that can be read, or None."""
        return next((step for path in reversed(self._paths()) if (step := _read_step(path)) is not None), None)

    def commit(
        self, state: StepState, model: Any, published: PublishedPoints, cloud: PointCloud, update: Update
    ) -> Path:
        """Write a step; returns its output folder."""
        final = self.folder / "steps" / f"{state.sequence:06d}"
        unfinished = final.with_suffix(".tmp")
        shutil.rmtree(unfinished, ignore_errors=True)
        output = unfinished / "output"
        output.mkdir(parents=True)
        if state.has_model:
            (unfinished / "model").mkdir()
            model.write_binary(str(unfinished / "model"))
            state = state.model_copy(update={"model_sizes_bytes": _sizes(unfinished / "model")})
        np.savez(unfinished / "marks.npz", allow_pickle=False, **published.to_arrays())
        if len(cloud.points_in_world):
            (output / _CLOUD_NAME).write_bytes(encode_ply(cloud))
        write_update(update, output)
        (unfinished / "state.json").write_text(state.model_dump_json(), encoding="utf-8")
        shutil.rmtree(final, ignore_errors=True)  # an unreadable step of the same number
        unfinished.rename(final)
        self._forget_old()
        return final / "output"

    def _paths(self) -> list[Path]:
        return sorted(path for path in (self.folder / "steps").glob("[0-9]*") if path.suffix != ".tmp")

    def _forget_old(self) -> None:
        for path in self._paths()[:-_KEPT_STEPS]:
            shutil.rmtree(path, ignore_errors=True)


def _sizes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder.iterdir()}


def _read_step(path: Path) -> Step | None:
    try:
        state = StepState.model_validate_json((path / "state.json").read_bytes())
        with np.load(path / "marks.npz", allow_pickle=False) as archive:
            published = PublishedPoints.from_arrays({name: archive[name] for name in archive.files})
        model = None
        if state.has_model:
            if _sizes(path / "model") != state.model_sizes_bytes:
                return None
            model = pycolmap.Reconstruction()
            model.read_binary(str(path / "model"))
    except (OSError, ValidationError, ValueError, KeyError, RuntimeError):  # RuntimeError: COLMAP's
        return None
    return Step(state=state, published=published, model=model, output=path / "output")

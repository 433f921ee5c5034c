"""What survives a kill -9? One folder for each step, complete or absent: model, published marks and returned output.

    steps/000012/state.json  marks.npz  model/ (COLMAP binary)  output/ (PLY and update.json: what the caller reads)
                 of component 1: marks-1.npz  model-1/  output/component-1.ply

A step is written to a temporary folder that is synced and renamed, so it survives a power cut, too. The newest few are
kept: the caller may still read the last output, and if the newest step is damaged, the previous one is used. A large
model is not written at every step, because its size grows with the project, but each time a twentieth of the images is
new; images that came later are placed again from their files.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from broker.files import sync
from broker.shards import PointCloud, encode_ply
from reconstructor.black_box import Update, cloud_name, write_update
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.image_files import read_arrays
from reconstructor.engine.sfm.published_points import PublishedPoints

_MODELS: Final = "model*/*"
_MARKS: Final = "marks*.npz"
_KEPT_STEPS: Final = 8
_KEPT_MODELS: Final = 2  # the second in case the first cannot be read
_SMALL_PROJECT_IMAGES: Final = 20
_LEAST_STEPS_BETWEEN_MODELS: Final = 5
_NEW_SHARE: Final = 20  # one image in this many is new: what is written for each image does not grow with the project


class StepImage(BaseModel):
    """One image that the engine got; a rejected one has no files."""

    model_config = ConfigDict(frozen=True)

    number: int
    image_id: str
    rejection: str = ""
    sentence: str = ""


class StepState(BaseModel):
    """The state of a step except its model."""

    model_config = ConfigDict(frozen=True)

    sequence: int
    images: tuple[StepImage, ...]
    added_image_id: str = ""  # the image added last; the caller may not have read its output yet
    added_sequence: int = 0  # the step that added it
    solution: int = 0  # how many refetches replaced the model
    model_sequence: int = 0  # the step whose model this one uses, often itself; 0: there is none
    components: tuple[int, ...] = (0,)  # the numbers of the components, the leading one first
    next_component: int = 1
    # by file, compared first, because COLMAP aborts the process on a truncated file
    model_sizes_bytes: dict[str, int] = {}
    marks_sizes_bytes: dict[str, int] | None = None  # None: written by an earlier version


@dataclass(frozen=True, slots=True, kw_only=True)
class StepComponent:
    """What a step holds of one component."""

    number: int
    model: Any | None  # pycolmap.Reconstruction
    published: PublishedPoints
    cloud: PointCloud = field(default_factory=PointCloud.empty)  # not read again


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A finished step, read from disk."""

    state: StepState
    components: tuple[StepComponent, ...]
    numbers_before_model: frozenset[int]  # images that were known when the models were written
    output: Path
    added_output: Path | None  # of the step that added an image last


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """The steps below one folder."""

    folder: Path

    def newest(self) -> Step | None:
        """The newest step that can be read, or None."""
        sequences = (int(path.name) for path in reversed(self._paths()))
        return next((step for sequence in sequences if (step := self._read(sequence)) is not None), None)

    def model_sequence(self, sequence: int, image_count: int, last_sequence: int) -> int:
        """The step whose model a new step uses: itself, or for large projects an earlier one."""
        is_recent = 0 < sequence - last_sequence < max(_LEAST_STEPS_BETWEEN_MODELS, image_count // _NEW_SHARE)
        return last_sequence if last_sequence and is_recent and image_count > _SMALL_PROJECT_IMAGES else sequence

    def commit(self, state: StepState, components: Sequence[StepComponent], update: Update) -> Path:
        """Write a step, with the models if the step uses its own; returns the output folder."""
        final = self._path(state.sequence)
        unfinished = final.with_suffix(".tmp")
        shutil.rmtree(unfinished, ignore_errors=True)
        output = unfinished / "output"
        output.mkdir(parents=True)
        for each in components:
            if state.model_sequence == state.sequence and each.model is not None:
                folder = unfinished / f"model{_suffix(each.number)}"
                folder.mkdir()
                each.model.write_binary(str(folder))
            np.savez(unfinished / f"marks{_suffix(each.number)}.npz", allow_pickle=False, **each.published.to_arrays())
            if len(each.cloud.points_in_world):
                (output / cloud_name(each.number)).write_bytes(encode_ply(each.cloud))
        sizes = {"model_sizes_bytes": _sizes(unfinished, _MODELS), "marks_sizes_bytes": _sizes(unfinished, _MARKS)}
        state = state.model_copy(update=sizes)
        write_update(update, output)
        (unfinished / "state.json").write_text(state.model_dump_json(), encoding="utf-8")
        for path in (*unfinished.rglob("*"), unfinished):
            sync(path)
        shutil.rmtree(final, ignore_errors=True)  # an unreadable step of the same number
        unfinished.rename(final)
        for folder in (final.parent, self.folder):  # the second, because the first image creates folders
            sync(folder)
        self._forget_old()
        return final / "output"

    def _read(self, sequence: int) -> Step | None:
        path = self._path(sequence)
        try:
            state = _read_state(path)
            base = state if state.model_sequence in {0, sequence} else _read_state(self._path(state.model_sequence))
            if _sizes(self._path(base.sequence), _MODELS) != base.model_sizes_bytes:
                return None  # torn
            if state.marks_sizes_bytes is not None and _sizes(path, _MARKS) != state.marks_sizes_bytes:
                return None
            components = tuple(self._read_component(state, base, number) for number in state.components)
        except (OSError, ValidationError, ValueError, KeyError, RuntimeError):  # RuntimeError: COLMAP's
            return None
        added = self._path(state.added_sequence) / "output"
        return Step(
            state=state,
            components=components,
            numbers_before_model=frozenset(image.number for image in base.images),
            output=path / "output",
            added_output=added if state.added_image_id and added.is_dir() else None,
        )

    def _read_component(self, state: StepState, base: StepState, number: int) -> StepComponent:
        arrays = read_arrays(self._path(state.sequence) / f"marks{_suffix(number)}.npz")
        published = PublishedPoints.from_arrays(arrays or {})  # KeyError if the file cannot be read
        model = None
        if state.model_sequence:
            model = pycolmap.Reconstruction()
            model.read_binary(str(self._path(base.sequence) / f"model{_suffix(number)}"))
        return StepComponent(number=number, model=model, published=published)

    def _path(self, sequence: int) -> Path:
        return self.folder / "steps" / f"{sequence:06d}"

    def _paths(self) -> list[Path]:
        return sorted(path for path in (self.folder / "steps").glob("[0-9]*") if path.suffix != ".tmp")

    def _forget_old(self) -> None:
        paths = self._paths()
        with_models = [path for path in paths if (path / "model").is_dir()]
        for path in set(paths[:-_KEPT_STEPS]).difference(with_models[-_KEPT_MODELS:]):
            shutil.rmtree(path, ignore_errors=True)


def _suffix(number: int) -> str:
    return f"-{number}" if number else ""


def _sizes(step: Path, pattern: str) -> dict[str, int]:
    """The size of each file of a step's folder that fits a pattern, by its path in there."""
    return {str(path.relative_to(step)): path.stat().st_size for path in sorted(step.glob(pattern))}


def _read_state(path: Path) -> StepState:
    return StepState.model_validate_json((path / "state.json").read_bytes())

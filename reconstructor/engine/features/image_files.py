"""What does the engine keep on disk of each image? Features and pairs, written once and renamed, never changed.

They are durable before a step refers to them, because a step without them cannot be restored. A file that cannot be
read, after a crash before its step, counts as missing and is made again.
"""

import glob
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from broker.errors import CairnError
from broker.files import UNFINISHED, sync
from reconstructor.engine.features.colmap_sift import DESCRIPTOR_LENGTH
from reconstructor.engine.features.pairs import Pair, pairs_from_arrays, pairs_to_arrays
from reconstructor.engine.features.photographs import DecodedPhotograph, Intrinsics, PhotographSensor
from reconstructor.engine.features.sift import BadFeaturesError, Features
from reconstructor.storage.read_only import DATABASE_NAME

_IN_STORE: Final = ("images", "previews")  # the folders of a project's photographs


class ImageFacts(BaseModel):
    """What the engine knows of an image except its features."""

    model_config = ConfigDict(frozen=True)

    image_id: str
    path: str
    file_name: str
    width_px: int  # of the upright photograph at full size
    height_px: int
    sensor_name: str
    reduced_width_px: int
    reduced_height_px: int
    intrinsics: Intrinsics | None  # of the reduced image
    focal_px: float | None
    distortion: tuple[float, ...] = ()  # that belongs to the intrinsics: OpenCV's k1, k2, p1, p2
    is_certain_sensor: bool = False  # one camera, lens and focal length bear this name
    is_learned: bool = False  # the intrinsics are those that an earlier project found

    @classmethod
    def of(cls, image_id: str, path: Path, photograph: DecodedPhotograph) -> "ImageFacts":
        sensor = photograph.sensor
        return cls(
            image_id=image_id,
            path=str(path),
            file_name=photograph.file_name,
            width_px=photograph.width_px,
            height_px=photograph.height_px,
            sensor_name=sensor.name,
            reduced_width_px=sensor.width_px,
            reduced_height_px=sensor.height_px,
            intrinsics=sensor.intrinsics,
            focal_px=sensor.focal_px,
            is_certain_sensor=photograph.identity.is_certain,
        )

    def with_learned(self, intrinsics: Intrinsics | None, distortion: tuple[float, ...]) -> "ImageFacts":
        """The same image with the intrinsics of its reduced size that an earlier project found."""
        return self.model_copy(update={"intrinsics": intrinsics, "distortion": distortion, "is_learned": True})

    @property
    def sensor(self) -> PhotographSensor:
        return PhotographSensor(
            name=self.sensor_name,
            width_px=self.reduced_width_px,
            height_px=self.reduced_height_px,
            intrinsics=self.intrinsics,
            focal_px=self.focal_px,
            distortion=self.distortion,
            is_learned=self.is_learned,
        )

    @property
    def current_path(self) -> Path:
        """The photograph's file: once an original has come, it lies in `images` beside the folder `previews`."""
        path = Path(self.path)
        if path.parent.name != "previews":
            return path
        folder = path.parent.parent / "images"
        originals = (each for each in folder.glob(f"{glob.escape(self.image_id)}.*") if each.parent == folder)
        return min((each for each in originals if each.suffix not in {".json", UNFINISHED}), default=path)

    def in_store(self, store: Path) -> "ImageFacts":
        """The same image, its file in this project's folder, which may have been moved or restored.

        Only the name counts, and whether the file is a preview: a backup may hold facts that somebody else wrote.
        """
        path = PurePath(self.path)
        folder = path.parent.name if path.parent.name in _IN_STORE else _IN_STORE[0]
        name = path.name if path.name not in {"", ".."} else "no-name"
        return self.model_copy(update={"path": str(store / folder / name)})

    @property
    def reduction(self) -> tuple[float, float]:
        """Pixels of the reduced image per pixel of the photograph, across and down."""
        return self.reduced_width_px / self.width_px, self.reduced_height_px / self.height_px


def store_of(folder: Path) -> Path | None:
    """The project's folder in which an engine's folder lies; None for a replay, whose photographs lie anywhere."""
    parent = folder.absolute().parent
    return parent if (parent / DATABASE_NAME).is_file() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFiles:
    """The per-image files below one folder.

    Attributes:
        folder: the engine's.
        store: the project's folder, in which the photographs are, if the engine's does not lie in it.
    """

    folder: Path
    store: Path | None = None

    def write_features(self, number: int, facts: ImageFacts, features: Features) -> None:
        arrays: dict[str, NDArray[Any]] = {
            "keypoints": features.keypoints,
            "descriptors": features.descriptors,
            "colors_rgb": features.colors_rgb,
            "facts": np.frombuffer(facts.model_dump_json().encode(), np.uint8),
        }
        write_arrays(self._path("features", number), arrays, is_durable=True)

    def read_features(self, number: int) -> tuple[ImageFacts, Features] | None:
        """Facts and features without descriptors: of 2,000 images these would take 1 GB of memory."""
        arrays = read_arrays(self._path("features", number), skipped="descriptors")
        if arrays is None:
            return None
        try:
            facts = ImageFacts.model_validate_json(arrays["facts"].tobytes())
            if (store := self.store or store_of(self.folder)) is not None:
                facts = facts.in_store(store)
            features = Features(
                keypoints=arrays["keypoints"],
                descriptors=np.empty((0, DESCRIPTOR_LENGTH), np.uint8),
                colors_rgb=arrays["colors_rgb"],
            )
        except (KeyError, ValidationError, CairnError):
            return None
        return facts, features

    def read_descriptors(self, number: int) -> NDArray[np.uint8]:
        """The descriptors (N, 128) of an image whose features were written.

        Raises:
            BadFeaturesError: the file is gone or damaged.
        """
        arrays = read_arrays(self._path("features", number), only="descriptors")
        if not arrays:
            raise BadFeaturesError(f"the descriptors of image {number} cannot be read")
        return arrays["descriptors"]

    def write_pairs(self, number: int, pairs: tuple[Pair, ...]) -> None:
        write_arrays(self._path("pairs", number), pairs_to_arrays(pairs), is_durable=True)

    def read_pairs(self, number: int) -> tuple[Pair, ...] | None:
        arrays = read_arrays(self._path("pairs", number))
        try:
            return None if arrays is None else pairs_from_arrays(number, arrays)
        except (KeyError, IndexError):
            return None

    def forget_pairs(self, number: int) -> None:
        self._path("pairs", number).unlink(missing_ok=True)

    def _path(self, kind: str, number: int) -> Path:
        return self.folder / kind / f"{number:06d}.npz"


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], *, is_durable: bool) -> None:
    """Write arrays of any shape, such as (N, 4), and any dtype as an archive: to a temporary file that is renamed.

    With `is_durable` the file outlives a power cut once this returns; the name of a new folder does not yet.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + UNFINISHED)
    with unfinished.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    if is_durable:
        sync(unfinished)
    unfinished.replace(path)
    if is_durable:
        sync(path.parent)


def read_arrays(path: Path, *, only: str = "", skipped: str = "") -> dict[str, NDArray[Any]] | None:
    """Read the arrays of an archive, with any shape, such as (N, 4), and any dtype; None if it cannot be read.

    `only` or all but `skipped` are read: each is a member of its own.
    """
    try:
        # opened here, because NumPy does not close a file that is no archive
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            wanted = [name for name in archive.files if name != skipped and only in {"", name}]
            return {name: archive[name] for name in wanted}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None

"""What does the engine keep on disk of an image's depth? One file for each image and each step that changed it.

    depth/000012.000034.npz: the depth of image 12 after step 34
    depth/000012.next.npz: that of a refetch which is not finished; it gets a step's name when the models are replaced

A file is valid once its step is finished. The file before it is kept until then, so a crash during any write leaves the
depth maps of the newest finished step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from broker.errors import CairnError
from reconstructor.engine.exposure.gains import Exposure
from reconstructor.engine.features.image_files import read_arrays, write_arrays
from reconstructor.engine.mvs.entry import Entry
from reconstructor.engine.mvs.packed_depth import PackedDepth
from reconstructor.engine.mvs.views import View

_PREPARED: Final = ".next.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthFiles:
    """The depth files and the reduced photographs below one folder; image ids are image numbers as text."""

    folder: Path

    def write_pixels(self, number: int, pixels_rgb: NDArray[np.uint8]) -> None:
        """Write the reduced photograph (H, W, 3) uint8 RGB of an image."""
        write_arrays(self._path("pixels", number), {"pixels_rgb": pixels_rgb}, is_durable=True)

    def read_pixels(self, number: int) -> NDArray[np.uint8] | None:
        """Read the reduced photograph (H, W, 3) uint8 RGB of an image, or None if there is none."""
        arrays = read_arrays(self._path("pixels", number))
        return None if arrays is None else arrays.get("pixels_rgb")

    def write_entry(self, number: int, entry: Entry, sequence: int) -> None:
        """Write the entry of an image, valid after the step of this sequence."""
        self._write_entry(self.folder / "depth" / f"{number:06d}.{sequence:06d}.npz", entry)

    def prepare_entry(self, number: int, entry: Entry) -> None:
        """Write the entry of an image beside those of steps; see `finish_entry`. No restart reads it."""
        self._write_entry(self._prepared(number), entry)

    def finish_entry(self, number: int, sequence: int) -> None:
        """Let the entry that was prepared be valid after the step of this sequence: only its name changes."""
        self._prepared(number).replace(self.folder / "depth" / f"{number:06d}.{sequence:06d}.npz")

    def forget_replaced(self, sequence: int) -> None:
        """Remove the files that a step before this one replaced."""
        for versions in self._versions().values():
            finished = [each for each in sorted(versions) if each < sequence]
            for each in finished[:-1]:
                versions[each].unlink(missing_ok=True)

    def forget_unfinished(self, newest_sequence: int) -> None:
        """Remove the files of steps after the newest finished one: a crash came before those steps were finished."""
        for versions in self._versions().values():
            for sequence, path in versions.items():
                if sequence > newest_sequence:
                    path.unlink(missing_ok=True)
        for path in (self.folder / "depth").glob(f"*{_PREPARED}"):
            path.unlink(missing_ok=True)

    def read_entry(self, number: int, views: Mapping[int, View]) -> Entry | None:
        """Read the newest entry; None if there is none, it cannot be read, or its image is not among the views.

        A source that is not among them has no view now, and counts as a source all the same, as it does without a
        restart: else the depth would be matched again, and its points would be published twice.
        """
        versions = self._versions(number).get(number, {})
        arrays = read_arrays(versions[max(versions)]) if versions else None
        try:
            if arrays is None:
                return None
            if number not in views:
                return None
            lost = views[number].without_pixels()  # only its size is used, and that of no lost source is
            numbers = [int(one) for one in arrays["numbers"]]
            return _entry(arrays, [views.get(one, replace(lost, image_number=one)) for one in numbers])
        except (KeyError, ValueError, CairnError):
            return None

    def _versions(self, number: int | None = None) -> dict[int, dict[int, Path]]:
        """The files by image number, then by sequence, of one image or of all."""
        found: dict[int, dict[int, Path]] = {}
        prefix = "*" if number is None else f"{number:06d}"
        for path in (self.folder / "depth").glob(f"{prefix}.[0-9]*.npz"):
            image, sequence, _ = path.name.split(".")
            found.setdefault(int(image), {})[int(sequence)] = path
        return found

    @staticmethod
    def _write_entry(path: Path, entry: Entry) -> None:
        views = (entry.view, *entry.sources)
        arrays: dict[str, NDArray[Any]] = {
            "numbers": np.array([view.image_number for view in views]),
            "intrinsics": np.stack([view.intrinsics for view in views]),
            "camera_from_world": np.stack([view.camera_from_world for view in views]),
            "published": entry.published_bits,
            "is_quick": np.array(entry.is_quick),
            "exposure": np.array([*entry.exposure.gains, entry.exposure.falloff]),
            **entry.kept.load().arrays(),
        }
        # depth that a power cut destroyed is computed again
        write_arrays(path, arrays, is_durable=False)

    def _prepared(self, number: int) -> Path:
        return self.folder / "depth" / f"{number:06d}{_PREPARED}"

    def _path(self, kind: str, number: int) -> Path:
        return self.folder / kind / f"{number:06d}.npz"


def _entry(arrays: Mapping[str, NDArray[Any]], views: Sequence[View]) -> Entry:
    """The entry of a file: intrinsics and poses come from the file, the image sizes from the present views."""
    then = [
        replace(
            view.without_pixels(),
            intrinsics=arrays["intrinsics"][index],
            camera_from_world=arrays["camera_from_world"][index],
        )
        for index, view in enumerate(views)
    ]
    kept = PackedDepth.from_arrays(arrays, views[0].device)
    bits = arrays["published"]
    if kept.inverse_depth.shape != (views[0].height, views[0].width) or bits.size != -(
        -kept.inverse_depth.numel() // 8
    ):
        raise ValueError("depth of another image")
    *gains, falloff = arrays["exposure"].tolist()
    return Entry(
        view=then[0],
        sources=tuple(then[1:]),
        kept=kept,
        published_bits=bits,
        is_quick=bool(arrays["is_quick"]),
        exposure=Exposure(gains=np.array(gains), falloff=falloff),
    )

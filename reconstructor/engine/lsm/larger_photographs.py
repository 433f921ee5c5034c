"""Where are the larger photographs in which the tracks are measured again? On the disk; those used last are in memory, too.

A refetch measures several models of the same photographs, and decoding one takes longer than matching in it.
"""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.features.photographs import UnreadablePhotographError, read_photograph, stamp_of
from reconstructor.engine.lsm.bundle import Floats
from reconstructor.engine.lsm.kept_matches import KeptMatches
from reconstructor.engine.settings import EngineSettings

_MOST_BYTES: Final = 24 * 6_291_456  # 24 photographs of 3072x2048


class _DecodedPhotographs:
    """Decoded photographs of this process by stamp and path, those used last, and the sizes of all that were decoded."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, int], Tensor] = OrderedDict()
        self._sizes: dict[tuple[str, int], tuple[int, int]] = {}

    def gray(self, facts: ImageFacts, stamp: int, settings: EngineSettings) -> Tensor:
        """(H, W) uint8.

        Raises:
            UnreadablePhotographError: as `read_photograph`.
        """
        path = facts.current_path
        with self._lock:
            if (kept := self._kept.get((str(path), stamp))) is not None:
                self._kept.move_to_end((str(path), stamp))
                return kept
        gray = torch.from_numpy(read_photograph(path, settings).gray.copy())
        with self._lock:
            self._kept[str(path), stamp] = gray
            self._sizes[str(path), stamp] = gray.shape[1], gray.shape[0]
            while len(self._kept) > 1 and sum(each.numel() for each in self._kept.values()) > _MOST_BYTES:
                self._kept.popitem(last=False)
        return gray

    def size_px(self, facts: ImageFacts, stamp: int, settings: EngineSettings) -> tuple[int, int]:
        """Width and height; errors as of `gray`."""
        key = str(facts.current_path), stamp
        if key not in self._sizes:
            self.gray(facts, stamp, settings)
        return self._sizes[key]


_decoded = _DecodedPhotographs()


class LargerPhotographs:
    """The photographs of a bundle's images, grey and upright.

    Args:
        facts: of the images, in the bundle's order.
        settings: the engine's; `exact_max_side_px` is the photographs' longer side.
        kept: their matches of an earlier refetch, or None.
    """

    def __init__(
        self, facts: Sequence[ImageFacts], settings: EngineSettings, kept: Sequence[KeptMatches | None]
    ) -> None:
        self._facts = facts
        self._stamps = [stamp_of(each.current_path, settings.exact_max_side_px) for each in facts]
        self._settings = settings.model_copy(update={"max_side_px": settings.exact_max_side_px})
        self._sizes: dict[int, tuple[int, int] | None] = {
            image: each.size_px for image, each in enumerate(kept) if each and each.stamp == self._stamps[image] != 0
        }

    def stamp(self, image: int) -> int:
        """Another one when the photograph's file or its reduction is another; 0 without a file."""
        return self._stamps[image]

    def can_be_read(self, image: int) -> bool:
        """Whether the photograph is still there."""
        return self._size(image) is not None

    def size_px(self, image: int) -> tuple[int, int]:
        """Width and height of a photograph that can be read."""
        return self._size(image) or (0, 0)

    def scale(self, image: int) -> Floats:
        """Pixels of the photograph per pixel of the reduced image (2,), across and down; 1 if it cannot be read."""
        facts, size = self._facts[image], self._size(image)
        return np.ones(2) if size is None else np.array(size) / [facts.reduced_width_px, facts.reduced_height_px]

    def camera(self, image: int, reduced: Any) -> Any:
        """The photograph's `pycolmap.Camera`, from that of the reduced image."""
        camera, size = pycolmap.Camera(reduced.todict()), self._size(image)
        if size is not None:
            camera.rescale(*size)
        return camera

    def brightness(self, image: int) -> Tensor:
        """(H, W) float32; the photograph must be readable."""
        return self._gray(image).to(torch.float32)

    def _size(self, image: int) -> tuple[int, int] | None:
        if not self._stamps[image]:  # the file is gone
            return None
        if image not in self._sizes:
            try:
                self._sizes[image] = _decoded.size_px(self._facts[image], self._stamps[image], self._settings)
            except UnreadablePhotographError:
                self._sizes[image] = None
        return self._sizes[image]

    def _gray(self, image: int) -> Tensor:
        return _decoded.gray(self._facts[image], self._stamps[image], self._settings)


def halved(brightness: Tensor) -> Tensor:
    """(H, W) float32 at half the size."""
    return torch.nn.functional.avg_pool2d(brightness[None], 2)[0]

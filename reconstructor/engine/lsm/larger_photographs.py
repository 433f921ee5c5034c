"""Where are the larger photographs in which the tracks are measured again? On the disk; a few of them in memory."""

from collections import OrderedDict
from collections.abc import Sequence
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

_MOST_IN_MEMORY: Final = 24  # of 6 MB each


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
        self._kept: OrderedDict[int, Tensor] = OrderedDict()
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
        if image not in self._sizes:
            try:
                height, width = self._gray(image).shape
                self._sizes[image] = width, height
            except UnreadablePhotographError:
                self._sizes[image] = None
        return self._sizes[image]

    def _gray(self, image: int) -> Tensor:
        if image not in self._kept:
            gray = read_photograph(self._facts[image].current_path, self._settings).gray
            self._kept[image] = torch.from_numpy(gray.copy())
            if len(self._kept) > _MOST_IN_MEMORY:
                self._kept.popitem(last=False)
        self._kept.move_to_end(image)
        return self._kept[image]


def halved(brightness: Tensor) -> Tensor:
    """(H, W) float32 at half the size."""
    return torch.nn.functional.avg_pool2d(brightness[None], 2)[0]

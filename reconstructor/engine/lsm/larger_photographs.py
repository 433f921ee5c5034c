"""Where are the larger photographs in which the tracks are measured again? On the disk; a few of them in memory."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.features.photographs import UnreadablePhotographError, read_photograph
from reconstructor.engine.lsm.bundle import Floats
from reconstructor.engine.settings import EngineSettings

LEVELS: Final = 3
_MOST_IN_MEMORY: Final = 24  # of 6 MB each


class LargerPhotographs:
    """The photographs of a bundle's images, grey and upright.

    Args:
        facts: of the images, in the bundle's order.
        settings: the engine's; `exact_max_side_px` is the photographs' longer side.
    """

    def __init__(self, facts: Sequence[ImageFacts], settings: EngineSettings) -> None:
        self._facts = facts
        self._settings = settings.model_copy(update={"max_side_px": settings.exact_max_side_px})
        self._kept: OrderedDict[int, Tensor] = OrderedDict()
        self._sizes: dict[int, tuple[int, int] | None] = {}

    def can_be_read(self, image: int) -> bool:
        """Whether the photograph is still there."""
        return self._size(image) is not None

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

    def pyramid(self, image: int) -> list[Tensor]:
        """Brightness (H, W) float32, then at a half and a quarter of the size; the photograph must be readable."""
        levels = [self._gray(image).to(torch.float32)]
        for _ in range(LEVELS - 1):
            levels.append(torch.nn.functional.avg_pool2d(levels[-1][None], 2)[0])
        return levels

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

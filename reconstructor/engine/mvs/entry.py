"""What does the dense model keep of an image? Its depth map, the cameras it was matched with, and which pixels are published."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reconstructor.engine.exposure.gains import Exposure
from reconstructor.engine.mvs.depth_cache import CachedDepth
from reconstructor.engine.mvs.depth_maps import DepthMap
from reconstructor.engine.mvs.packed_depth import PackedDepth
from reconstructor.engine.mvs.views import View


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """What the dense model keeps of an image.

    Attributes:
        view: the image's camera and pose when the depth map was made, without pixels.
        sources: the same of the images that it was matched against.
        kept: the depth as matched, before the consistency check.
        published_bits: (H * W / 8,) uint8, one bit for each pixel, row by row: whether its point was published.
        is_quick: whether the depth was matched quickly, for a live image; a refetch matches it again.
        exposure: what the colours of its points are corrected by.
    """

    view: View
    sources: tuple[View, ...]
    kept: CachedDepth
    published_bits: NDArray[np.uint8]
    is_quick: bool = False
    exposure: Exposure = field(default_factory=Exposure)

    @classmethod
    def of(cls, view: View, sources: Sequence[View], depth_map: DepthMap, *, is_quick: bool = False) -> "Entry":
        """The entry of a new depth map; none of its points is published."""
        return cls(
            view=view.without_pixels(),
            sources=tuple(source.without_pixels() for source in sources),
            kept=PackedDepth.of(depth_map),
            published_bits=np.zeros((view.height * view.width + 7) // 8, np.uint8),
            is_quick=is_quick,
        )

    @property
    def depth_map(self) -> DepthMap:
        """The depth as matched."""
        return self.kept.load().depth_map

    @property
    def published(self) -> Tensor:
        """(H, W) bool, whether a pixel was published as a point."""
        shape = (self.view.height, self.view.width)
        bits = np.unpackbits(self.published_bits, count=shape[0] * shape[1]).astype(np.bool_)
        return torch.from_numpy(bits.reshape(shape)).to(self.view.device)

    def with_depth(self, keep: Callable[[PackedDepth], CachedDepth], depth_map: DepthMap) -> "Entry":
        """The same entry with another depth map, moved by `keep` to where it lives."""
        return replace(self, kept=keep(PackedDepth.of(depth_map)))

    def publishing(self, published: Tensor) -> "Entry":
        """The same entry with these pixels, (H, W) bool, as the published ones."""
        return replace(self, published_bits=np.packbits(published.cpu().numpy()))

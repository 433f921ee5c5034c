"""How is a depth map kept between uses? In a third of its bytes, as closely as depth is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reconstructor.engine.mvs.depth_maps import DepthMap

_CODES: Final = 65_534  # of 65,536: one says that there is no depth
_SPARE_OCTAVES: Final = 2.0  # nearer and farther than all but a few pixels; what lies beyond is no surface
_MOST_SAMPLES: Final = 20_000
_ALL_BUT_FEW: Final = 0.005
_DEVIATION_STEPS: Final = 16  # an octave: 2 % each
_CONFIDENCE_STEPS: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PackedDepth:
    """A depth map in codes, everything (H, W), 4 bytes a pixel instead of 13.

    Inverse depths are codes on a scale of logarithms. Over the eight octaves of a deep scene a step is 0.008 % of the
    depth, a twentieth of the ground sampling distance at 600 px of focal length. A pixel without depth keeps nothing.

    Attributes:
        inverse_depth: int16; -32,768 where there is no depth.
        log_deviation: uint8, of the deviation in ratio to the inverse depth.
        confidence: uint8.
        lowest: base-2 logarithm of the lowest inverse depth, 1 / world units.
        octaves: from the lowest to the highest.
    """

    inverse_depth: Tensor
    log_deviation: Tensor
    confidence: Tensor
    lowest: float
    octaves: float

    @classmethod
    def of(cls, depth_map: DepthMap) -> Self:
        """Keep a depth map; the few pixels that lie far from all others lose their depth."""
        lowest, octaves = _span(depth_map.inverse_depth[depth_map.valid])
        places = (depth_map.inverse_depth.clamp_min(torch.finfo(torch.float32).tiny).log2() - lowest) / octaves
        is_kept = depth_map.valid & (places >= 0.0) & (places <= 1.0)
        codes = torch.where(is_kept, 1.0 + (places * _CODES).round(), 0.0)
        ratio = (depth_map.deviation / depth_map.inverse_depth).clamp(2.0**-15, 1.0)
        steps = torch.where(is_kept, -_DEVIATION_STEPS * ratio.log2(), 0.0)
        return cls(
            inverse_depth=(codes - 32_768.0).to(torch.int16),
            log_deviation=steps.round().to(torch.uint8),
            confidence=torch.where(is_kept, depth_map.confidence * _CONFIDENCE_STEPS, 0.0).round().to(torch.uint8),
            lowest=lowest,
            octaves=octaves,
        )

    @property
    def codes(self) -> tuple[Tensor, Tensor, Tensor]:
        """The inverse depth int16, log deviation uint8 and confidence uint8, each (H, W)."""
        return self.inverse_depth, self.log_deviation, self.confidence

    def load(self) -> Self:
        """It is at hand already: see `reconstructor.engine.mvs.depth_cache.CachedDepth`."""
        return self

    @property
    def depth_map(self) -> DepthMap:
        """What was kept; pixels without depth stand at the lowest."""
        codes = self.inverse_depth.to(torch.float32) + 32_768.0
        valid = codes > 0.0
        inverse_depth = torch.exp2(self.lowest + self.octaves * (codes - 1.0).clamp_min(0.0) / _CODES)
        return DepthMap(
            inverse_depth=inverse_depth,
            deviation=inverse_depth * torch.exp2(self.log_deviation.to(torch.float32) / -_DEVIATION_STEPS),
            confidence=self.confidence.to(torch.float32) / _CONFIDENCE_STEPS,
            valid=valid,
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays for a file: the three codes (H, W), and `span` (2,) float64 of `lowest` and `octaves`."""
        return {
            "inverse_depth": self.inverse_depth.cpu().numpy(),
            "log_deviation": self.log_deviation.cpu().numpy(),
            "confidence": self.confidence.cpu().numpy(),
            "span": np.array([self.lowest, self.octaves]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], device: torch.device) -> Self:
        """Unpack the arrays of a file: the three codes (H, W), and `span` (2,).

        Raises:
            KeyError: an array is missing.
            ValueError: `span` does not hold two numbers.
        """
        lowest, octaves = (float(each) for each in arrays["span"])
        return cls(
            inverse_depth=torch.from_numpy(arrays["inverse_depth"]).to(device),
            log_deviation=torch.from_numpy(arrays["log_deviation"]).to(device),
            confidence=torch.from_numpy(arrays["confidence"]).to(device),
            lowest=lowest,
            octaves=octaves,
        )


def _span(inverse_depths: Tensor) -> tuple[float, float]:
    """Lowest base-2 logarithm and octaves that hold all but far-off inverse depths (N,), all above 0."""
    if len(inverse_depths) == 0:
        return 0.0, 1.0
    sample = inverse_depths[:: max(1, len(inverse_depths) // _MOST_SAMPLES)].log2()
    low, high = sample.quantile(_ALL_BUT_FEW), sample.quantile(1.0 - _ALL_BUT_FEW)
    return float(low) - _SPARE_OCTAVES, float(high - low) + 2.0 * _SPARE_OCTAVES

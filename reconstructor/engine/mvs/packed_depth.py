"""How is a depth map kept between uses? Quantised: logarithms of inverse depth in 16 bits, the rest in 8 bits each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reconstructor.engine.mvs.depth_maps import DepthMap

_CODES: Final = 65_534  # of 65,536; one code means that there is no depth
_SPARE_OCTAVES: Final = 2.0  # added at both ends of the range that holds 99 % of the pixels
_MOST_SAMPLES: Final = 20_000
_ALL_BUT_FEW: Final = 0.005
_DEVIATION_STEPS: Final = 16  # to an octave, so a code is right to 2 %
_CONFIDENCE_STEPS: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PackedDepth:
    """A quantised depth map, everything (H, W), 4 bytes a pixel instead of 13.

    Inverse depths are quantised on a logarithmic scale. Over the eight octaves of a deep scene a step is 0.008 % of the
    depth, a twentieth of the ground sampling distance at 600 px of focal length. A pixel without depth keeps no values.

    Attributes:
        inverse_depth: int16; -32,768 where there is no depth.
        log_deviation: uint8, the logarithm of deviation / inverse depth, 16 steps to an octave below 1.
        confidence: uint8, 255 for 1.
        lowest: base-2 logarithm of the lowest inverse depth, in 1 / world units.
        octaves: from the lowest to the highest inverse depth.
    """

    inverse_depth: Tensor
    log_deviation: Tensor
    confidence: Tensor
    lowest: float
    octaves: float

    @classmethod
    def of(cls, depth_map: DepthMap) -> Self:
        """Quantise a depth map; the few pixels far outside the range of the others lose their depth."""
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
        """The three arrays of codes, each (H, W): inverse depth int16, log deviation uint8, confidence uint8."""
        return self.inverse_depth, self.log_deviation, self.confidence

    def load(self) -> Self:
        """Return itself: a packed depth map in memory is a `reconstructor.engine.mvs.depth_cache.CachedDepth`, too."""
        return self

    @property
    def depth_map(self) -> DepthMap:
        """The depth map to the accuracy of the codes; pixels without depth get the lowest inverse depth."""
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
        """Arrays for a file: the codes (H, W) int16, uint8 and uint8, and `span` (2,) float64: `lowest`, `octaves`."""
        return {
            "inverse_depth": self.inverse_depth.cpu().numpy(),
            "log_deviation": self.log_deviation.cpu().numpy(),
            "confidence": self.confidence.cpu().numpy(),
            "span": np.array([self.lowest, self.octaves]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], device: torch.device) -> Self:
        """Unpack the arrays of `arrays`: the codes (H, W) int16, uint8 and uint8, and `span` (2,) float64.

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
    """The base-2 logarithm of the range's lower end, and its octaves, for positive inverse depths (N,)."""
    if len(inverse_depths) == 0:
        return 0.0, 1.0
    sample = inverse_depths[:: max(1, len(inverse_depths) // _MOST_SAMPLES)].log2()
    low, high = sample.quantile(_ALL_BUT_FEW), sample.quantile(1.0 - _ALL_BUT_FEW)
    return float(low) - _SPARE_OCTAVES, float(high - low) + 2.0 * _SPARE_OCTAVES

"""How far are the colours of fused points from the object's, when exposure and white balance differ between photographs?

The geometry is exact. The colours are compared with those fused from photographs that a lens without falloff and noise
takes at one exposure; one gain for each channel is free, because nothing says how bright the object is.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import torch

from benchmarks.parts.dense.truth import Posed, posed_object
from edge_agent.cameras.simulated.objects import OBJECTS
from reconstructor.engine.exposure.gains import Exposure, exposure_beside, exposures_of
from reconstructor.engine.exposure.samples import LINEAR
from reconstructor.engine.mvs.depth_maps import DepthMap, SurfacePoints, surface_points
from reconstructor.engine.mvs.fusion import fused

EXPOSURE_SPREAD_EV: Final = 0.5
WHITE_BALANCE_SPREAD_EV: Final = 0.2
_MATCH_NOISE_PX: Final = 0.06


def color_errors(name: str, *, count: int, first: int, width: int) -> dict[str, float]:
    """Mean absolute error in levels of 255: as a refetch corrects, as live images are corrected, and uncorrected."""
    own = OBJECTS[name].lens
    uneven, even = (
        posed_object(name, count=count, first=first, width=width, device=torch.device("cpu"), lens=lens)
        for lens in (
            replace(own, exposure_spread_ev=EXPOSURE_SPREAD_EV, white_balance_spread_ev=WHITE_BALANCE_SPREAD_EV),
            replace(own, exposure_spread_ev=0.0, vignetting=0.0, noise=0.0),
        )
    )
    samples = {view.image_number: view.color_samples() for view in uneven.views}
    together = exposures_of(samples, dict.fromkeys(samples, 0))
    live: dict[int, Exposure] = {}
    for number, new in samples.items():
        live[number] = exposure_beside(new, [(samples[other], exposure) for other, exposure in live.items()])
    truth = _colors(even, {})
    return {
        "colour_error": _error(_colors(uneven, together), truth),
        "colour_error_live": _error(_colors(uneven, live), truth),
        "colour_error_uncorrected": _error(_colors(uneven, {}), truth),
    }


def _colors(posed: Posed, exposures: Mapping[int, Exposure]) -> np.ndarray:
    """(N, 3) float64, in levels, of the points fused from exact depth."""
    parts = []
    for view, depth in zip(posed.views, posed.depths, strict=True):
        is_there = torch.from_numpy(np.isfinite(depth))
        inverse = torch.where(is_there, torch.from_numpy(depth).reciprocal(), 1.0)
        depth_map = DepthMap(
            inverse_depth=inverse,
            deviation=inverse * (_MATCH_NOISE_PX / float(view.intrinsics[0])),
            confidence=torch.ones_like(inverse),
            valid=is_there,
        )
        parts.append(surface_points(view, depth_map, exposures.get(view.image_number)))
    return np.asarray(fused(SurfacePoints.join(parts)).colors_rgb, np.float64)


def _error(found: np.ndarray, truth: np.ndarray) -> float:
    levels = np.arange(256)
    there, here = (np.interp(colors, levels, LINEAR) for colors in (truth, found))
    is_lit = (there > LINEAR[1]) & (here > LINEAR[1])
    gains = [np.median(there[lit, channel] / here[lit, channel]) for channel, lit in enumerate(is_lit.T)]
    return float(np.abs(np.interp(here * gains, LINEAR, levels) - truth).mean())

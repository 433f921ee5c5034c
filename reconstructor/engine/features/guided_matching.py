"""Which SIFT features match if others say where they must be? Mutual nearest neighbours near given correspondences."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reconstructor.engine.features.pairs import Matches

PointMatches = NDArray[np.float32]  # (M, 4): x, y in the first and x, y in the second photograph, pixels

_NEAR_PX: Final = 16.0  # from a feature to the correspondence that guides it
_SEARCH_PX: Final = 8.0  # around the place that it predicts; at 16 px of distance a change of scale by a half is 8 px
_MAX_ANGLE_RAD: Final = 0.9  # MAX_ANGLE_RAD is for features that may lie anywhere


def guided_matches(
    points: PointMatches,
    keypoints: tuple[NDArray[np.float32], NDArray[np.float32]],
    descriptors: tuple[NDArray[np.uint8], NDArray[np.uint8]],
) -> Matches:
    """Match features around point correspondences; each feature at most once, without a ratio test.

    Args:
        points: (M, 4) float32, x and y in the first and in the second photograph, pixels.
        keypoints: (N, 4) float32 of each photograph, positions in pixels in the first two columns.
        descriptors: (N, 128) uint8 of each photograph.

    Returns:
        (K, 2) uint32, indexes of the features in the first and in the second photograph.
    """
    if not len(points) or not min(map(len, keypoints)):
        return np.empty((0, 2), np.uint32)
    here, there = (torch.from_numpy(np.ascontiguousarray(each[:, :2])) for each in keypoints)
    guides = torch.from_numpy(points)
    distance, nearest = torch.cdist(here, guides[:, :2]).min(dim=1)
    guided = (distance < _NEAR_PX).nonzero()[:, 0]
    guide = guides[nearest[guided]]
    predicted = guide[:, 2:] + here[guided] - guide[:, :2]
    cosines = _unit(descriptors[0])[guided] @ _unit(descriptors[1]).T
    cosines.masked_fill_(torch.cdist(predicted, there) > _SEARCH_PX, -1.0)
    if not len(guided):
        return np.empty((0, 2), np.uint32)
    best_cosine, best = cosines.max(dim=1)
    is_mutual = cosines.argmax(dim=0)[best] == torch.arange(len(guided))
    found = is_mutual & (best_cosine > np.cos(_MAX_ANGLE_RAD))
    matches: Matches = torch.stack([guided[found], best[found]], dim=1).numpy().astype(np.uint32)
    return matches


def _unit(descriptors: NDArray[np.uint8]) -> Tensor:
    return torch.nn.functional.normalize(torch.from_numpy(np.ascontiguousarray(descriptors)).float(), dim=1)

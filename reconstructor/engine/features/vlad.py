"""Which earlier images look like this one? VLAD with a vocabulary trained on the project's first images.

Source: Jegou et al., "Aggregating local descriptors into a compact image representation", CVPR 2010; intra-word
normalisation by Arandjelovic and Zisserman, "All about VLAD", CVPR 2013.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

TRAINING_IMAGES: Final = 12  # with fewer images every image is compared with every other
_WORDS: Final = 64
_TRAINING_DESCRIPTORS: Final = 600  # for each training image
_ROUNDS: Final = 12


class SimilarImages:
    """Ranks images by similarity; the same images in the same order give the same ranking."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._words: torch.Tensor | None = None
        self._first: list[NDArray[np.uint8]] = []
        self._count = 0
        self._vectors = torch.empty(0)  # (N, W * 128); rows beyond the count are free

    def __len__(self) -> int:
        return self._count or len(self._first)

    def add(self, descriptors: NDArray[np.uint8]) -> None:
        """Add the next image by its descriptors (N, 128)."""
        if self._words is not None:
            self._append(_vlad(descriptors, self._words))
            return
        self._first.append(descriptors)
        if len(self._first) == TRAINING_IMAGES:
            self._words = _train(self._first, self._seed)
            for first in self._first:
                self._append(_vlad(first, self._words))
            self._first.clear()

    def rank(self, descriptors: NDArray[np.uint8], count: int) -> list[int]:
        """Rank the images by their similarity to descriptors (N, 128) uint8.

        Returns the indexes (from 0, in the order of `add`) of the most similar images, best first; before training, all.
        """
        if self._words is None:
            return list(range(len(self._first)))
        scores = self._vectors[: self._count] @ _vlad(descriptors, self._words)
        return [int(index) for index in torch.argsort(scores, descending=True, stable=True)[:count]]

    def _append(self, vector: torch.Tensor) -> None:
        if self._count == len(self._vectors):
            grown = torch.empty(2 * max(TRAINING_IMAGES, self._count), len(vector))
            grown[: self._count] = self._vectors.view(-1, len(vector))
            self._vectors = grown
        self._vectors[self._count] = vector
        self._count += 1


def _train(images: Sequence[NDArray[np.uint8]], seed: int) -> torch.Tensor:
    """The K-means centres (W, 128) of unit descriptors, by Lloyd's algorithm from random descriptors."""
    generator = np.random.default_rng(seed)
    sample = np.concatenate(
        [
            image[generator.permutation(len(image))[:_TRAINING_DESCRIPTORS]]
            for image in images
            if len(image)  # a blank photograph has none
        ]
        or [np.zeros((1, 128), np.uint8)]
    )
    points = _unit(sample)
    words = points[torch.from_numpy(generator.permutation(len(points))[:_WORDS])].clone()
    for _ in range(_ROUNDS):
        nearest = (points @ words.T).argmax(dim=1)
        sums = torch.zeros_like(words).index_add_(0, nearest, points)
        is_used = sums.norm(dim=1) > 0
        words[is_used] = torch.nn.functional.normalize(sums[is_used], dim=1)
    return words


def _vlad(descriptors: NDArray[np.uint8], words: torch.Tensor) -> torch.Tensor:
    """The VLAD vector (W * 128,) of unit length of an image's descriptors (N, 128)."""
    points = _unit(descriptors)
    residuals = torch.zeros_like(words)
    if len(points):
        nearest = (points @ words.T).argmax(dim=1)
        residuals.index_add_(0, nearest, points - words[nearest])
    return torch.nn.functional.normalize(torch.nn.functional.normalize(residuals, dim=1).flatten(), dim=0)


def _unit(descriptors: NDArray[np.uint8]) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.from_numpy(np.ascontiguousarray(descriptors)).float(), dim=1)

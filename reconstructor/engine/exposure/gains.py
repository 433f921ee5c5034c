"""How much brighter is one photograph than another? A gain for each image and channel, and a falloff for each camera.

The logarithm of linear light of point p in image i is albedo(p) + gain(i) + falloff(camera) * r², where r is the distance
from the image's centre, 1 in its corners. Gains and falloffs are solved by least squares with a Huber loss, the albedos
eliminated.

Source: Goldman, "Vignette and Exposure Calibration and Compensation", PAMI 2010, section 4; its polynomial of the
falloff cut after the first term. Rendered photographs of +-0.5 EV: colours at fused points were 7.7 levels off without,
2.2 with gains alone, 1.1 with the falloff, too (2026-11-28).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.exposure.samples import LINEAR, ColorSamples, Floats

_ROUNDS: Final = 10  # of reweighting
_MOST_STEPS: Final = 100  # of conjugate gradients, in one round
_TOLERANCE: Final = 1e-5
_HUBER: Final = 1.345  # standard deviations: 95 % as efficient as least squares where nothing is an outlier
_LEAST_DEVIATION: Final = 0.01
_MOST_OBSERVATIONS: Final = 200_000
_GAIN_DAMPING, _FALLOFF_DAMPING = 1e-3, 1.0  # observations that say zero: they hold what the points leave free
_LEAST_COMMON_COUNT: Final = 8
_CLIPPED_LEVEL: Final = 254
_LINEAR_STEPS: Final = 4096

_SRGB: Final[NDArray[np.uint8]] = np.searchsorted(
    (LINEAR[1:] + LINEAR[:-1]) / 2.0, np.linspace(0.0, 1.0, _LINEAR_STEPS + 1)
).astype(np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposure:
    """How much brighter a photograph is than the object's colours, in logarithms of linear light.

    Attributes:
        gains: (3,) float64, of red, green and blue.
        falloff: what is added in the corners; less than zero for every usual lens.
    """

    gains: Floats = field(default_factory=lambda: np.zeros(3))
    falloff: float = 0.0

    def corrected(self, colors_rgb: NDArray[np.uint8], radii_squared: Floats) -> NDArray[np.uint8]:
        """The object's colours (N, 3) uint8 sRGB for a photograph's; clipped ones stay, because they are not known.

        Args:
            colors_rgb: (N, 3) uint8 sRGB.
            radii_squared: (N,) float64, as `radii_squared` gives them.
        """
        if not self.gains.any() and self.falloff == 0.0:
            return colors_rgb
        factors = np.exp(-self.gains - self.falloff * radii_squared[:, None])
        steps = (LINEAR[colors_rgb] * factors).clip(0.0, 1.0) * _LINEAR_STEPS
        is_clipped = (colors_rgb >= _CLIPPED_LEVEL).any(axis=1, keepdims=True)
        return np.where(is_clipped, colors_rgb, _SRGB[np.rint(steps).astype(np.int64)])


def exposures_of(samples: Mapping[int, ColorSamples], camera_ids: Mapping[int, int]) -> dict[int, Exposure]:
    """The exposures of all photographs, solved together; the median gain of each channel is zero.

    Args:
        samples: colours of each photograph, by image number.
        camera_ids: the camera of each photograph.
    """
    numbers = list(samples)
    if not numbers:
        return {}
    cameras, camera_of_image = np.unique([camera_ids[number] for number in numbers], return_inverse=True)
    system = _System.of([samples[number] for number in numbers], camera_of_image, len(cameras))
    gains, falloffs = system.solved()
    gains -= np.median(gains, axis=0)
    return {
        number: Exposure(gains=gains[row], falloff=float(falloffs[camera_of_image[row]]))
        for row, number in enumerate(numbers)
    }


def exposure_beside(
    new: ColorSamples, published: list[tuple[ColorSamples, Exposure]], *, falloff: float = 0.0
) -> Exposure:
    """The exposure of a new photograph beside those whose colours are published: the median over the common points."""
    if not published:
        return Exposure(falloff=falloff)
    ids = np.concatenate([samples.point_ids for samples, _ in published])
    albedos = np.concatenate([_albedos(samples, exposure) for samples, exposure in published])
    points, place = np.unique(ids, return_inverse=True)
    counts = np.bincount(place, minlength=len(points))
    means = np.stack([np.bincount(place, albedos[:, channel], len(points)) for channel in range(3)], axis=1)
    _, ours, theirs = np.intersect1d(new.point_ids, points, return_indices=True)
    if len(ours) < _LEAST_COMMON_COUNT:
        return Exposure(falloff=falloff)
    differences = _albedos(new, Exposure(falloff=falloff))[ours] - (means / counts[:, None])[theirs]
    return Exposure(gains=np.median(differences, axis=0), falloff=falloff)


def _albedos(samples: ColorSamples, exposure: Exposure) -> Floats:
    return np.asarray(samples.log_rgb - exposure.gains - exposure.falloff * samples.radii_squared[:, None])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _System:
    """Least squares over N observations of points that at least two photographs see; their albedos are eliminated."""

    images: NDArray[np.int64]
    cameras: NDArray[np.int64]
    points: NDArray[np.int64]
    log_rgb: Floats
    radii_squared: Floats
    image_count: int
    camera_count: int
    point_count: int

    @classmethod
    def of(cls, samples: list[ColorSamples], camera_of_image: NDArray[np.int64], camera_count: int) -> "_System":
        ids = np.concatenate([each.point_ids for each in samples])
        images = np.repeat(np.arange(len(samples)), [len(each) for each in samples])
        _, place, counts = np.unique(ids, return_inverse=True, return_counts=True)
        kept = np.flatnonzero((counts[place] > 1) & (place % (1 + len(ids) // _MOST_OBSERVATIONS) == 0))
        return cls(
            images=images[kept],
            cameras=camera_of_image[images[kept]],
            points=place[kept],
            log_rgb=np.concatenate([each.log_rgb for each in samples])[kept],
            radii_squared=np.concatenate([each.radii_squared for each in samples])[kept],
            image_count=len(samples),
            camera_count=camera_count,
            point_count=len(counts),
        )

    def solved(self) -> tuple[Floats, Floats]:
        """Gains (I, 3) and falloffs (C,), by iteratively reweighted least squares."""
        unknowns = np.zeros(3 * self.image_count + self.camera_count)
        weights = np.ones_like(self.log_rgb)
        for _ in range(_ROUNDS):
            unknowns = self._least_squares(weights, unknowns)
            residuals = self._without_albedo(self.log_rgb - self._predicted(unknowns), weights)
            sizes = np.abs(residuals)
            deviation = max(1.4826 * float(np.median(sizes)) if len(sizes) else 0.0, _LEAST_DEVIATION)
            weights = np.minimum(1.0, _HUBER * deviation / np.maximum(sizes, 1e-12))
        gains, falloffs = np.split(unknowns, [3 * self.image_count])
        return gains.reshape(-1, 3), falloffs

    def _least_squares(self, weights: Floats, start: Floats) -> Floats:
        """Conjugate gradients on the normal equations (Hestenes and Stiefel, 1952), scaled by their diagonal."""
        damping = np.full(len(start), _GAIN_DAMPING)
        damping[3 * self.image_count :] = _FALLOFF_DAMPING

        def product(unknowns: Floats) -> Floats:
            centred = self._without_albedo(self._predicted(unknowns), weights)
            return self._gathered(weights * centred) + damping * unknowns

        right = self._gathered(weights * self._without_albedo(self.log_rgb, weights))
        scale = 1.0 / (self._gathered(weights, squared=True) + damping)
        unknowns, rest = start, right - product(start)
        direction = scale * rest
        energy = rest @ direction
        limit = _TOLERANCE**2 * max(float(right @ (scale * right)), 1e-300)
        for _ in range(_MOST_STEPS):
            if energy <= limit:
                break
            moved = product(direction)
            step = energy / (direction @ moved)
            unknowns, rest = unknowns + step * direction, rest - step * moved
            before, energy = energy, rest @ (scale * rest)
            direction = scale * rest + energy / before * direction
        return unknowns

    def _predicted(self, unknowns: Floats) -> Floats:
        gains, falloffs = np.split(unknowns, [3 * self.image_count])
        shaded = falloffs[self.cameras] * self.radii_squared
        return np.asarray(gains.reshape(-1, 3)[self.images] + shaded[:, None])

    def _gathered(self, values: Floats, *, squared: bool = False) -> Floats:
        """The transpose of `_predicted`; with `squared`, of its squared coefficients."""
        gains = [np.bincount(self.images, column, self.image_count) for column in values.T]
        radii = self.radii_squared**2 if squared else self.radii_squared
        falloffs = np.bincount(self.cameras, values.sum(axis=1) * radii, self.camera_count)
        return np.concatenate([np.stack(gains, axis=1).ravel(), falloffs])

    def _without_albedo(self, values: Floats, weights: Floats) -> Floats:
        """Values (N, 3) less the weighted mean of their point."""
        rest = np.empty_like(values)
        for channel in range(3):
            weight = weights[:, channel]
            sums = np.bincount(self.points, weight * values[:, channel], self.point_count)
            totals = np.bincount(self.points, weight, self.point_count)
            rest[:, channel] = values[:, channel] - (sums / np.maximum(totals, 1e-12))[self.points]
        return rest

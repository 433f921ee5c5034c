"""Where exactly does a patch of one photograph lie in another? Least squares matching with an affine map.

The inverse compositional form: gradients and normal equations are those of the reference patch, once for all steps.

Sources: Gruen, "Adaptive least squares correlation", South African Journal of Photogrammetry 14, 1985; Baker and Matthews,
"Lucas-Kanade 20 years on", IJCV 56, 2004.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

RADIUS_PX: Final = 7
_SIGMA_PX: Final = 4.2
_STEPS: Final = 10
_MOST_STEP_PX: Final = 1.0
_MOST_STEP_IN_MATRIX: Final = 0.2
_RIDGE: Final = 1e-4
_FLAT: Final = 1e-6

MARGIN_PX: Final = RADIUS_PX + 1  # the gradient needs one pixel more


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferencePatches:
    """Patches of reference photographs, of zero mean and unit variance, and how they change under an affine map.

    Attributes:
        values: (N, S) float32, S = 225 samples.
        slopes: (N, S, 8) float32, derivatives by the matrix (4), the shift (2), gain and bias.
    """

    values: Tensor
    slopes: Tensor

    @classmethod
    def of(cls, windows: Tensor) -> "ReferencePatches":
        """From windows (N, 17, 17) float32 of brightness, one pixel apart."""
        gradients = (
            (windows[:, 1:-1, 2:] - windows[:, 1:-1, :-2]) / 2,
            (windows[:, 2:, 1:-1] - windows[:, :-2, 1:-1]) / 2,
        )
        values, deviation = _normalised(windows[:, 1:-1, 1:-1].flatten(1))
        along, down = (each.flatten(1) / deviation for each in gradients)
        across_px, down_px = _offsets().unbind(1)
        slopes = (along * across_px, along * down_px, down * across_px, down * down_px, along, down)
        return cls(values=values, slopes=torch.stack([*slopes, values, torch.ones_like(values)], dim=2))

    def __getitem__(self, rows: Tensor) -> "ReferencePatches":
        return ReferencePatches(values=self.values[rows], slopes=self.slopes[rows])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matches:
    """Result of least squares matching.

    Attributes:
        places_px: (N, 2) float32, where the patches' centres lie, in pixels of the photograph searched.
        matrices: (N, 2, 2) float32, from pixels of the reference to these.
        correlations: (N,) float32, zero-mean normalised cross-correlation; 0 for a flat patch.
        last_steps_px: (N,) float32, length of the last step, in pixels of the reference.
    """

    places_px: Tensor
    matrices: Tensor
    correlations: Tensor
    last_steps_px: Tensor


def sample(image: Tensor, places_px: Tensor) -> Tensor:
    """Bilinear brightness (...) of an image (H, W) float32 at places (..., 2) in pixels; 0 outside.

    As in COLMAP, the top-left corner of the top-left pixel is (0, 0) and its centre (0.5, 0.5).
    """
    height, width = image.shape
    grid = places_px * (2.0 / torch.tensor([width, height], dtype=torch.float32)) - 1.0
    flat = grid.reshape(1, 1, -1, 2)
    values = torch.nn.functional.grid_sample(image[None, None], flat, mode="bilinear", align_corners=False)
    return values.reshape(places_px.shape[:-1])


def windows_around(image: Tensor, places_px: Tensor) -> Tensor:
    """The windows (N, 17, 17) float32 of an image (H, W) float32 around places (N, 2) float32 in pixels."""
    steps = torch.arange(-MARGIN_PX, MARGIN_PX + 1, dtype=torch.float32)
    offsets = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=2)
    return sample(image, places_px[:, None, None] + offsets)


def match(patches: ReferencePatches, image: Tensor, places_px: Tensor, matrices: Tensor) -> Matches:
    """Move each patch to where it fits the image (H, W) float32 best, from a first place (N, 2), pixels, and matrix (N, 2, 2)."""
    weights = _weights()
    weighted = (patches.slopes * weights[None, :, None]).transpose(1, 2)
    normal = weighted @ patches.slopes
    normal += _RIDGE * torch.diag_embed(normal.diagonal(dim1=1, dim2=2) + _FLAT)
    factors, _ = torch.linalg.cholesky_ex(normal)
    step_of_residuals = torch.cholesky_inverse(factors) @ weighted  # (N, 8, S)
    lengths = torch.full((len(places_px),), torch.inf)
    for _ in range(_STEPS):
        seen, _ = _normalised(_warped(image, places_px, matrices))
        steps = (step_of_residuals @ (seen - patches.values)[:, :, None])[:, :, 0]
        turns = steps[:, :4].clamp(-_MOST_STEP_IN_MATRIX, _MOST_STEP_IN_MATRIX).reshape(-1, 2, 2)
        lengths = steps[:, 4:6].norm(dim=1)
        shifts = steps[:, 4:6] * (_MOST_STEP_PX / lengths.clamp(min=_MOST_STEP_PX))[:, None]
        matrices = matrices @ torch.linalg.inv_ex(torch.eye(2) + turns)[0]
        places_px = places_px - (matrices @ shifts[:, :, None])[:, :, 0]
    seen, _ = _normalised(_warped(image, places_px, matrices))
    correlations = (seen * patches.values) @ weights
    return Matches(places_px=places_px, matrices=matrices, correlations=correlations, last_steps_px=lengths)


def _warped(image: Tensor, places_px: Tensor, matrices: Tensor) -> Tensor:
    """The values (N, S) of an image (H, W) where an affine map (N, 2, 2) around each place (N, 2), pixels, takes the samples.

    As `sample`, without an array of all places before the grid: with what else is saved here, a fifth less time (2026-12-01).
    """
    across_px, down_px = _offsets().unbind(1)
    grid = torch.empty((len(places_px), len(across_px), 2))
    for axis, size_px in enumerate(reversed(image.shape)):
        center = places_px[:, axis, None] * (2.0 / size_px) - 1.0
        slopes = matrices[:, axis] * (2.0 / size_px)
        grid[..., axis] = torch.addcmul(torch.addcmul(center, slopes[:, :1], across_px), slopes[:, 1:], down_px)
    return torch.nn.functional.grid_sample(image[None, None], grid[None], mode="bilinear", align_corners=False)[0, 0]


def _normalised(values: Tensor) -> tuple[Tensor, Tensor]:
    """Values (N, S) of zero mean and unit variance under the weights, and their deviations (N, 1) before."""
    weights = _weights()
    centered = values - (values @ weights)[:, None]
    deviation = (centered.square() @ weights)[:, None].sqrt().clamp(min=_FLAT)
    return centered / deviation, deviation


def _offsets() -> Tensor:
    """The samples' offsets (S, 2) from the centre, in pixels of the reference."""
    steps = torch.arange(-RADIUS_PX, RADIUS_PX + 1, dtype=torch.float32)
    return torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=2).reshape(-1, 2)


def _weights() -> Tensor:
    """The samples' weights (S,), a Gaussian of sum 1."""
    weights = torch.exp(-0.5 * (_offsets() / _SIGMA_PX).square().sum(1))
    return weights / weights.sum()

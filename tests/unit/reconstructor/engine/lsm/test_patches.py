"""Is a patch found to a hundredth of a pixel, and one that is not there told from one that is?"""

import numpy as np
import torch

from reconstructor.engine.lsm.patches import ReferencePatches, match, sample, windows_around

SIZE_PX = 240


def smooth_noise(seed: int) -> torch.Tensor:
    """(240, 240) float32 grey values without detail finer than three pixels."""
    coarse = torch.rand((1, 1, 80, 80), generator=torch.Generator().manual_seed(seed)) * 200
    return torch.nn.functional.interpolate(coarse, size=(SIZE_PX, SIZE_PX), mode="bicubic")[0, 0]


def warped(image: torch.Tensor, matrix: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """The image that shows at `matrix @ x + shift` what `image` shows at x."""
    steps = torch.arange(SIZE_PX, dtype=torch.float32) + 0.5
    places = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=2)
    return sample(image, (places - shift) @ torch.linalg.inv(matrix).T)


def test_a_patch_is_found_where_an_affine_map_takes_it() -> None:
    image = smooth_noise(0)
    matrix, shift = torch.tensor([[0.94, 0.12], [-0.08, 1.07]]), torch.tensor([3.4, -2.7])
    other = 0.7 * warped(image, matrix, shift) + 30.0  # darker, with less contrast
    centers = 60 + 120 * torch.rand((50, 2), generator=torch.Generator().manual_seed(1))
    truth = centers @ matrix.T + shift
    off = torch.randn((50, 2), generator=torch.Generator().manual_seed(2))
    found = match(
        ReferencePatches.of(windows_around(image, centers)), other, truth + 0.5 * off, torch.eye(2).repeat(50, 1, 1)
    )
    errors = (found.places_px - truth).norm(dim=1)
    assert errors.median() < 0.02
    assert errors.max() < 0.1
    assert (found.matrices - matrix).abs().max() < 0.05
    assert found.correlations.min() > 0.98
    assert found.last_steps_px.max() < 0.01


def test_what_is_not_there_does_not_correlate() -> None:
    centers = torch.full((1, 2), 120.0)
    patches = ReferencePatches.of(windows_around(smooth_noise(0), centers))
    other = match(patches, smooth_noise(9), centers, torch.eye(2)[None])
    flat = match(patches, torch.full((SIZE_PX, SIZE_PX), 90.0), centers, torch.eye(2)[None])
    assert other.correlations.item() < 0.8
    assert flat.correlations.item() < 0.1


def test_a_flat_patch_correlates_with_nothing() -> None:
    patches = ReferencePatches.of(torch.full((2, 17, 17), 128.0))
    found = match(patches, smooth_noise(0), torch.full((2, 2), 100.0), torch.eye(2).repeat(2, 1, 1))
    assert not (found.correlations > 0.5).any()


def test_values_are_those_of_pixels_at_their_centres() -> None:
    image = torch.from_numpy(np.arange(12, dtype=np.float32).reshape(3, 4))
    places = torch.tensor([[0.5, 0.5], [3.5, 2.5], [1.0, 0.5], [9.0, 9.0]])
    assert torch.allclose(sample(image, places), torch.tensor([0.0, 11.0, 0.5, 0.0]), atol=1e-5)

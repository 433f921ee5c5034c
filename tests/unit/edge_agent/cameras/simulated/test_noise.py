import numpy as np

from edge_agent.cameras.simulated.noise import Noise, fractal, smoothstep


def some_points(count: int = 4000) -> np.ndarray:
    return np.random.default_rng(1).uniform(-5, 5, (count, 3)).astype(np.float32)


def test_the_same_seed_gives_the_same_stone_and_another_seed_another() -> None:
    points = some_points()
    first, again, other = (fractal(points, wavelengths=(0.5, 0.2), seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.1


def test_noise_is_smooth_below_its_wavelength_and_independent_beyond_it() -> None:
    points, noise = some_points(), Noise(wavelength=0.5, seed=3)
    here = noise.at(points)
    near = noise.at(points + np.float32(0.01))
    far = noise.at(points + np.float32(1.7))
    assert np.abs(near - here).max() < 0.2
    assert abs(np.corrcoef(here, far)[0, 1]) < 0.1
    assert np.abs(here).max() <= 1


def test_stone_on_a_wall_does_not_repeat_after_the_lattice_has() -> None:
    x = np.linspace(0, 40, 8000, dtype=np.float32)
    wall = np.stack([x, np.zeros_like(x), np.zeros_like(x)], axis=1)
    noise = Noise(wavelength=0.1, seed=5)
    period = np.array([6.4, 0, 0], np.float32)
    assert abs(np.corrcoef(noise.at(wall), noise.at(wall + period))[0, 1]) < 0.1


def test_smoothstep_rises_or_falls_between_its_two_ends() -> None:
    values = np.array([0.0, 1.0, 1.5, 2.0, 3.0], np.float32)
    np.testing.assert_allclose(smoothstep(1.0, 2.0, values), [0, 0, 0.5, 1, 1])
    np.testing.assert_allclose(smoothstep(2.0, 1.0, values), [1, 1, 0.5, 0, 0])

"""Do photographs of one object get the same colours, whatever their exposure, white balance and lens?"""

import numpy as np
import pytest
from numpy.typing import NDArray

from reconstructor.engine.exposure.gains import Exposure, exposure_beside, exposures_of
from reconstructor.engine.exposure.samples import LINEAR, ColorSamples, radii_squared

Floats = NDArray[np.float64]

POINT_COUNT, IMAGE_COUNT = 400, 6
TRUE_FALLOFFS = {1: -0.2, 2: -0.5}
CAMERA_IDS = {number: 1 + number // 3 for number in range(IMAGE_COUNT)}


def true_gains() -> Floats:
    """(I, 3) within half a stop, of which the median is zero."""
    gains = np.random.default_rng(1).uniform(-0.35, 0.35, (IMAGE_COUNT, 3))
    return np.asarray(gains - np.median(gains, axis=0))


def photographed(*, outlier_share: float = 0.0) -> dict[int, ColorSamples]:
    """Each image sees a random half of the points, somewhere in it; outliers are shadows."""
    rng = np.random.default_rng(2)
    albedos = np.log(rng.uniform(0.05, 0.4, (POINT_COUNT, 3)))
    samples = {}
    for number, gains in enumerate(true_gains()):
        ids = np.sort(rng.choice(POINT_COUNT, POINT_COUNT // 2, replace=False))
        radii = rng.uniform(0.0, 1.0, len(ids))
        log_rgb = albedos[ids] + gains + (TRUE_FALLOFFS[CAMERA_IDS[number]] * radii)[:, None]
        log_rgb += rng.normal(0.0, 0.02, log_rgb.shape)
        log_rgb[rng.random(len(ids)) < outlier_share] -= 1.0
        samples[number] = ColorSamples(point_ids=ids, log_rgb=log_rgb, radii_squared=radii)
    return samples


@pytest.mark.parametrize("outlier_share", [0.0, 0.1])
def test_gains_and_falloffs_are_found_beside_shadows(outlier_share: float) -> None:
    found = exposures_of(photographed(outlier_share=outlier_share), CAMERA_IDS)
    assert np.abs([found[number].gains for number in range(IMAGE_COUNT)] - true_gains()).max() < 0.03
    for number, exposure in found.items():
        assert exposure.falloff == pytest.approx(TRUE_FALLOFFS[CAMERA_IDS[number]], abs=0.04)


def test_a_photograph_that_shares_no_point_stays_as_it_is() -> None:
    samples = photographed()
    alone = ColorSamples(
        point_ids=np.arange(5000, 5100), log_rgb=np.full((100, 3), -1.0), radii_squared=np.linspace(0, 1, 100)
    )
    found = exposures_of({**samples, 9: alone}, {**CAMERA_IDS, 9: 3})
    middle = np.median([exposure.gains for exposure in found.values()], axis=0)
    assert middle == pytest.approx(np.zeros(3), abs=1e-9)
    assert found[9].falloff == pytest.approx(0.0, abs=1e-6)


def test_nothing_is_solved_for_no_photograph() -> None:
    assert exposures_of({}, {}) == {}


def test_a_new_photograph_is_as_bright_as_the_published_ones() -> None:
    samples = photographed(outlier_share=0.1)
    published = [(samples[number], Exposure(gains=true_gains()[number], falloff=TRUE_FALLOFFS[1])) for number in (0, 1)]
    found = exposure_beside(samples[2], published, falloff=TRUE_FALLOFFS[1])
    assert np.abs(found.gains - true_gains()[2]).max() < 0.04


def test_too_few_common_points_say_nothing() -> None:
    samples = photographed()
    few = ColorSamples(
        point_ids=samples[0].point_ids[:5],
        log_rgb=samples[0].log_rgb[:5] + 1.0,
        radii_squared=samples[0].radii_squared[:5],
    )
    assert not exposure_beside(few, [(samples[0], Exposure())]).gains.any()
    assert not exposure_beside(few, []).gains.any()


def test_corrected_colours_are_those_of_the_object() -> None:
    """In linear light: what was photographed a stop brighter, and darker in the corner, comes back to a level."""
    colors = np.array([[60, 90, 120], [60, 90, 120]], np.uint8)
    exposure = Exposure(gains=np.full(3, np.log(2.0)), falloff=-0.3)
    radii = np.array([0.0, 1.0])
    factors = np.exp(exposure.gains + exposure.falloff * radii[:, None])
    taken = np.abs(LINEAR[colors][:, :, None] * factors[:, :, None] - LINEAR).argmin(axis=2).astype(np.uint8)
    assert np.abs(exposure.corrected(taken, radii).astype(int) - colors).max() <= 1


def test_clipped_colours_stay() -> None:
    exposure = Exposure(gains=np.full(3, 0.5))
    colors = np.array([[255, 200, 180], [200, 190, 180]], np.uint8)
    corrected = exposure.corrected(colors, np.zeros(2))
    assert corrected[0].tolist() == [255, 200, 180]
    assert (corrected[1] < colors[1]).all()


def test_without_a_difference_nothing_changes() -> None:
    colors = np.arange(30, dtype=np.uint8).reshape(10, 3)
    assert Exposure().corrected(colors, np.zeros(10)) is colors


def test_samples_are_means_around_points_that_are_neither_dark_nor_bright() -> None:
    pixels = np.full((20, 30, 3), 128, np.uint8)
    pixels[:, 20:] = 250
    places = np.array([[5.5, 5.5], [25.5, 5.5], [0.2, 5.5], [-3.0, 2.0], [14.5, 9.5]])
    samples = ColorSamples.taken(pixels, places, np.array([7, 8, 9, 10, 11]))
    assert samples.point_ids.tolist() == [7, 11]
    assert samples.log_rgb == pytest.approx(np.full((2, 3), np.log(LINEAR[128])))
    assert samples.radii_squared == pytest.approx([(9.5**2 + 4.5**2) / (15**2 + 10**2), 0.5 / (15**2 + 10**2)])


def test_the_corner_is_one_away() -> None:
    assert radii_squared(np.array([0]), np.array([0]), 2000, 3000)[0] == pytest.approx(1.0, abs=1e-3)

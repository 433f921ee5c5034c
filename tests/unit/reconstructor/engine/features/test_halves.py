"""Do the two halves of a photograph have the features of the whole, wherever the middle is?"""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from reconstructor.engine.features import halves, sift
from reconstructor.engine.features.photographs import DecodedPhotograph, read_photograph
from reconstructor.engine.features.sift import Features, extract_features
from reconstructor.engine.settings import EngineSettings
from tests.unit.reconstructor.engine.synthetic import Photographs

SETTINGS = EngineSettings(threads=2, max_features=3000)


@pytest.fixture(params=["wide", "tall", "odd"])
def photograph(request: pytest.FixtureRequest, photographs: Photographs) -> DecodedPhotograph:
    read = read_photograph(photographs.paths[0], SETTINGS)
    pixels = np.asarray(Image.fromarray(read.colors_rgb).resize((800, 600)))
    pixels = {"wide": pixels, "tall": np.rot90(pixels), "odd": pixels[1:, 1:]}[request.param]
    return replace(read, colors_rgb=pixels, gray=np.ascontiguousarray(pixels.mean(axis=2).astype(np.uint8)))


def of_whole(photograph: DecodedPhotograph, monkeypatch: pytest.MonkeyPatch) -> Features:
    monkeypatch.setattr(sift, "can_be_halved", lambda _gray: False)
    return extract_features(photograph, SETTINGS)


def places(features: Features) -> set[tuple[int, ...]]:
    """Position and scale of all features, to a sixteenth of a pixel."""
    rounded: NDArray[np.int64] = np.round(16 * features.keypoints[:, :3]).astype(np.int64)
    return set(map(tuple, rounded.tolist()))


def test_the_halves_have_the_features_of_the_whole(
    photograph: DecodedPhotograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert halves.can_be_halved(photograph.gray)
    of_halves = extract_features(photograph, SETTINGS)
    expected = places(of_whole(photograph, monkeypatch))
    assert len(expected) > 400
    assert len(expected - places(of_halves)) < 0.02 * len(expected)
    assert len(places(of_halves) - expected) < 0.02 * len(expected)
    assert len(np.unique(of_halves.keypoints, axis=0)) == len(of_halves)


@pytest.mark.parametrize("blank", [slice(None, 400), slice(400, None), slice(None)])
def test_a_half_may_be_blank(blank: slice, photographs: Photographs, monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_photograph(photographs.paths[0], SETTINGS)
    pixels = np.asarray(Image.fromarray(read.colors_rgb).resize((800, 600))).copy()
    pixels[:, blank] = 90
    photograph = replace(read, colors_rgb=pixels, gray=np.ascontiguousarray(pixels[..., 1]))
    found = extract_features(photograph, SETTINGS)
    assert bool(len(found)) == (blank != slice(None))
    assert len(places(found) ^ places(of_whole(photograph, monkeypatch))) <= 0.02 * len(found)


def test_one_thread_finds_the_same_as_two(photograph: DecodedPhotograph) -> None:
    two, one = (
        extract_features(photograph, SETTINGS),
        extract_features(photograph, SETTINGS.model_copy(update={"threads": 1})),
    )
    assert np.array_equal(two.keypoints, one.keypoints)
    assert np.array_equal(two.descriptors, one.descriptors)

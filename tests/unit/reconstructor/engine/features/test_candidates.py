"""Which matches decide about a pair? Features that look like another part's do not, but between the newest two images."""

import numpy as np
import pytest

from reconstructor.engine import colmap
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.candidates import PairFinder
from reconstructor.engine.features.image_files import ImageFacts, ImageFiles
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.photographs import read_photograph
from reconstructor.engine.features.sift import Features, extract_features
from reconstructor.engine.settings import EngineSettings
from tests.unit.reconstructor.engine.synthetic import HEIGHT_PX, INTRINSICS, WIDTH_PX, Photographs

SETTINGS = EngineSettings(threads=1, max_features=800, dense=False)
CAMERA = pycolmap.Camera(model="PINHOLE", width=WIDTH_PX, height=HEIGHT_PX, params=INTRINSICS)
# Image 3 could not be read: 2 is the one before 4.
NUMBERS, NEWEST = (1, 2), 4


@pytest.fixture
def photographed(
    photographs: Photographs, tmp_path_factory: pytest.TempPathFactory
) -> tuple[PairFinder, KnownImages, Features]:
    """Two known photographs, and the features of a third."""
    colmap.configure(seed=0)
    files, known = ImageFiles(folder=tmp_path_factory.mktemp("engine")), KnownImages()
    finder = PairFinder(SETTINGS, files)
    for number, path in zip((*NUMBERS, NEWEST), photographs.paths, strict=False):
        photograph = read_photograph(path, SETTINGS)
        facts, features = ImageFacts.of(str(number), path, photograph), extract_features(photograph, SETTINGS)
        files.write_features(number, facts, features)
        if number != NEWEST:
            known.add(number, facts, features, ())
            finder.remember(features.descriptors)
    return finder, known, features


def matched(photographed: tuple[PairFinder, KnownImages, Features]) -> list[int]:
    finder, known, features = photographed
    return [pair.earlier for pair in finder.find(NEWEST, features, known, lambda _: CAMERA)]


def test_a_pair_of_nothing_but_ambiguous_features_is_left_out_unless_it_is_the_newest(
    photographed: tuple[PairFinder, KnownImages, Features],
) -> None:
    _, known, _ = photographed
    assert matched(photographed) == [1, 2]
    known.repeated = {number: np.ones(len(known.features[number]), np.bool_) for number in NUMBERS}
    assert matched(photographed) == [2]


def test_a_pair_stays_whose_other_matches_agree(photographed: tuple[PairFinder, KnownImages, Features]) -> None:
    _, known, _ = photographed
    keypoints = known.features[1].keypoints
    known.repeated = {1: keypoints[:, 0] < np.quantile(keypoints[:, 0], 0.2)}
    assert matched(photographed) == [1, 2]

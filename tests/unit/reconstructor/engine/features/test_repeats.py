"""Do features that look alike decide about a pair? Not those with a near copy in their photograph, nor those a model contradicts."""

from dataclasses import replace

import numpy as np
import pycolmap
import pytest

from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import PairEstimator
from reconstructor.engine.features.repeats import is_repeated, with_agreeing
from tests.unit.reconstructor.engine.synthetic import FOCAL_PX, HEIGHT_PX, WIDTH_PX, Walk, features_at, seen_points

NUMBERS = (1, 2)


@pytest.fixture(scope="module")
def walk() -> Walk:
    walk = Walk(seen_points(cameras=2))
    for number in NUMBERS:
        walk.know(number)
    return walk


def test_near_copies_elsewhere_in_a_photograph_are_repeated_and_those_at_one_place_are_not() -> None:
    random = np.random.default_rng(0)
    descriptors = random.integers(0, 80, (50, 128)).astype(np.uint8)
    keypoints = np.concatenate([random.uniform(0, 900, (50, 2)), np.tile([2.0, 0.0], (50, 1))], axis=1).astype(
        np.float32
    )
    keypoints[:4, :2] = [[100, 100], [600, 400], [300, 300], [303, 305]]
    descriptors[1] = np.clip(descriptors[0].astype(int) + random.integers(-3, 4, 128), 0, 255).astype(np.uint8)
    descriptors[3] = descriptors[2]
    assert np.flatnonzero(is_repeated(descriptors, keypoints)).tolist() == [0, 1]


def test_repeated_matches_join_a_pair_only_where_they_agree_with_it(walk: Walk) -> None:
    camera = pycolmap.Camera(
        model="PINHOLE",
        width=WIDTH_PX,
        height=HEIGHT_PX,
        params=[FOCAL_PX, FOCAL_PX, WIDTH_PX / 2, HEIGHT_PX / 2],
        camera_id=1,
    )
    keypoints = (walk.known.features[1].keypoints, walk.known.features[2].keypoints)
    matches = walk.seen.matches(0, 1)
    distinct, agreeing = matches[:100], matches[100:200]
    false = np.stack([agreeing[:, 0], np.roll(agreeing[:, 1], 1)], axis=1)
    pair = PairEstimator(seed=0).estimate(NUMBERS, (camera, camera), keypoints, distinct, is_exact=True)
    assert pair is not None
    found = with_agreeing(pair, np.concatenate([agreeing, false]), (camera, camera), keypoints)
    known = {tuple(each) for each in matches.tolist()}
    is_true = np.array([tuple(each) in known for each in found.tolist()])
    assert is_true.sum() > 190
    assert (~is_true).sum() < 10


def test_features_whose_matches_a_model_contradicts_are_remembered(walk: Walk) -> None:
    pair = walk.known.pairs[2][0]
    known = KnownImages(features=walk.known.features)
    known.note_repeated([pair], [replace(pair, matches=pair.matches[:-5])])
    for number, column in zip(NUMBERS, (0, 1), strict=True):
        assert set(np.flatnonzero(known.repeated[number])) == set(pair.matches[-5:, column].tolist())
    known.note_repeated([pair], [])
    assert known.repeated[1].sum() == len(pair.matches)


def test_features_among_many_that_look_like_another_part_do_so_too() -> None:
    across, down = np.meshgrid(np.arange(4.0, 480.0, 8.0), np.arange(4.0, 360.0, 8.0))
    features = features_at(np.stack([across.ravel(), down.ravel()], axis=1))
    known = KnownImages(features={1: features})
    assert not known.ambiguous(1).any()
    is_left = features.keypoints[:, 0] < 200
    known.repeated[1] = is_left & (np.arange(len(features)) % 3 == 0)
    ambiguous = known.ambiguous(1)
    assert ambiguous[is_left].all()
    assert not ambiguous[features.keypoints[:, 0] > 200 + 2 * 48].any()
    known.repeated[1] = np.arange(len(features)) % 10 == 0  # a few everywhere are no part
    assert (known.ambiguous(1) == known.repeated[1]).all()

"""Do equal parts of an object mislead an image? A walk along five equal bays, in which far images match one bay off."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.pairs import Matches, Pair
from reconstructor.engine.sfm.equal_parts import credible_pairs as credible
from reconstructor.engine.sfm.equal_parts.credible_pairs import agrees_with_nearest, credible_pairs
from reconstructor.engine.sfm.equal_parts.pair_geometry import MOST_TURNED_DEG, angle_deg, pose_by
from reconstructor.engine.sfm.equal_parts.repeated_matches import EarlierPairs, without_repeated
from reconstructor.engine.sfm.equal_parts.walk import WaitingImage
from tests.unit.reconstructor.engine.analytic import looking_at
from tests.unit.reconstructor.engine.equal_sides import equal_sides
from tests.unit.reconstructor.engine.synthetic import (
    HEIGHT_PX,
    INTRINSICS,
    WIDTH_PX,
    SeenPoints,
    Walk,
    features_at,
    project,
)

BAYS, POINTS_OF_BAY, BAY, STEP = 6, 90, 2.0, 0.5
COUNT, NEAR = 9, 2
CAMERA = pycolmap.Camera(model="PINHOLE", width=WIDTH_PX, height=HEIGHT_PX, params=INTRINSICS)


def nothing_waits(number: int) -> WaitingImage | None:
    return None


class EqualBays(SeenPoints):
    """Near images match rightly; those about a bay apart match one bay off."""

    def matches(self, first: int, second: int) -> Matches:
        gap = second - first
        if gap <= NEAR:
            return SeenPoints.matches(self, first, second)
        _, in_first, in_second = np.intersect1d(
            self.point_of_feature[first] + POINTS_OF_BAY * round(gap * STEP / BAY),
            self.point_of_feature[second] + POINTS_OF_BAY * (round(gap * STEP / BAY) - 1),
            return_indices=True,
        )
        return np.stack([in_first, in_second], axis=1).astype(np.uint32)


def equal_bays() -> EqualBays:
    random = np.random.default_rng(0)
    bay = random.uniform((0.0, -1.0, -0.5), (BAY, 1.0, 0.5), (POINTS_OF_BAY, 3))
    points = np.concatenate([bay + np.array([BAY * (index - 1), 0.0, 0.0]) for index in range(BAYS)])
    poses, features, owners = [], [], []
    for index in range(COUNT):
        x = 1.0 + STEP * index
        poses.append(looking_at((x, 0.3 * (-1.0) ** index, -4.0), (x, 0.0, 0.0)))
        owner = random.permutation(len(points))
        pixels = project(points[owner], poses[-1]) + random.normal(scale=0.3, size=(len(points), 2))
        is_inside = (pixels > 0).all(axis=1) & (pixels < [WIDTH_PX, HEIGHT_PX]).all(axis=1)
        features.append(features_at(pixels[is_inside]))
        owners.append(owner[is_inside])
    return EqualBays(
        points_in_world=points,
        camera_from_world=np.array(poses),
        features=tuple(features),
        point_of_feature=tuple(owners),
    )


@pytest.fixture(scope="module")
def walk() -> Walk:
    walk = Walk(equal_bays())
    for number in range(1, COUNT + 1):
        walk.add(number)
    return walk


def test_images_are_placed_where_their_neighbours_in_order_say(walk: Walk) -> None:
    false = [pair for pair in walk.known.pairs[COUNT] if pair.newer - pair.earlier > NEAR]
    true = [pair for pair in walk.known.pairs[COUNT] if pair.newer - pair.earlier <= NEAR]
    assert sum(len(pair.matches) for pair in false) > sum(len(pair.matches) for pair in true)
    assert walk.mapper.placed_numbers() == list(range(1, COUNT + 1))
    assert walk.center_error() < 0.05


def test_without_the_order_they_are_laid_upon_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconstructor.engine.sfm.incremental_mapper.credible_pairs", lambda *arguments: arguments[3])
    folded = Walk(equal_bays())
    for number in range(1, COUNT + 1):
        folded.add(number)
    assert len(folded.mapper.placed_numbers()) < COUNT or folded.center_error() > 0.2


def test_pairs_that_only_look_alike_are_left_out_and_others_stay(walk: Walk) -> None:
    credible = without_repeated(walk.mapper.model, walk.known)
    for number, pairs in credible.pairs.items():
        assert {pair.newer - pair.earlier for pair in pairs} <= {1, NEAR}
        assert [pair for pair in walk.known.pairs[number] if pair.newer - pair.earlier <= NEAR] == pairs
    nothing = replace(walk.known, pairs={number: [] for number in walk.known.numbers})
    assert without_repeated(walk.mapper.model, nothing).pairs == nothing.pairs


def test_pairs_of_images_that_were_judged_are_as_before(walk: Walk) -> None:
    model, known, new = walk.mapper.model, walk.known, {COUNT - 1, COUNT}
    every = [pair for number in known.numbers for pair in known.pairs[number] if pair.newer == number]
    still = [pair for pair in every if new.isdisjoint((pair.earlier, pair.newer))]
    assert len([pair for pair in still if pair.newer - pair.earlier > NEAR]) > 1
    stayed = set(known.numbers) - new
    found = without_repeated(model, known, EarlierPairs(pairs=every, judged=stayed))
    judged = without_repeated(model, known)
    for number in new:
        assert found.pairs[number] == judged.pairs[number]
    assert [pair for pair in still if pair in found.pairs[pair.newer]] == still
    nothing = without_repeated(model, known, EarlierPairs(pairs=(), judged=stayed))
    assert not any(pair in nothing.pairs[pair.newer] for pair in still)
    assert all(nothing.pairs[number] == judged.pairs[number] for number in new)
    whole = without_repeated(model, known, EarlierPairs(pairs=(), judged=()))
    assert whole.pairs == judged.pairs


def test_where_few_points_are_shared_a_pair_that_turns_an_image_otherwise_than_its_neighbour_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene, newest = equal_sides(), 4
    walk = Walk(scene)
    for number in range(1, newest):
        walk.add(number)
    pairs = [pair for other in range(1, newest) if (pair := walk.pair(other, newest)) is not None]
    assert {pair.newer - pair.earlier for pair in pairs} > {1}
    monkeypatch.setattr("reconstructor.engine.sfm.equal_parts.credible_pairs.LEAST_POINTS", 10**6)
    image = newest, walk.mapper.camera(1)
    kept = credible_pairs(walk.mapper.model, image, scene.features[newest - 1].keypoints, pairs, nothing_waits)
    assert [pair.newer - pair.earlier for pair in kept] == [1]


def test_an_image_that_waits_keeps_no_pair_that_a_model_contradicts(walk: Walk) -> None:
    waiting = 5
    walk_without = Walk(equal_bays())
    for number in range(1, COUNT + 1):
        walk_without.add(number)
    walk_without.mapper.remove(waiting)
    assert any(pair.newer - pair.earlier > NEAR for pair in walk.known.pairs[waiting])
    credible = without_repeated(walk_without.mapper.model, walk.known)
    assert {pair.newer - pair.earlier for pair in credible.pairs[waiting]} == {1, NEAR}
    assert all(pair in credible.pairs[pair.earlier] for pair in credible.pairs[waiting])


def test_an_image_that_its_nearest_one_contradicts_is_not_placed(walk: Walk) -> None:
    model, number = walk.mapper.model, 5
    pairs = [pair for pair in walk.known.pairs[number] if pair.newer - pair.earlier <= NEAR]
    assert agrees_with_nearest(model, number, pairs)
    moved = pycolmap.Reconstruction(model)
    pose = moved.image(number).cam_from_world()
    whole_walk = np.linalg.norm(model.image(1).projection_center() - model.image(COUNT).projection_center())
    pose.translation = np.asarray(pose.translation) + np.array([whole_walk * BAY / 2 / (STEP * (COUNT - 1)), 0.0, 0.0])
    moved.frame(number).rig_from_world = pose
    assert not agrees_with_nearest(moved, number, pairs)
    assert agrees_with_nearest(moved, number, [])


def test_an_image_off_the_epipolar_lines_of_its_nearest_one_is_not_placed(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both share no points, as around a corner."""
    monkeypatch.setattr(credible, "LEAST_POINTS", 10**6)
    number = 5
    pairs = [pair for pair in walk.known.pairs[number] if pair.newer - pair.earlier <= NEAR]
    assert agrees_with_nearest(walk.mapper.model, number, pairs)
    moved = pycolmap.Reconstruction(walk.mapper.model)
    pose = moved.image(number).cam_from_world()
    pose.translation = np.asarray(pose.translation) + np.array([0.0, 1.0, 0.0])
    moved.frame(number).rig_from_world = pose
    assert not agrees_with_nearest(moved, number, pairs)
    few = [replace(pair, matches=pair.matches[:59]) for pair in pairs]
    assert agrees_with_nearest(moved, number, few)


def test_older_images_do_not_give_a_pose_off_the_lines_of_the_one_before(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, newest = equal_bays(), 5
    pairs = [pair for pair in walk.known.pairs[newest] if pair.newer == newest and pair.earlier >= newest - NEAR]
    shorter = Walk(scene)
    for number in range(1, newest):
        shorter.add(number)
    image, keypoints = (newest, shorter.mapper.camera(1)), scene.features[newest - 1].keypoints

    def kept() -> list[int]:
        return sorted(
            pair.earlier for pair in credible_pairs(shorter.mapper.model, image, keypoints, pairs, nothing_waits)
        )

    assert kept() == [newest - 2, newest - 1]
    monkeypatch.setattr(credible, "meets_lines", lambda *_: False)
    assert kept() == [newest - 1]


def test_of_two_poses_in_one_photograph_the_one_counts_that_its_pair_turns_to() -> None:
    """The nearest image's points give a pose to most of its matches, and its pair is turned otherwise."""
    random = np.random.default_rng(3)
    true, false = looking_at((0.0, 0.0, -5.0), (0.0, 0.0, 0.0)), looking_at((4.0, 0.0, -3.0), (0.0, 0.0, 0.0))
    points = random.uniform((-1.0, -1.0, -0.5), (1.0, 1.0, 0.5), (150, 3))
    places = np.concatenate([project(points[:60], true), project(points[60:], false)])

    def is_near(rotation: NDArray[np.float64]) -> Callable[[Any], bool]:
        return lambda pose: angle_deg(rotation, pose.rotation.matrix()) <= MOST_TURNED_DEG

    pose = pose_by(CAMERA, points, places, is_near(true[:3, :3]))
    assert pose is not None
    assert angle_deg(true[:3, :3], pose.rotation.matrix()) < 1.0
    anyhow = pose_by(CAMERA, points, places)
    assert anyhow is not None
    assert angle_deg(false[:3, :3], anyhow.rotation.matrix()) < 1.0
    elsewhere = looking_at((-5.0, 0.0, 0.0), (0.0, 0.0, 0.0))[:3, :3]
    assert pose_by(CAMERA, points, places, is_near(elsewhere)) is None


def test_both_images_must_see_the_points_of_the_other(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    number, shares = 5, {4: 0.8, 5: 0.3}
    pairs = [pair for pair in walk.known.pairs[number] if pair.newer - pair.earlier == 1]
    monkeypatch.setattr(credible, "_share_near", lambda _model, _pair, observer, _number: shares[observer])
    assert not agrees_with_nearest(walk.mapper.model, number, [pair for pair in pairs if pair.newer == number])
    shares[5] = 0.6
    assert agrees_with_nearest(walk.mapper.model, number, [pair for pair in pairs if pair.newer == number])


def test_a_pair_across_a_broken_walk_must_agree_with_itself(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The image before is not placed; points of an older one give another pose than its pair."""
    scene, newest = equal_bays(), 5
    shorter = Walk(scene)
    for number in range(1, newest - 1):
        shorter.add(number)
    pairs = [pair for other in (newest - 2, newest - 1) if (pair := shorter.pair(other, newest)) is not None]
    assert [newest - pair.earlier for pair in pairs] == [2, 1]
    image, keypoints = (newest, shorter.mapper.camera(1)), scene.features[newest - 1].keypoints

    def kept(among: Sequence[Pair]) -> list[int]:
        return [pair.earlier for pair in credible_pairs(shorter.mapper.model, image, keypoints, among, nothing_waits)]

    assert kept(pairs) == [newest - 2, newest - 1]
    elsewhere = looking_at((5.0, 0.0, 0.0), (0.0, 0.0, 0.0))[:3, :3]
    monkeypatch.setattr(credible, "rotation_by", lambda *_: elsewhere)
    assert kept(pairs) == [newest - 1]
    assert kept(pairs[:1]) == [newest - 2]  # nothing nearer says that the walk is broken

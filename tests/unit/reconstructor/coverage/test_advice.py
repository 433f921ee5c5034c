"""Does the advice send somebody where something is missing, and nobody where nothing is?"""

from dataclasses import replace

import numpy as np
import pytest

from reconstructor.coverage import advice as advice_module
from reconstructor.coverage.advice import MOST_PLACES, Advice, AdviceCode, advise, is_walk_unfinished, shots_of
from reconstructor.coverage.places import described_from_nearest, reachable_places, step_lengths
from reconstructor.coverage.score import coverage_of
from tests.walls import HOLE, SPACING, photographer, row_of_photographers, wall


def test_a_hole_is_worth_a_place_from_which_it_is_seen() -> None:
    advice = advise(coverage_of(wall(), row_of_photographers([-1.5, -1.0, 1.0, 1.5])))
    assert 1 <= len(advice) <= MOST_PLACES
    holes = [each for each in advice if each.code is AdviceCode.HOLE]
    assert holes
    left, right, bottom, top = HOLE
    for each in holes:
        assert left - 0.1 < each.target[0] < right + 0.1
        assert bottom - 0.1 < each.target[2] < top + 0.1
        assert each.place.view.project(each.target[None])[2].all()


def test_of_a_whole_wall_that_all_see_nothing_but_the_back_is_missing() -> None:
    covered = coverage_of(wall(hole=None), row_of_photographers([-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5]))
    for each in advise(covered):
        assert each.code is AdviceCode.HIDDEN
        assert each.target[1] > 0.05
        assert abs(each.place.view.center[0]) > 2.0  # beyond the wall's ends: nobody looks through it


def test_what_five_photographs_look_into_in_vain_is_not_advised() -> None:
    covered = coverage_of(wall(), row_of_photographers([-0.8, -0.5, -0.2, 0.1, 0.4, 0.7]))
    assert len(covered.holes) > 0
    assert all(each.code is not AdviceCode.HOLE for each in advise(covered))


def test_five_directions_of_a_target_say_what_those_to_all_photographs_say(monkeypatch: pytest.MonkeyPatch) -> None:
    covered = coverage_of(wall(), row_of_photographers([-1.5, -1.2, -1.0, -0.7, 0.7, 1.0, 1.2, 1.5]))
    views = [each.view for each in covered.seen]
    few = advice_module._targets(covered)
    assert few.directions.shape[1:] == (5, 3)

    def whole(centers: np.ndarray, _views: object, agrees: np.ndarray) -> np.ndarray:
        directions = np.full((len(centers), len(views), 3), np.nan)
        for row, column in np.argwhere(agrees):
            ray = views[column].center - centers[row]
            directions[row, column] = ray / np.linalg.norm(ray)
        return directions

    some = advise(covered)
    monkeypatch.setattr(advice_module, "_directions", whole)
    assert advice_module._targets(covered).directions.shape[1:] == (len(views), 3)
    every = advise(covered)
    assert some
    assert [told(each) for each in some] == [told(each) for each in every]


def test_the_work_for_advice_does_not_grow_with_targets_times_photographs() -> None:
    covered = coverage_of(wall(), row_of_photographers([-1.5, -1.0, 1.0, 1.5]))
    evidence = covered.evidence
    agrees = np.hstack([evidence.agrees, np.zeros((len(evidence.agrees), 96), np.bool_)])
    many = replace(covered, evidence=replace(evidence, agrees=agrees), seen=25 * covered.seen)
    assert advice_module._targets(many).directions.shape == advice_module._targets(covered).directions.shape


def test_nobody_is_sent_below_the_ground_before_a_wall_that_is_far_away() -> None:
    """Twenty metres wide, fifteen metres away, cameras 1.5 m above the ground: a unit is five metres."""
    height = 0.3
    covered = coverage_of(wall(), [photographer(row, x, height=height) for row, x in enumerate([-1.5, -1, 1, 1.5], 1)])
    up = covered.up
    heights = np.array([place.view.center @ up for place in reachable_places(covered, np.zeros((0, 3)), up)])
    assert len(heights) > 20
    assert 0.4 * height < heights.min() <= heights.max() < 1.6 * height
    assert all(0.4 * height < each.place.view.center @ up < 1.6 * height for each in advise(covered))


def test_a_camera_is_held_lower_and_higher_as_far_as_arms_reach() -> None:
    covered = coverage_of(wall(), row_of_photographers([-1.5, -1.0, 1.0, 1.5]))
    places = reachable_places(covered, np.zeros((0, 3)), covered.up)
    assert {round(place.up, 3) for place in places} == {-0.8, 0.0, 0.8}


def test_below_the_object_cameras_stay_as_high_as_they_were() -> None:
    """Where the ground is, nobody knows."""
    covered = coverage_of(wall()[wall()[:, 2] > 1.4], row_of_photographers([-1.5, -1.0, 1.0, 1.5]))
    up = covered.up
    heights = [place.view.center @ up for place in reachable_places(covered, np.zeros((0, 3)), up)]
    assert heights == pytest.approx([1.0] * len(heights))


def test_nobody_is_sent_behind_a_wall_of_the_cloud() -> None:
    """A side wall beside the photographers, 4 wide; the ground of the room is no obstacle."""
    along, across = np.meshgrid(np.arange(-4.0, 0.0, SPACING), np.arange(0.0, 2.0, SPACING))
    at = 0.9
    side = np.stack([np.full(along.size, at), along.ravel(), across.ravel()], axis=1)
    ground = np.stack([across.ravel() - 1.1, along.ravel(), np.zeros(along.size)], axis=1)
    front = wall()[wall()[:, 0] < at]
    covered = coverage_of(np.vstack([front, side, ground]), row_of_photographers([-1.6, -1.2, 0.4, 0.7]))
    steps, up = step_lengths(covered), covered.up
    aims = np.array([[0.5, 0.0, 1.0], [0.8, 0.3, 1.2]])
    places = reachable_places(covered, aims, up)
    shots = np.array([[shot.center for shot in shots_of(place, steps)] for place in places])
    assert len(places) > 50
    assert shots[:, :, 0].max() < at
    assert shots[:, :, 0].min() < -2.0  # on the other side there is no wall


def test_a_place_is_described_from_the_nearest_photograph() -> None:
    covered = coverage_of(wall(), row_of_photographers([-1.5, -1.0, -0.2, 1.0, 1.5]))
    centers, steps = np.array([each.view.center for each in covered.seen]), step_lengths(covered)
    places = reachable_places(covered, np.array([[0.0, 0.0, 0.5]]), covered.up)[::5]
    described = [described_from_nearest(each, covered, steps[each.row]) for each in places]
    assert any(each.nearest != each.row for each in described)
    for before, place in zip(places, described, strict=True):
        assert place.view is before.view
        assert place.nearest == np.linalg.norm(centers - place.view.center, axis=1).argmin()
        moved = steps[place.row] * np.array([place.right, place.ahead, place.up])  # all photographs look along y
        assert centers[place.nearest] + moved == pytest.approx(place.view.center)
        turn, tilt = np.radians([place.turn_deg, place.tilt_deg])
        looking = [np.sin(turn) * np.cos(tilt), np.cos(turn) * np.cos(tilt), np.sin(tilt)]
        assert looking == pytest.approx(place.view.forward)
    for each in advise(covered):
        nearest = np.linalg.norm(centers - each.place.view.center, axis=1).argmin()
        assert each.image_number == covered.seen[nearest].view.number


def test_nobody_counts_steps_from_a_photograph_behind_a_wall() -> None:
    along, across = np.meshgrid(np.arange(-4.0, 0.0, SPACING), np.arange(0.0, 2.0, SPACING))
    side = np.stack([np.full(along.size, 0.9), along.ravel(), across.ravel()], axis=1)
    covered = coverage_of(np.vstack([wall(), side]), row_of_photographers([-1.0, -0.5, 1.05, 1.4]))
    places = [place for place in reachable_places(covered, np.zeros((0, 3)), covered.up) if place.row < 2]
    place = max((each for each in places if each.view.center[0] < 0.9), key=lambda each: each.view.center[0])
    distances = [np.linalg.norm(each.view.center - place.view.center) for each in covered.seen]
    assert np.argmin(distances) == 2
    assert described_from_nearest(place, covered, step_lengths(covered)[place.row]).nearest == 1


def told(each: Advice) -> tuple[object, ...]:
    """All that the advice says."""
    pose = each.place.view.camera_from_world.ravel().tolist()
    return each.code, pose, each.place.nearest, each.target.tolist(), each.image_number, each.cells


def test_sparse_points_are_no_ground_for_advice() -> None:
    covered = coverage_of(wall()[::400], row_of_photographers([-1.5, -1.0, 1.0, 1.5]))
    assert not covered.is_dense
    assert len(covered.holes) == 0
    assert advise(covered) == []


def test_a_walk_that_still_shows_new_surface_goes_on() -> None:
    assert is_walk_unfinished(coverage_of(wall(hole=None), row_of_photographers([-1.6, -1.1, -0.6, -0.1])))
    assert not is_walk_unfinished(
        coverage_of(wall(hole=None), row_of_photographers([-1.5, -0.5, 0.5, 1.5, 1.0, 0.0, -1.0]))
    )


def test_places_are_before_the_wall_and_as_high_as_the_cameras() -> None:
    covered = coverage_of(wall(), row_of_photographers([-1.2, -0.9]))
    up = covered.up
    places = reachable_places(covered, np.zeros((0, 3)), up)
    assert len(places) > 20
    centers = np.array([place.view.center for place in places])
    assert (centers[:, 1] < -1.5).all()
    assert (np.abs(centers[:, 2] - 1.0) < 0.5).all()

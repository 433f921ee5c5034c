"""Does the gate let good solutions pass and stop every kind of bad one?"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from reconstructor.clouds.similarity import Sim3, rotation_from_quaternion
from reconstructor.engine.colmap import pycolmap, sim3
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.sfm.gate.bounds import REPROJECTION
from reconstructor.engine.sfm.gate.figures import ImageFigures, ModelFigures, reprojection_ratios
from reconstructor.engine.sfm.model_comparison import camera_jumps, epipolar_inlier_share, similarity_between
from reconstructor.engine.sfm.refetch_gate import blamed_next, judge, objections_to, objections_to_unseen
from reconstructor.engine.sfm.solver import Attempt, SolveVerdict
from tests.unit.reconstructor.engine.spoiled import (
    half_the_images_swapped,
    mirrored,
    set_pose,
    tracks_subsampled,
    wrong_focal_length,
)
from tests.unit.reconstructor.engine.synthetic import Walk, seen_points

CAMERAS = 8
MOVED = Sim3(
    scale=3.0,
    rotation=rotation_from_quaternion(np.array([0.4, 0.1, -0.7, 0.2])),
    translation=np.array([5.0, -2.0, 9.0]),
)


@pytest.fixture(scope="module")
def walk() -> Walk:
    walk = Walk(seen_points(cameras=CAMERAS))
    for number in range(1, CAMERAS + 1):
        walk.add(number)
    return walk


def copy_of(walk: Walk) -> Any:
    """The walk's model, as a solver would give it: in another world, with a little noise."""
    model = pycolmap.Reconstruction(walk.mapper.model)
    model.transform(sim3(MOVED))
    random = np.random.default_rng(0)
    for image in model.images.values():
        pose = image.cam_from_world()
        set_pose(image, pose.rotation.matrix(), np.asarray(pose.translation) + random.normal(scale=1e-3, size=3))
    return model


def lost_images(model: Any) -> None:
    model.deregister_frame(1)


def bent(model: Any) -> None:
    """Every camera turned a little further than the one before, as when repeated windows are taken for one another."""
    for number in range(1, CAMERAS + 1):
        image = model.image(number)
        pose = image.cam_from_world()
        angle = 0.04 * number
        turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
        set_pose(image, turn @ pose.rotation.matrix(), np.asarray(pose.translation))


def test_a_good_solution_in_another_world_passes(walk: Walk) -> None:
    verdict = judge(walk.mapper.model, copy_of(walk), walk.known)
    assert verdict.objection == ""
    assert verdict.figures.kept_share == 1.0
    assert verdict.figures.camera_jump_ratio is not None
    assert verdict.figures.camera_jump_ratio < 0.01
    assert verdict.figures.epipolar_share_after > 0.98


@pytest.mark.parametrize(
    "spoil", [wrong_focal_length, mirrored, half_the_images_swapped, tracks_subsampled, lost_images, bent]
)
def test_a_bad_solution_is_refused_with_a_reason(walk: Walk, spoil: Callable[[Any], None]) -> None:
    solution = copy_of(walk)
    spoil(solution)
    verdict = judge(walk.mapper.model, solution, walk.known)
    assert verdict.objection
    assert not verdict.passes


def test_few_tracks_let_cameras_jump_and_cost_matches(walk: Walk) -> None:
    solution = copy_of(walk)
    tracks_subsampled(solution)
    figures = judge(walk.mapper.model, solution, walk.known).figures
    assert figures.camera_jump_ratio is not None
    assert figures.camera_jump_ratio > 0.05
    assert figures.epipolar_share_after < figures.epipolar_share_before - 0.02


def test_a_solution_that_mends_a_bad_live_model_passes_though_cameras_jump(walk: Walk) -> None:
    live = copy_of(walk)
    bent(live)
    verdict = judge(live, walk.mapper.model, walk.known)
    assert verdict.figures.epipolar_share_before < verdict.figures.epipolar_share_after
    assert verdict.passes


def test_images_whose_photographs_cannot_be_read_stay_where_the_live_model_has_them(walk: Walk) -> None:
    """Nothing shows then whether the parts of the other model are laid over each other."""
    numbers = range(1, CAMERAS + 1)
    assert judge(walk.mapper.model, copy_of(walk), walk.known, unreadable=numbers).passes
    live = copy_of(walk)
    bent(live)
    verdict = judge(live, walk.mapper.model, walk.known, unreadable=numbers)
    assert "cannot be read" in verdict.objection
    far = copy_of(walk)
    for number in (1, 2):
        set_pose(far.image(number), np.eye(3), np.array([90.0, 0.0, 0.0]))
    assert "cannot be read" not in judge(walk.mapper.model, far, walk.known, unreadable=(5, 6)).objection


def test_images_whose_photographs_cannot_be_read_are_not_added(walk: Walk) -> None:
    figures = figures_of(walk, unreadable=(2, 5, 8))
    assert objections_to(figures) == []
    (objection,) = objections_to_unseen(figures, placed_before={1, 2, 3, 4})
    assert objection.blamed == (5, 8)
    assert objections_to_unseen(figures, placed_before=range(1, CAMERAS + 1)) == []
    assert objections_to_unseen(figures, placed_before=()) == []


def test_a_first_solution_is_judged_by_its_matches_alone(walk: Walk) -> None:
    assert judge(None, copy_of(walk), walk.known).passes
    solution = copy_of(walk)
    half_the_images_swapped(solution)
    assert not judge(None, solution, walk.known).passes


def figures_of(walk: Walk, **changes: object) -> ModelFigures:
    """Figures within all bounds, with changes."""
    image = ImageFigures(number=1, observations=300, share=0.9, tight_share=0.6, reprojection_ratio=1.0, confirmed=0.7)
    images = tuple(image.model_copy(update={"number": number}) for number in range(1, CAMERAS + 1))
    good = ModelFigures(
        images=images,
        tight_share=0.6,
        cut_points=500,
        cut=(7, 8),
        confirmed_across=0.6,
        silent_pairs=(),
        conflicts=0.0,
    )
    return good.model_copy(update=changes)


@pytest.mark.parametrize(
    ("changes", "blamed"),
    [
        ({"cut_points": 15}, (7, 8)),
        ({"confirmed_across": 0.05}, (7, 8)),
        ({"silent_pairs": ((3, 1), (3, 2), (5, 3))}, (3,)),
        ({"conflicts": 0.01}, ()),
    ],
)
def test_each_figure_of_a_model_beyond_its_bound_blames_images(
    walk: Walk, changes: dict[str, object], blamed: tuple[int, ...]
) -> None:
    assert objections_to(figures_of(walk)) == []
    objections = objections_to(figures_of(walk, **changes))
    assert [each.blamed for each in objections] == [blamed]
    assert "{" not in objections[0].sentence


@pytest.mark.parametrize(
    "change",
    [{"observations": 11}, {"share": 0.5}, {"tight_share": 0.2}, {"reprojection_ratio": 2.2}, {"confirmed": 0.05}],
)
def test_each_figure_of_an_image_beyond_its_bound_blames_it(walk: Walk, change: dict[str, float]) -> None:
    figures = figures_of(walk)
    images = (*figures.images[:-1], figures.images[-1].model_copy(update=change))
    objections = objections_to(figures_of(walk, images=images))
    assert [each.blamed for each in objections] == [(CAMERAS,)]
    assert str(CAMERAS) in objections[0].sentence


def test_single_images_go_together_and_added_ones_before_those_that_they_may_speak_against(walk: Walk) -> None:
    bad = [image.model_copy(update={"share": 0.5}) for image in figures_of(walk).images[:3]]
    images = (*bad, *figures_of(walk).images[3:])
    objections = objections_to(figures_of(walk, images=images, silent_pairs=((4, 5),)))
    assert blamed_next(objections, ()) == (1, 2, 3)
    assert blamed_next(objections, {1, 3, 4, 5}) == (2,)
    assert blamed_next(objections, {1, 2, 3, 4, 5}) == (1, 2, 3)
    assert blamed_next(objections_to(figures_of(walk, images=images, cut_points=15)), ()) == (7, 8)
    assert blamed_next(objections_to(figures_of(walk, silent_pairs=((4, 5),))), ()) == (5,)
    assert blamed_next([], ()) == ()


@pytest.mark.parametrize(("share", "is_met"), [(0.3, True), (1.0, False)])
def test_an_image_is_blamed_if_most_of_what_it_sees_is_off_and_not_for_a_few(
    walk: Walk, share: float, *, is_met: bool
) -> None:
    bundle = Bundle.of(copy_of(walk))
    seen = bundle.observations
    off = (seen.images == CAMERAS - 1) & (np.random.default_rng(0).random(len(seen)) < share)
    places = seen.places_px + np.where(off[:, None], 12.0, 0.0)
    ratio = reprojection_ratios(replace(bundle, observations=replace(seen, places_px=places)))[CAMERAS - 1]
    assert REPROJECTION.is_met(ratio) is is_met


def test_a_figure_that_could_not_be_measured_is_no_objection_and_is_not_lost_on_the_way(walk: Walk) -> None:
    image = ImageFigures(
        number=1, observations=300, share=None, tight_share=None, reprojection_ratio=None, confirmed=None
    )
    figures = figures_of(walk, images=(image,), confirmed_across=None, cut_points=None)
    assert objections_to(figures) == []
    assert ModelFigures.model_validate_json(figures.model_dump_json()) == figures
    far = copy_of(walk)
    for point in list(far.point3D_ids()):
        far.delete_point3D(point)
    verdict = judge(walk.mapper.model, far, walk.known)  # no point in common: the jumps are unknown
    attempt = Attempt(method="live", seconds=1.0, figures=verdict.figures, model=figures, objection=verdict.objection)
    sent = SolveVerdict(method="", attempts=(attempt,))
    assert verdict.figures.camera_jump_ratio is None
    assert SolveVerdict.model_validate_json(sent.model_dump_json()) == sent
    with pytest.raises(ValidationError):
        ModelFigures(**{**figures.model_dump(), "conflicts": float("inf")})


def test_the_way_between_two_worlds_is_found_by_common_points(walk: Walk) -> None:
    solution = copy_of(walk)
    found = similarity_between(solution, walk.mapper.model)
    assert found.scale == pytest.approx(MOVED.scale, rel=1e-6)
    assert np.allclose(found.rotation, MOVED.rotation, atol=1e-6)
    assert camera_jumps(walk.mapper.model, solution, found.inverse()).max() < 0.01


def test_exact_cameras_explain_nearly_all_matches_and_no_camera_behind_the_points_does(walk: Walk) -> None:
    numbers = range(1, CAMERAS + 1)
    assert epipolar_inlier_share(walk.mapper.model, walk.known, numbers) > 0.99
    solution = copy_of(walk)
    for image in solution.images.values():
        pose = image.cam_from_world()
        set_pose(image, np.diag([-1.0, 1.0, -1.0]) @ pose.rotation.matrix(), np.asarray(pose.translation))
    assert epipolar_inlier_share(solution, walk.known, numbers) < 0.2

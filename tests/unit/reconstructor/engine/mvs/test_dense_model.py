"""Does the dense model grow by what is new, put right what was provisional, and make everything again when asked?"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from reconstructor.engine.exposure.gains import Exposure
from reconstructor.engine.mvs import first_points, plane_sweep
from reconstructor.engine.mvs.dense_model import DenseModel, DenseSettings, UnknownImageError
from reconstructor.engine.mvs.depth_maps import DepthMap, SurfacePoints
from reconstructor.engine.mvs.fusion import fused
from reconstructor.engine.mvs.plane_sweep import PlaneSweep, SweepSettings
from reconstructor.engine.mvs.views import View
from tests.unit.reconstructor.engine.analytic import photographed

WALL_NORMAL = np.array([0.25, 0.1, -1.0]) / np.linalg.norm([0.25, 0.1, -1.0])
PIXEL_ON_WALL = 4.0 / (1.1 * 144)
MAPS: dict[tuple[bool, tuple[tuple[int, bytes], ...]], DepthMap] = {}


class CountingEngine:
    """The built-in engine, counting the maps it is asked for; what it made for one test it need not make for the next."""

    def __init__(self) -> None:
        self.made: list[int] = []
        self.quickly_made: list[int] = []

    def half_depth_map(self, reference: View, sources: Sequence[View]) -> None:
        """These images are too small for depth of half their size."""

    def depth_map(
        self, reference: View, sources: Sequence[View], *, is_quick: bool = False, half: DepthMap | None = None
    ) -> DepthMap:
        assert half is None
        (self.quickly_made if is_quick else self.made).append(reference.image_number)
        views = tuple((view.image_number, view.camera_from_world.tobytes()) for view in (reference, *sources))
        if (is_quick, views) not in MAPS:
            MAPS[is_quick, views] = PlaneSweep(SweepSettings()).depth_map(reference, sources, is_quick=is_quick)
        return MAPS[is_quick, views]


def grown(count: int = 5) -> tuple[DenseModel, CountingEngine, list[SurfacePoints]]:
    engine = CountingEngine()
    model = DenseModel(engine, DenseSettings())
    return model, engine, [model.add(image.view).points for image in photographed("leaning_wall")[:count]]


def distances(points: SurfacePoints) -> NDArray[np.float64]:
    return np.asarray(np.abs(points.points_in_world @ WALL_NORMAL) / PIXEL_ON_WALL)


def test_points_lie_on_the_wall_from_the_second_image_on() -> None:
    _, _, brought = grown()
    assert len(brought[0]) == 0
    for points in brought[1:]:
        assert len(points) > 100
        assert np.median(distances(points)) < 0.6
        assert (distances(points) < 3.0).mean() > 0.95


def test_later_images_bring_only_what_earlier_ones_do_not_show() -> None:
    _, _, brought = grown()
    pixel_count = 96 * 144
    assert len(brought[2]) > 0.5 * pixel_count  # the start, computed again
    assert len(brought[4]) < 0.5 * pixel_count


def test_the_two_image_start_is_provisional_and_made_anew_with_the_third() -> None:
    model = DenseModel(CountingEngine(), DenseSettings())
    images = photographed("leaning_wall")
    first, second, third, fourth = (model.add(image.view) for image in images[:4])
    assert not first.entries
    assert set(second.entries) == {0, 1}
    assert second.replaced == frozenset()
    assert third.replaced == {0, 1}
    assert len(second.points) > 0
    assert len(second.sure_points) == 0
    assert len(third.sure_points) == len(third.points) > 0
    assert set(third.entries) == {0, 1, 2}
    assert fourth.replaced == frozenset()
    assert all(len(entry.sources) >= 2 for entry in model.entries.values())


def test_first_points_come_before_the_others_and_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plane_sweep, "_LEAST_QUICK_PX", 12)
    models = [DenseModel(PlaneSweep(SweepSettings()), DenseSettings()) for _ in range(2)]
    taken: list[SurfacePoints] = []
    counts: list[int] = []
    for image in photographed("leaning_wall")[:4]:
        first, plain = models[0].add(image.view, taken.append), models[1].add(image.view)
        assert np.array_equal(first.points.points_in_world, plain.points.points_in_world)
        counts.append(len(first.sure_points))
    assert counts[:2] == [0, 0]  # of two images, depth is not sure
    assert 0 < len(taken[0]) < counts[2]
    assert np.median(distances(taken[0])) < 1.0


def test_of_many_first_points_some_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plane_sweep, "_LEAST_QUICK_PX", 12)
    monkeypatch.setattr(first_points, "_MOST_POINTS", 50)
    model = DenseModel(PlaneSweep(SweepSettings()), DenseSettings())
    taken: list[SurfacePoints] = []
    all_points = [model.add(image.view, taken.append).points for image in photographed("leaning_wall")[:3]][-1]
    assert 25 < len(taken[0]) <= 50
    extents = [np.ptp(each.points_in_world, axis=0).max() for each in (taken[0], all_points)]
    assert extents[0] > 0.8 * extents[1]


def test_adding_an_image_again_changes_nothing() -> None:
    model, engine, _ = grown(3)
    made = list(engine.made)
    again = model.add(photographed("leaning_wall")[1].view)
    assert len(again.points) == 0
    assert not again.entries
    assert engine.made == made


def test_live_images_get_quick_depth_and_the_refetch_makes_it_again() -> None:
    model, engine, _ = grown()
    assert engine.made == []
    assert set(engine.quickly_made) == {0, 1, 2, 3, 4}
    assert all(entry.is_quick for entry in model.entries.values())
    views = [image.view for image in photographed("leaning_wall")]
    model.refetch(views)
    assert sorted(engine.made) == [0, 1, 2, 3, 4]
    assert not any(entry.is_quick for entry in model.entries.values())


def test_a_complete_cloud_in_a_hurry_matches_nothing_again_but_the_start() -> None:
    model, engine, _ = grown()
    engine.quickly_made.clear()
    complete = model.refetch([image.view for image in photographed("leaning_wall")], is_quick=True)
    assert engine.made == []
    assert set(engine.quickly_made) <= {0, 1, 2}  # those had fewer sources than there are now
    assert np.median(distances(complete.points)) < 0.4
    assert (distances(complete.points) < 2.0).mean() > 0.97
    assert complete.replaced == {0, 1, 2, 3, 4}


def test_a_second_refetch_gives_the_same_cloud() -> None:
    model, engine, _ = grown()
    views = [image.view for image in photographed("leaning_wall")]
    first = model.refetch(views).points
    engine.made.clear()
    second = model.refetch(views).points
    assert engine.made == []
    assert abs(len(first) - len(second)) < 0.01 * len(first)


class HalfBlindEngine(CountingEngine):
    """Sees nothing in the left half of a photograph when it looks thoroughly."""

    def depth_map(
        self, reference: View, sources: Sequence[View], *, is_quick: bool = False, half: DepthMap | None = None
    ) -> DepthMap:
        found = super().depth_map(reference, sources, is_quick=is_quick, half=half)
        is_seen = torch.ones_like(found.valid)
        is_seen[:, : is_seen.shape[1] // 2] = is_quick
        return found.masked(is_seen)


def left_count(points: SurfacePoints) -> int:
    return int((points.points_in_world[:, 0] < -0.2).sum())


def test_a_refetch_keeps_published_surface_that_it_does_not_confirm_again() -> None:
    model = DenseModel(HalfBlindEngine(), DenseSettings())
    views = [image.view for image in photographed("leaning_wall")]
    live = SurfacePoints.join([model.add(view).sure_points for view in views])
    first = model.refetch(views).points
    assert left_count(first) > 0.95 * left_count(fused(live)) > 1000
    assert len(first) == len(fused(first))
    assert float(first.confidences.min()) > 0.5
    again = model.refetch(views).points
    assert left_count(again) > 0.95 * left_count(first)


def test_a_refetch_that_moves_the_cameras_keeps_no_unconfirmed_surface() -> None:
    model = DenseModel(HalfBlindEngine(), DenseSettings())
    views = [image.view for image in photographed("leaning_wall")]
    for view in views:
        model.add(view)
    moved = []
    for view in views:
        pose = view.camera_from_world.copy()
        pose[0, 3] += 0.05 * view.image_number**2
        moved.append(replace(view, camera_from_world=pose))
    cloud = model.refetch(moved).points
    assert left_count(cloud) <= 0.02 * len(cloud)


def test_a_refetch_in_another_world_moves_the_cloud_along() -> None:
    model, engine, _ = grown()
    views = [image.view for image in photographed("leaning_wall")]
    model.refetch(views)
    engine.made.clear()
    shift = np.array([10.0, -20.0, 30.0])
    moved = []
    for view in views:
        pose = view.camera_from_world.copy()
        pose[:3, 3] -= pose[:3, :3] @ shift
        moved.append(replace(view, camera_from_world=pose, sparse_in_world=view.sparse_in_world + shift))
    cloud = model.refetch(moved).points
    assert engine.made == []
    away = replace(cloud, points_in_world=cloud.points_in_world - shift)
    assert np.median(distances(away)) < 0.4


def unevenly_exposed() -> list[View]:
    """Five photographs of the wall, of which the second and the last are two thirds of a stop brighter and warmer."""
    brighter = Exposure(gains=np.array([-0.5, -0.45, -0.35]))
    views = [image.view for image in photographed("leaning_wall")]
    for row in (1, 4):
        pixels = views[row].image_rgb.flatten(0, 1).numpy()
        taken = brighter.corrected(pixels, np.zeros(len(pixels))).reshape(views[row].image_rgb.shape)
        views[row] = replace(views[row], image_rgb=torch.from_numpy(taken))
    return views


def test_live_points_are_as_bright_as_those_published_before() -> None:
    model = DenseModel(CountingEngine(), DenseSettings())
    for view in unevenly_exposed():
        model.add(view)
    gains = np.array([model.entries[number].exposure.gains for number in range(5)])
    assert np.abs(gains - gains[0] - np.outer([0, 1, 0, 0, 1], [0.5, 0.45, 0.35])).max() < 0.04


def test_a_refetch_evens_out_exposure_and_white_balance() -> None:
    model = DenseModel(CountingEngine(), DenseSettings())
    model.refetch(unevenly_exposed())
    gains = np.array([model.entries[number].exposure.gains for number in range(5)])
    assert np.abs(gains - np.outer([0, 1, 0, 0, 1], [0.5, 0.45, 0.35])).max() < 0.04


def test_images_that_the_model_lost_are_forgotten() -> None:
    model, _, _ = grown()
    views = [image.view for image in photographed("leaning_wall")]
    model.refetch(views[:4])
    assert list(model.entries) == [0, 1, 2, 3]
    model.discard(1)
    assert 1 not in model.entries


def test_a_restored_model_goes_on_where_it_was() -> None:
    model, _, _ = grown(4)
    engine = CountingEngine()
    restored = DenseModel(engine, DenseSettings())
    for image in photographed("leaning_wall")[:4]:
        restored.restore(image.view, model.entries[image.view.image_number])
    last = photographed("leaning_wall")[4].view
    assert np.array_equal(restored.add(last).points.points_in_world, model.add(last).points.points_in_world)
    assert engine.quickly_made == [4]


def test_unknown_images_cannot_be_replaced() -> None:
    with pytest.raises(UnknownImageError):
        grown(1)[0].replace(photographed("leaning_wall")[3].view)


def test_progress_is_told_stage_by_stage_and_image_by_image() -> None:
    model, _, _ = grown(3)
    told: list[tuple[str, int, int]] = []
    model.refetch([image.view for image in photographed("leaning_wall")[:3]], lambda *step: told.append(step))
    assert told == [(stage, done, 3) for stage in ("depth", "fusion") for done in (1, 2, 3)]


def test_a_copy_is_made_anew_while_the_model_grows() -> None:
    model, _, _ = grown(4)
    views = [image.view for image in photographed("leaning_wall")]
    next_model = model.copy()
    model.add(views[4])
    before = dict(model.entries)
    next_model.refetch(views[:4])
    assert dict(model.entries) == before
    assert list(next_model.entries) == [0, 1, 2, 3]


def test_a_depth_map_is_adopted_unless_its_cameras_moved_apart() -> None:
    model, engine, _ = grown(5)
    views = [image.view for image in photographed("leaning_wall")]
    last = views[4]
    next_model = model.copy()
    next_model.refetch(views[:4])
    engine.made.clear()
    grown_by = next_model.adopt(last, model.entries[4])
    assert engine.made == []
    assert set(grown_by.entries) == {4}
    assert 0 < len(grown_by.sure_points) < len(model.copy().refetch(views).points)
    assert len(next_model.adopt(last, model.entries[4]).points) == 0
    other = model.copy()
    other.refetch(views[:4])
    pose = last.camera_from_world.copy()
    pose[:3, 3] += [0.3, 0.0, 0.0]
    engine.quickly_made.clear()
    other.adopt(replace(last, camera_from_world=pose), model.entries[4])
    assert engine.quickly_made == [4]

"""Do cameras become more exact when their tracks are measured again in the larger photographs?"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from reconstructor.clouds.similarity import estimate_similarity
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.features.photographs import DecodedPhotograph, read_photograph
from reconstructor.engine.lsm import larger_photographs
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.lsm.kept_matches import KeptMatches, MatchFiles, WantedMatches
from reconstructor.engine.lsm.refinement import remeasured, write_back
from reconstructor.engine.settings import EngineSettings
from tests.unit.reconstructor.engine.synthetic import Photographs, placed_engine

SETTINGS = EngineSettings(threads=1, max_side_px=300, max_features=600, dense=False)
COUNT = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """Five photographs, placed in a reduced size, and how far off their cameras are."""

    model: pycolmap.Reconstruction
    facts: dict[int, ImageFacts]
    truth: np.ndarray

    def error(self, bundle: Bundle) -> float:
        centers = bundle.centers_in_world()
        off = estimate_similarity(centers, self.truth).apply(centers) - self.truth
        return float(np.sqrt((off**2).sum(1).mean()))


@pytest.fixture(scope="module")
def solved(photographs: Photographs, tmp_path_factory: pytest.TempPathFactory) -> Solved:
    folder = tmp_path_factory.mktemp("measured")
    engine = placed_engine(photographs, folder, SETTINGS, COUNT)
    return Solved(model=engine.model, facts=dict(engine.known.facts), truth=photographs.centers_in_world[:COUNT])


def test_cameras_are_more_exact_after_their_tracks_are_measured_again(solved: Solved) -> None:
    before = Bundle.of(solved.model)
    (after,) = remeasured(solved.model, solved.facts, set(before.cameras), SETTINGS)
    assert solved.error(after) < 0.6 * solved.error(before)
    assert np.median(after.errors_px()) < 0.6 * np.median(before.errors_px())
    assert len(after.observations) > 0.5 * len(before.observations)
    assert tuple(after.cameras[1].params) == tuple(before.cameras[1].params)


def test_an_image_whose_file_is_gone_keeps_its_features(solved: Solved, tmp_path: Path) -> None:
    gone = {**solved.facts, 3: solved.facts[3].model_copy(update={"path": str(tmp_path / "gone.jpg")})}
    before = Bundle.of(solved.model)
    (after,) = remeasured(solved.model, gone, set(before.cameras), SETTINGS)
    seen = after.observations
    of_third = seen[seen.images == 2]
    assert len(of_third) >= 30
    known = {(point, tuple(place)) for point, place in _observed(before, 2)}
    assert {(point, tuple(place)) for point, place in _observed(after, 2)} <= known
    assert solved.error(after) < solved.error(before)


def test_matches_of_an_earlier_refetch_are_kept_until_the_photograph_is_another(
    solved: Solved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, cameras = MatchFiles(folder=tmp_path), set(Bundle.of(solved.model).cameras)
    decoded: list[str] = []

    def read(path: Path, settings: EngineSettings) -> DecodedPhotograph:
        decoded.append(path.name)
        return read_photograph(path, settings)

    monkeypatch.setattr("reconstructor.engine.lsm.larger_photographs.read_photograph", read)
    monkeypatch.setattr(larger_photographs, "_decoded", larger_photographs._DecodedPhotographs())
    (first,) = remeasured(solved.model, solved.facts, cameras, SETTINGS, files)
    assert len(set(decoded)) == COUNT
    monkeypatch.setattr(larger_photographs, "_decoded", larger_photographs._DecodedPhotographs())
    decoded.clear()
    (second,) = remeasured(solved.model, solved.facts, cameras, SETTINGS, files)
    assert not decoded
    assert np.allclose(second.centers_in_world(), first.centers_in_world(), atol=1e-4)
    assert len(second.observations) == len(first.observations)

    again = tmp_path / "another.jpg"
    shutil.copy(solved.facts[3].path, again)
    facts = {**solved.facts, 3: solved.facts[3].model_copy(update={"path": str(again)})}
    (third,) = remeasured(solved.model, facts, cameras, SETTINGS, files)
    assert "another.jpg" in decoded
    assert np.allclose(third.centers_in_world(), first.centers_in_world(), atol=1e-4)


def test_matches_that_the_disk_does_not_take_are_only_not_kept(solved: Solved, tmp_path: Path) -> None:
    in_the_way = tmp_path / "engine"
    in_the_way.touch()
    cameras = set(Bundle.of(solved.model).cameras)
    (kept,) = remeasured(solved.model, solved.facts, cameras, SETTINGS, MatchFiles(folder=tmp_path / "other"))
    (lost,) = remeasured(solved.model, solved.facts, cameras, SETTINGS, MatchFiles(folder=in_the_way))
    assert len(lost.observations) == len(kept.observations)


def test_kept_matches_hold_only_while_what_they_depend_on_is_the_same() -> None:
    wanted = WantedMatches(
        features=np.array([4, -1, 6]),
        references=np.array([1, 1, 2]),
        reference_features=np.array([7, 8, 9]),
        reference_stamps=np.array([11, 11, 12]),
        reference_places_px=np.full((3, 2), 50.0),
        starts_px=np.full((3, 2), 80.0),
        matrices=np.tile(np.eye(2), (3, 1, 1)),
    )
    places = np.array([[81.0, 80.0], [80.0, 79.0], [np.nan, np.nan]])
    kept = KeptMatches(stamp=5, size_px=(100, 100), wanted=wanted, places_px=places)

    def known(**changed: np.ndarray) -> list[bool]:
        is_known, found = kept.look_up(replace(wanted, **changed)[np.array([2, 0, 1])])
        assert np.array_equal(np.isfinite(found[:, 0]), is_known & [False, True, True])
        return [bool(each) for each in is_known[[1, 2, 0]]]

    assert known() == [True, True, True]
    assert known(starts_px=wanted.starts_px + 1.0) == [True, True, False]  # only what was not found is tried again
    assert known(reference_places_px=wanted.reference_places_px + 0.1) == [False] * 3
    assert known(reference_stamps=np.array([11, 13, 12])) == [True, False, True]
    assert known(features=np.array([4, 5, 6])) == [True, False, True]
    assert known(matrices=1.2 * wanted.matrices) == [False] * 3


def _observed(bundle: Bundle, image: int) -> list[tuple[int, np.ndarray]]:
    seen = bundle.observations[bundle.observations.images == image]
    return list(zip(seen.points.tolist(), seen.places_px, strict=True))


def test_a_model_takes_over_what_was_measured(solved: Solved) -> None:
    model = pycolmap.Reconstruction(solved.model)
    (bundle,) = remeasured(model, solved.facts, {1}, SETTINGS)
    write_back(model, bundle)
    again = Bundle.of(model)
    assert len(again.observations) == len(Bundle.of(solved.model).observations)  # what was not measured stays, too
    assert np.allclose(again.centers_in_world(), bundle.centers_in_world())
    is_adjusted = np.bincount(bundle.observations.points, minlength=len(bundle.point_ids)) > 1
    assert np.allclose(again.points_in_world[is_adjusted], bundle.points_in_world[is_adjusted])
    errors = again.errors_px()
    assert np.median(errors) < np.median(Bundle.of(solved.model).errors_px())


def test_a_principal_point_that_nobody_knows_is_found(solved: Solved) -> None:
    model = pycolmap.Reconstruction(solved.model)
    focal_px, _, across_px, down_px = model.camera(1).params
    off = pycolmap.Camera(
        model="SIMPLE_RADIAL", params=[focal_px, across_px + 6, down_px - 5, 0.0], width=300, height=225, camera_id=1
    )
    before = replace(Bundle.of(model), cameras={1: off})
    held = before.adjusted(0.2, (), 1)
    freed = before.adjusted(0.2, (), 1, frees_principal_point=True)
    assert tuple(held.cameras[1].params[1:3]) == (across_px + 6, down_px - 5)
    assert abs(freed.cameras[1].params[1] - across_px) < 3
    assert abs(freed.cameras[1].params[2] - down_px) < 3
    assert len(remeasured(model, solved.facts, (), SETTINGS)) == 2


@pytest.mark.parametrize(("ratio", "is_used"), [(1.0, True), (1.03, False)])
def test_a_learned_camera_counts_where_the_photographs_give_it_the_same_focal_length(
    solved: Solved, ratio: float, is_used: bool
) -> None:
    focal_px, _, across_px, down_px = solved.model.camera(1).params
    learned = pycolmap.Camera(
        model="PINHOLE",
        params=[ratio * focal_px, ratio * focal_px, across_px, down_px],
        width=300,
        height=225,
        camera_id=1,
    )
    found = remeasured(solved.model, solved.facts, (), SETTINGS, learned={1: learned})
    assert {tuple(each.learned) for each in found} == {(1,) if is_used else ()}
    alone = remeasured(solved.model, solved.facts, (), SETTINGS)
    off, off_alone = (
        np.linalg.norm(np.subtract(bundles[-1].cameras[1].params[2:], (across_px, down_px)))
        for bundles in (found, alone)
    )
    assert (off < 0.5 * off_alone) == is_used

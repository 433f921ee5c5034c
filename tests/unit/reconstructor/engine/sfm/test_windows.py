"""Is a large model refined in parts, with the rest held still, and does a busy project refine only its newest part?"""

from pathlib import Path

import numpy as np
import pytest

from reconstructor.clouds.similarity import estimate_similarity
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm import windows
from reconstructor.engine.sfm.windows import neighbours_of, refine_in_windows, windows_of
from tests.unit.reconstructor.engine.synthetic import Photographs, placed_engine

SETTINGS = EngineSettings(threads=1, max_side_px=300, max_features=600, dense=False)
COUNT = 7


@pytest.fixture(scope="module")
def placed(photographs: Photographs, tmp_path_factory: pytest.TempPathFactory) -> tuple[LiveEngine, Path]:
    folder = tmp_path_factory.mktemp("windows")
    engine = placed_engine(photographs, folder, SETTINGS, COUNT)
    return engine, folder / "engine"


def centers(model: pycolmap.Reconstruction) -> np.ndarray:
    return np.array([model.image(number).projection_center() for number in range(1, COUNT + 1)])


def test_windows_begin_with_the_newest_images() -> None:
    numbers = range(1, 451)
    assert [(each[0], each[-1]) for each in windows_of(numbers, newest_only=False)] == [(251, 450), (51, 250), (1, 50)]
    assert windows_of(numbers, newest_only=True) == [list(range(251, 451))]


def test_only_the_newest_window_moves_and_its_cameras_become_more_exact(
    placed: tuple[LiveEngine, Path], photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, folder = placed
    monkeypatch.setattr(windows, "WINDOW", 4)
    monkeypatch.setattr(windows, "_MOST_TIGHT_LOSS", 1.0)  # in photographs this small, matches cannot tell
    model = pycolmap.Reconstruction(engine.model)
    before = Bundle.of(model)
    refine_in_windows(model, folder, SETTINGS, newest_only=True)
    moved = np.linalg.norm(centers(model) - centers(engine.model), axis=1)
    assert (moved[:3] == 0).all()
    assert (moved[3:] > 0).all()
    assert len(Bundle.of(model).observations) == len(before.observations)
    refine_in_windows(model, folder, SETTINGS, newest_only=False)
    truth = photographs.centers_in_world[:COUNT]
    assert _error(centers(model), truth) < 0.8 * _error(centers(engine.model), truth)


def test_a_window_whose_matches_would_fit_less_well_stays(
    placed: tuple[LiveEngine, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, folder = placed
    monkeypatch.setattr(windows, "_MOST_TIGHT_LOSS", -1.0)  # nothing can be that much better
    model = pycolmap.Reconstruction(engine.model)
    before, after = refine_in_windows(model, folder, SETTINGS, newest_only=True)
    assert before == after > 0
    assert np.array_equal(centers(model), centers(engine.model))


def test_images_around_a_window_are_those_that_share_its_points(placed: tuple[LiveEngine, Path]) -> None:
    model = placed[0].model
    held = neighbours_of(model, [6, 7])
    assert 5 in held
    assert not {6, 7}.intersection(held)
    bundle = Bundle.of(model, [6, 7], held)
    in_window = {7: set(bundle.observations[bundle.observations.images == len(held) + 1].points.tolist())}
    in_window[6] = set(bundle.observations[bundle.observations.images == len(held)].points.tolist())
    assert in_window[6] | in_window[7] == set(range(len(bundle.point_ids)))  # no points that only the held ones see
    adjusted = bundle.adjusted(0.5, set(bundle.cameras), 1)
    still = [np.allclose(one.matrix(), two.matrix()) for one, two in zip(bundle.poses, adjusted.poses, strict=True)]
    assert still == [number in held for number in bundle.numbers]


def _error(found: np.ndarray, truth: np.ndarray) -> float:
    off = estimate_similarity(found, truth).apply(found) - truth
    return float(np.sqrt((off**2).sum(1).mean()))

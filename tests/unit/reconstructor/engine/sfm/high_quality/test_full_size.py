"""Do features of the larger photographs, at the poses of a solved model, make its cameras more exact?"""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reconstructor.clouds.similarity import estimate_similarity
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features import larger_features
from reconstructor.engine.features.larger_features import LargerFeatures
from reconstructor.engine.features.matching import Matcher
from reconstructor.engine.features.photographs import UnreadablePhotographError
from reconstructor.engine.features.sift import extract_features
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.settings import EngineSettings, Quality
from reconstructor.engine.sfm import solver
from reconstructor.engine.sfm.high_quality.full_size import moved, with_larger_features
from tests.unit.reconstructor.engine.synthetic import Photographs, placed_engine

SETTINGS = EngineSettings(threads=1, max_side_px=300, max_features=600, dense=False)
COUNT = 5
LATE_S = 0.0


@pytest.fixture(scope="module")
def engine(photographs: Photographs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEngine]:
    """Five photographs of 480 pixels, placed in a reduced size."""
    folder = tmp_path_factory.mktemp("larger")
    engine = placed_engine(photographs, folder, SETTINGS, COUNT)
    yield engine
    engine.close()


def error_of(centers: np.ndarray, photographs: Photographs) -> float:
    truth = photographs.centers_in_world[: len(centers)]
    off = estimate_similarity(centers, truth).apply(centers) - truth
    return float(np.sqrt((off**2).sum(1).mean()))


def centers_of(model: Any) -> np.ndarray:
    return np.array([model.image(number).projection_center() for number in sorted(model.reg_image_ids())])


def larger(folder: Path, until_s: float | None = None) -> LargerFeatures:
    return LargerFeatures(folder, SETTINGS, time.monotonic() + 600 if until_s is None else until_s)


def test_cameras_are_more_exact_and_points_follow_them(
    engine: LiveEngine, photographs: Photographs, tmp_path: Path
) -> None:
    before, cameras = centers_of(engine.model), set(engine.model.cameras)
    (bundle,) = with_larger_features(engine.model, engine.known, cameras, SETTINGS, larger(tmp_path))
    assert error_of(bundle.centers_in_world(), photographs) < 0.7 * error_of(before, photographs)
    assert np.array_equal(centers_of(engine.model), before)
    assert len(bundle.observations) > 2 * len(Bundle.of(engine.model).observations)
    model = moved(engine.model, bundle)
    assert np.allclose(centers_of(model), bundle.centers_in_world(), atol=1e-9)
    assert np.median(Bundle.of(model).errors_px()) < 0.5
    shift = np.linalg.norm(centers_of(model) - before, axis=1).max()
    assert shift < 0.05 * np.linalg.norm(np.ptp(before, axis=0))  # still the same world


def test_without_a_calibration_the_principal_point_may_be_found(engine: LiveEngine, tmp_path: Path) -> None:
    model = pycolmap.Reconstruction(engine.model)
    bundles = with_larger_features(model, engine.known, (), SETTINGS, larger(tmp_path))
    assert len(bundles) == 2
    centre, found = (
        np.array([each.cameras[1].principal_point_x, each.cameras[1].principal_point_y]) for each in bundles
    )
    assert np.array_equal(centre, [150.0, 112.5])
    assert not np.array_equal(found, centre)


def test_features_and_pairs_are_kept_until_a_photograph_is_another(
    engine: LiveEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extracted: list[str] = []
    matched: list[int] = []

    def extract(photograph: Any, settings: EngineSettings) -> Any:
        extracted.append(photograph.file_name)
        return real_extract(photograph, settings)

    def match(*arguments: Any) -> Any:
        matched.append(1)
        return real_match(*arguments)

    real_extract, real_match = extract_features, Matcher.match
    monkeypatch.setattr(larger_features, "extract_features", extract)
    monkeypatch.setattr(Matcher, "match", match)
    cameras = set(engine.model.cameras)
    (first,) = with_larger_features(engine.model, engine.known, cameras, SETTINGS, larger(tmp_path))
    assert len(extracted) == COUNT
    assert len(matched) >= COUNT
    pair_count = len(matched)
    extracted.clear()
    matched.clear()
    (second,) = with_larger_features(engine.model, engine.known, cameras, SETTINGS, larger(tmp_path, LATE_S))
    assert not extracted  # nor is it ever too late for what is there
    assert not matched
    assert np.allclose(second.centers_in_world(), first.centers_in_world(), atol=1e-6)
    path = engine.known.facts[COUNT].current_path
    path.touch()
    with pytest.raises(TimeoutError, match="not ready in time"):
        with_larger_features(engine.model, engine.known, cameras, SETTINGS, larger(tmp_path, LATE_S))
    with_larger_features(engine.model, engine.known, cameras, SETTINGS, larger(tmp_path))
    assert extracted == [path.name]
    assert 0 < len(matched) < pair_count


def test_a_photograph_that_is_gone_is_an_error(engine: LiveEngine, tmp_path: Path) -> None:
    gone = engine.known.facts[3].model_copy(update={"path": str(tmp_path / "gone.jpg")})
    with pytest.raises(UnreadablePhotographError):
        larger(tmp_path).images({3: gone})


def test_in_a_refetch_of_high_quality_they_take_part(engine: LiveEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refetched(settings: EngineSettings) -> solver.SolveVerdict:
        folder = engine._folder / "contest"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "live").mkdir()
        engine.model.write_binary(str(folder / "live"))
        request = solver.SolveRequest(
            engine_folder=str(engine._folder),
            numbers=tuple(engine.known.numbers),
            settings=settings,
            has_live=True,
            parent_pid=0,
        )
        (folder / "request.json").write_text(request.model_dump_json())
        return solver.solve(folder)

    high = SETTINGS.model_copy(update={"quality": Quality.HIGH})
    assert [each.method for each in refetched(SETTINGS).attempts] == ["global_1", "live"]
    verdict = refetched(high)
    assert [each.method for each in verdict.attempts] == ["global_1", "live", "larger_features"]
    tried = verdict.attempts[-1]
    assert tried.objection == ""
    assert tried.figures is not None
    assert tried.figures.tight_share_after > tried.figures.tight_share_before
    late = refetched(high.model_copy(update={"refetch_timeout_s": 1e-3, "exact_max_side_px": 400}))
    assert late.attempts[-1].objection
    assert late.method in {"global_1", "live"}  # what was solved before is not lost
    monkeypatch.setattr(solver, "MOST_IMAGES", COUNT - 1)
    assert [each.method for each in refetched(high).attempts] == ["global_1", "live"]

"""Are matches ready before a refetch asks for them, and does the work between images wait for images and refetches?"""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reconstructor.engine import between_images
from reconstructor.engine.between_images import BetweenImages
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.lsm import measuring, patches
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.lsm.kept_matches import MatchFiles
from reconstructor.engine.lsm.measuring_ahead import StoppedError, measure_ahead
from reconstructor.engine.lsm.refinement import remeasured
from reconstructor.engine.settings import EngineSettings
from tests.unit.reconstructor.engine.synthetic import Photographs

SETTINGS = EngineSettings(threads=1, max_side_px=300, max_features=600, dense=False)
COUNT = 4
SOON_S = 60.0


@pytest.fixture(scope="module")
def engine(photographs: Photographs, tmp_path_factory: pytest.TempPathFactory) -> LiveEngine:
    engine = LiveEngine(tmp_path_factory.mktemp("between"), SETTINGS)
    for path in photographs.paths[:COUNT]:
        engine.add_image(path, path.stem)
    assert len(engine.model.reg_image_ids()) == COUNT
    return engine


@pytest.fixture
def matched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many patches are matched, for each batch."""
    counts: list[int] = []

    def match(*arguments: Any) -> Any:
        counts.append(len(arguments[0].values))
        return real(*arguments)

    real = patches.match
    monkeypatch.setattr(measuring, "match", match)
    return counts


def test_a_refetch_finds_what_was_matched_ahead(engine: LiveEngine, tmp_path: Path, matched: list[int]) -> None:
    cameras, facts = set(Bundle.of(engine.model).cameras), engine.known.facts
    (alone,) = remeasured(engine.model, facts, cameras, SETTINGS, MatchFiles(folder=tmp_path / "alone"))
    without = sum(matched)
    matched.clear()
    files = MatchFiles(folder=tmp_path / "ahead")
    measure_ahead(engine.model, facts, SETTINGS, files, lambda: None)
    ahead = sum(matched)
    matched.clear()
    measure_ahead(engine.model, facts, SETTINGS, files, lambda: None)
    assert not matched  # everything is there
    (after,) = remeasured(engine.model, facts, cameras, SETTINGS, files)
    assert ahead > 0
    assert sum(matched) == without - ahead
    assert np.allclose(after.centers_in_world(), alone.centers_in_world(), atol=1e-5)
    kept = files.read(COUNT)
    measure_ahead(engine.model, facts, SETTINGS, files, lambda: None)
    again = files.read(COUNT)
    assert kept is not None
    assert again is not None
    assert set(kept.wanted.keys.tolist()) == set(again.wanted.keys.tolist())  # those of further observations stay


def test_what_was_matched_before_it_was_stopped_is_kept(engine: LiveEngine, tmp_path: Path, matched: list[int]) -> None:
    calls: list[int] = []

    def stop_at_the_third() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise StoppedError

    files = MatchFiles(folder=tmp_path)
    measure_ahead(engine.model, engine.known.facts, SETTINGS, files, stop_at_the_third)
    first = sum(matched)
    assert [files.read(number) is not None for number in range(1, COUNT + 1)] == [True, True, False, False]
    matched.clear()
    measure_ahead(engine.model, engine.known.facts, SETTINGS, files, lambda: None)
    rest = sum(matched)
    matched.clear()
    measure_ahead(engine.model, engine.known.facts, SETTINGS, MatchFiles(folder=tmp_path / "all"), lambda: None)
    assert first + rest == sum(matched)


def test_previews_are_not_measured(engine: LiveEngine, tmp_path: Path, matched: list[int]) -> None:
    previews = {
        number: facts.model_copy(update={"path": str(tmp_path / "previews" / f"{number}.jpg")})
        for number, facts in engine.known.facts.items()
    }
    measure_ahead(engine.model, previews, SETTINGS, MatchFiles(folder=tmp_path), lambda: None)
    assert not matched


def test_an_engine_that_works_between_images_has_them_ready(photographs: Photographs, tmp_path: Path) -> None:
    engine = LiveEngine(tmp_path, SETTINGS, works_between_images=True)
    for path in photographs.paths[:COUNT]:
        engine.add_image(path, path.stem)
    assert engine._between.wait(SOON_S)
    files = MatchFiles(folder=tmp_path)
    assert all(files.read(number) is not None for number in range(1, COUNT + 1))
    assert engine.refetch().update.refetch_rejected == ""
    engine.close()


class Blocked:
    """A stand-in for the measuring that calls `pause` when the test lets it."""

    def __init__(self) -> None:
        self.is_begun, self.may_pause = threading.Event(), threading.Event()
        self.ended: list[str] = []

    def __call__(self, _model: Any, _facts: Any, _settings: Any, _files: Any, pause: Any) -> None:
        self.is_begun.set()
        assert self.may_pause.wait(SOON_S)
        try:
            pause()
        except StoppedError:
            self.ended.append("stopped")
        else:
            self.ended.append("done")


class Model:
    def num_reg_images(self) -> int:
        return 2


def test_an_image_comes_first_and_a_refetch_waits_until_nothing_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = Blocked()
    monkeypatch.setattr(between_images, "measure_ahead", blocked)
    between = BetweenImages(tmp_path, SETTINGS, lambda: ([Model()], {}))
    with between.adding():
        assert not blocked.is_begun.is_set()
    assert blocked.is_begun.wait(SOON_S)
    with between.adding():
        blocked.may_pause.set()
        assert not between.wait(0.2)  # it waits for the image
        assert blocked.ended == []
    assert between.wait(SOON_S)
    assert set(blocked.ended) == {"done"}

    blocked.ended.clear()
    blocked.is_begun.clear()
    blocked.may_pause.clear()
    with between.adding():
        pass
    assert blocked.is_begun.wait(SOON_S)
    threading.Timer(0.1, blocked.may_pause.set).start()
    with between.stopped():
        assert blocked.ended == ["stopped"]
        assert not between.wait(0.1)  # due, and not begun before the refetch is over
    assert between.wait(SOON_S)
    assert blocked.ended == ["stopped", "done"]
    between.close()
    assert between._thread is not None
    between._thread.join(SOON_S)
    assert not between._thread.is_alive()

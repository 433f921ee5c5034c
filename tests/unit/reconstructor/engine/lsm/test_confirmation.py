"""Is nothing looked for in photographs that cannot be read, and is that not the same as not found?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.lsm.confirmation import confirm, confirm_across
from reconstructor.engine.lsm.measuring import Measuring
from reconstructor.engine.settings import EngineSettings
from tests.unit.reconstructor.engine.synthetic import Photographs, placed_engine

SETTINGS = EngineSettings(threads=1, max_features=1500, dense=False)
COUNT = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """Six photographs and their model."""

    bundle: Bundle
    facts: list[ImageFacts]

    def measuring(self, gone: set[int]) -> Measuring:
        """Measures the model; the files of some images (rows) are gone."""
        facts = [
            each.model_copy(update={"path": "/gone/photograph.jpg"}) if row in gone else each
            for row, each in enumerate(self.facts)
        ]
        return Measuring(self.bundle, facts, SETTINGS, None)


@pytest.fixture(scope="module")
def placed(photographs: Photographs, tmp_path_factory: pytest.TempPathFactory) -> Placed:
    folder: Path = tmp_path_factory.mktemp("confirmed")
    engine = placed_engine(photographs, folder, SETTINGS, COUNT)
    bundle = Bundle.of(engine.model)
    return Placed(bundle=bundle, facts=[engine.known.facts[number] for number in bundle.numbers])


def test_photographs_show_the_points_that_they_should_show(placed: Placed) -> None:
    drawn, found = confirm(placed.bundle, placed.measuring(set()), seed=0).counts(COUNT)
    assert (drawn.sum(axis=1) >= 30).all()
    assert found.sum() > 0.6 * drawn.sum()


def test_nothing_is_looked_for_in_a_photograph_that_is_gone_and_nothing_that_it_shows_best(placed: Placed) -> None:
    drawn, found = confirm(placed.bundle, placed.measuring({2}), seed=0).counts(COUNT)
    assert drawn[2].sum() == drawn[:, 2].sum() == 0
    others = np.delete(np.arange(COUNT), 2)
    assert (drawn[others].sum(axis=1) >= 30).all()
    assert found.sum() > 0.6 * drawn.sum()


def test_without_any_photograph_nothing_is_looked_for_anywhere(placed: Placed) -> None:
    measuring = placed.measuring(set(range(COUNT)))
    assert len(confirm(placed.bundle, measuring, seed=0).is_found) == 0
    assert len(confirm_across(placed.bundle, measuring, (0, 1), seed=0).is_found) == 0

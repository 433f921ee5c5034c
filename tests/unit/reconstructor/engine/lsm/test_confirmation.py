"""Is nothing looked for in photographs that cannot be read, and is that not the same as not found?"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.lsm.bundle import Bundle, Floats, Mask, Observations, Rows
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


class LargeProject:
    """A measuring of a hundred images, of which a few should show points of the other side; all are found.

    Args:
        counts: how many such points an image (a row) should show.
    """

    def __init__(self, counts: dict[int, int]) -> None:
        self.can_be_read = np.ones(100, np.bool_)
        self.reference_images = np.zeros(sum(counts.values()), np.int64)
        self._counts = counts

    def expected(self, *arguments: Any) -> tuple[Rows, Floats]:
        _bundle, image, *_ = arguments
        count = self._counts.get(image, 0)
        return np.arange(count), np.zeros((count, 2))

    def is_found(self, *arguments: Any) -> Mask:
        _bundle, _image, points, _places_px = arguments
        return np.ones(len(points), np.bool_)


@pytest.mark.parametrize(
    ("counts", "drawn"),
    [
        pytest.param({}, 0, id="none"),
        pytest.param({7: 40, 8: 60, 92: 30}, 130, id="few, of three images at the cut"),
        pytest.param(dict.fromkeys(range(100), 5), 500, id="as many as are drawn"),
        pytest.param(dict.fromkeys(range(100), 50), 500, id="many"),
        pytest.param({3: 5000}, 500, id="many, of one image"),
    ],
)
def test_across_a_cut_of_a_large_project_as_much_is_looked_for_as_in_a_small_one(
    counts: dict[int, int], drawn: int
) -> None:
    most = max(counts.values(), default=0)
    bundle = Bundle(
        numbers=tuple(range(1, 101)),
        camera_ids=(1,) * 100,
        cameras={},
        poses=(),
        point_ids=np.arange(most),
        points_in_world=np.zeros((most, 3)),
        observations=Observations(
            images=np.zeros(3 * most, np.int64),
            points=np.repeat(np.arange(most), 3),
            features=np.zeros(3 * most, np.int64),
            places_px=np.zeros((3 * most, 2)),
        ),
    )
    measuring: Any = LargeProject(counts)
    confirmed = [confirm_across(bundle, measuring, range(10), seed=0) for _ in range(2)]
    assert len(confirmed[0].is_found) == drawn
    assert np.array_equal(confirmed[0].images, confirmed[1].images)
    of_image = np.bincount(confirmed[0].images, minlength=100)
    assert all(of_image[image] <= count for image, count in counts.items())

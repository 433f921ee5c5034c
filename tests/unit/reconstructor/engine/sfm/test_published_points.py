"""Does every point reach viewers once, also after points are merged, restored or solved again?"""

import numpy as np
import pytest

from reconstructor.engine.sfm.published_points import PublishedPoints
from tests.unit.reconstructor.engine.synthetic import Walk, seen_points


@pytest.fixture
def walk() -> Walk:
    walk = Walk(seen_points(cameras=5))
    for number in (1, 2, 3):
        walk.add(number)
    return walk


def of(walk: Walk) -> PublishedPoints:
    published = PublishedPoints()
    for number in range(1, 6):
        published.add_image(number, len(walk.seen.features[number - 1]))
    return published


def test_points_are_new_once(walk: Walk) -> None:
    published = of(walk)
    first = published.take_new(walk.mapper.model, walk.known.features, walk.known.numbers)
    assert len(first) == walk.mapper.model.num_points3D()
    assert len(published.take_new(walk.mapper.model, walk.known.features, walk.known.numbers)) == 0


def test_a_merged_point_is_not_new(walk: Walk) -> None:
    published, model = of(walk), walk.mapper.model
    published.take_new(model, walk.known.features, walk.known.numbers)
    first, second = sorted(model.point3D_ids())[:2]
    merged = model.merge_points3D(first, second)
    assert merged not in (first, second)
    assert len(published.take_new(model, walk.known.features, walk.known.numbers)) == 0


def test_what_was_published_survives_the_disk(walk: Walk) -> None:
    published = of(walk)
    published.take_new(walk.mapper.model, walk.known.features, walk.known.numbers)
    restored = PublishedPoints.from_arrays(published.to_arrays())
    walk.add(4)
    again = restored.take_new(walk.mapper.model, walk.known.features, walk.known.numbers)
    expected = published.take_new(walk.mapper.model, walk.known.features, walk.known.numbers)
    assert np.array_equal(again.points_in_world, expected.points_in_world)


def test_a_complete_cloud_starts_over(walk: Walk) -> None:
    published = of(walk)
    published.take_new(walk.mapper.model, walk.known.features, walk.known.numbers)
    assert len(published.take_all(walk.mapper.model, walk.known.features)) == walk.mapper.model.num_points3D()
    assert len(published.take_new(walk.mapper.model, walk.known.features, walk.known.numbers)) == 0


def test_a_point_has_the_mean_colour_of_its_observations(walk: Walk) -> None:
    of(walk).take_new(walk.mapper.model, walk.known.features, walk.known.numbers)
    for point in walk.mapper.model.points3D.values():
        seen = [walk.known.features[e.image_id].colors_rgb[e.point2D_idx] for e in point.track.elements]
        assert np.array_equal(point.color, np.mean(seen, axis=0).astype(np.uint8))

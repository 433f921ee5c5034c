"""Photographs that do not fit the rest stand beside it, and stay where they are shown."""

import numpy as np

from broker.ids import ImageId
from broker.manifest import CameraEntry, CameraState, Component
from broker.messages import Bounds
from reconstructor.publishing.components import counted, with_component

LEADING = Bounds(minimum=(-1.0, 0.0, -2.0), maximum=(3.0, 2.0, 2.0))
OWN = Bounds(minimum=(100.0, 100.0, 100.0), maximum=(101.0, 101.0, 101.0))
UP = (0.0, 1.0, 0.0)


def shown(component: Component, box: Bounds) -> tuple[np.ndarray, np.ndarray]:
    """The box where a component is shown; it is not turned."""
    similarity = component.world_from_component
    assert (similarity.scale, similarity.rotation_wxyz) == (1.0, (1.0, 0.0, 0.0, 0.0))
    return np.add(box.minimum, similarity.translation), np.add(box.maximum, similarity.translation)


def test_a_further_component_stands_beside_the_leading_one_at_its_height() -> None:
    leading, second = with_component((Component(),), 1, leading=LEADING, own=OWN, up=UP)
    assert leading == Component()
    low, high = shown(second, OWN)
    assert low[0] > LEADING.maximum[0]
    assert (low[1] + high[1]) / 2 == 1.0


def test_components_do_not_overlap_and_stay_where_they_are() -> None:
    two = with_component((Component(),), 1, leading=LEADING, own=OWN, up=UP)
    three = with_component(two, 2, leading=LEADING, own=OWN, up=UP)
    assert three[:2] == two
    assert shown(three[2], OWN)[0][0] > shown(three[1], OWN)[1][0]
    grown = Bounds(minimum=(-9.0, 0.0, -2.0), maximum=(9.0, 2.0, 2.0))
    assert with_component(three, 1, leading=grown, own=OWN, up=UP) == three


def test_an_upright_world_has_its_components_side_by_side() -> None:
    _, second = with_component((Component(),), 1, leading=LEADING, own=OWN, up=(0.9, 0.1, 0.0))
    low, _ = shown(second, OWN)
    assert low[2] > LEADING.maximum[2]


def camera(number: int, component: int, state: CameraState = CameraState.PLACED) -> CameraEntry:
    image_id = ImageId.build(session="walk", sequence=number, sha256=f"{number:064x}")
    return CameraEntry(image_id=image_id, state=state, component=component)


def test_the_images_of_each_component_are_counted() -> None:
    cameras = [camera(1, 0), camera(2, 0), camera(3, 1), camera(4, 0, CameraState.WAITING)]
    assert [(each.id, each.image_count) for each in counted((Component(),), cameras, 4)] == [(0, 2), (1, 1)]


def test_without_cameras_the_leading_component_has_all_images() -> None:
    assert counted((Component(),), [], 7) == (Component(image_count=7),)


def test_a_component_whose_photograph_was_told_before_its_points_is_placed_when_they_come() -> None:
    told = counted((Component(),), [camera(1, 0), camera(2, 1)], 2)
    _, second = with_component(told, 1, leading=LEADING, own=OWN, up=UP)
    assert second.world_from_component != Component(id=1).world_from_component
    assert second.image_count == 1


def test_two_components_that_were_told_before_their_points_do_not_stand_in_each_other() -> None:
    told = counted((Component(),), [camera(1, 0), camera(2, 1), camera(3, 2)], 3)
    first = with_component(told, 1, leading=LEADING, own=OWN, up=UP)
    _, one, other = with_component(first, 2, leading=LEADING, own=OWN, up=UP)
    assert shown(one, OWN)[0][0] > LEADING.maximum[0]
    assert shown(other, OWN)[0][0] > shown(one, OWN)[1][0]

"""A walk around five equal sides, in which images two steps apart match one side off."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.features.pairs import Matches
from tests.unit.reconstructor.engine.analytic import looking_at
from tests.unit.reconstructor.engine.synthetic import HEIGHT_PX, WIDTH_PX, SeenPoints, features_at, project

SIDES: Final = 5
POINTS_OF_SIDE: Final = 150
COUNT: Final = 9


class EqualSides(SeenPoints):
    """Neighbours match rightly; images two steps apart match one side off."""

    def matches(self, first: int, second: int) -> Matches:
        is_near = second - first == 1
        _, in_first, in_second = np.intersect1d(
            self.point_of_feature[first] + (0 if is_near else POINTS_OF_SIDE),
            self.point_of_feature[second],
            return_indices=True,
        )
        return np.stack([in_first, in_second], axis=1).astype(np.uint32)


def equal_sides() -> EqualSides:
    random = np.random.default_rng(0)
    side = random.uniform((-1.4, -1.0, -2.1), (1.4, 1.0, -1.8), (POINTS_OF_SIDE, 3))
    turns = [_turn(np.radians(360 / SIDES * index)) for index in range(SIDES)]
    points = np.concatenate([side @ turn.T for turn in turns])
    poses, features, owners = [], [], []
    for index in range(COUNT):
        center = _turn(np.radians(24 * index)) @ np.array([0.0, 0.2 * (-1.0) ** index, -6.0])
        poses.append(looking_at(tuple(center), (0.0, 0.0, 0.0)))
        is_facing = np.repeat([(turn @ np.array([0, 0, -1.0])) @ center > 3.0 for turn in turns], POINTS_OF_SIDE)
        owner = random.permutation(np.flatnonzero(is_facing))
        pixels = project(points[owner], poses[-1]) + random.normal(scale=0.3, size=(len(owner), 2))
        is_inside = (pixels > 0).all(axis=1) & (pixels < [WIDTH_PX, HEIGHT_PX]).all(axis=1)
        features.append(features_at(pixels[is_inside]))
        owners.append(owner[is_inside])
    return EqualSides(
        points_in_world=points,
        camera_from_world=np.array(poses),
        features=tuple(features),
        point_of_feature=tuple(owners),
    )


def _turn(angle: float) -> NDArray[np.float64]:
    return np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])

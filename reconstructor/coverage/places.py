"""From where could somebody take a photograph? Places near the cameras, and what each would see of the cells.

A place is a little to the side of a camera, a step up or down, or closer, with that camera's direction or turned to where
something is missing. It is as high as a camera can be held, no nearer to the object than the cameras were, and no surface
of the cloud stands between it and the camera that it is described from.

What the cloud does not have, such as a blank wall, cannot be known. Places only in space that photographs look through, or
within a step of a camera, would be surer, but followed on the simulated facade they improve F by 0.01 instead of 0.11: most
of what is missing is seen from beyond the ends of a walk, where no photograph looks (2026-11-30).
"""

import itertools
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.coverage.cells import is_walled
from reconstructor.coverage.score import Coverage
from reconstructor.coverage.viewpoints import Viewpoint

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

STEP_DEPTHS: Final = 0.15  # of the median distance to the surface: neighbours that overlap well
_SIDEWAYS: Final = (-4.5, -3.0, -1.5, 0.0, 1.5, 3.0, 4.5)  # steps
_UPWARDS: Final = 0.8
_FORWARD: Final = (0.0, 1.6)
_LEAST_COSINE: Final = 0.5  # turned by 60 degrees at most
_HELD: Final = (
    0.5  # of the height above the object's lowest cells: how far a camera is held lower or higher at the most
)
_LEAST_UPWARDS: Final = 0.5  # steps; people are not told of less
_LOWEST: Final = 1.0  # percent
_ROUNDING: Final = 1e-9  # world units
_NEAREST: Final = 0.6  # of the nearest camera's distance to any cell
_MOST_TRIED: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """A camera that does not exist yet.

    Attributes:
        view: where it stands and looks, with the lens of the photograph it was found beside.
        row: of that photograph in the coverage; its step is the place's, and no surface of the cloud is on the way from it.
        nearest: row of the photograph that it is described from.
        right, up, ahead: steps from that camera, in that camera's own directions (up is the world's).
        turn_deg, tilt_deg: how far it is turned to the right and upwards from that camera's direction.
    """

    view: Viewpoint
    row: int
    nearest: int
    right: float
    up: float
    ahead: float
    turn_deg: float
    tilt_deg: float


def step_lengths(coverage: Coverage) -> Floats:
    """(V,) the length of a step of each photograph, world units; one without a surface takes the median of the others."""
    medians = np.array(
        [
            np.median(each.depth[np.isfinite(each.depth)]) if np.isfinite(each.depth).any() else np.nan
            for each in coverage.seen
        ],
        np.float64,
    )
    known = medians[np.isfinite(medians)]
    return STEP_DEPTHS * np.where(np.isfinite(medians), medians, np.median(known) if len(known) else np.nan)


def reachable_places(coverage: Coverage, aims: Floats, up: Floats) -> list[Place]:
    """Places around the photographs, each aimed as its photograph or at one of `aims` (K, 3); `up` (3,) is the world's.

    The way to each, and from there to the two others of its three photographs, is not walled off.
    """
    steps, views = step_lengths(coverage), [each.view for each in coverage.seen]
    low, high = _height_limits(coverage, steps, up)
    nearest_allowed = _NEAREST * min(float(_distance_to_cells(coverage, view.center)) for view in views)
    near: list[_Stand] = []
    for row, view in enumerate(views):
        stands = _stands(row, view, steps[row], up, (low, high)) if np.isfinite(steps[row]) else []
        for stand in stands:
            is_within_reach = low - _ROUNDING <= stand.center @ up <= high + _ROUNDING
            if is_within_reach and _distance_to_cells(coverage, stand.center) >= nearest_allowed:
                near.append(stand)
    is_open = _are_open(coverage, [stand.view.center for stand in near], [stand.center for stand in near])
    found = [
        (stand, direction) for stand in itertools.compress(near, is_open) for direction in _directions(stand, aims)
    ]
    stride = -(-len(found) // _MOST_TRIED)
    places = [_place(stand, direction, up) for stand, direction in found[:: max(1, stride)]]
    is_open = np.ones(len(places), np.bool_)
    for side in (-1, 1):
        others = [moved_sideways(place, side * steps[place.row]).center for place in places]
        is_open &= _are_open(coverage, [place.view.center for place in places], others)
    return list(itertools.compress(places, is_open))


def _are_open(coverage: Coverage, starts: list[Floats], ends: list[Floats]) -> NDArray[np.bool_]:
    """(N,) whether no surface of the cloud stands across the ways from N starts to N ends, each (3,)."""
    ways = np.array([starts, ends], np.float64).reshape(2, -1, 3)
    return ~is_walled(ways[0], ways[1], coverage.grid, coverage.occupied)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Stand:
    """Where a camera could be: steps to the right, up and ahead of photograph `row`."""

    row: int
    view: Viewpoint
    center: Floats
    offset: tuple[float, float, float]


def _height_limits(coverage: Coverage, steps: Floats, up: Floats) -> tuple[float, float]:
    """The lowest and the highest place for a camera, along `up`.

    A step grows with the distance to the object, and a photographer's arms do not. The ground is at most as high as the
    object's lowest cells; where they lie above the cameras it is not known, and the cameras' own heights are the limits.
    """
    heights = np.array([each.view.center @ up for each in coverage.seen])
    lowest = np.percentile(coverage.occupied.means @ up, _LOWEST)
    by_steps = (heights - _UPWARDS * steps).min(), (heights + _UPWARDS * steps).max()
    held = _HELD * np.maximum([heights.min() - lowest, heights.max() - lowest], 0.0)
    return float(max(by_steps[0], heights.min() - held[0])), float(min(by_steps[1], heights.max() + held[1]))


def _stands(row: int, view: Viewpoint, step: float, up: Floats, limits: tuple[float, float]) -> list[_Stand]:
    right, ahead = view.camera_from_world[0, :3], _level(view.forward, up)
    height = float(view.center @ up)
    down, above = (min(_UPWARDS, abs(limit - height) / step) for limit in limits)
    return [
        _Stand(
            row=row,
            view=view,
            center=view.center + step * (sideways * right + upwards * up + forward * ahead),
            offset=(sideways, upwards, forward),
        )
        for sideways in _SIDEWAYS
        for upwards in (-down, 0.0, above)
        if upwards == 0.0 or abs(upwards) >= _LEAST_UPWARDS
        for forward in _FORWARD
    ]


def _directions(stand: _Stand, aims: Floats) -> list[Floats]:
    """The photograph's own direction, and those to what is missing within 60 degrees of it."""
    directions = [stand.view.forward] if any(stand.offset) else []
    towards = aims - stand.center
    towards /= np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-12)
    return directions + list(towards[towards @ stand.view.forward >= _LEAST_COSINE])


def _place(stand: _Stand, direction: Floats, up: Floats) -> Place:
    right, upwards, ahead = stand.offset
    turn, tilt = _turn_and_tilt(stand.view.forward, direction, up)
    view = _standing(stand.view, stand.center, direction, up)
    return Place(
        view=view,
        row=stand.row,
        nearest=stand.row,
        right=right,
        up=upwards,
        ahead=ahead,
        turn_deg=turn,
        tilt_deg=tilt,
    )


def described_from_nearest(place: Place, coverage: Coverage, step: float) -> Place:
    """The same place, described from the nearest photograph of those with no surface of the cloud on the way.

    Args:
        place: where to stand.
        coverage: what the photographs cover.
        step: the length of the place's step, world units.
    """
    views, up = [each.view for each in coverage.seen], coverage.up
    distances = np.linalg.norm(np.array([view.center for view in views]) - place.view.center, axis=1)
    rows = np.flatnonzero(distances < distances[place.row])
    rows = rows[np.argsort(distances[rows], kind="stable")]
    is_open = _are_open(coverage, [views[row].center for row in rows], [place.view.center] * len(rows))
    nearest = int(next(itertools.compress(rows, is_open), place.row))
    view = views[nearest]
    ahead = _level(view.forward, up)
    right = np.cross(ahead, up) if ahead.any() else view.camera_from_world[0, :3]
    steps = (place.view.center - view.center) / step
    turn, tilt = _turn_and_tilt(view.forward, place.view.forward, up)
    return replace(
        place,
        nearest=nearest,
        right=float(steps @ right),
        up=float(steps @ up),
        ahead=float(steps @ ahead),
        turn_deg=turn,
        tilt_deg=tilt,
    )


def moved_sideways(place: Place, distance: float) -> Viewpoint:
    """The same place `distance` world units to its right, looking in the same direction."""
    pose = place.view.camera_from_world.copy()
    pose[0, 3] -= distance
    return Viewpoint(
        number=0,
        camera_from_world=pose,
        intrinsics=place.view.intrinsics,
        width=place.view.width,
        height=place.view.height,
    )


def _standing(view: Viewpoint, center: Floats, forward: Floats, up: Floats) -> Viewpoint:
    right = np.cross(forward, up)
    if np.linalg.norm(right) < 0.05:  # noqa: PLR2004 - it looks straight up or down
        right = view.camera_from_world[0, :3] - forward * (view.camera_from_world[0, :3] @ forward)
    right = right / np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, -rotation @ center
    return Viewpoint(number=0, camera_from_world=pose, intrinsics=view.intrinsics, width=view.width, height=view.height)


def _level(direction: Floats, up: Floats) -> Floats:
    flat = direction - up * (direction @ up)
    length = float(np.linalg.norm(flat))
    return np.asarray(flat / length if length > 0.05 else np.zeros(3))  # noqa: PLR2004


def _turn_and_tilt(before: Floats, after: Floats, up: Floats) -> tuple[float, float]:
    """Degrees to the right and upwards from one direction to another."""
    flat_before, flat_after = _level(before, up), _level(after, up)
    cross, dot = float(np.cross(flat_after, flat_before) @ up), float(flat_before @ flat_after)
    tilt = np.degrees(np.arcsin(np.clip(after @ up, -1, 1)) - np.arcsin(np.clip(before @ up, -1, 1)))
    return float(np.degrees(np.arctan2(cross, dot))), float(tilt)


def _distance_to_cells(coverage: Coverage, center: Floats) -> float:
    means = coverage.occupied.means
    return float(np.linalg.norm(means[:: max(1, len(means) // 4000)] - center, axis=1).min())

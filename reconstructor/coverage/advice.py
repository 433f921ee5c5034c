"""Where should the next photographs be taken? At most three places, of three photographs each, with a code and a sentence.

Only what two photographs see from different places becomes dense points, so that a place is three photographs a step
apart. A place counts by the cells that it would improve: holes and badly covered cells; never by what lies beyond the
object's end, and never by what many photographs look at without seeing a surface (smooth, shiny, dark).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.coverage.cells import DEPTH_SIDE_PX, around, beside
from reconstructor.coverage.evidence import pixel_width
from reconstructor.coverage.holes import hidden_and_free
from reconstructor.coverage.places import Place, described_from_nearest, moved_sideways, reachable_places, step_lengths
from reconstructor.coverage.score import Coverage
from reconstructor.coverage.viewpoints import Viewpoint, nearest_around

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

MOST_PLACES: Final = 3
SHOTS_A_PLACE: Final = 3
_ERROR_TO_IMPROVE: Final = 1.5  # ground sampling distances
_ENOUGH_VIEWS: Final = 6
_FEW_VIEWS: Final = 3
_NARROW_DEG: Final = 8.0
_FAR: Final = 1.5  # of the median sampling distance
_UNMATCHED_LOOKS: Final = 5
_SAME_DIRECTION_DEG: Final = 4.0
_LEAST_GAIN: Final = 0.1  # of the first place's
_CLUMP_CELLS: Final = 8
_MOST_AIMS: Final = 10
_TRIED_WHOLE: Final = 160  # of all places, those whose middle photograph gains most
_FIRST_STRIDE: Final = 3
_NEWEST: Final = 3
_NEW_SHARE: Final = 0.15
_MOST_TARGETS: Final = 1500  # of more, every second, third, … is weighed: they are in the order of their cells
_GROUND_LOWEST: Final = 10.0  # percent
_GROUND_CELLS: Final = 3.0
_SURFACE_BEHIND: Final = 2.0  # cells that a surface seen along itself may lie behind the nearest cell of a pixel
_EMPTY_BEHIND: Final = -0.5
_HIDDEN_WEIGHT: Final = 0.1  # it may be empty space
_HIDDEN_CELLS: Final = 4
_GROUND_LEAN: Final = np.cos(np.radians(32.0))


class AdviceCode(StrEnum):
    """Why more photographs are worth taking at a place."""

    FEW_VIEWS = "few_views"
    NARROW_ANGLE = "narrow_angle"
    TOO_FAR = "too_far"
    HOLE = "hole"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Advice:
    """A place to stand.

    Attributes:
        code: why.
        place: where, described from its nearest photograph.
        target: (3,) what should be seen from there, world.
        image_number: the nearest photograph, in which the target is marked.
        cells: how many cells it would improve.
    """

    code: AdviceCode
    place: Place
    target: Floats
    image_number: int
    cells: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Targets:
    """Cells worth another photograph: places (T, 3), normals (zero: any), views that agree, widest angle."""

    centers: Floats
    normals: Floats
    views: Floats
    angles: Floats
    codes: list[AdviceCode]
    weights: Floats
    directions: (
        Floats  # (T, D, 3) unit, from the cell to each photograph that agrees, at most five; NaN where there are fewer
    )
    usual: float  # width of a pixel on the object, world units


def advise(coverage: Coverage) -> list[Advice]:
    """At most three places, the most valuable first; none where nothing is missing that a photograph could bring.

    Sparse points do not tell what is missing: there is no advice from them.
    """
    if not coverage.is_dense:
        return []
    every = _targets(coverage)
    if not len(every.centers):
        return []
    stride = -(-len(every.centers) // _MOST_TARGETS)
    targets = _every_nth(every, stride)
    places = reachable_places(coverage, _aims(coverage, targets), coverage.up)
    steps = step_lengths(coverage)
    some = _every_nth(targets, _FIRST_STRIDE)
    by_one_shot = [_gain(coverage, some, [place.view]).sum() for place in places]
    order = np.argsort(-np.array(by_one_shot), kind="stable")[:_TRIED_WHOLE]
    chosen: list[Advice] = []
    first = 0.0
    for _ in range(MOST_PLACES):
        gains = [_gain(coverage, targets, shots_of(places[row], steps)) for row in order]
        totals = [float(gain.sum()) for gain in gains]
        best = int(np.argmax(totals)) if totals else -1
        if best < 0 or totals[best] <= max(0.0, _LEAST_GAIN * first):
            break
        first = first or totals[best]
        told = described_from_nearest(places[order[best]], coverage, steps[places[order[best]].row])
        chosen.append(_told(coverage, targets, told, gains[best], stride))
        targets = _after(targets, shots_of(places[order[best]], steps), gains[best])
    return chosen


def is_walk_unfinished(coverage: Coverage) -> bool:
    """Whether each of the last three photographs still showed much that fewer than three before it had seen.

    Then walking on is worth more than any place near the photographs that are there.
    """
    agrees = coverage.evidence.agrees
    if agrees.shape[1] <= _NEWEST:
        return True
    for row in range(agrees.shape[1] - _NEWEST, agrees.shape[1]):
        seen = agrees[:, row]
        is_new = agrees[seen, :row].sum(axis=1) < _FEW_VIEWS
        if not seen.any() or is_new.mean() < _NEW_SHARE:
            return False
    return True


def _targets(coverage: Coverage) -> _Targets:
    """Occupied cells that are poor and seen by few, and holes, but not the ground's and not what nothing is seen at."""
    evidence, occupied = coverage.evidence, coverage.occupied
    count = evidence.count
    is_poor = (coverage.errors > _ERROR_TO_IMPROVE) & (count < _ENOUGH_VIEWS)
    is_unmatched = (evidence.looks >= _UNMATCHED_LOOKS) & (count == 0)
    rows = np.flatnonzero(is_poor & ~is_unmatched & ~_ground(coverage))
    is_open = coverage.hole_looks < _UNMATCHED_LOOKS
    holes = coverage.holes[is_open]
    usual = _usual_sampling(coverage)
    codes = [_code_of(count[row], evidence.angles[row], evidence.sampling_distances[row], usual) for row in rows]
    hidden = hidden_cells(coverage)
    empty = np.concatenate([holes, hidden])
    centers = np.vstack([occupied.means[rows], coverage.grid.centers(empty)])
    return _Targets(
        centers=centers,
        normals=np.vstack([occupied.normals[rows], np.zeros((len(empty), 3))]),
        views=np.concatenate([count[rows], np.zeros(len(empty))]),
        angles=np.concatenate([evidence.angles[rows], np.zeros(len(empty))]),
        codes=codes + [AdviceCode.HOLE] * len(holes) + [AdviceCode.HIDDEN] * len(hidden),
        weights=np.concatenate([np.ones(len(rows) + len(holes)), np.full(len(hidden), _HIDDEN_WEIGHT)]),
        directions=_directions(centers, [each.view for each in coverage.seen], evidence.agrees[rows]),
        usual=usual,
    )


def _every_nth(targets: _Targets, stride: int) -> _Targets:
    return _Targets(
        centers=targets.centers[::stride],
        normals=targets.normals[::stride],
        views=targets.views[::stride],
        angles=targets.angles[::stride],
        codes=targets.codes[::stride],
        weights=targets.weights[::stride],
        directions=targets.directions[::stride],
        usual=targets.usual,
    )


def hidden_cells(coverage: Coverage) -> Numbers:
    """The cells (H,) behind what the photographs see, where the surface may go on around a corner.

    They lie within four cells of the cloud, have a face in common with space that photographs look through, and no photograph
    looks into them. Where the object ends photographs look past it; what no photograph shows is for walking on. Cells near
    the ground's height are left out.
    """
    grid, occupied = coverage.grid, coverage.occupied
    reach = np.zeros((grid.size, 1))
    reach[occupied.cells[~_ground(coverage)]] = 1.0
    for _ in range(_HIDDEN_CELLS):
        reach = np.sign(around(reach, grid))
    reach[occupied.cells] = 0.0
    near = np.flatnonzero(reach)
    is_hidden, is_free = hidden_and_free(near, grid, coverage.seen)
    free = np.zeros(grid.size, np.bool_)
    free[near[is_free]] = True
    is_above_ground = grid.centers(near) @ coverage.up > _lowest(coverage)
    return np.asarray(near[is_hidden & beside(free, grid)[near] & is_above_ground])


def _ground(coverage: Coverage) -> NDArray[np.bool_]:
    """(C,) cells of the ground: they look up, among the lowest; paving would outweigh everything."""
    is_low = coverage.occupied.means @ coverage.up < _lowest(coverage)
    return np.asarray((coverage.occupied.normals @ coverage.up > _GROUND_LEAN) & is_low)


def _lowest(coverage: Coverage) -> float:
    """Up to which height a surface that looks up is ground."""
    heights = coverage.occupied.means @ coverage.up
    return float(np.percentile(heights, _GROUND_LOWEST) + _GROUND_CELLS * coverage.grid.side)


def _usual_sampling(coverage: Coverage) -> float:
    finite = coverage.evidence.sampling_distances[np.isfinite(coverage.evidence.sampling_distances)]
    return float(np.median(finite)) if len(finite) else 1.0


def _code_of(count: float, angle: float, sampling: float, usual: float) -> AdviceCode:
    if count < _FEW_VIEWS:
        return AdviceCode.FEW_VIEWS
    if angle < _NARROW_DEG:
        return AdviceCode.NARROW_ANGLE
    return AdviceCode.TOO_FAR if sampling > _FAR * usual else AdviceCode.FEW_VIEWS


def _directions(centers: Floats, views: list[Viewpoint], agrees: NDArray[np.bool_]) -> Floats:
    """(T, 5, 3) unit directions to the photographs that agree (C, V) about the first C centres; NaN where there are fewer.

    What more photographs agree about is no target, so that the work does not grow with the photographs.
    """
    directions = np.full((len(centers), _ENOUGH_VIEWS - 1, 3), np.nan)
    rows, columns = np.nonzero(agrees)
    places = np.arange(len(rows)) - np.searchsorted(rows, rows)  # the first, second, … photograph of its row
    cameras = np.array([view.center for view in views]).reshape(-1, 3)
    directions[rows, places] = _unit(cameras[columns] - centers[rows])
    return directions


def _aims(coverage: Coverage, targets: _Targets) -> Floats:
    """The middles (K, 3) of the ten clumps of 8 x 8 x 8 cells with the most targets."""
    clumps = np.floor((targets.centers - coverage.grid.origin) / (coverage.grid.side * _CLUMP_CELLS)).astype(np.int64)
    _, rows, counts = np.unique(clumps, axis=0, return_inverse=True, return_counts=True)
    rows = rows.ravel()
    heaviest = np.argsort(-counts, kind="stable")[:_MOST_AIMS]
    return np.array([targets.centers[rows == clump].mean(axis=0) for clump in heaviest])


def shots_of(place: Place, steps: Floats) -> list[Viewpoint]:
    """Three photographs a step apart, the middle one at the place; `steps` (V,) are those of the photographs."""
    half = SHOTS_A_PLACE // 2
    return [moved_sideways(place, steps[place.row] * number) for number in range(-half, half + 1)]


def _value(views: Floats, angles: Floats) -> Floats:
    """What a cell is worth that so many photographs see from so wide an angle: 0 to 1."""
    by_count = 0.85 * np.minimum(views, 3) / 3 + 0.15 * np.clip(views - 3, 0, 3) / 3
    by_angle = np.where(views >= 2, np.clip(0.4 + 0.6 * angles / _NARROW_DEG, 0.4, 1.0), 1.0)  # noqa: PLR2004
    return np.asarray(by_count * by_angle)


def _gain(coverage: Coverage, targets: _Targets, shots: list[Viewpoint]) -> Floats:
    """(T,) what the shots would add to the value of each target."""
    views, angles = targets.views.copy(), targets.angles.copy()
    known = targets.directions
    finest = np.full(len(views), np.inf)
    for shot in shots:
        sees = _sees(coverage, targets, shot)
        direction = _unit(shot.center - targets.centers)
        with np.errstate(invalid="ignore"):
            between = np.degrees(np.arccos(np.clip(np.einsum("tvk,tk->tv", known, direction), -1, 1)))
        has_any = np.isfinite(between).any(axis=1)
        least = np.where(has_any, np.min(np.where(np.isfinite(between), between, np.inf), axis=1), np.inf)
        widest = np.where(has_any, np.max(np.where(np.isfinite(between), between, -np.inf), axis=1), 0.0)
        views += np.where(sees, np.clip(least / _SAME_DIRECTION_DEG, 0.0, 1.0), 0.0)
        angles = np.where(sees, np.maximum(angles, widest), angles)
        known = np.concatenate([known, np.where(sees[:, None], direction, np.nan)[:, None, :]], axis=1)
        ahead = (targets.centers - shot.center) @ shot.forward
        finest = np.where(sees, np.minimum(finest, pixel_width(shot, ahead)), finest)
    sharpness = np.clip(1.8 - np.where(np.isfinite(finest), finest, np.inf) / (1.5 * targets.usual), 0.2, 1.0)
    gained = np.maximum(_value(views, angles) - _value(targets.views, targets.angles), 0.0)
    return np.asarray(gained * sharpness * targets.weights)


def _sees(coverage: Coverage, targets: _Targets, shot: Viewpoint) -> NDArray[np.bool_]:
    """(T,) whether the shot shows the target, faces it, and nothing stands before it."""
    _, _, is_inside = shot.project(targets.centers)
    rays = shot.center - targets.centers
    sees = is_inside & (np.einsum("tk,tk->t", rays, targets.normals) >= 0)
    if not sees.any():
        return np.asarray(sees)
    # Pixels as wide as a cell at the usual distance, and the nearest of nine: a surface of cells has no gaps to look through.
    small = shot.reduced(max(1, round(DEPTH_SIDE_PX * targets.usual / coverage.grid.side)))
    depth = np.full(small.width * small.height, np.inf, np.float32)
    ahead, pixels, is_cell_inside = small.project(coverage.occupied.means)
    np.minimum.at(depth, pixels[is_cell_inside], ahead[is_cell_inside].astype(np.float32))
    depth = nearest_around(depth.reshape(small.height, small.width)).ravel()
    ahead, pixels, _ = small.project(targets.centers)
    is_empty = (targets.normals == 0).all(axis=1)
    tolerance = np.where(is_empty, _EMPTY_BEHIND, _SURFACE_BEHIND) * coverage.grid.side
    return np.asarray(sees & (ahead < depth[pixels] + tolerance))


def _after(targets: _Targets, shots: list[Viewpoint], gains: Floats) -> _Targets:
    """The targets once the shots are taken: those they improve are seen by three more, from their directions."""
    improved = gains > 0
    directions = [targets.directions]
    for shot in shots:
        towards = _unit(shot.center - targets.centers)
        directions.append(np.where(improved[:, None], towards, np.nan)[:, None, :])
    return _Targets(
        centers=targets.centers,
        normals=targets.normals,
        views=targets.views + len(shots) * improved,
        angles=np.where(improved, np.maximum(targets.angles, _NARROW_DEG), targets.angles),
        codes=targets.codes,
        weights=targets.weights,
        directions=np.concatenate(directions, axis=1),
        usual=targets.usual,
    )


def _told(coverage: Coverage, targets: _Targets, place: Place, gains: Floats, stride: int) -> Advice:
    """The place with the reason that most of its gain has, and the middle of the cells that it improves for it."""
    codes = np.array([code.value for code in targets.codes])
    worth = {code: float(gains[codes == code.value].sum()) for code in AdviceCode}
    code = max(worth, key=lambda each: worth[each])
    rows = np.flatnonzero((codes == code.value) & (gains > 0))
    middle = np.average(targets.centers[rows], axis=0, weights=gains[rows])
    target = targets.centers[rows[np.linalg.norm(targets.centers[rows] - middle, axis=1).argmin()]]
    return Advice(
        code=code,
        place=place,
        target=target,
        image_number=coverage.seen[place.nearest].view.number,
        cells=stride * int((gains > 0).sum()),
    )


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))

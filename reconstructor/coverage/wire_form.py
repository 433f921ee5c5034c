"""How do coverage and advice stand on the wire? As a packed grid of cells, and as places with what to say of each."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broker.coverage.grid import HOLE_SCORE, CoverageGrid, pack
from broker.coverage.messages import Advice as AdviceMessage
from broker.coverage.messages import AdvisedPlace, MarkedPlace
from broker.coverage.messages import Coverage as CoverageMessage
from broker.ids import ImageId
from broker.manifest import Manifest
from broker.shards import sha256
from reconstructor.coverage.advice import Advice
from reconstructor.coverage.places import step_lengths
from reconstructor.coverage.score import FLAGGED_ERROR, Coverage
from reconstructor.coverage.viewpoints import Viewpoint

Floats = NDArray[np.float64]

_MOST: Final = 255
_MARGIN: Final = 0.03  # of a photograph's side: a mark on the very edge is not found
_HIDDEN_BEHIND: Final = 2.0  # cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the reconstructor publishes of a project's coverage: both messages and the grid's bytes."""

    coverage: CoverageMessage
    advice: AdviceMessage
    grid: bytes


def told_of(
    coverage: Coverage, advice: list[Advice], manifest: Manifest, images: dict[int, ImageId], *, is_unfinished: bool
) -> Told:
    """The messages of one state of a project.

    Args:
        coverage: the cells.
        advice: where to stand; none of sparse points.
        manifest: whose points and cameras they are.
        images: ids by image number.
        is_unfinished: whether walking on is worth more than any place.
    """
    grid = pack(grid_of(coverage))
    is_bad = coverage.errors > FLAGGED_ERROR
    common = {
        "project": manifest.project,
        "generation": manifest.generation,
        "revision": manifest.revision,
        "photograph_count": len(coverage.seen),
        "is_dense": coverage.is_dense,
    }
    return Told(
        coverage=CoverageMessage.model_validate(
            common
            | {
                "cell_count": len(coverage.occupied.cells),
                "bad_cell_count": int(is_bad.sum()) if coverage.is_dense else 0,
                "hole_cell_count": len(coverage.holes) if coverage.is_dense else 0,
                "grid_sha256": sha256(grid),
                "grid_bytes": len(grid),
            }
        ),
        advice=AdviceMessage.model_validate(
            common
            | {
                "is_walk_unfinished": is_unfinished,
                "metres_per_unit": manifest.frame.metres_per_unit,
                "places": [_place(each, coverage, images) for each in advice],
            }
        ),
        grid=grid,
    )


def grid_of(coverage: Coverage) -> CoverageGrid:
    """Occupied cells and holes, in the order of their index; of sparse points all scores are 1 and mean nothing."""
    occupied, holes = coverage.occupied, coverage.holes if coverage.is_dense else coverage.holes[:0]
    scores = np.maximum(coverage.scores, HOLE_SCORE + 1) if coverage.is_dense else np.ones(len(occupied.cells))
    cells = np.concatenate([occupied.cells, holes])
    order = np.argsort(cells, kind="stable")

    def column(values: NDArray[np.generic], of_holes: NDArray[np.generic]) -> NDArray[np.uint8]:
        return np.asarray(np.minimum(np.concatenate([values, of_holes])[order], _MOST).astype(np.uint8))

    none = np.zeros(len(holes))
    return CoverageGrid(
        origin=coverage.grid.origin,
        side=coverage.grid.side,
        shape=coverage.grid.shape,
        is_dense=coverage.is_dense,
        cells=cells[order],
        scores=column(scores, np.full(len(holes), HOLE_SCORE)),
        views=column(coverage.evidence.count, none),
        angles_deg=column(np.round(coverage.evidence.angles), none),
    )


def _place(advice: Advice, coverage: Coverage, images: dict[int, ImageId]) -> AdvisedPlace:
    place = advice.place
    return AdvisedPlace(
        code=advice.code.value,
        position=_vector(place.view.center),
        looking=_vector(place.view.forward),
        target=_vector(advice.target),
        image_id=images[advice.image_number],
        image_number=advice.image_number,
        step=float(step_lengths(coverage)[place.row]),
        steps_right=round(place.right, 2),
        steps_up=round(place.up, 2),
        steps_ahead=round(place.ahead, 2),
        turn_right_deg=round(place.turn_deg, 1),
        tilt_up_deg=round(place.tilt_deg, 1),
        marked=_marked(advice, coverage, images),
        cell_count=advice.cells,
    )


def _marked(advice: Advice, coverage: Coverage, images: dict[int, ImageId]) -> MarkedPlace | None:
    """The target in the photograph nearest to the place that shows it, with nothing before it."""
    center = advice.place.view.center
    order = np.argsort([np.linalg.norm(each.view.center - center) for each in coverage.seen], kind="stable")
    for row in [advice.place.nearest, *order]:
        seen = coverage.seen[row]
        ahead, pixels, is_inside = seen.view.project(advice.target[None])
        is_before = ahead[0] < seen.depth.ravel()[pixels[0]] + _HIDDEN_BEHIND * coverage.grid.side
        across, down = _position(seen.view, advice.target)
        is_well_inside = all(_MARGIN <= each <= 1 - _MARGIN for each in (across, down))
        if is_inside[0] and is_before and is_well_inside:
            number = seen.view.number
            return MarkedPlace(image_id=images[number], image_number=number, across=across, down=down)
    return None


def _position(view: Viewpoint, point: Floats) -> tuple[float, float]:
    """Where a point (3,) lies in the photograph, as shares of its width and height."""
    x, y, ahead = view.camera_from_world[:3, :3] @ point + view.camera_from_world[:3, 3]
    fx, fy, cx, cy = view.intrinsics
    nearest = max(float(ahead), 1e-9)
    across, down = (fx * x / nearest + cx) / view.width, (fy * y / nearest + cy) / view.height
    return round(float(across), 4), round(float(down), 4)


def _vector(values: Floats) -> tuple[float, float, float]:
    x, y, z = (round(float(each), 6) for each in values)
    return x, y, z

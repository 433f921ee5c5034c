"""Which of an image's matches does its pose contradict, and which are of parts that only look alike?

Equal parts of a building give matches that are as many and as exact as true ones. What tells them apart is the order of
the photographs: a photographer walks, so the nearest ones in order see the same part, and an image may not disagree with
them while it agrees with others.

Source: Roberts, Sinha, Szeliski and Steedly, "Structure from motion for scenes with large duplicate structures", CVPR 2011.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.colmap import keypoints_in_image, pycolmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.sfm.mapper_options import MIN_REGISTRATION_INLIERS
from reconstructor.engine.sfm.model_comparison import pair_errors, placed_numbers, point_ids, rays_of, sampson_errors

_INLIER_PX: Final = 4.0
_AGREES: Final = 0.5  # share of a pair's matches within 4 pixels
_CONTRADICTS: Final = 0.25
_LEAST_CONTRADICTION: Final = 0.2  # of an image's matches: with less, the image is not in question


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """The pairs of an image with placed ones that agree with its pose, and those that contradict it."""

    agreeing: tuple[Pair, ...]
    contradicting: tuple[Pair, ...]

    @property
    def is_in_question(self) -> bool:
        """Whether many matches contradict the pose, and one of an image nearer in order than all that agree."""
        against, agreeing = _match_count(self.contradicting), _match_count(self.agreeing)
        if against < _LEAST_CONTRADICTION * (against + agreeing):
            return False
        return _least_gap(self.contradicting) < _least_gap(self.agreeing)

    @property
    def trusted(self) -> Pair | None:
        """The contradicting pair that is nearest in order."""
        return min(self.contradicting, key=lambda pair: (_gap(pair), -len(pair.matches)), default=None)


@dataclass(slots=True, kw_only=True)
class PairSupport:
    """The keypoints and pairs of the images of one mapper."""

    _keypoints: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    _pairs: dict[int, list[Pair]] = field(default_factory=dict)

    def add(self, number: int, keypoints: NDArray[np.float32], pairs: Sequence[Pair]) -> None:
        """Add an image with keypoints (N, 4), x and y in pixels first, and its pairs with earlier images."""
        self._keypoints[number] = keypoints
        self._pairs.setdefault(number, []).extend(pairs)
        for pair in pairs:
            self._pairs.setdefault(pair.earlier, []).append(pair)

    def of(self, model: Any, number: int) -> Support:
        """How the pairs of a placed image with other placed ones fit its pose."""
        placed = placed_numbers(model)
        pairs = [pair for pair in self._pairs[number] if _other(pair, number) in placed]
        rays = {
            each: rays_of(model, each, self._keypoints[each])
            for each in {number, *(_other(pair, number) for pair in pairs)}
        }
        shares = [float((sampson_errors(model, pair, rays) < _INLIER_PX).mean()) for pair in pairs]
        return Support(
            agreeing=tuple(pair for pair, share in zip(pairs, shares, strict=True) if share >= _AGREES),
            contradicting=tuple(pair for pair, share in zip(pairs, shares, strict=True) if share < _CONTRADICTS),
        )

    def pose_by(self, model: Any, number: int, pair: Pair) -> Any | None:
        """The pose (`pycolmap.Rigid3d`, camera from world) of an image by the points of one pair alone; None if unsure."""
        is_newer = pair.newer == number
        own, others = pair.matches[:, 1 if is_newer else 0], pair.matches[:, 0 if is_newer else 1]
        ids = point_ids(model, _other(pair, number))[others]
        seen = np.flatnonzero(ids >= 0)
        if len(seen) < MIN_REGISTRATION_INLIERS:
            return None
        found = pycolmap.estimate_and_refine_absolute_pose(
            keypoints_in_image(self._keypoints[number])[own[seen]],
            np.array([model.point3D(int(each)).xyz for each in ids[seen]]),
            model.camera(model.image(number).camera_id),
        )
        if found is None or found["num_inliers"] < MIN_REGISTRATION_INLIERS:
            return None
        return found["cam_from_world"]


def without_repeated(model: Any, known: KnownImages) -> KnownImages:
    """Leave out the pairs that a model contradicts, and that images nearer in order explain: they only look alike."""
    agreeing: dict[int, list[Pair]] = {}
    contradicting: list[Pair] = []
    for pair, errors_px in pair_errors(model, known, placed_numbers(model)):
        share = float((errors_px < _INLIER_PX).mean())
        if share >= _AGREES:
            for number in (pair.earlier, pair.newer):
                agreeing.setdefault(number, []).append(pair)
        elif share < _CONTRADICTS:
            contradicting.append(pair)
    repeated = {
        id(pair)
        for pair in contradicting
        if all(_least_gap(agreeing.get(number, ())) < _gap(pair) for number in (pair.earlier, pair.newer))
    }
    return replace(
        known,
        pairs={number: [pair for pair in pairs if id(pair) not in repeated] for number, pairs in known.pairs.items()},
    )


def _gap(pair: Pair) -> int:
    return pair.newer - pair.earlier


def _least_gap(pairs: Iterable[Pair]) -> float:
    return min((_gap(pair) for pair in pairs), default=np.inf)


def _match_count(pairs: Iterable[Pair]) -> int:
    return sum(len(pair.matches) for pair in pairs)


def _other(pair: Pair, number: int) -> int:
    return pair.earlier if pair.newer == number else pair.newer

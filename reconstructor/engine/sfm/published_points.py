"""Which sparse points were published already? A point is new when none of its observations belonged to a published one.

Point ids are not enough: when COLMAP merges two points, a published point gets a new id.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from broker.shards import PointCloud
from reconstructor.engine.features.sift import Features
from reconstructor.engine.priority import Pause, no_pause
from reconstructor.engine.sfm.model_comparison import point_ids

_POINTS_AT_ONCE: Final = 8192


class PublishedPoints:
    """Marks, for every feature of every image, whether it is an observation of a published point."""

    def __init__(self) -> None:
        self._marks: dict[int, NDArray[np.bool_]] = {}
        self._highest_id = 0

    def add_image(self, number: int, feature_count: int) -> None:
        self._marks.setdefault(number, np.zeros(feature_count, np.bool_))

    def take_new(self, model: Any, features: Mapping[int, Features], numbers: Iterable[int]) -> PointCloud:
        """The points of these images that were not published yet, with colours; from now on they count as published.

        Ids grow, so only ids above all earlier ones can be new. Only some images are searched, because a search of the
        whole model would take longer with every image.
        """
        observed = [point_ids(model, number) for number in numbers if model.image(number).has_pose]
        ids = np.unique(np.concatenate([np.empty(0, np.int64), *observed]))
        return _once(self._take(model, ids[ids > self._highest_id].tolist(), features, only_new=True))

    def skip_present(self, model: Any) -> None:
        """Count all present points as published, because their ids may have changed in a restart."""
        self._highest_id = max(model.point3D_ids(), default=0)

    def take_all(self, model: Any, features: Mapping[int, Features], pause: Pause = no_pause) -> PointCloud:
        """All points, with colours, for a complete new set; only these count as published afterwards.

        `pause` is called before each part of 8,192 points.
        """
        for marks in self._marks.values():
            marks.fill(False)
        ids, parts = sorted(model.point3D_ids()), []
        for begin in range(0, len(ids), _POINTS_AT_ONCE):
            pause()
            parts.append(self._take(model, ids[begin : begin + _POINTS_AT_ONCE], features, only_new=False))
        return _once(PointCloud.join(parts))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays for a file: `numbers` and `counts` (N,) int64 of N images, `marks` (B,) uint8 of packed bits."""
        numbers = sorted(self._marks)
        return {
            "numbers": np.array(numbers, np.int64),
            "counts": np.array([len(self._marks[number]) for number in numbers], np.int64),
            "marks": np.packbits(np.concatenate([np.empty(0, np.bool_), *(self._marks[n] for n in numbers)])),
            "highest_id": np.array(self._highest_id, np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "PublishedPoints":
        """Unpack the arrays of `to_arrays`: `numbers` and `counts` (N,) int64, `marks` (B,) uint8.

        Raises:
            KeyError: an array is missing.
        """
        published = cls()
        ends = np.cumsum(arrays["counts"])
        bits = np.unpackbits(arrays["marks"], count=int(ends[-1]) if len(ends) else 0).astype(np.bool_)
        for number, count, end in zip(arrays["numbers"], arrays["counts"], ends, strict=True):
            published._marks[int(number)] = bits[end - count : end].copy()
        published._highest_id = int(arrays["highest_id"])
        return published

    def _take(self, model: Any, ids: list[int], features: Mapping[int, Features], *, only_new: bool) -> PointCloud:
        if not ids:
            return PointCloud.empty()
        points = [model.point3D(point_id) for point_id in ids]
        tracks = [[(each.image_id, each.point2D_idx) for each in point.track.elements] for point in points]
        starts = np.cumsum([0, *map(len, tracks[:-1])])
        observations = np.array([each for track in tracks for each in track], np.int64)
        of_point, was_published = self._note(observations, starts, features)
        for point, color in zip(points, of_point, strict=True):
            point.color = color
        self._highest_id = max(self._highest_id, *ids)
        places = np.array([point.xyz for point in points])
        is_new = np.isfinite(places).all(axis=1) & ~(was_published & only_new)
        return PointCloud(points_in_world=places[is_new].astype(np.float32), colors_rgb=of_point[is_new])

    def _note(
        self, observations: NDArray[np.int64], starts: NDArray[np.int64], features: Mapping[int, Features]
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Mark observations as those of published points.

        Args:
            observations: (M, 2) int64, image number and feature; those of one point follow each other.
            starts: (N,) int64, the first row of each point.
            features: of each image.

        Returns:
            the mean colour (N, 3) uint8 of each point, and whether one of its observations was marked before (N,) bool.
        """
        colors, was_marked = np.empty((len(observations), 3)), np.empty(len(observations), np.bool_)
        by_image = np.argsort(observations[:, 0], kind="stable")
        numbers, begins = np.unique(observations[by_image, 0], return_index=True)
        for number, rows in zip(numbers.tolist(), np.split(by_image, begins[1:]), strict=True):
            indexes = observations[rows, 1]
            colors[rows] = features[number].colors_rgb[indexes]
            was_marked[rows] = self._marks[number][indexes]
            self._marks[number][indexes] = True
        counts = np.diff(np.append(starts, len(observations)))
        mean = np.add.reduceat(colors, starts) / counts[:, None]
        return mean.astype(np.uint8), np.logical_or.reduceat(was_marked, starts)


def _once(cloud: PointCloud) -> PointCloud:
    """The cloud without points at the same place: a feature with two orientations gives two."""
    _, rows = np.unique(cloud.points_in_world, axis=0, return_index=True)
    return PointCloud(points_in_world=cloud.points_in_world[rows], colors_rgb=cloud.colors_rgb[rows])

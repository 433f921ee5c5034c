"""Where are the points that the features of each image observe? In arrays: asking COLMAP for each takes ten times as long."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.sfm.model_comparison import point_ids


class ObservedPoints:
    """The points of a model that does not change meanwhile; `model` is a `pycolmap.Reconstruction`."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._ids = np.array(sorted(model.point3D_ids()), np.int64)
        self._in_world = np.array([model.point3D(each).xyz for each in self._ids.tolist()]).reshape(-1, 3)
        self._places: dict[
            int, NDArray[np.int32]
        ] = {}  # of each image: where the point of each feature is; -1: nowhere

    def of(self, number: int, features: NDArray[np.uint32]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The points (N, 3) float64 in world that features (M,) uint32 of an image observe, and rows (N,) of these features."""
        places = self._places_of(number)[features]
        rows = np.flatnonzero(places >= 0)
        return self._in_world[places[rows]], rows

    def _places_of(self, number: int) -> NDArray[np.int32]:
        if number not in self._places:
            ids = point_ids(self._model, number)
            self._places[number] = np.where(ids >= 0, np.searchsorted(self._ids, ids), -1).astype(np.int32)
        return self._places[number]

"""Which points of a project are published? Those of all shards of the leading component, read from the disk."""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reconstructor.clouds.ply import WideCloud, read_ply
from reconstructor.exports.origins import NothingToExportError, Origin
from reconstructor.storage.reference_set import ReferenceSet
from reconstructor.storage.store import Store


def published_points(origin: Origin, most: int) -> tuple[NDArray[np.float64], int]:
    """The points (N, 3) that are published, in the world; of more than `most` every second, third, … one, and this step.

    Raises:
        NothingToExportError: a replay publishes nothing.
        ShardGoneError, StoreError: files are damaged.
    """
    reference, folder = _stored(origin)
    step = max(1, -(-reference.manifest.point_count // most))
    return Store.read_only(folder).generation_files.every_nth(reference, step), step


def published_cloud(origin: Origin) -> WideCloud:
    """Every stored point of the leading component, in the world.

    Raises:
        NothingToExportError: a replay publishes nothing.
        ShardGoneError, StoreError: files are damaged.
    """
    reference, folder = _stored(origin)
    with tempfile.TemporaryDirectory() as name:
        merged = Path(name) / "merged.ply"
        Store.read_only(folder).generation_files.write_merged(reference, merged)
        return read_ply(merged, reference.manifest.point_count)


def _stored(origin: Origin) -> tuple[ReferenceSet, Path]:
    if origin.reference is None or origin.store_folder is None:
        raise NothingToExportError("there are no dense points: place more photographs")
    return origin.reference, origin.store_folder

"""Which points of a project are published? Those of all shards of the leading component, read from the disk."""

import tempfile
from pathlib import Path

from reconstructor.clouds.ply import WideCloud, read_ply
from reconstructor.exports.origins import NothingToExportError, Origin
from reconstructor.storage.store import Store


def published_cloud(origin: Origin) -> WideCloud:
    """Every stored point of the leading component, in the world.

    Raises:
        NothingToExportError: a replay publishes nothing.
        ShardGoneError, StoreError: files are damaged.
    """
    if origin.reference is None or origin.store_folder is None:
        raise NothingToExportError("there are no dense points: place more photographs")
    files = Store.read_only(origin.store_folder).generation_files
    with tempfile.TemporaryDirectory() as name:
        merged = Path(name) / "merged.ply"
        files.write_merged(origin.reference, merged)
        return read_ply(merged, origin.reference.manifest.point_count)

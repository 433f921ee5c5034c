"""A black box whose refetch returns the cloud in another world: twice as large, and moved 5 along x."""

import json
from pathlib import Path

import numpy as np

from broker.shards import PointCloud, encode_ply
from tests.black_boxes import instant, patch


def moves_the_world(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Like `instant`, but a refetch moves the world and says so."""
    known = Path("known.txt").read_text(encoding="ascii").split() if Path("known.txt").exists() else []
    is_refetch = not old_point_cloud and new_img_id in known
    folder = Path(instant(input_img_path, old_point_cloud, new_img_id))
    if is_refetch:
        for path in folder.glob("*.ply"):
            before = patch(path.stem)
            there = 2.0 * before.points_in_world + np.array([5, 0, 0], np.float32)
            path.write_bytes(encode_ply(PointCloud(points_in_world=there, colors_rgb=before.colors_rgb)))
        file = folder / "update.json"
        moved = {"scale": 2.0, "rotation_wxyz": [1, 0, 0, 0], "translation": [5, 0, 0]}
        update = json.loads(file.read_text(encoding="utf-8")) | {"world_from_previous": moved}
        file.write_text(json.dumps(update), encoding="utf-8")
    return str(folder)

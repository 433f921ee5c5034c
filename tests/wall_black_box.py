"""A foreign black box that sees a wall with a hole: points and cameras, and nothing of the built-in engine's."""

from pathlib import Path

import numpy as np

from broker.manifest import CameraState
from broker.shards import PointCloud, encode_ply
from reconstructor.black_box import CameraUpdate, Update, write_update
from tests.walls import photographer, wall

PLACES = (-1.5, -1.0, 1.0, 1.5)
SPARSE = 400


def wall_with_hole(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """The whole wall at the first photograph, one point more at each further one; up to four photographs."""
    return _answer(old_point_cloud, new_img_id, stride=1)


def sparse_wall(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Like `wall_with_hole`, with one point of 400."""
    return _answer(old_point_cloud, new_img_id, stride=SPARSE)


def _answer(old_point_cloud: str, new_img_id: str, *, stride: int) -> str:
    known_path = Path("known.txt")
    known = known_path.read_text(encoding="ascii").split() if known_path.exists() else []
    known += [new_img_id] if new_img_id not in known else []
    known_path.write_text("\n".join(known), encoding="ascii")
    points = wall()[::stride] if not old_point_cloud else wall()[len(known) : len(known) + 1]
    folder = Path(f"answer-{len(known)}-{'add' if old_point_cloud else 'all'}").absolute()
    folder.mkdir(exist_ok=True)
    cloud = PointCloud(points_in_world=points.astype(np.float32), colors_rgb=np.full(points.shape, 150, np.uint8))
    (folder / "wall.ply").write_bytes(encode_ply(cloud))
    update = Update(cameras=tuple(_camera(image, x) for image, x in zip(known, PLACES, strict=False)), up=(0, 0, 1))
    write_update(update, folder)
    return str(folder)


def _camera(image_id: str, x: float) -> CameraUpdate:
    view = photographer(1, x)
    return CameraUpdate.model_validate(
        {
            "image_id": image_id,
            "state": CameraState.PLACED,
            "world_from_camera": np.linalg.inv(view.camera_from_world).tolist(),
            "intrinsics": view.intrinsics.tolist(),
            "width_px": view.width,
            "height_px": view.height,
        }
    )

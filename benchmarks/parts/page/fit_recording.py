"""What does a project look like after each photograph? The built-in engine without dense depth, its answers kept in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from broker.ids import ImageId
from broker.manifest import CameraEntry, CameraState
from broker.shards import PointCloud, decode_ply
from reconstructor.black_box import CameraUpdate, Triple, cloud_name
from reconstructor.engine.settings import EngineSettings
from reconstructor.replay.replayer import ReplayPlan, ReplayStep, order_photographs, replay


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recorded:
    """The answer to one photograph or refetch: new points, or all of them after a refetch, and every camera."""

    image_count: int
    is_refetch: bool
    cloud: PointCloud
    cameras: tuple[CameraEntry, ...]
    up: Triple | None


def record(photographs: Path, out: Path) -> list[Recorded]:
    """Replay a folder; an answer without points changes only the cameras."""
    steps: list[Recorded] = []
    plan = ReplayPlan(
        photographs=order_photographs(photographs), out=out, settings=EngineSettings(dense=False), refetch_every=10
    )
    replay(plan, lambda step: steps.append(_recorded(step)))
    return steps


def _recorded(step: ReplayStep) -> Recorded:
    path, update = step.outcome.folder / cloud_name(0), step.outcome.update
    return Recorded(
        image_count=step.done,
        is_refetch=step.is_refetch,
        cloud=decode_ply(path.read_bytes()) if path.is_file() else PointCloud.empty(),
        cameras=tuple(_entries(update.cameras)),
        up=update.up,
    )


def _entries(cameras: tuple[CameraUpdate, ...]) -> Iterator[CameraEntry]:
    for number, camera in enumerate(cameras, 1):
        is_placed = camera.state is CameraState.PLACED and camera.component == 0
        yield CameraEntry(
            image_id=ImageId(f"fit-{number:06d}-{number:016x}"),
            image_number=number,
            state=CameraState.PLACED if is_placed else CameraState.WAITING,
            world_from_camera=camera.world_from_camera if is_placed else None,
            intrinsics=camera.intrinsics if is_placed else None,
            width_px=camera.width_px or None,
            height_px=camera.height_px or None,
        )

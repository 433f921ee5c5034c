"""Which camera does a rig have, and how is it opened?"""

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from edge_agent.camera import Camera, CameraUnusableError
from edge_agent.cameras.folder import FolderCamera


class CameraKind(StrEnum):
    FOLDER = "folder"
    WATCH = "watch"
    SIMULATED = "simulated"


class CameraMissingError(CameraUnusableError):
    """The software that this camera needs is not installed."""

    code = "camera_missing"


class CameraPlan(BaseModel):
    """What the camera's process is told when it starts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: CameraKind = CameraKind.SIMULATED
    folder: Path | None = None
    object_name: str = "facade"
    count: int = Field(default=24, ge=1)
    first: int = Field(default=0, ge=0)
    taken_sources: tuple[str, ...] = ()


def open_camera(plan: CameraPlan) -> Camera:
    """Opens the planned camera.

    Raises:
        CameraMissingError: a package is not installed; the message names it.
        CameraUnusableError: the device or folder is not there.
    """
    if plan.kind is CameraKind.SIMULATED:
        return _simulated(plan)
    if plan.folder is None:
        raise CameraUnusableError(f"a {plan.kind} camera needs a folder: name it with --photos")
    return FolderCamera(plan.folder, is_watched=plan.kind is CameraKind.WATCH, taken_sources=plan.taken_sources)


def _simulated(plan: CameraPlan) -> Camera:
    try:
        from edge_agent.cameras.simulated.camera import SimulatedCamera  # noqa: PLC0415 - brings numpy and Open3D
    except ImportError as exc:
        raise CameraMissingError(
            f"the simulated camera needs {exc.name}: pip install 'cairn[simulation]', or choose another camera"
        ) from exc
    return SimulatedCamera(plan.object_name, count=plan.count, first=plan.first)

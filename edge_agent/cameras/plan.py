"""Which camera does a rig have? One class per kind, chosen by a plan that is sent to the camera's process."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from edge_agent.cameras.camera import Camera, CameraUnusableError
from edge_agent.cameras.folder import FolderCamera
from edge_agent.cameras.gphoto2 import Gphoto2Camera
from edge_agent.cameras.picamera import Picamera
from edge_agent.cameras.v4l2 import UsbCamera
from edge_agent.config import CameraKind, Settings


class NoCameraChosenError(CameraUnusableError):
    """The settings name no camera."""

    code = "no_camera_chosen"
    remedy = "Choose one with --camera, or with camera below [edge] in cairn.toml; docs/capture.md lists them."


class CameraMissingError(CameraUnusableError):
    """The software that this camera needs is not installed."""

    code = "simulation_missing"
    remedy = "Install the simulated camera: `deploy/setup.sh demo`."


class CameraPlan(BaseModel):
    """The camera's configuration, which its process reads at the start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: CameraKind = CameraKind.SIMULATED
    folder: Path | None = None
    object_name: str = "facade"
    count: int = Field(default=24, ge=1)
    first: int = Field(default=0, ge=0)
    taken_sources: tuple[str, ...] = ()
    device: int = Field(default=0, ge=0)
    size_px: tuple[int, int] | None = None
    lens_mm: float | None = None
    focus_m: float | None = None
    is_locked: bool = True
    shot_timeout_s: float = 60.0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The plan that the rig's settings describe; raises NoCameraChosenError."""
        if settings.camera is None:
            kinds = ", ".join(CameraKind)
            raise NoCameraChosenError(
                f"no camera is chosen: say --camera with one of {kinds}, or set camera below [edge] in cairn.toml"
            )
        return cls(
            kind=settings.camera,
            folder=settings.folder,
            object_name=settings.object_name,
            count=settings.count,
            device=settings.device,
            size_px=settings.size_px,
            lens_mm=settings.lens_mm,
            focus_m=settings.focus_m,
            is_locked=settings.is_locked,
            shot_timeout_s=settings.shot_timeout_s,
        )


def open_camera(plan: CameraPlan) -> Camera:
    """Open the planned camera.

    Raises:
        CameraMissingError: a package is not installed; the message names it.
        CameraUnusableError: the device or folder does not exist.
    """
    match plan.kind:
        case CameraKind.SIMULATED:
            return _simulated(plan)
        case CameraKind.PICAMERA:
            return Picamera(lens_mm=plan.lens_mm, focus_m=plan.focus_m, is_locked=plan.is_locked)
        case CameraKind.V4L2:
            return UsbCamera(plan.device, size_px=plan.size_px)
        case CameraKind.GPHOTO2:
            return Gphoto2Camera(shot_timeout_s=plan.shot_timeout_s)
        case CameraKind.FOLDER | CameraKind.WATCH:
            return _folder(plan)


def _folder(plan: CameraPlan) -> Camera:
    if plan.folder is None:
        raise CameraUnusableError(f"a {plan.kind} camera needs a folder: name it with --photos")
    return FolderCamera(plan.folder, is_watched=plan.kind is CameraKind.WATCH, taken_sources=plan.taken_sources)


def _simulated(plan: CameraPlan) -> Camera:
    try:
        from edge_agent.cameras.simulated.camera import SimulatedCamera  # noqa: PLC0415 - brings numpy and Open3D
    except ImportError as exc:
        raise CameraMissingError(
            f"the simulated camera needs {exc.name}: run `deploy/setup.sh demo`, or choose another camera"
        ) from exc
    return SimulatedCamera(plan.object_name, count=plan.count, first=plan.first)

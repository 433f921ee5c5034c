"""How is a camera simulated? An object is ray traced along a path; each view comes with its true depth and pose."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_agent.cameras.camera import CameraExhaustedError, CameraUnusableError
from edge_agent.cameras.simulated.lens import Lens, encode_jpeg
from edge_agent.cameras.simulated.noise import Floats
from edge_agent.cameras.simulated.objects import OBJECTS, HeritageObject
from edge_agent.cameras.simulated.path import Pose
from edge_agent.cameras.simulated.renderer import Intrinsics, Renderer
from edge_agent.photograph import Photograph, now_utc

DEFAULT_SIZE_PX = (1224, 816)
DEFAULT_COUNT = 24


class UnknownObjectError(CameraUnusableError):
    """A name that no object has."""

    code = "unknown_object"
    remedy = "Choose one of the objects that the message lists."


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedView:
    """One view and its truth.

    image_rgb (H, W, 3) uint8 sRGB as the sensor gave it; depth (H, W) float32 world units along camera +z, inf where
    the sky is; normals (H, W, 3) float32 in world, towards the camera; world_from_camera (4, 4) float64, OpenCV axes.
    """

    image_rgb: NDArray[np.uint8]
    depth: Floats
    normals: Floats
    world_from_camera: Pose
    intrinsics: Intrinsics


class SimulatedObject:
    """A heritage object that can be rendered from any pose; `poses` is the path of its photographer."""

    def __init__(
        self, name: str = "facade", *, count: int = DEFAULT_COUNT, size_px: tuple[int, int] = DEFAULT_SIZE_PX
    ) -> None:
        self.definition = _find(name)
        self.poses = self.definition.poses(count)
        self.intrinsics = self.definition.lens.intrinsics(*size_px)
        self.mesh = self.definition.build()
        self._renderer = Renderer(self.mesh, light=self.definition.light)

    def view(self, index: int, *, lens: Lens | None = None) -> SimulatedView:
        """Render photograph `index` of the path; the same index gives the same pixels."""
        return self.view_from(self.poses[index], seed=index, lens=lens)

    def view_from(self, world_from_camera: Pose, *, seed: int = 0, lens: Lens | None = None) -> SimulatedView:
        """Render from any pose; `seed` chooses this shot's noise and exposure.

        Another lens than the object's own develops the light differently; its focal length is not looked at.
        """
        rendering = self._renderer.render(world_from_camera, self.intrinsics)
        return SimulatedView(
            image_rgb=(lens or self.definition.lens).develop(rendering.radiance_rgb, seed=seed),
            depth=rendering.depth,
            normals=rendering.normals,
            world_from_camera=world_from_camera,
            intrinsics=self.intrinsics,
        )


class SimulatedCamera:
    """A camera along an object's path, once and in order. Building the object takes seconds, a shot about two."""

    def __init__(
        self,
        object_name: str = "facade",
        *,
        count: int = DEFAULT_COUNT,
        size_px: tuple[int, int] = DEFAULT_SIZE_PX,
        first: int = 0,
    ) -> None:
        self._name, self._count, self._next = object_name, count, first
        self._object = SimulatedObject(object_name, count=count, size_px=size_px) if first < count else None

    def capture(self) -> Photograph:
        if self._object is None or self._next >= self._count:
            raise CameraExhaustedError(f"the {self._name}'s {self._count} photographs are taken")
        view, taken_at = self._object.view(self._next), now_utc()
        content = encode_jpeg(view.image_rgb, self._object.definition.lens, taken_at, serial=f"sim-{self._name}")
        self._next += 1
        return Photograph(
            content=content,
            content_type="image/jpeg",
            captured_at=taken_at,
            file_name=f"{self._name}-{self._next:04d}.jpg",
        )

    def close(self) -> None:
        self._object = None


def write_photographs(
    name: str, folder: Path, *, count: int = DEFAULT_COUNT, size_px: tuple[int, int] = DEFAULT_SIZE_PX
) -> list[Path]:
    """Write an object's photographs as JPEG files, for programs that read folders."""
    camera, paths = SimulatedCamera(name, count=count, size_px=size_px), []
    for _ in range(count):
        photograph = camera.capture()
        paths.append(folder / (photograph.file_name or ""))
        paths[-1].write_bytes(photograph.content)
    return paths


def _find(name: str) -> HeritageObject:
    if name not in OBJECTS:
        raise UnknownObjectError(f"no object is called {name!r}; choose one of {', '.join(OBJECTS)}")
    return OBJECTS[name]

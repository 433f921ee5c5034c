"""What can an engine do? The richer protocol behind the seam: one engine holds one project's model."""

from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from reconstructor.black_box import Update


class Outcome(BaseModel):
    """What one call brought: an update, and the folder that holds it with its PLYs, if there are points."""

    model_config = ConfigDict(frozen=True)

    update: Update
    folder: Path


class Engine(Protocol):
    """Grows a model image by image. Calls do not overlap; the state on disk survives a kill at any point."""

    def knows(self, image_id: str) -> bool:
        """Whether this image was added before."""
        ...

    def add_image(self, path: Path, image_id: str, *, wants_complete_cloud: bool = False) -> Outcome:
        """Place an image, or say why it waits or is rejected; the folder holds the points that are new.

        Adding an image id again changes nothing.
        """
        ...

    def refetch(self) -> Outcome:
        """Solve everything anew; the folder holds the complete cloud, in the same world frame."""
        ...

    def close(self) -> None:
        """Let go of memory and child processes; everything is on disk already."""
        ...

"""What can an engine do? The richer protocol behind the seam: one engine holds one project's model."""

from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from reconstructor.black_box import Update
from reconstructor.engine.solver import SolveVerdict


class Outcome(BaseModel):
    """What one call brought: an update, and the folder that holds it with its PLYs, if there are points."""

    model_config = ConfigDict(frozen=True)

    update: Update
    folder: Path
    seconds_by_stage: dict[str, float] = {}
    solve: SolveVerdict | None = None  # of a refetch that came to a verdict


class Engine(Protocol):
    """Grows a model image by image. The state on disk survives a kill at any point.

    Any thread may call. Images can be added while a refetch runs in another thread: it solves in a process of its own
    and takes the model only to copy it and, at the end, to replace it.
    """

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

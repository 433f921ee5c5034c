"""What can an engine do? The richer protocol behind the seam: one engine holds one project's model."""

from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from reconstructor.black_box import Update
from reconstructor.engine.sfm.solver import SolveVerdict


class Outcome(BaseModel):
    """What one call brought: an update, and the folder that holds it with its PLYs, if there are points."""

    model_config = ConfigDict(frozen=True)

    update: Update
    folder: Path
    seconds_by_stage: dict[str, float] = {}
    solve: SolveVerdict | None = None  # of a refetch that came to a verdict


class Engine(Protocol):
    """Grows a model image by image. The state on disk survives a kill at any point.

    Any thread may call. Images can be added while a refetch runs in another thread: it solves in a process of its own,
    makes the next model beside the live one, and holds up images only while that takes over.
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
        """Solve everything again; the folder holds the complete cloud, in the same world frame.

        It holds every image that was added before the new model took over. If none did, it holds no points, and the
        update says why; every update's `solution` counts how often one did.
        """
        ...

    def close(self) -> None:
        """Let go of child processes; everything is on disk already, and calls under way write nothing more.

        A refetch under way ends with EngineClosedError, within 2 s while it solves.
        """
        ...

"""What can an engine do? The typed protocol behind the black box: one engine holds one project's model."""

from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from reconstructor.black_box import Update
from reconstructor.engine.sfm.solver import SolveVerdict


class EngineResult(BaseModel):
    """Result of one call: an update, and the folder with the update and, if there are points, its PLYs."""

    model_config = ConfigDict(frozen=True)

    update: Update
    folder: Path
    seconds_by_stage: dict[str, float] = {}
    solve: SolveVerdict | None = None  # only of a refetch whose solver finished


class Engine(Protocol):
    """Grows a model image by image. The state on disk survives a kill at any point.

    Any thread may call. Images can be added while a refetch runs in another thread: it solves in a child process and
    builds the next model in parallel to the live one. It blocks images only while it replaces the live model.
    """

    def knows(self, image_id: str) -> bool:
        """Whether this image was added before."""
        ...

    def add_image(self, path: Path, image_id: str, *, wants_complete_cloud: bool = False) -> EngineResult:
        """Place an image, or report why it waits or is rejected; the folder holds the new points.

        Adding an image id again changes nothing.
        """
        ...

    def refetch(self) -> EngineResult:
        """Solve everything again; the folder holds the complete cloud, in the same world frame.

        The cloud includes every image that was added before the new model replaced the live one. If the gate rejects
        the new model, the folder holds no points and the update says why. `solution` in every update counts the
        replacements.
        """
        ...

    def close(self) -> None:
        """Stop child processes; all finished steps are on disk, and running calls write nothing more.

        A running refetch ends with EngineClosedError, within 2 s while it solves.
        """
        ...

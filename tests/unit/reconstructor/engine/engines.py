"""What tests of the engine start from and read: a folder with the first images, a stand-in for the solver, poses."""

from pathlib import Path
from typing import Any

import numpy as np

from reconstructor.black_box import Update
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.solve_tasks import SolveTask
from tests.unit.reconstructor.engine.synthetic import Photographs


def add_first(photographs: Photographs, folder: Path, settings: EngineSettings, count: int) -> Path:
    """Add the first photographs to an engine in a folder, and return the folder."""
    engine = LiveEngine(folder, settings)
    for path in photographs.paths[:count]:
        engine.add_image(path, path.stem)
    return folder


def poses(update: Update) -> np.ndarray:
    """List the poses (N, 4, 4) of the placed images."""
    return np.array([camera.world_from_camera for camera in update.cameras if camera.world_from_camera is not None])


def solved(task: SolveTask) -> tuple[None, Any, str]:
    """Return what a solver would: the model as it is, in another process's memory."""
    assert task.live is not None
    return None, pycolmap.Reconstruction(task.live), ""

"""What cloud do some photographs of a simulated object give? Depth as the engine makes it, with exact cameras."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.dense import measure
from benchmarks.parts.dense.truth import Posed, posed_shots, simulated_object
from edge_agent.cameras.simulated.camera import SimulatedObject, SimulatedView
from edge_agent.cameras.simulated.path import Pose
from reconstructor.coverage.viewpoints import Viewpoint
from reconstructor.engine.mvs.dense_model import DenseSettings
from reconstructor.engine.mvs.densifier import sweep_settings
from reconstructor.engine.mvs.views import View
from reconstructor.engine.settings import Quality

Floats = NDArray[np.float64]

PATH_COUNT = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stage:
    """A simulated object, its surface, and where its photographer stands."""

    name: str
    simulated: SimulatedObject
    surface: Any
    poses: list[Pose]

    @classmethod
    def of(cls, name: str, width: int) -> "Stage":
        simulated, surface = simulated_object(name, width)
        return cls(name=name, simulated=simulated, surface=surface, poses=simulated.definition.poses(PATH_COUNT))

    def posed(self, poses: list[Pose]) -> Posed:
        """The photographs from these poses, with exact cameras."""
        shots: list[SimulatedView] = [self.simulated.view_from(pose, seed=number) for number, pose in enumerate(poses)]
        return posed_shots(self.name, shots, self.surface, device=torch.device("cpu"))


def part_of(posed: Posed, rows: list[int]) -> Posed:
    """Some of the photographs."""
    return replace(
        posed,
        views=[posed.views[row] for row in rows],
        sparse_errors_px=[posed.sparse_errors_px[row] for row in rows],
        depths=[posed.depths[row] for row in rows],
    )


def cloud_of(posed: Posed) -> Floats:
    """The dense points (N, 3) of the photographs."""
    return measure(posed, DenseSettings(), sweep_settings(Quality.STANDARD)).cloud.points_in_world


def viewpoints(posed: Posed) -> list[Viewpoint]:
    """The photographs as coverage knows them: cameras alone."""
    return [_viewpoint(view) for view in posed.views]


def _viewpoint(view: View) -> Viewpoint:
    return Viewpoint(
        number=view.image_number,
        camera_from_world=view.camera_from_world,
        intrinsics=np.asarray(view.intrinsics, np.float64),
        width=view.width,
        height=view.height,
    )

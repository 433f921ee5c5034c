"""How is the next model made while the live one goes on? Beside it, from a solution, until it only has to take over."""

from collections.abc import Collection
from typing import Any

from broker.shards import PointCloud
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.mvs.dense_model import Report
from reconstructor.engine.mvs.densifier import Densifier
from reconstructor.engine.mvs.depth_maps import SurfacePoints
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.restore import add_to_mapper, build_mapper

World = tuple[int, bool]


class NextModel:
    """A model with a mapper and depth maps of its own. Of the live one it reads only what never changes once it is known.

    Args:
        solution: a `pycolmap.Reconstruction` that lies in the project's world.
        numbers: the images to begin with, those of the solution among them.
        known: what the engine knows of the images; it may grow meanwhile.
        world: of the live mapper; if that is another one in the end, this model does not fit any more.
    """

    def __init__(
        self, *, solution: Any, numbers: Collection[int], known: KnownImages, world: World, settings: EngineSettings
    ) -> None:
        self.world = world
        self.densifier: Densifier | None = None
        self._known, self._numbers = known, set(numbers)
        self.mapper = build_mapper(known, settings, self._numbers)
        self.mapper.world_count = world[0]
        self.mapper.swap(solution)
        self.just_placed = self.mapper.place(self._waiting())
        self._points: list[SurfacePoints] = []

    def rebuild(self, live: Densifier, report: Report) -> None:
        """Make the dense cloud again, beginning with the depth maps of the live model."""
        self.densifier = live.next_densifier(self.mapper)
        self._points = [self.densifier.rebuild(report)]

    def missing(self, numbers: Collection[int]) -> list[int]:
        """Which of these images it does not know yet."""
        return [number for number in numbers if number not in self._numbers]

    def catch_up(self, numbers: Collection[int], live: Densifier | None) -> None:
        """Take in images that came meanwhile; depth maps that the live model made of them are kept if they fit."""
        for number in numbers:
            add_to_mapper(number, self._known, self.mapper)
            self._numbers.add(number)
        self.just_placed += self.mapper.place(self._waiting()) if numbers else []
        if self.densifier is not None and live is not None:
            self._points.append(self.densifier.catch_up(live))

    def cloud(self) -> PointCloud:
        """All dense points."""
        return SurfacePoints.join(self._points).cloud()

    def _waiting(self) -> list[int]:
        return [number for number in sorted(self._numbers) if not self.mapper.is_placed(number)]


def world_of(mapper: LiveMapper) -> World:
    """Names the frame in which a mapper's model lies; it changes when the model is begun, or begun again."""
    return mapper.world_count, mapper.is_initialised

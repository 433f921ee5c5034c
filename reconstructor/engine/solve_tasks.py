"""What is solved in a refetch? Each component on its own images; components that one photograph links are solved as one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final, Self

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.live_component import LiveComponent
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.joining import is_linked, joined
from reconstructor.engine.sfm.model_comparison import placed_numbers

_LEAD_RATIO: Final = 1.2  # two components that grow in turn must not change places at every refetch


@dataclass(slots=True, kw_only=True, eq=False)
class SolveTask:
    """The task of one solver.

    Attributes:
        component: the live component whose frame the solution is moved into.
        model: a copy of its model; None before the first two images, and once the solution was moved into its frame.
        world: the world of its mapper when the model was copied; if the mapper has another one later, it began again.
        live: the model to be replaced: `model`, with the images of `absorbed` if these fit.
        placed: the images that `model` places.
        numbers: the images to solve.
        absorbed: the components that are to be solved as one with it.
        left_out: images that its solution could not place safely.
        only_newest_moved: whether its solution is the live model, in which only the newest images were adjusted.
    """

    component: LiveComponent
    model: Any | None
    world: tuple[int, bool] = (0, False)
    live: Any | None = None
    placed: set[int] = field(default_factory=set)
    numbers: set[int] = field(default_factory=set)
    absorbed: "list[SolveTask]" = field(default_factory=list)
    left_out: set[int] = field(default_factory=set)
    only_newest_moved: bool = False

    def __post_init__(self) -> None:
        self.placed = set() if self.model is None else placed_numbers(self.model)
        self.live, self.numbers = self.model, set(self.placed)

    @classmethod
    def of(cls, component: LiveComponent) -> Self:
        """The task of a live component alone; only the holder of the engine's lock may call."""
        mapper = component.mapper
        world = mapper.world_count, mapper.is_initialised
        model = pycolmap.Reconstruction(mapper.model) if mapper.is_initialised else None
        return cls(component=component, model=model, world=world)

    def release(self) -> None:
        """Give up the copied model, 60 MB for two thousand images: another mapper is to be built."""
        self.model = self.live = None

    def alone(self) -> "SolveTask":
        """The same component without those that were to join it."""
        return SolveTask(component=self.component, model=self.model, world=self.world)

    def apart(self) -> "list[SolveTask]":
        """The component and those that were to join it, each to keep its live model; images that wait stay with the first."""
        first, others = self.alone(), [each.alone() for each in self.absorbed]
        first.numbers = self.numbers.difference(*(each.placed for each in others))
        return [each for each in (first, *others) if each.model is not None]

    def absorb(self, other: "SolveTask", known: KnownImages, settings: EngineSettings) -> None:
        """Take another component's images in; if they cannot be registered, the solver finds out whether they fit."""
        self.live = joined(self.live, other.live, known, settings) or self.live
        self.numbers |= other.numbers
        self.absorbed += [other, *other.absorbed]


def tasks_of(
    alone: Sequence[SolveTask], waiting: Iterable[int], known: KnownImages, settings: EngineSettings
) -> list[SolveTask]:
    """The tasks of a refetch, that of the component that will lead first.

    The larger component leads from the next generation on: the one that leads now, unless another has a fifth more images.

    Args:
        alone: the task of each component, the leading one first.
        waiting: the images that are placed nowhere; each is solved with the component that it matches most.
        known: what the engine knows of the images.
        settings: the engine's settings.
    """
    leading, *further = alone
    tasks = [leading, *sorted(further, key=lambda task: -len(task.numbers))]
    while (linked := next((pair for pair in combinations(tasks, 2) if _are_linked(*pair, known)), None)) is not None:
        first, second = linked
        first.absorb(second, known, settings)
        tasks.remove(second)
    largest = max(tasks, key=lambda task: len(task.numbers))
    if len(largest.numbers) > _LEAD_RATIO * len(leading.numbers):
        tasks.remove(largest)
        tasks.insert(0, largest)
    for number in waiting:
        _best(tasks, number, known).numbers.add(number)
    return tasks


def _are_linked(first: SolveTask, second: SolveTask, known: KnownImages) -> bool:
    if first.live is None or second.live is None:
        return False
    return is_linked(first.live, second.live, known) or is_linked(second.live, first.live, known)


def _best(tasks: Sequence[SolveTask], number: int, known: KnownImages) -> SolveTask:
    def match_count(task: SolveTask) -> int:
        return sum(len(pair.matches) for pair in known.pairs[number] if known.other(pair, number) in task.numbers)

    return max(tasks, key=match_count)

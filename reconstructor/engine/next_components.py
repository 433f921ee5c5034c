"""How do all components get their next models? Each is built beside its live one; then all are replaced at once."""

import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import Any, Final, NamedTuple, Self

from broker.shards import PointCloud
from reconstructor.clouds.similarity import DegenerateGeometryError
from reconstructor.engine import colmap
from reconstructor.engine.components import Components, NewDensifier, is_full
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.groups import LEAST_IMAGES, connected_groups, mapper_of_group, observing_little
from reconstructor.engine.live_component import LiveComponent
from reconstructor.engine.mvs.dense_model import Report
from reconstructor.engine.mvs.surface_loss import SurfaceLostError
from reconstructor.engine.next_model import Inherited, NextModel, world_of
from reconstructor.engine.priority import Pause, no_pause
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.equal_parts.repeated_matches import EarlierPairs
from reconstructor.engine.sfm.joining import has_most
from reconstructor.engine.sfm.model_comparison import similarity_between
from reconstructor.engine.solve_tasks import SolveTask

_MOST_MISSING: Final = 5  # 0.3 s; a loop of fewer would hardly end beside images that follow each other without a pause
_MOST_SHARE: Final = 0.95  # of the points that the reconstructor takes; the rest is for what has no next model
_THINNED_SHARE: Final = 0.9  # so that the next images do not make it fuse again


class Arrival(NamedTuple):
    """An image that came since the refetch began.

    Attributes:
        home: the number of the live component that places it; None while it waits.
        pairs: those that a live component's mapper found credible, by number of each component that knows the image.
    """

    home: int | None
    pairs: Mapping[int, tuple[Pair, ...]]

    @classmethod
    def of(cls, number: int, live: Components) -> Self:
        home = live.of(number)
        knowing = [each for each in live.every if each.mapper.knows(number)]
        pairs = {each.number: tuple(each.mapper.pairs.get(number, ())) for each in knowing}
        return cls(home=None if home is None else home.number, pairs=pairs)


class NextComponents:
    """The next models of the live components; a component without one stays as it is.

    Args:
        known: what the engine knows of the images.
        settings: the engine's settings.
        leads: the number of the live component that will lead, if it gets a next model.
        pause: called between short parts of the work, while images can be added.
    """

    def __init__(self, known: KnownImages, settings: EngineSettings, leads: int, pause: Pause = no_pause) -> None:
        self._known, self._settings, self._leads, self._pause = known, settings, leads, pause
        self._models: dict[int, NextModel] = {}  # by number of the live component
        self._successors: dict[int, int] = {}  # of the live components that were joined with another one
        self._begun: list[NextModel] = []  # of images that the solutions left out
        self._seen: set[int] = set()

    @property
    def leads(self) -> int:
        """The number of the live component that will lead: the one that leads now if the other has no next model."""
        return self._leads if self._leads in self._models else 0

    def add(self, task: SolveTask, solution: Any, numbers: Sequence[int], lock: RLock) -> None:
        """Build the next model of a task from its solution, which is moved into the live component's frame.

        The frame is that of the model which the task has copied: the live one keeps it unless it begins again. Images of a
        component that did not join are taken out of the next model again.

        Args:
            task: what was solved.
            solution: the `pycolmap.Reconstruction` that came of it.
            numbers: the images that were known when the tasks were made.
            lock: only its holder may change the live components and what is known.

        Raises:
            DegenerateGeometryError: the solution shares too few points with that model.
        """
        component = task.component
        with lock:
            world, snapshot, inherited = world_of(component.mapper), self._known.snapshot(), _inherited(task)
            if task.model is None and component.mapper.is_initialised:  # a few images, begun meanwhile
                solution.transform(colmap.sim3(similarity_between(component.mapper.model, solution)))
        if task.model is not None:  # a copy: for thousands of images this takes seconds
            world = task.world
            if inherited is None:  # else the images around those that moved have kept the frame
                solution.transform(colmap.sim3(similarity_between(task.model, solution)))
            task.release()
        apart = [each for each in task.absorbed if not has_most(solution, each.placed)]
        left_out = set[int]().union(*(each.placed for each in apart))
        model = NextModel.of(
            solution=solution,
            numbers=[number for number in numbers if not self._models or number not in self._placed()],
            own=task.numbers - left_out,
            known=self._known,
            snapshot=snapshot,
            inherited=inherited,
            world=world,
            settings=self._settings,
            left_out=task.left_out,
            pause=self._pause,
        )
        self._models[component.number] = model
        self._seen.update(numbers)
        for each in task.absorbed:
            if each not in apart:
                self._successors[each.component.number] = component.number
        for each in apart:
            self.keep(each.alone(), numbers, lock)

    def keep(self, task: SolveTask, numbers: Sequence[int], lock: RLock) -> None:
        """Build the next models of a task without a solution from the live ones; arguments as of `add`."""
        for each in task.apart():
            with contextlib.suppress(DegenerateGeometryError):  # it stays as it is
                self.add(each, each.model, numbers, lock)

    def rebuild(self, live: Components, reports: Callable[[int], Report]) -> dict[int, str]:
        """Compute the dense clouds again; depth maps of the live components are reused where they fit.

        Images that the solutions left out begin components of their own, where they fit each other.

        Returns:
            What speaks against next models that would lose surface, by number of the component; they are given up.
        """
        objections: dict[int, str] = {}
        self._begin_left_out(live)
        for order, (number, model) in enumerate(list(self._models.items())):
            densifier = _find(live, number).densifier
            try:
                if densifier is not None:
                    model.rebuild(densifier, reports(order))
            except SurfaceLostError as exc:
                objections[number] = exc.sentence
                self._give_up(number)
        for model in self._begun:
            densifier = _home(live, model).densifier
            if densifier is not None:
                model.rebuild(densifier, reports(1), may_lose=True)  # it stood elsewhere
        self._thin()
        return objections

    def cloud(self, component: LiveComponent, sequence: int) -> PointCloud:
        """The complete cloud of a component after `replace`; what is stored of it counts for the step of this sequence."""
        following = next((each for each in self._every() if each.mapper is component.mapper), None)
        if following is None:  # it began meanwhile
            most = max(1, int((1.0 - _MOST_SHARE) * self._settings.points_limit))
            return component.cloud(sequence, is_complete=True, most_points=most)
        if component.densifier is not None:
            component.densifier.keep_all(sequence)
        dense, sparse = following.cloud(), component.sparse_cloud(is_complete=following.sparse is None)
        return dense if len(dense) else PointCloud.join([following.sparse or PointCloud.empty(), sparse])

    def arrivals(self, live: Components) -> dict[int, Arrival]:
        """The images that came since, by number; only the holder of the engine's lock may call."""
        return {number: Arrival.of(number, live) for number in self._known.numbers if number not in self._seen}

    @property
    def most_missing(self) -> int:
        """How many images may be added at the end, while live images wait: of large models more, as none is adjusted then."""
        return _MOST_MISSING if any(model.is_large for model in self._models.values()) else 1

    def catch_up(self, arrivals: Mapping[int, Arrival], live: Components, *, is_last: bool = False) -> None:
        """Add images that came since to the component that has them, those that wait to the leading one.

        The last time, the caller holds the engine's lock and there is no pause.
        """
        pause = no_pause if is_last else self._pause
        self._seen.update(arrivals)
        for number, model in self._models.items():
            own = [one for one, arrival in arrivals.items() if self._successor(arrival.home) == number]
            arrived = {
                one: arrival.pairs.get(number)
                for one, arrival in arrivals.items()
                if number == self.leads or arrival.home is None or one in own
            }
            model.catch_up(arrived, own=own, live=_find(live, number).densifier, pause=pause)
        for model in self._begun:
            own = [one for one in arrivals if one not in self._placed()]
            model.catch_up(dict.fromkeys(own), own=own, live=_home(live, model).densifier, pause=pause)
        self._thin()

    def prepare(self) -> None:
        """Measure errors and take the clouds of large models, while images can still be added.

        Not of components that begin with this refetch: they may still lose images to others.
        """
        for model in self._models.values():
            model.prepare(self._pause)

    def replace(self, live: Components, new_densifier: NewDensifier) -> Components:
        """The components to go on with; only the holder of the engine's lock may call.

        Two components that change places change their numbers. A component that began meanwhile, or has no next model,
        stays, without the images that a next model has by now.
        """
        names = {self.leads: 0, 0: self.leads}
        every = [
            LiveComponent(
                names.get(number, number),
                known=self._known,
                mapper=model.mapper,
                densifier=model.densifier,
                published=model.published,
            )
            for number, model in self._models.items()
        ]
        for each, model in zip(every, self._models.values(), strict=True):
            each.just_placed = model.just_placed
        for begun in live.every:
            if begun.number not in self._models and begun.number not in self._successors:
                least = 0 if begun.number == self.leads else LEAST_IMAGES
                if _append(begun, every, least) and begun.number in names:
                    begun.number = names[begun.number]
                    begun.mapper.described.clear()  # with the number before
        next_number = live.next_number
        for model in self._begun:
            if not is_full(every, next_number):
                begun = LiveComponent(next_number, known=self._known, mapper=model.mapper, densifier=model.densifier)
                begun.just_placed = model.just_placed
                next_number += _append(begun, every, LEAST_IMAGES)
        every.sort(key=lambda each: each.number)
        following = Components(self._known, self._settings, new_densifier, every, next_number)
        following.asked |= live.asked
        following.tried |= live.tried
        return following

    def is_of(self, live: Components) -> bool:
        """Whether the live components still have the frames that these were built in."""
        return all(model.world == world_of(_find(live, number).mapper) for number, model in self._models.items())

    def _begin_left_out(self, live: Components) -> None:
        if any(each.number not in self._models and each.number not in self._successors for each in live.every):
            return  # images of a component without a next model are not left out
        mappers = [model.mapper for model in self._models.values()]
        leading = self._models[self.leads].mapper
        if len(leading.placed_numbers()) < LEAST_IMAGES:
            return
        waiting, tried = self._seen - self._placed(), tuple(live.tried)
        for group in connected_groups(observing_little(waiting, mappers), self._known):
            if any(group <= each for each in tried) or is_full([*mappers, *self._begun], live.next_number):
                continue
            mapper = mapper_of_group(group, waiting, self._known, self._settings, leading)
            if mapper is not None:
                self._begun.append(NextModel(mapper, mapper.placed_numbers(), self._known, world_of(mapper)))

    def _thin(self) -> None:
        """Fuse the dense points in larger voxels if there are more than the reconstructor takes."""
        total, limit = sum(model.point_count for model in self._every()), self._settings.points_limit
        if total <= _MOST_SHARE * limit:
            return
        for model in filter(lambda each: each.point_count, self._every()):
            model.thin(max(1, int(_THINNED_SHARE * limit * model.point_count / total)))
        left = sum(model.point_count for model in self._every())
        sys.stderr.write(
            f"the complete cloud of {total:,} points was fused to {left:,}: {limit:,} are taken\n"
        )  # to the log

    def _every(self) -> list[NextModel]:
        return [*self._models.values(), *self._begun]

    def _give_up(self, number: int) -> None:
        """Let the live components stay that this next model was of."""
        del self._models[number]
        self._successors = {one: other for one, other in self._successors.items() if other != number}

    def _successor(self, home: int | None) -> int:
        return self.leads if home is None else self._successors.get(home, home)

    def _placed(self) -> set[int]:
        return set[int]().union(*(model.mapper.placed_numbers() for model in self._every()))


def _inherited(task: SolveTask) -> Inherited | None:
    """What the next model of a task takes over; None if more than a part of its live model's images may have moved."""
    if not task.only_newest_moved or task.absorbed:
        return None
    mapper = task.component.mapper
    pairs = tuple(pair for of_image in mapper.pairs.values() for pair in of_image)
    return Inherited(pairs=EarlierPairs(pairs=pairs, judged=mapper.judged), residuals=mapper.residuals.copy())


def _append(begun: LiveComponent, every: list[LiveComponent], least: int) -> bool:
    """Append a component without the images that the others have, if so many remain at least."""
    for number in begun.mapper.placed_numbers():
        if any(each.mapper.is_placed(number) for each in every):
            begun.mapper.remove(number)
    has_enough = len(begun.mapper.placed_numbers()) >= least
    every += [begun] if has_enough else []
    return has_enough


def _home(live: Components, model: NextModel) -> LiveComponent:
    """The live component that has most depth maps of a model's images; its mapper is not asked, because it works."""
    placed = model.mapper.placed_numbers()

    def entry_count(component: LiveComponent) -> int:
        densifier = component.densifier
        return 0 if densifier is None else sum(densifier.entry(number) is not None for number in placed)

    return max(live.every, key=entry_count)


def _find(components: Components, number: int) -> LiveComponent:
    return next(each for each in components.every if each.number == number)

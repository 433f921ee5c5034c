"""Which components does a project have? One that leads, and one for each further set of photographs that fit each other.

An image belongs to the component whose model it observes most of. Images that fit none wait; three of them that fit each
other begin another component. So the leading model never has to explain photographs of another object.
"""

from collections.abc import Callable, Iterable, Mapping, Sized
from itertools import combinations
from typing import Final, Self

from broker.shards import PointCloud
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.groups import LEAST_IMAGES, connected_groups, mapper_of_group, observing_little
from reconstructor.engine.live_component import LiveComponent, TakeCloud
from reconstructor.engine.mvs.densifier import Densifier
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.equal_parts.walk import decides
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.mapper_options import MIN_REGISTRATION_INLIERS
from reconstructor.engine.sfm.model_comparison import placed_numbers
from reconstructor.engine.sfm.restore import build_mapper
from reconstructor.engine.sfm.snapshots import Step, StepComponent

_MOST_TRIED: Final = 2
_MOST_COMPONENTS: Final = 20
_LAST_NUMBER: Final = 9999

NewDensifier = Callable[[LiveMapper], Densifier | None]


class Components:
    """The components of one project.

    Args:
        known: what the engine knows of the images.
        settings: the engine's settings.
        new_densifier: makes the densifier of another component.
        every: the components to go on with, the leading one first; by default a leading one without images.
        next_number: the number of the next component; no number is used twice.
    """

    def __init__(
        self,
        known: KnownImages,
        settings: EngineSettings,
        new_densifier: NewDensifier,
        every: Iterable[LiveComponent] = (),
        next_number: int = 1,
    ) -> None:
        self._known, self._settings, self._new_densifier = known, settings, new_densifier
        self.every = list(every) or [self._component(0, LiveMapper(settings))]
        self.next_number = next_number
        self.wants_refetch = False
        self.asked: set[frozenset[int]] = set()  # pairs of components, for which a refetch was asked
        self.tried: set[frozenset[int]] = set()  # groups of images that begin no component

    @classmethod
    def restored(cls, step: Step, known: KnownImages, settings: EngineSettings, new_densifier: NewDensifier) -> Self:
        """The components of a step, as they were when its models were written.

        A further component knows its own images and those that waited.
        """
        every = []
        for stored in step.components:
            placed = {number for each in step.components if each is not stored for number in _placed(each)}
            numbers = step.numbers_before_model.difference(placed if stored.number else ())
            mapper = build_mapper(known, settings, numbers, stored.model)
            every.append(
                LiveComponent(
                    stored.number,
                    known=known,
                    mapper=mapper,
                    densifier=new_densifier(mapper),
                    published=stored.published,
                )
            )
        return cls(known, settings, new_densifier, every, step.state.next_component)

    @property
    def leading(self) -> LiveComponent:
        return self.every[0]

    @property
    def just_placed(self) -> set[int]:
        """The images that the last one placed, in all components."""
        return {number for each in self.every for number in each.just_placed}

    @property
    def mappers(self) -> dict[int, LiveMapper]:
        """The mappers by number of the component, the leading one first."""
        return {each.number: each.mapper for each in self.every}

    def clouds(self, sequence: int, *, is_complete: bool, take_first: TakeCloud | None = None) -> dict[int, PointCloud]:
        """The points of the next step, of this sequence, by number of the component; see `LiveComponent.cloud`."""
        most = max(1, self._settings.points_limit // len(self.every))
        return {
            each.number: each.cloud(sequence, is_complete=is_complete, take_first=take_first, most_points=most)
            for each in self.every
            if is_complete or each.just_placed or each is self.leading
        }

    def stored(self, clouds: Mapping[int, PointCloud]) -> list[StepComponent]:
        """What a step holds of each component, with these points in its output."""
        return [
            StepComponent(
                number=each.number,
                model=each.mapper.model,
                published=each.published,
                cloud=clouds.get(each.number, PointCloud.empty()),
            )
            for each in self.every
        ]

    def forget_placed(self) -> None:
        """Say that another image begins."""
        self.wants_refetch = False
        for each in self.every:
            each.just_placed = []

    def of(self, number: int) -> LiveComponent | None:
        """The component in which an image is placed."""
        return next((each for each in self.every if each.mapper.is_placed(number)), None)

    def waiting(self, newest: int) -> list[int]:
        """The images up to this one that are placed nowhere."""
        return [number for number in self._known.numbers if number <= newest and self.of(number) is None]

    def add(self, number: int) -> None:
        """Place a known image and those that wait, where they fit best; begin another component if that is due."""
        self.leading.add(number)
        for each in self.every[1:]:
            if each.matches(number):
                each.add(number)
        waiting = set(self.waiting(number))
        for each in sorted(self.every, key=lambda one: -one.visible_point_count(number)):
            waiting.difference_update(each.place([one for one in waiting if self._may_go(one, each)]))
        for each in self.every[1:]:
            if number in waiting and not each.mapper.knows(number):
                each.add(number)
        self._begin_others(number, waiting)
        self._ask_to_join(number)

    def skip_present(self) -> None:
        """Count all present sparse points as published, because their ids may have changed in a restart."""
        for each in self.every:
            each.published.skip_present(each.mapper.model)

    def _may_go(self, number: int, to: LiveComponent) -> bool:
        """Whether a component has the image before or after this one in order, or no other one has it and matches well."""
        beside = [KnownImages.other(pair, number) for pair in self._known.pairs[number] if decides(pair)]
        homes = [home for other in beside if (home := self.of(other)) is not None]
        return not homes or to in homes

    def _ask_to_join(self, newest: int) -> None:
        """Ask for a refetch if the newest image observes enough of two components; for each two only once.

        Two objects in one photograph look the same and cannot be joined; the usual refetches try them again.
        """
        seen = [each.number for each in self.every if each.visible_point_count(newest) >= MIN_REGISTRATION_INLIERS]
        linked = set(map(frozenset, combinations(seen, 2)))
        self.wants_refetch = not linked <= self.asked
        self.asked |= linked

    def _begin_others(self, newest: int, waiting: set[int]) -> None:
        """Begin components of waiting images that fit each other and observe little of the leading model.

        That of the newest image is tried first, and no more than two: the image waits for them.
        """
        if len(self.leading.mapper.placed_numbers()) < LEAST_IMAGES:
            return
        groups = connected_groups(observing_little(waiting, [self.leading.mapper]), self._known)
        untried = [group for group in groups if not any(group <= each for each in self.tried)]
        for group in sorted(untried, key=lambda each: newest not in each)[:_MOST_TRIED]:
            if is_full(self.every, self.next_number):
                return
            mapper = mapper_of_group(group, waiting, self._known, self._settings, self.leading.mapper)
            if mapper is None:
                self.tried = {each for each in self.tried if not each <= group} | {group}
                continue
            begun = self._component(self.next_number, mapper)
            begun.just_placed = mapper.placed_numbers()
            self.every.append(begun)
            self.next_number += 1

    def _component(self, number: int, mapper: LiveMapper) -> LiveComponent:
        return LiveComponent(number, known=self._known, mapper=mapper, densifier=self._new_densifier(mapper))


def is_full(every: Sized, next_number: int) -> bool:
    """Whether no further component may begin beside these."""
    return len(every) >= _MOST_COMPONENTS or next_number > _LAST_NUMBER


def _placed(stored: StepComponent) -> set[int]:
    return set() if stored.model is None else placed_numbers(stored.model)

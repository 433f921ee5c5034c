"""Which waiting images begin another component? Those that matches connect; placed together, they must be three at least."""

from collections.abc import Collection, Iterable
from typing import Final

from reconstructor.engine import colmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.describe import up_direction_of
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.mapper_options import MIN_REGISTRATION_INLIERS
from reconstructor.engine.sfm.restore import build_mapper
from reconstructor.engine.sfm.up_direction import turn_between

LEAST_IMAGES: Final = 3  # two fit each other by chance, and their depth is uncertain


def connected_groups(among: Collection[int], known: KnownImages) -> list[frozenset[int]]:
    """The images among these that are connected by enough matches, in groups of three at least, the largest first."""
    groups, remaining = [], set(among)
    while remaining:
        found, to_visit = set[int](), [min(remaining)]
        while to_visit:
            number = to_visit.pop()
            remaining.discard(number)
            found.add(number)
            to_visit += [
                other
                for pair in known.pairs[number]
                if len(pair.matches) >= MIN_REGISTRATION_INLIERS and (other := known.other(pair, number)) in remaining
            ]
        groups.append(frozenset(found))
    return sorted((each for each in groups if len(each) >= LEAST_IMAGES), key=lambda each: (-len(each), min(each)))


def observing_little(waiting: Iterable[int], mappers: Collection[LiveMapper]) -> set[int]:
    """Those of the waiting images that observe too little of these models to be registered there.

    The others show the same object: they wait until it is known better.
    """
    return {
        number
        for number in waiting
        if all(
            not mapper.knows(number) or mapper.visible_point_count(number) < MIN_REGISTRATION_INLIERS
            for mapper in mappers
        )
    }


def mapper_of_group(
    group: frozenset[int],
    waiting: Collection[int],
    known: KnownImages,
    settings: EngineSettings,
    leading: LiveMapper,
) -> LiveMapper | None:
    """A mapper with a model of a group that knows all waiting images; None if fewer than three of the group fit together.

    Its up direction is that of the leading model: both are shown side by side.
    """
    mapper = build_mapper(known, settings, group)
    mapper.place(group)
    if len(mapper.placed_numbers()) < LEAST_IMAGES:
        return None
    up, leading_up = up_direction_of(mapper), up_direction_of(leading)
    if up is not None and leading_up is not None:
        mapper.model.transform(colmap.sim3(turn_between(up.direction, leading_up.direction)))
    return build_mapper(known, settings, group.union(waiting), mapper.model) if set(waiting) - group else mapper

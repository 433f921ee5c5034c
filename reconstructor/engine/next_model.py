"""How is the next model built while images are added to the live one? From the refetch's solution, in its own mapper."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from broker.shards import PointCloud
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.mvs.dense_model import Report
from reconstructor.engine.mvs.densifier import Densifier
from reconstructor.engine.mvs.depth_maps import SurfacePoints
from reconstructor.engine.mvs.fusion import fitting
from reconstructor.engine.mvs.surface_loss import refuse_loss
from reconstructor.engine.priority import Pause, no_pause
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.equal_parts.repeated_matches import EarlierPairs, without_repeated
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.mapper_options import MIN_REGISTRATION_INLIERS
from reconstructor.engine.sfm.published_points import PublishedPoints
from reconstructor.engine.sfm.residuals import Residuals
from reconstructor.engine.sfm.restore import add_to_mapper, build_mapper

_MOST_ADJUSTED: Final = 5  # images of those that came meanwhile
_ADJUSTED_EACH: Final = 4  # of many images, each fourth: an adjustment moves the six around an image
_MEASURED_AT_ONCE: Final = 20  # images: 20 ms
_LARGE: Final = 200  # images; of 740, the sparse cloud took 0.8 s (2026-12-01)

World = tuple[int, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """What a next model takes over from the live one whose images are about where it has them.

    Attributes:
        pairs: the live mapper's.
        residuals: a copy of the live mapper's.
    """

    pairs: EarlierPairs
    residuals: Residuals


class NextModel:
    """A model with its own mapper and depth maps; from the live model it reads only data that never changes.

    Args:
        mapper: holds its model.
        own: the images that it may place.
        known: what the engine knows of the images; it may grow meanwhile.
        world: the world of the live mapper; if the mapper has another one at the end, this model must be discarded.
        is_like_live: whether its images are about where the live model has them, so that the same pairs are credible.

    Attributes:
        sparse: the sparse cloud of a large model, taken by `prepare`; points of later images are not in it.
        published: marks the points of `sparse` as published, for the component that gets this model.
    """

    def __init__(
        self, mapper: LiveMapper, own: Collection[int], known: KnownImages, world: World, *, is_like_live: bool = False
    ) -> None:
        self.world, self.mapper = world, mapper
        self._is_like_live = is_like_live
        self.densifier: Densifier | None = None
        self._known, self._own = known, set(own)
        self.just_placed = self.mapper.place(self._waiting())
        self._points: list[SurfacePoints] = []
        self.published: PublishedPoints | None = None
        self.sparse: PointCloud | None = None

    @classmethod
    def of(
        cls,
        *,
        solution: Any,
        numbers: Collection[int],
        own: Collection[int],
        known: KnownImages,
        snapshot: KnownImages,
        world: World,
        settings: EngineSettings,
        left_out: Collection[int] = (),
        inherited: Inherited | None = None,
        pause: Pause = no_pause,
    ) -> Self:
        """The next model from a refetch's solution.

        Args:
            solution: a `pycolmap.Reconstruction` in the project's world frame.
            numbers: the images that its mapper knows at first, including all images of the solution.
            own: those that it may place; it takes all others out of the solution.
            known: what the engine knows of the images; it may grow meanwhile.
            snapshot: a copy of it, made under the engine's lock; only this one is iterated over.
            world: of the live mapper.
            settings: the engine's settings.
            left_out: images that the solution could not place safely; they wait until they see more points.
            inherited: from the live model, if this one was made from it and moved little.
            pause: called between short parts of the work.
        """
        before = None if inherited is None else inherited.pairs
        credible = without_repeated(solution, snapshot, before, pause)
        mapper = build_mapper(credible, settings, set(numbers), solution, pause)
        mapper.world_count, mapper.judged = world[0], frozenset(mapper.placed_numbers())
        if inherited is not None:
            mapper.residuals = inherited.residuals
        for number in set(mapper.placed_numbers()).difference(own):
            mapper.remove(number)
        mapper.keep_waiting(left_out)
        return cls(mapper, own, known, world, is_like_live=inherited is not None)

    def rebuild(self, live: Densifier, report: Report, *, may_lose: bool = False) -> None:
        """Compute the dense cloud again; depth maps of the live model are reused where they fit.

        Raises:
            SurfaceLostError: it would take away too much of the surface that photographs support, and may not.
        """
        self.densifier = live.next_densifier(self.mapper)
        self._points = [self.densifier.rebuild(report)]
        self.densifier.prepare_all()
        if not may_lose:
            refuse_loss(self.densifier.surface_lost_share)

    def catch_up(
        self,
        arrived: Mapping[int, Sequence[Pair] | None],
        *,
        own: Collection[int],
        live: Densifier | None,
        pause: Pause = no_pause,
    ) -> None:
        """Let the mapper know images that came meanwhile, and place its own; depth maps of `live` are reused if they fit.

        `pause` is called before each image: COLMAP holds Python's interpreter for a third of a second to place one. Of
        many images only five of the last twenty are adjusted, because the next refetch adjusts them all. After `prepare` has
        taken the sparse cloud, no image is adjusted, so that its points stay valid; an image that then does not fit waits.

        Args:
            arrived: the images, each with the pairs that the live mapper found credible, if it knows the image.
            own: those that this model may place.
            live: where depth maps can be reused.
            pause: see above.
        """
        is_taken, newest = self.sparse is not None, sorted(arrived, reverse=True)
        step = _ADJUSTED_EACH if len(newest) > _MOST_ADJUSTED else 1
        adjusted = [] if is_taken else newest[::step][:_MOST_ADJUSTED]
        for number, pairs in arrived.items():
            pause()
            add_to_mapper(number, self._known, self.mapper, pairs if self._is_like_live else None)
            if number in own:
                self._own.add(number)
                is_seen = self.mapper.visible_point_count(number) >= MIN_REGISTRATION_INLIERS
                is_placed = is_seen and number not in adjusted and self.mapper.register(number, adjusts=False)
                if is_placed:
                    self.just_placed.append(number)
                elif not is_taken:
                    self.just_placed += self.mapper.place([number])
        if own and not is_taken:
            self.just_placed += self.mapper.place(self._waiting())
        if self.densifier is not None and live is not None:
            self._points.append(self.densifier.catch_up(live))
            self.densifier.prepare_all()

    def prepare(self, pause: Pause) -> None:
        """Measure reprojection errors and take the sparse cloud of a large model, while images can still be added."""
        placed = self.mapper.placed_numbers()
        for count, number in enumerate(placed):
            if count % _MEASURED_AT_ONCE == 0:
                pause()
            self.mapper.residuals.of(self.mapper.model, number)
        if self.is_large:
            self.published = PublishedPoints()
            for number in filter(self.mapper.knows, self._known.numbers):
                self.published.add_image(number, len(self._known.features[number]))
            self.sparse = self.published.take_all(self.mapper.model, self._known.features, pause)

    @property
    def is_large(self) -> bool:
        """Whether its sparse cloud is taken before the end."""
        return len(self.mapper.placed_numbers()) > _LARGE

    @property
    def point_count(self) -> int:
        """How many dense points this model has."""
        return sum(map(len, self._points))

    def thin(self, most: int) -> None:
        """Fuse the dense points in larger voxels until there are no more than `most`."""
        self._points = [fitting(SurfacePoints.join(self._points), most)]

    def cloud(self) -> PointCloud:
        """All dense points of this model."""
        return SurfacePoints.join(self._points).cloud()

    def _waiting(self) -> list[int]:
        return [number for number in sorted(self._own) if not self.mapper.is_placed(number)]


def world_of(mapper: LiveMapper) -> World:
    """Identify the world frame of a mapper's model; it changes when the model is started or restarted."""
    return mapper.world_count, mapper.is_initialised

"""What does the engine hold of one component? Its model, its dense depth, and what of both was published already.

A component is a set of photographs that fit each other (COLMAP's word); each has a frame of its own, and 0 leads.
"""

from collections.abc import Callable, Collection

from broker.shards import PointCloud
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.mvs.dense_model import Report, Take
from reconstructor.engine.mvs.densifier import Densifier
from reconstructor.engine.mvs.depth_maps import SurfacePoints
from reconstructor.engine.mvs.fusion import fitting
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.published_points import PublishedPoints
from reconstructor.engine.sfm.restore import add_to_mapper

TakeCloud = Callable[[int, PointCloud], None]


class LiveComponent:
    """One component while it grows; `densifier` is None if only sparse points are wanted."""

    def __init__(
        self,
        number: int,
        *,
        known: KnownImages,
        mapper: LiveMapper,
        densifier: Densifier | None,
        published: PublishedPoints | None = None,
    ) -> None:
        self.number = number
        self.mapper, self.densifier = mapper, densifier
        self.just_placed: list[int] = []
        self._known = known
        self.published = published or PublishedPoints()
        for each in filter(mapper.knows, known.numbers):
            self.published.add_image(each, len(known.features[each]))

    def add(self, number: int) -> None:
        """Let the mapper know an image; it is not placed."""
        add_to_mapper(number, self._known, self.mapper)
        self.published.add_image(number, len(self._known.features[number]))

    def matches(self, number: int) -> bool:
        """Whether an image matches one that is placed here."""
        return any(self.mapper.is_placed(other) for other in self._known.neighbours(number))

    def visible_point_count(self, number: int) -> int:
        """How many points of this model an image observes through its matches; 0 if the mapper does not know it."""
        return self.mapper.visible_point_count(number) if self.mapper.knows(number) else 0

    def place(self, waiting: Collection[int]) -> list[int]:
        """Place as many of these images as possible."""
        self.just_placed = self.mapper.place(number for number in waiting if self.mapper.knows(number))
        return self.just_placed

    def begin_again(self, mapper: LiveMapper) -> None:
        """Go on with another mapper, whose model is in another world frame."""
        self.mapper, self.just_placed = mapper, mapper.placed_numbers()
        self.densifier = None if self.densifier is None else self.densifier.next_densifier(mapper)

    def cloud(
        self, sequence: int, *, is_complete: bool, take_first: TakeCloud | None = None, most_points: int
    ) -> PointCloud:
        """The dense points of the images placed last, or of all, so many at most; sparse ones if there are no dense ones.

        What is stored of them counts for the step of this sequence. `take_first` gets the component's number and coarse
        points of an image placed last, before the others are computed.
        """
        if not self.mapper.is_initialised:
            return PointCloud.empty()
        dense = PointCloud.empty()
        if self.densifier is not None:
            if is_complete:
                dense = fitting(self.densifier.remake(sequence), most_points).cloud()
            else:
                dense = self.densifier.add(sequence, self._taking(take_first)).cloud()
        sparse = self.sparse_cloud(is_complete=is_complete)
        return dense if len(dense) else sparse

    def _taking(self, take_first: TakeCloud | None) -> Take | None:
        if take_first is None:
            return None
        return lambda points: take_first(self.number, points.cloud())

    def surface(self, report: Report) -> SurfacePoints:
        """The dense cloud with normals and confidences; neither the model nor the disk changes."""
        if self.densifier is None or not self.mapper.is_initialised:
            return SurfacePoints.empty()
        return self.densifier.next_densifier(self.mapper).rebuild(report)

    def sparse_cloud(self, *, is_complete: bool) -> PointCloud:
        """The sparse points that were not published yet; all of them for a complete cloud."""
        if not self.mapper.is_initialised:
            return PointCloud.empty()
        if is_complete:
            return self.published.take_all(self.mapper.model, self._known.features)
        newest = self._known.numbers[-1:] + self.just_placed
        touched = {other for number in newest for other in [number, *self._known.neighbours(number)]}
        return self.published.take_new(self.mapper.model, self._known.features, filter(self.mapper.is_placed, touched))

"""The built-in black box: live structure from motion. One engine a process, its state in the working directory.

An image goes through these steps: photograph -> features -> pairs -> model -> new points -> step on disk.
A refetch solves in a child process and computes its dense cloud in parallel to the live model; images are added
meanwhile.
"""

from pathlib import Path
from threading import Lock, RLock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from broker.memory import trim_heap
from broker.shards import PointCloud
from reconstructor.black_box import Update
from reconstructor.engine import colmap
from reconstructor.engine.features.image_files import ImageFacts, ImageFiles
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.features.photographs import UnreadablePhotographError
from reconstructor.engine.features.reader import ImageReader
from reconstructor.engine.features.sift import Features
from reconstructor.engine.mvs.dense_model import Report
from reconstructor.engine.mvs.densifier import Densifier
from reconstructor.engine.mvs.depth_files import DepthFiles
from reconstructor.engine.mvs.depth_maps import SurfacePoints
from reconstructor.engine.next_model import world_of
from reconstructor.engine.priority import EngineClosedError
from reconstructor.engine.protocol import EngineResult
from reconstructor.engine.refetch import Refetch, RefetchResult
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.camera_groups import Regrouping
from reconstructor.engine.sfm.camera_learning import learn_cameras
from reconstructor.engine.sfm.describe import describe, stored_up_direction, up_direction_of
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.published_points import PublishedPoints
from reconstructor.engine.sfm.restore import add_to_mapper, build_mapper, restore_images
from reconstructor.engine.sfm.snapshots import Snapshots, Step, StepImage, StepState
from reconstructor.engine.sfm.up_direction import UpDirection, next_up_direction
from reconstructor.engine.stopwatch import Stopwatch
from reconstructor.progress import write_placed


class LiveEngine:
    """See `reconstructor.engine.protocol.Engine`."""

    def __init__(self, folder: Path, settings: EngineSettings) -> None:
        colmap.configure(seed=settings.random_seed)
        torch.set_num_threads(settings.threads)
        self._settings, self._folder = settings, folder
        self._files = ImageFiles(folder=folder)
        self._snapshots = Snapshots(folder=folder)
        self._known, self._mapper = KnownImages(), LiveMapper(settings)
        self._published = PublishedPoints()
        self._images: list[StepImage] = []
        self._sequence = self._model_sequence = self._added_sequence = 0
        self._solution = 0  # how many refetches replaced the model
        self._just_placed: list[int] = []
        self._regrouping = Regrouping(settings, folder)
        self._world_count = self._mapper.world_count
        self._upward: UpDirection | None = None
        self._newest: tuple[str, EngineResult] | None = None  # id of the image added last, and its result
        self._watch = Stopwatch()
        self._reader = ImageReader.of(self._files, settings, self._watch)
        self._model_lock = RLock()
        self._refetch_lock = Lock()
        self._refetch = Refetch(folder, settings, self._known, self._model_lock)
        self._is_closed = False
        self._densifier = self._new_densifier()
        if (step := self._snapshots.newest()) is not None:
            self._restore(step)

    @property
    def model(self) -> Any:
        """The present `pycolmap.Reconstruction`; do not change it."""
        return self._mapper.model

    @property
    def known(self) -> KnownImages:
        """The facts, features and pairs of the images; do not change them."""
        return self._known

    @property
    def has_images(self) -> bool:
        return bool(self._images)

    def knows(self, image_id: str) -> bool:
        return any(image.image_id == image_id for image in self._images)

    def add_image(self, path: Path, image_id: str, *, wants_complete_cloud: bool = False) -> EngineResult:
        """See the protocol. An unreadable image is reported as rejected in the update, not by an exception."""
        with self._refetch.priority.adding(), self._model_lock:
            self._check_open()
            if self._newest is not None and self._newest[0] == image_id and not wants_complete_cloud:
                return self._newest[1]
            if not self.knows(image_id):
                self._take_in(path, image_id)
                if self._densifier is not None and self._mapper.world_count == self._world_count:
                    placed = [image for image in self._images if image.number in self._just_placed]
                    write_placed(self._folder, self._describe(placed))
            is_complete = wants_complete_cloud or self._mapper.world_count != self._world_count
            self._world_count = self._mapper.world_count
            self._added_sequence = self._sequence + 1
            cloud = self._cloud(self._watch, is_complete=is_complete)
            outcome = self._commit(cloud, self._watch, added_image_id=image_id, is_complete=is_complete)
            self._newest = (image_id, outcome)
            return outcome

    def refetch(self) -> EngineResult:
        """See the protocol. If the gate rejects the solution, the model does not change and the update says why."""
        with self._refetch_lock:
            watch = Stopwatch()
            rebuilt = self._refetch.run(self._mapper, self._densifier, watch)
            with self._model_lock:
                outcome = self._finish(rebuilt, watch)
        return outcome.model_copy(update={"solve": rebuilt.verdict})

    def complete(self) -> EngineResult:
        """Return the complete cloud of the present model; nothing is solved."""
        with self._model_lock:
            self._newest = None
            return self._commit(self._cloud(self._watch, is_complete=True), self._watch, is_complete=True)

    def surface(self, report: Report = lambda _stage, _done, _total: None) -> SurfacePoints:
        """The complete dense cloud with normals and confidences; neither the model nor the disk changes."""
        with self._model_lock:
            if self._densifier is None or not self._mapper.is_initialised:
                return SurfacePoints.empty()
            return self._densifier.next_densifier(self._mapper).rebuild(report)

    def match_count(self, image_id: str) -> int:
        """How many verified matches an image has with all others."""
        numbers = [image.number for image in self._images if image.image_id == image_id and not image.rejection]
        return sum(len(pair.matches) for number in numbers for pair in self._known.pairs[number])

    def close(self) -> None:
        """See the protocol. Running calls end with an error before they write another step."""
        self._is_closed = True
        self._refetch.close()

    def join(self) -> None:
        """Wait until no image is being added."""
        with self._model_lock:
            return

    def _check_open(self) -> None:
        if self._is_closed:
            raise EngineClosedError("the engine was closed meanwhile")

    def _finish(self, rebuilt: RefetchResult, watch: Stopwatch) -> EngineResult:
        """Replace the model by the next one, or report why not; with neither, return the present complete cloud."""
        self._check_open()
        next_model, objection = rebuilt.next_model, rebuilt.objection
        if next_model is not None and next_model.world != world_of(self._mapper):
            objection = "the model was begun again in another world meanwhile"
        if objection:
            return self._commit(PointCloud.empty(), watch, objection=objection)
        if next_model is None:
            return self._commit(self._cloud(watch, is_complete=True), watch, is_complete=True)
        with watch.measure("dense"):
            next_model.catch_up(self._refetch.missing(next_model), self._densifier)
        self._mapper, self._densifier = next_model.mapper, next_model.densifier
        self._just_placed = next_model.just_placed
        self._solution += 1
        learn_cameras(self._mapper, self._known, self._settings)
        if self._densifier is not None:
            self._densifier.keep_all(self._sequence + 1)
        with watch.measure("publishing"):
            dense = next_model.cloud()
            sparse = _sparse_cloud(self._published, self._mapper, self._known, self._just_placed, is_complete=True)
        return self._commit(dense if len(dense) else sparse, watch, is_complete=True)

    def _take_in(self, path: Path, image_id: str) -> None:
        number = len(self._images) + 1
        self._just_placed = []
        try:
            facts, features = self._reader.features(
                number, path, image_id, self._known, lambda pixels: self._keep_pixels(number, pixels)
            )
        except UnreadablePhotographError as exc:
            self._images.append(
                StepImage(number=number, image_id=image_id, rejection=exc.code, sentence=exc.sentence[:500])
            )
            return
        camera_id = self._known.camera_id(facts.sensor)
        self._mapper.add_camera(camera_id, facts.sensor)
        pairs = self._reader.pairs(
            number,
            features,
            self._known,
            lambda other: self._mapper.camera(camera_id if other == number else self._mapper.camera_id_of(other)),
        )
        self._reader.finder.remember(features.descriptors)
        self._remember(StepImage(number=number, image_id=image_id), facts, features.without_descriptors(), pairs)
        with self._watch.measure("mapping"):
            add_to_mapper(number, self._known, self._mapper)
            self._just_placed = self._mapper.place(self._waiting_up_to(number))
            if (mapper := self._regrouping.unstuck(self._known, self._mapper)) is not None:
                self._mapper, self._just_placed = mapper, mapper.placed_numbers()
                self._densifier = None if self._densifier is None else self._densifier.next_densifier(mapper)

    def _remember(self, image: StepImage, facts: ImageFacts, features: Features, pairs: tuple[Pair, ...]) -> None:
        self._images.append(image)
        self._known.add(image.number, facts, features, pairs)
        self._published.add_image(image.number, len(features))

    def _waiting_up_to(self, newest: int) -> list[int]:
        return [number for number in self._known.numbers if number <= newest and not self._mapper.is_placed(number)]

    def _commit(
        self,
        cloud: PointCloud,
        watch: Stopwatch,
        *,
        added_image_id: str = "",
        is_complete: bool = False,
        objection: str = "",
    ) -> EngineResult:
        self._check_open()
        self._sequence += 1
        with watch.measure("publishing"):
            self._upward = next_up_direction(self._upward, up_direction_of(self._mapper), may_correct=is_complete)
            update = self._describe(self._images).model_copy(
                update={"new_point_count": len(cloud), "refetch_rejected": objection[:500]}
            )
            self._model_sequence = self._next_model_sequence(is_complete=is_complete)
            state = StepState(
                sequence=self._sequence,
                images=tuple(self._images),
                added_image_id=added_image_id or (self._newest[0] if self._newest else ""),
                added_sequence=self._added_sequence,
                solution=self._solution,
                model_sequence=self._model_sequence,
            )
            folder = self._snapshots.commit(state, self._mapper.model, self._published, cloud, update)
            trim_heap()
        return EngineResult(update=update, folder=folder.resolve(), seconds_by_stage=watch.take())

    def _describe(self, images: list[StepImage]) -> Update:
        return describe(images, self._known, self._mapper, self._upward).model_copy(update={"solution": self._solution})

    def _cloud(self, watch: Stopwatch, *, is_complete: bool) -> PointCloud:
        """The points of the next step: dense ones, or sparse ones if there are no dense ones."""
        with watch.measure("dense"):
            dense = _dense_cloud(self._densifier, self._mapper, self._sequence + 1, is_complete=is_complete)
        with watch.measure("publishing"):
            sparse = _sparse_cloud(
                self._published, self._mapper, self._known, self._just_placed, is_complete=is_complete
            )
        return dense if len(dense) else sparse

    def _next_model_sequence(self, *, is_complete: bool) -> int:
        if not self._mapper.is_initialised:
            return 0
        last = 0 if is_complete else self._model_sequence
        return self._snapshots.model_sequence(self._sequence, len(self._images), last)

    def _keep_pixels(self, number: int, pixels_rgb: NDArray[np.uint8]) -> None:
        if self._densifier is not None:
            self._densifier.keep_pixels(number, pixels_rgb)

    def _new_densifier(self) -> Densifier | None:
        if not self._settings.dense:
            return None
        return Densifier(DepthFiles(folder=self._folder), self._settings, self._known, self._mapper)

    def _restore(self, step: Step) -> None:
        readable = [image.number for image in step.state.images if not image.rejection]
        known = restore_images(self._files, readable)
        for image in step.state.images:
            if image.rejection:
                self._images.append(image)
                continue
            number = image.number
            pairs = tuple(pair for pair in known.pairs[number] if pair.newer == number)
            self._reader.finder.remember(self._files.read_descriptors(number))
            self._remember(image, known.facts[number], known.features[number], pairs)
        self._mapper = build_mapper(self._known, self._settings, step.numbers_before_model, step.model)
        for number in self._known.numbers:
            if number not in step.numbers_before_model:
                add_to_mapper(number, self._known, self._mapper)
                self._mapper.place(self._waiting_up_to(number))
        self._published = step.published
        self._published.skip_present(self._mapper.model)
        self._sequence, self._model_sequence = step.state.sequence, step.state.model_sequence
        self._added_sequence, self._solution = step.state.added_sequence, step.state.solution
        self._densifier = self._new_densifier()  # the mapper was built above
        if self._densifier is not None and step.model is not None:
            self._densifier.restore(self._sequence)
        self._upward = stored_up_direction(step.output, self._mapper)
        if step.added_output is not None:
            update = self._describe(self._images)
            self._newest = (step.state.added_image_id, EngineResult(update=update, folder=step.added_output.resolve()))


def _sparse_cloud(
    published: PublishedPoints, mapper: LiveMapper, known: KnownImages, just_placed: list[int], *, is_complete: bool
) -> PointCloud:
    """The sparse points that were not published yet; all of them for a complete cloud."""
    if not mapper.is_initialised:
        return PointCloud.empty()
    if is_complete:
        return published.take_all(mapper.model, known.features)
    newest = known.numbers[-1:] + just_placed
    touched = {other for number in newest for other in [number, *known.neighbours(number)]}
    return published.take_new(mapper.model, known.features, touched)


def _dense_cloud(densifier: Densifier | None, mapper: LiveMapper, sequence: int, *, is_complete: bool) -> PointCloud:
    """The dense points of the newest images; of all images for a complete cloud."""
    if densifier is None or not mapper.is_initialised:
        return PointCloud.empty()
    make = densifier.remake if is_complete else densifier.add
    return make(sequence).cloud()

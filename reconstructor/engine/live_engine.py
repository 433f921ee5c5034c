"""The built-in black box: live structure from motion. One engine a process, its state in the working directory.

An image goes through these steps: photograph -> features -> pairs -> model -> new points -> step on disk.
A refetch solves in a child process and computes its dense cloud in parallel to the live model; images are added
meanwhile.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Lock, RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from broker.memory import trim_heap
from broker.shards import PointCloud
from reconstructor.black_box import Update
from reconstructor.engine import colmap
from reconstructor.engine.components import Components
from reconstructor.engine.features.image_files import ImageFacts, ImageFiles
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.features.photographs import UnreadablePhotographError
from reconstructor.engine.features.reader import ImageReader
from reconstructor.engine.features.sift import Features
from reconstructor.engine.live_component import LiveComponent
from reconstructor.engine.mvs.dense_model import Report
from reconstructor.engine.mvs.densifier import Densifier
from reconstructor.engine.mvs.depth_files import DepthFiles
from reconstructor.engine.mvs.depth_maps import SurfacePoints
from reconstructor.engine.parallel import set_thread_count
from reconstructor.engine.priority import EngineClosedError, Priority
from reconstructor.engine.protocol import EngineResult
from reconstructor.engine.refetch import Refetch, RefetchResult
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.camera_groups import Regrouping
from reconstructor.engine.sfm.camera_learning import learn_cameras
from reconstructor.engine.sfm.describe import describe, stored_up_direction, up_direction_of
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.restore import restore_images
from reconstructor.engine.sfm.snapshots import Snapshots, Step, StepImage, StepState
from reconstructor.engine.sfm.up_direction import UpDirection, next_up_direction
from reconstructor.engine.stopwatch import Stopwatch
from reconstructor.progress import forget_first, write_first, write_placed


class LiveEngine:
    """See `reconstructor.engine.protocol.Engine`."""

    def __init__(self, folder: Path, settings: EngineSettings, store: Path | None = None) -> None:
        colmap.configure(seed=settings.random_seed)
        set_thread_count(settings.threads)
        self._settings, self._folder = settings, folder
        self._files = ImageFiles(folder=folder, store=store)
        self._snapshots = Snapshots(folder=folder)
        self._known = KnownImages()
        self._new_densifier = partial(_densifier_of, folder, settings, self._known)
        self._components = Components(self._known, settings, self._new_densifier)
        self._images: list[StepImage] = []
        self._sequence = self._model_sequence = self._added_sequence = 0
        self._solution = 0  # how many refetches replaced the model
        self._stored: tuple[int, ...] = (0,)  # the components of the newest step
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
        if (step := self._snapshots.newest()) is not None:
            self._restore(step)

    @property
    def model(self) -> Any:
        """The present `pycolmap.Reconstruction` of the leading component; do not change it."""
        return self._mapper.model

    @property
    def components(self) -> Sequence[LiveComponent]:
        """The components, the leading one first; do not change them."""
        return tuple(self._components.every)

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
                if self._settings.dense and self._mapper.world_count == self._world_count:
                    placed = [image for image in self._images if image.number in self._components.just_placed]
                    write_placed(self._folder, self._describe(placed))
            is_complete = wants_complete_cloud or self._mapper.world_count != self._world_count
            self._world_count = self._mapper.world_count
            self._added_sequence = self._sequence + 1
            clouds = self._clouds(self._watch, is_complete=is_complete)
            outcome = self._commit(clouds, self._watch, added_image_id=image_id, is_complete=is_complete)
            self._newest = (image_id, outcome)
            return outcome

    def refetch(self) -> EngineResult:
        """See the protocol. If the gate rejects the solution, the model does not change and the update says why."""
        with self._refetch_lock:
            watch = Stopwatch()
            rebuilt = self._refetch.run(self._components, watch)
            with self._model_lock:
                outcome = self._finish(rebuilt, watch)
        return outcome.model_copy(update={"solve": rebuilt.verdict})

    def complete(self) -> EngineResult:
        """Return the complete clouds of the present models; nothing is solved."""
        with self._model_lock:
            self._newest = None
            return self._commit(self._clouds(self._watch, is_complete=True), self._watch, is_complete=True)

    def surface(self, report: Report = lambda _stage, _done, _total: None) -> SurfacePoints:
        """The leading component's dense cloud with normals and confidences; neither the model nor the disk changes."""
        with self._model_lock:
            return self._components.leading.surface(report)

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

    @property
    def _mapper(self) -> LiveMapper:
        return self._components.leading.mapper

    def _check_open(self) -> None:
        if self._is_closed:
            raise EngineClosedError("the engine was closed meanwhile")

    def _finish(self, rebuilt: RefetchResult, watch: Stopwatch) -> EngineResult:
        """Replace the models by the next ones, or report why not; with neither, return the present complete clouds."""
        self._check_open()
        following, objection = rebuilt.next_components, rebuilt.objection
        if following is not None and not following.is_of(self._components):
            objection = "the model was begun again in another world meanwhile"
        if objection:
            return self._commit({}, watch, objection=objection)
        if following is None:
            return self._commit(self._clouds(watch, is_complete=True), watch, is_complete=True)
        with watch.measure("dense"):
            following.catch_up(self._refetch.arrivals(following, self._components), self._components, is_last=True)
        self._components = following.replace(self._components, self._new_densifier)
        self._solution += 1
        learn_cameras(self._mapper, self._known, self._settings)
        if following.leads:
            self._world_count, self._upward = self._mapper.world_count, None
        with watch.measure("publishing"):
            clouds = {each.number: following.cloud(each, self._sequence + 1) for each in self._components.every}
        return self._commit(clouds, watch, is_complete=True, leads=following.leads)

    def _take_in(self, path: Path, image_id: str) -> None:
        number = len(self._images) + 1
        self._components.forget_placed()
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
            self._components.add(number)
            is_alone = len(self._components.every) == 1  # other cameras are sought for all images at once
            if is_alone and (mapper := self._regrouping.unstuck(self._known, self._mapper)) is not None:
                self._components.leading.begin_again(mapper)

    def _remember(self, image: StepImage, facts: ImageFacts, features: Features, pairs: tuple[Pair, ...]) -> None:
        self._images.append(image)
        self._known.add(image.number, facts, features, pairs)

    def _commit(
        self,
        clouds: Mapping[int, PointCloud],
        watch: Stopwatch,
        *,
        added_image_id: str = "",
        is_complete: bool = False,
        objection: str = "",
        leads: int = 0,
    ) -> EngineResult:
        self._check_open()
        self._sequence += 1
        with watch.measure("publishing"):
            self._upward = next_up_direction(self._upward, up_direction_of(self._mapper), may_correct=is_complete)
            update = self._describe(self._images).model_copy(
                update={
                    "new_point_count": sum(map(len, clouds.values())),
                    "refetch_rejected": objection[:500],
                    "leads": leads,
                    "wants_refetch": bool(added_image_id) and self._components.wants_refetch,
                }
            )
            numbers = tuple(self._components.mappers)
            self._model_sequence = self._next_model_sequence(is_complete=is_complete or numbers != self._stored)
            self._stored = numbers
            state = StepState(
                sequence=self._sequence,
                images=tuple(self._images),
                added_image_id=added_image_id or (self._newest[0] if self._newest else ""),
                added_sequence=self._added_sequence,
                solution=self._solution,
                model_sequence=self._model_sequence,
                components=numbers,
                next_component=self._components.next_number,
            )
            folder = self._snapshots.commit(state, self._components.stored(clouds), update)
            trim_heap()
        return EngineResult(update=update, folder=folder.resolve(), seconds_by_stage=watch.take())

    def _describe(self, images: list[StepImage]) -> Update:
        return describe(images, self._known, self._components.mappers, self._upward, solution=self._solution)

    def _clouds(self, watch: Stopwatch, *, is_complete: bool) -> dict[int, PointCloud]:
        with watch.measure("dense"):
            forget_first(self._folder)
            show = partial(_show_first, self._folder, Update(solution=self._solution), self._refetch.priority)
            return self._components.clouds(self._sequence + 1, is_complete=is_complete, take_first=show)

    def _next_model_sequence(self, *, is_complete: bool) -> int:
        if not self._mapper.is_initialised:
            return 0
        last = 0 if is_complete else self._model_sequence
        return self._snapshots.model_sequence(self._sequence, len(self._images), last)

    def _keep_pixels(self, number: int, pixels_rgb: NDArray[np.uint8]) -> None:
        if (densifier := self._components.leading.densifier) is not None:
            densifier.keep_pixels(number, pixels_rgb)

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
        self._components = Components.restored(step, self._known, self._settings, self._new_densifier)
        for number in self._known.numbers:
            if number not in step.numbers_before_model:
                self._components.add(number)
        self._components.skip_present()
        self._sequence, self._model_sequence = step.state.sequence, step.state.model_sequence
        self._added_sequence, self._solution = step.state.added_sequence, step.state.solution
        self._stored = step.state.components
        for each in self._components.every:
            if each.densifier is not None and each.mapper.is_initialised:
                each.densifier.restore(self._sequence)
        self._upward = stored_up_direction(step.output, self._mapper)
        if step.added_output is not None:
            update = self._describe(self._images)
            self._newest = (step.state.added_image_id, EngineResult(update=update, folder=step.added_output.resolve()))


def _show_first(folder: Path, update: Update, priority: Priority, component: int, cloud: PointCloud) -> None:
    write_first(folder, update, component, cloud)
    priority.note_first_points()


def _densifier_of(folder: Path, settings: EngineSettings, known: KnownImages, mapper: LiveMapper) -> Densifier | None:
    """The densifier of another component; None if only sparse points are wanted."""
    return Densifier(DepthFiles(folder=folder), settings, known, mapper) if settings.dense else None

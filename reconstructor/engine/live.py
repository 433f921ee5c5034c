"""The built-in black box: live structure from motion. One engine a process, its state in the working directory.

An image goes through these steps: photograph -> features -> pairs -> model -> new points -> step on disk.
"""

from functools import lru_cache
from pathlib import Path
from threading import Lock, RLock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from broker.shards import PointCloud
from reconstructor.engine import colmap
from reconstructor.engine.agreement import similarity_between
from reconstructor.engine.candidates import PairFinder
from reconstructor.engine.densify import Densifier
from reconstructor.engine.depth_files import DepthFiles
from reconstructor.engine.features import Features
from reconstructor.engine.files import ImageFacts, ImageFiles
from reconstructor.engine.mapping import LiveMapper
from reconstructor.engine.memory import KnownImages
from reconstructor.engine.pairs import Pair
from reconstructor.engine.photographs import UnreadablePhotographError
from reconstructor.engine.protocol import Outcome
from reconstructor.engine.published import PublishedPoints
from reconstructor.engine.reading import ImageReader
from reconstructor.engine.recall import EngineStateMissingError, build_mapper, introduce, recall
from reconstructor.engine.refetch import Refetch, RefetchFailedError
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.snapshots import Snapshots, Step, StepImage, StepState
from reconstructor.engine.solver import SolveVerdict
from reconstructor.engine.stopwatch import Stopwatch
from reconstructor.engine.survey import describe, upward_of, upward_said
from reconstructor.engine.upward import Upward, kept_still
from reconstructor.geometry import DegenerateGeometryError

_LEAST_IMAGES_TO_SOLVE = 3


class LiveEngine:
    """See `reconstructor.engine.protocol.Engine`."""

    def __init__(self, folder: Path, settings: EngineSettings) -> None:
        colmap.configure(seed=settings.random_seed)
        torch.set_num_threads(settings.threads)
        self._settings = settings
        self._folder = folder
        self._files = ImageFiles(folder=folder)
        self._snapshots = Snapshots(folder=folder)
        self._known = KnownImages()
        self._mapper = LiveMapper(settings)
        self._published = PublishedPoints()
        self._images: list[StepImage] = []
        self._sequence = self._model_sequence = 0
        self._just_placed: list[int] = []
        self._world_count = self._mapper.world_count
        self._upward: Upward | None = None
        self._newest: tuple[str, Outcome] | None = None  # image id added by the newest step, and what it brought
        self._watch = Stopwatch()
        self._reader = ImageReader(files=self._files, settings=settings, finder=PairFinder(settings), watch=self._watch)
        self._model_lock = RLock()
        self._refetch_lock = Lock()
        self._running: Refetch | None = None
        self._densifier = self._new_densifier()
        if (step := self._snapshots.newest()) is not None:
            self._restore(step)

    @property
    def model(self) -> Any:
        """The present `pycolmap.Reconstruction`, to read."""
        return self._mapper.model

    @property
    def known(self) -> KnownImages:
        """What is known of the images, to read."""
        return self._known

    @property
    def has_images(self) -> bool:
        return bool(self._images)

    def knows(self, image_id: str) -> bool:
        return any(image.image_id == image_id for image in self._images)

    def add_image(self, path: Path, image_id: str, *, wants_complete_cloud: bool = False) -> Outcome:
        """See the protocol. Unreadable images are rejected by word of the update, not by an exception."""
        with self._model_lock:
            if self._newest is not None and self._newest[0] == image_id and not wants_complete_cloud:
                return self._newest[1]
            if not self.knows(image_id):
                self._take_in(path, image_id)
            is_another_world = self._mapper.world_count != self._world_count
            self._world_count = self._mapper.world_count
            outcome = self._commit(added_image_id=image_id, is_complete=wants_complete_cloud or is_another_world)
            self._newest = (image_id, outcome)
            return outcome

    def refetch(self) -> Outcome:
        """See the protocol. A solution that the gate refuses leaves the model as it was, and the update says so."""
        with self._refetch_lock:
            with self._watch.measure("solving"):
                verdict, solution, objection = self._solve()
            with self._model_lock:
                if solution is not None:
                    objection = self._take_over(solution)
                self._newest = None
                outcome = self._commit(added_image_id="", is_complete=True, objection=objection)
        return outcome.model_copy(update={"solve": verdict})

    def complete(self) -> Outcome:
        """The complete cloud of the present model, without solving anything."""
        with self._model_lock:
            self._newest = None
            return self._commit(added_image_id="", is_complete=True)

    def match_count(self, image_id: str) -> int:
        """How many verified matches an image has with all others."""
        numbers = [image.number for image in self._images if image.image_id == image_id and not image.rejection]
        return sum(len(pair.matches) for number in numbers for pair in self._known.pairs[number])

    def close(self) -> None:
        if self._running is not None:
            self._running.stop()

    def _solve(self) -> tuple[SolveVerdict | None, Any | None, str]:
        """The verdict on a new solution, the solution if it passed, and what speaks against it if not."""
        if len(self._known.numbers) < _LEAST_IMAGES_TO_SOLVE:
            return None, None, ""
        with self._model_lock:
            live = self._mapper.model if self._mapper.is_initialised else None
            self._running = Refetch.start(self._folder, tuple(self._known.numbers), live, self._settings)
        try:
            verdict, solution = self._running.wait(self._settings.refetch_timeout_s)
        except RefetchFailedError as exc:
            return None, None, exc.sentence
        finally:
            self._running = None
        return verdict, solution, "" if solution else "; ".join(attempt.objection for attempt in verdict.attempts)

    def _take_over(self, solution: Any) -> str:
        """Go on with a solution, moved into the world that viewers know, and catch up with newer images.

        Returns what speaks against it, if its world cannot be brought into theirs.
        """
        if self._mapper.is_initialised:
            try:
                world_from_solution = similarity_between(self._mapper.model, solution)
            except DegenerateGeometryError as exc:
                return exc.sentence
            solution.transform(colmap.sim3(world_from_solution))
        self._mapper.swap(solution)
        self._just_placed = self._mapper.place(self._waiting())
        return ""

    def _take_in(self, path: Path, image_id: str) -> None:
        number = len(self._images) + 1
        try:
            facts, features = self._reader.features(
                number, path, image_id, lambda pixels: self._keep_pixels(number, pixels)
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
            lambda other: self._mapper.camera(self._known.camera_ids.get(other, camera_id)),
        )
        self._remember(StepImage(number=number, image_id=image_id), facts, features, pairs)
        with self._watch.measure("mapping"):
            introduce(number, self._known, self._mapper)
            self._just_placed = self._mapper.place(self._waiting())

    def _remember(self, image: StepImage, facts: ImageFacts, features: Features, pairs: tuple[Pair, ...]) -> None:
        self._images.append(image)
        self._known.add(image.number, facts, features, pairs)
        self._reader.finder.remember(features)
        self._published.add_image(image.number, len(features))

    def _waiting(self) -> list[int]:
        return self._waiting_up_to(len(self._images))

    def _waiting_up_to(self, newest: int) -> list[int]:
        return [number for number in self._known.numbers if number <= newest and not self._mapper.is_placed(number)]

    def _commit(self, *, added_image_id: str, is_complete: bool, objection: str = "") -> Outcome:
        self._sequence += 1
        with self._watch.measure("dense"):
            dense = self._dense_cloud(is_complete=is_complete)
        with self._watch.measure("publishing"):
            sparse = self._sparse_cloud(is_complete=is_complete)
            cloud = dense if len(dense) else sparse
            self._upward = kept_still(self._upward, upward_of(self._mapper), may_correct=is_complete)
            update = describe(self._images, self._known, self._mapper, self._upward).model_copy(
                update={"new_point_count": len(cloud), "refetch_rejected": objection[:500]}
            )
            self._model_sequence = self._next_model_sequence(is_complete=is_complete)
            state = StepState(
                sequence=self._sequence,
                images=tuple(self._images),
                added_image_id=added_image_id,
                model_sequence=self._model_sequence,
            )
            folder = self._snapshots.commit(state, self._mapper.model, self._published, cloud, update)
        return Outcome(update=update, folder=folder.resolve(), seconds_by_stage=self._watch.take())

    def _next_model_sequence(self, *, is_complete: bool) -> int:
        if not self._mapper.is_initialised:
            return 0
        last = 0 if is_complete else self._model_sequence
        return self._snapshots.model_sequence(self._sequence, len(self._images), last)

    def _sparse_cloud(self, *, is_complete: bool) -> PointCloud:
        if not self._mapper.is_initialised:
            return PointCloud.empty()
        if is_complete:
            return self._published.take_all(self._mapper.model, self._known.features)
        return self._published.take_new(self._mapper.model, self._known.features, self._touched())

    def _touched(self) -> set[int]:
        """The images that can have got new points by the last ones added."""
        newest = self._known.numbers[-1:] + self._just_placed
        return {other for number in newest for other in [number, *self._known.neighbours(number)]}

    def _dense_cloud(self, *, is_complete: bool) -> PointCloud:
        if self._densifier is None or not self._mapper.is_initialised:
            return PointCloud.empty()
        make = self._densifier.remake if is_complete else self._densifier.add
        return make(self._sequence).cloud()

    def _keep_pixels(self, number: int, pixels_rgb: NDArray[np.uint8]) -> None:
        if self._densifier is not None:
            self._densifier.keep_pixels(number, pixels_rgb)

    def _new_densifier(self) -> Densifier | None:
        if not self._settings.dense:
            return None
        return Densifier(DepthFiles(folder=self._folder), self._settings, self._known, self._mapper)

    def _restore(self, step: Step) -> None:
        readable = [image.number for image in step.state.images if not image.rejection]
        known = recall(self._files, readable)
        for image in step.state.images:
            if image.rejection:
                self._images.append(image)
                continue
            number = image.number
            pairs = tuple(pair for pair in known.pairs[number] if pair.newer == number)
            self._remember(image, known.facts[number], known.features[number], pairs)
        self._mapper = build_mapper(self._known, self._settings, step.numbers_before_model)
        if step.model is not None:
            self._mapper.swap(step.model)
        for number in self._known.numbers:
            if number not in step.numbers_before_model:
                introduce(number, self._known, self._mapper)
                self._mapper.place(self._waiting_up_to(number))
        self._published = step.published
        self._published.skip_present(self._mapper.model)
        self._sequence, self._model_sequence = step.state.sequence, step.state.model_sequence
        self._densifier = self._new_densifier()  # of the mapper that was built here
        if self._densifier is not None and step.model is not None:
            self._densifier.restore(self._sequence)
        self._upward = upward_said(step.output, self._mapper)
        if step.state.added_image_id:
            update = describe(self._images, self._known, self._mapper, self._upward)
            self._newest = (step.state.added_image_id, Outcome(update=update, folder=step.output.resolve()))


@lru_cache(maxsize=1)
def _engine_in(folder: Path) -> LiveEngine:
    return LiveEngine(folder, EngineSettings())


def black_box(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Add an image to the model in the working directory; returns a folder with `update.json` and, if any, PLYs.

    Without `old_point_cloud` the folder holds the complete cloud: of a new solution if the image was added before.

    Raises:
        EngineStateMissingError: there is a cloud, but the working directory does not hold the model it came from.
    """
    try:
        return str(_answer(_engine_in(Path.cwd()), Path(input_img_path), new_img_id, is_complete=not old_point_cloud))
    except BaseException:
        _engine_in.cache_clear()  # what it holds in memory may be torn: the next call begins with what is on disk
        raise


def _answer(engine: LiveEngine, path: Path, image_id: str, *, is_complete: bool) -> Path:
    if is_complete and engine.knows(image_id):
        return engine.refetch().folder
    if not is_complete and not engine.has_images:
        raise EngineStateMissingError(
            "the engine's folder is empty though the project has a cloud: add its images again"
        )
    return engine.add_image(path, image_id, wants_complete_cloud=is_complete).folder

"""The built-in black box: live structure from motion. One engine a process, its state in the working directory.

An image goes through these steps: photograph -> features -> pairs -> model -> new points -> step on disk.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from broker.errors import CairnError
from broker.shards import PointCloud
from reconstructor.engine import colmap
from reconstructor.engine.candidates import PairFinder
from reconstructor.engine.features import Features, extract_features
from reconstructor.engine.files import ImageFacts, ImageFiles
from reconstructor.engine.mapping import LiveMapper
from reconstructor.engine.memory import KnownImages
from reconstructor.engine.photographs import UnreadablePhotographError, read_photograph
from reconstructor.engine.protocol import Outcome
from reconstructor.engine.published import PublishedPoints
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.snapshots import Snapshots, Step, StepImage, StepState
from reconstructor.engine.survey import describe


class EngineStateMissingError(CairnError):
    """Viewers have a cloud that this engine knows nothing of."""

    code = "engine_state_missing"


class LiveEngine:
    """See `reconstructor.engine.protocol.Engine`."""

    def __init__(self, folder: Path, settings: EngineSettings) -> None:
        colmap.configure(threads=settings.threads, seed=settings.random_seed)
        self._settings = settings
        self._files = ImageFiles(folder=folder)
        self._snapshots = Snapshots(folder=folder)
        self._known = KnownImages()
        self._mapper = LiveMapper(settings)
        self._finder = PairFinder(settings)
        self._published = PublishedPoints()
        self._images: list[StepImage] = []
        self._sequence = 0
        self._newest: tuple[str, Outcome] | None = None  # image id added by the newest step, and what it brought
        if (step := self._snapshots.newest()) is not None:
            self._restore(step)

    @property
    def model(self) -> Any:
        """The present `pycolmap.Reconstruction`, to read."""
        return self._mapper.model

    @property
    def has_images(self) -> bool:
        return bool(self._images)

    def knows(self, image_id: str) -> bool:
        return any(image.image_id == image_id for image in self._images)

    def add_image(self, path: Path, image_id: str, *, wants_complete_cloud: bool = False) -> Outcome:
        """See the protocol. Unreadable images are rejected by word of the update, not by an exception."""
        if self._newest is not None and self._newest[0] == image_id and not wants_complete_cloud:
            return self._newest[1]
        if not self.knows(image_id):
            self._take_in(path, image_id)
        outcome = self._commit(added_image_id=image_id, is_complete=wants_complete_cloud)
        self._newest = (image_id, outcome)
        return outcome

    def refetch(self) -> Outcome:
        self._newest = None
        return self._commit(added_image_id="", is_complete=True)

    def close(self) -> None:
        """Nothing is held that the process's end would not free."""

    def _take_in(self, path: Path, image_id: str) -> None:
        number = len(self._images) + 1
        try:
            facts, features = self._features(number, path, image_id)
        except UnreadablePhotographError as exc:
            self._images.append(
                StepImage(number=number, image_id=image_id, rejection=exc.code, sentence=exc.sentence[:500])
            )
            return
        camera_id = self._known.camera_id(facts.sensor)
        self._mapper.add_camera(camera_id, facts.sensor)
        pairs = self._files.read_pairs(number)
        if pairs is None:
            pairs = self._finder.find(number, features, self._known, lambda other: self._camera(other, camera_id))
            self._files.write_pairs(number, pairs)
        self._remember(StepImage(number=number, image_id=image_id), facts, features, pairs)
        self._mapper.add_image(number, facts.file_name, camera_id, features.keypoints, pairs)
        self._mapper.place(self._waiting())

    def _features(self, number: int, path: Path, image_id: str) -> tuple[ImageFacts, Features]:
        """From disk where a crash came after they were written, else taken anew."""
        kept = self._files.read_features(number)
        if kept is not None and kept[0].image_id == image_id:
            return kept
        self._files.forget_pairs(number)
        photograph = read_photograph(path, self._settings)
        facts = ImageFacts.of(image_id, path, photograph)
        features = extract_features(photograph, self._settings)
        self._files.write_features(number, facts, features)
        return facts, features

    def _camera(self, number: int, new_camera_id: int) -> Any:
        return self._mapper.camera(self._known.camera_ids.get(number, new_camera_id))

    def _remember(self, image: StepImage, facts: ImageFacts, features: Features, pairs: tuple[Any, ...]) -> None:
        self._images.append(image)
        self._known.add(image.number, facts, features, pairs)
        self._finder.remember(features)
        self._published.add_image(image.number, len(features))

    def _waiting(self) -> list[int]:
        return [number for number in self._known.numbers if not self._mapper.is_placed(number)]

    def _commit(self, *, added_image_id: str, is_complete: bool) -> Outcome:
        take = self._published.take_all if is_complete else self._published.take_new
        cloud = take(self._mapper.model, self._known.features) if self._mapper.is_initialised else PointCloud.empty()
        update = describe(self._images, self._known, self._mapper, new_point_count=len(cloud))
        self._sequence += 1
        state = StepState(
            sequence=self._sequence,
            images=tuple(self._images),
            added_image_id=added_image_id,
            has_model=self._mapper.is_initialised,
        )
        folder = self._snapshots.commit(state, self._mapper.model, self._published, cloud, update)
        return Outcome(update=update, folder=folder.resolve())

    def _restore(self, step: Step) -> None:
        for image in step.state.images:
            if image.rejection:
                self._images.append(image)
                continue
            kept, pairs = self._files.read_features(image.number), self._files.read_pairs(image.number)
            if kept is None or pairs is None:
                raise EngineStateMissingError(
                    f"the files of image {image.image_id} are gone: begin a new project folder"
                )
            facts, features = kept
            camera_id = self._known.camera_id(facts.sensor)
            self._mapper.add_camera(camera_id, facts.sensor)
            self._remember(image, facts, features, pairs)
            self._mapper.add_image(image.number, facts.file_name, camera_id, features.keypoints, pairs)
        if step.model is not None:
            self._mapper.swap(step.model)
        self._published = step.published
        self._sequence = step.state.sequence
        if step.state.added_image_id:
            update = describe(self._images, self._known, self._mapper, new_point_count=0)
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
    engine = _engine_in(Path.cwd())
    if not old_point_cloud and engine.knows(new_img_id):
        return str(engine.refetch().folder)
    if old_point_cloud and not engine.has_images:
        raise EngineStateMissingError(
            "the engine's folder is empty though the project has a cloud: add its images again"
        )
    return str(engine.add_image(Path(input_img_path), new_img_id, wants_complete_cloud=not old_point_cloud).folder)

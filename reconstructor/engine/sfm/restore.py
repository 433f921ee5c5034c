"""How does a new process get the images back? It reads their files, in order of number, and adds them to a mapper."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from broker.errors import CairnError
from reconstructor.engine.features.image_files import ImageFiles
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.priority import Pause, no_pause
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.camera_choice import CameraChoice, is_own, own_sensor
from reconstructor.engine.sfm.incremental_mapper import LiveMapper


class EngineStateMissingError(CairnError):
    """A project has a cloud or steps, but the engine's folder no longer holds the files they need."""

    code = "engine_state_missing"
    remedy = "Restore the engine's folder from a backup, or begin the project again from its images."


def restore_images(
    files: ImageFiles, numbers: Iterable[int], camera_ids: Mapping[int, int] | None = None
) -> KnownImages:
    """Read the facts and features of the images with these numbers, and the pairs among them.

    Cameras are numbered in the order of the images, unless a model of only some images has other `camera_ids`.

    Raises:
        EngineStateMissingError: a file is missing or cannot be read.
    """
    known = KnownImages()
    for number in numbers:
        kept, pairs = files.read_features(number), files.read_pairs(number)
        if kept is None or pairs is None:
            raise EngineStateMissingError(
                f"the files of image {number} are gone from the engine's folder: begin the project again from its images"
            )
        known.add(number, *kept, [pair for pair in pairs if pair.earlier in known])
    known.camera_ids.update(camera_ids or {})
    return known


def build_mapper(
    known: KnownImages,
    settings: EngineSettings,
    numbers: Collection[int] | None = None,
    model: Any | None = None,
    pause: Pause = no_pause,
) -> LiveMapper:
    """A mapper to which these images (by default all) are added, with a model of them, or with none of them placed.

    `pause` is called before each image.
    """
    mapper = LiveMapper(settings)
    choice = CameraChoice.of(mapper.model if model is None else model, known)
    for camera_id in choice.set_aside:
        mapper.set_calibration_aside(camera_id)
    for number in known.numbers:
        if numbers is None or number in numbers:
            pause()
            pairs = known.pairs[number]  # there is no model yet to judge them by
            _add(number, known, mapper, choice, model, credible=pairs)
    if model is not None:
        mapper.swap(model)
    return mapper


def add_to_mapper(number: int, known: KnownImages, mapper: LiveMapper, credible: Sequence[Pair] | None = None) -> None:
    """Add one known image to the mapper, with its camera and its pairs with the images that the mapper knows.

    If a model like this one has judged its pairs, `credible` are those that it kept; they are not judged again.
    """
    _add(number, known, mapper, CameraChoice.of(mapper.model, known), mapper.model, credible=credible)


def _add(
    number: int,
    known: KnownImages,
    mapper: LiveMapper,
    choice: CameraChoice,
    model: Any | None,
    *,
    credible: Sequence[Pair] | None = None,
) -> None:
    camera_id = choice.camera_id(number, known.camera_ids[number])
    sensor = known.facts[number].sensor
    if is_own(camera_id):
        refined = model.camera(camera_id) if model is not None and model.exists_camera(camera_id) else None
        focal_px = sensor.focal_px if refined is None else float(refined.mean_focal_length())
        sensor = own_sensor(sensor, focal_px)
    mapper.add_camera(camera_id, sensor)
    every = known.pairs[number] if credible is None else credible
    pairs = [pair for pair in every if mapper.knows(KnownImages.other(pair, number))]
    keypoints = known.features[number].keypoints
    if credible is None:
        judged = mapper.credible(number, camera_id, keypoints, pairs)
        known.note_repeated(pairs, judged)
        pairs = judged
    mapper.add_image(number, camera_id, keypoints, pairs)

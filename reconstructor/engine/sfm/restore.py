"""How does a new process get the images back? It reads their files, in order of number, and adds them to a mapper."""

from collections.abc import Collection, Iterable

from broker.errors import CairnError
from reconstructor.engine.features.image_files import ImageFiles
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.incremental_mapper import LiveMapper


class EngineStateMissingError(CairnError):
    """A project has a cloud or steps, but the engine's folder no longer holds the files they need."""

    code = "engine_state_missing"
    remedy = "Restore the engine's folder from a backup, or begin the project again from its images."


def restore_images(files: ImageFiles, numbers: Iterable[int]) -> KnownImages:
    """Read the facts and features of the images with these numbers, in order, and their pairs with each other.

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
    return known


def build_mapper(known: KnownImages, settings: EngineSettings, numbers: Collection[int] | None = None) -> LiveMapper:
    """A mapper to which these images (by default all) are added; none is placed."""
    mapper = LiveMapper(settings)
    for number in known.numbers:
        if numbers is None or number in numbers:
            add_to_mapper(number, known, mapper)
    return mapper


def add_to_mapper(number: int, known: KnownImages, mapper: LiveMapper) -> None:
    """Add one known image to the mapper, with its camera and its pairs with earlier images."""
    camera_id = known.camera_ids[number]
    mapper.add_camera(camera_id, known.facts[number].sensor)
    pairs = [pair for pair in known.pairs[number] if pair.newer == number]
    mapper.add_image(number, camera_id, known.features[number].keypoints, pairs)

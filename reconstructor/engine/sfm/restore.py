"""How does a process that did not see the images come to know them? From their files, in order of number."""

from collections.abc import Collection, Iterable

from broker.errors import CairnError
from reconstructor.engine.features.image_files import ImageFiles
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.incremental_mapper import LiveMapper


class EngineStateMissingError(CairnError):
    """A project has a cloud or steps, but the engine's folder no longer holds what they came from."""

    code = "engine_state_missing"
    remedy = "Restore the engine's folder from a backup, or begin the project again from its images."


def restore_images(files: ImageFiles, numbers: Iterable[int]) -> KnownImages:
    """All that is on disk of the images with these numbers.

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
        known.add(number, *kept, pairs)
    return known


def build_mapper(known: KnownImages, settings: EngineSettings, numbers: Collection[int] | None = None) -> LiveMapper:
    """A mapper that knows these images, or all, and has placed none of them."""
    mapper = LiveMapper(settings)
    for number in known.numbers:
        if numbers is None or number in numbers:
            add_to_mapper(number, known, mapper)
    return mapper


def add_to_mapper(number: int, known: KnownImages, mapper: LiveMapper) -> None:
    """Make one known image known to the mapper."""
    camera_id = known.camera_ids[number]
    mapper.add_camera(camera_id, known.facts[number].sensor)
    pairs = [pair for pair in known.pairs[number] if pair.newer == number]
    mapper.add_image(number, camera_id, known.features[number].keypoints, pairs)

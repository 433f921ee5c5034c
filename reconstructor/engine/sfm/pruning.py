"""Which images does a model lose before it is judged? Those that its figures speak against, until none does."""

from collections.abc import Collection
from typing import Final, NamedTuple

from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.gate.figures import ModelFigures, measure_model
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.refetch_gate import blamed_next, objections_to, objections_to_unseen

LEAST_IMAGES: Final = 2  # of a model
_MOST_ROUNDS: Final = 8  # each measures the model again, with 400 images in 10 to 20 s
_MOST_IMAGES_MEASURED: Final = 800  # in all rounds of a large model, which has at least 2
_MOST_SHARE: Final = 0.5  # of a model's images, for the figures of each alone


class Pruned(NamedTuple):
    """The figures of a model without the images that were taken out, those images, and what is left to object."""

    figures: ModelFigures
    out: tuple[int, ...]
    objection: str


def prune(mapper: LiveMapper, known: KnownImages, settings: EngineSettings, placed_before: Collection[int]) -> Pruned:
    """Take images out of the mapper's model; `placed_before` are those that the live model places."""
    out, singly = list[int](), 0
    count = mapper.model.num_reg_images()
    rounds = max(2, min(_MOST_ROUNDS, _MOST_IMAGES_MEASURED // max(1, count)))
    for is_last in (*(False,) * rounds, True):
        figures = measure_model(mapper.model, known, settings)
        objections = objections_to(figures) + objections_to_unseen(figures, placed_before)
        blamed = blamed_next(objections, placed_before)
        singly += len(blamed) if objections and objections[0].is_of_image else 0
        left_count = mapper.model.num_reg_images() - len(blamed)
        if is_last or not blamed or singly > _MOST_SHARE * count or left_count < LEAST_IMAGES:
            break
        for number in blamed:
            mapper.remove(number)
        out += blamed
    return Pruned(figures, tuple(out), objections[0].sentence if objections else "")

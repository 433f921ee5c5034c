"""Which matches can be ready before a refetch asks for them? Those of the live model's own observations.

They are kept where a refetch looks for its matches. What it does not find there as it needs it, it matches itself: the
first place moved, another image shows the point better, or the photograph is another.
"""

from collections.abc import Callable, Mapping
from typing import Any

from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.lsm.kept_matches import MatchFiles
from reconstructor.engine.lsm.measuring import Measuring
from reconstructor.engine.settings import EngineSettings

_LEAST_IMAGES = 2


class StoppedError(Exception):
    """Raised by a `pause` to end measuring; what was matched by then is kept."""


def measure_ahead(
    model: Any,
    facts: Mapping[int, ImageFacts],
    settings: EngineSettings,
    files: MatchFiles,
    pause: Callable[[], None],
) -> None:
    """Match the observations of a model's images in the larger photographs, where no kept match fits, and keep them.

    Args:
        model: the `pycolmap.Reconstruction`, which nobody changes meanwhile.
        facts: of its images, by number; those whose original has not come yet are left out.
        settings: the engine's.
        files: where matches are kept.
        pause: called before each image; it may wait, or raise `StoppedError`.
    """
    numbers = [number for number in model.reg_image_ids() if not facts[number].is_preview]
    if len(numbers) < _LEAST_IMAGES:
        return
    bundle = Bundle.of(model, numbers)
    measuring = Measuring(bundle, [facts[number] for number in bundle.numbers], settings, files)
    try:
        measuring.own(bundle, pause)
    except StoppedError:
        pass
    finally:
        measuring.keep(beside_others=True)

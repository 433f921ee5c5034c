"""How is a large model refined in parts? Windows of 200 images in turn; the images around each are held where they are.

The time and the memory of a window do not grow with the project. A drift of the whole model stays: no window sees it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from reconstructor.engine.features.image_files import ImageFiles
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.lsm.kept_matches import MatchFiles
from reconstructor.engine.lsm.refinement import refined, write_back
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.model_comparison import point_ids, tight_share_among
from reconstructor.engine.sfm.restore import restore_images

WINDOW: Final = 200
_MOST_HELD: Final = 40  # images around a window, those with most common points
_LEAST_COMMON: Final = 30
_MOST_TIGHT_LOSS: Final = 0.002


def windows_of(numbers: Iterable[int], *, newest_only: bool) -> list[list[int]]:
    """Images in parts of at most 200, from the newest to the oldest: people look at the newest ones."""
    ordered = sorted(numbers, reverse=True)
    windows = [sorted(ordered[begin : begin + WINDOW]) for begin in range(0, len(ordered), WINDOW)]
    return windows[:1] if newest_only else windows


def refine_in_windows(model: Any, folder: Path, settings: EngineSettings, *, newest_only: bool) -> tuple[float, float]:
    """Measure a model again and adjust it, window after window; a window whose matches then fit less well stays.

    Args:
        model: the `pycolmap.Reconstruction`, which changes; its cameras keep their intrinsics.
        folder: the engine's.
        settings: the engine's.
        newest_only: only the newest window.

    Returns:
        The share of the verified matches in the windows that agree closely with the model, before and after; both are
        means of the windows.
    """
    befores, afters = [], []
    for window in windows_of(model.reg_image_ids(), newest_only=newest_only):
        held = neighbours_of(model, window)
        known = restore_images(ImageFiles(folder=folder), sorted([*held, *window]))
        bundle = Bundle.of(model, window, held)
        files, constant = MatchFiles(folder=folder), set(bundle.cameras)
        (after,) = refined(bundle, known.facts, constant, settings, files, is_window=True)
        befores.append(_tight_share(bundle, known))
        afters.append(_tight_share(after, known))
        if afters[-1] >= befores[-1] - _MOST_TIGHT_LOSS:
            write_back(model, after)
        else:
            afters[-1] = befores[-1]
    count = max(1, len(befores))
    return sum(befores) / count, sum(afters) / count


def _tight_share(bundle: Bundle, known: KnownImages) -> float:
    without_points = replace(bundle, observations=bundle.observations[np.empty(0, np.int64)])  # only poses are needed
    model, _ = without_points.to_colmap()
    return tight_share_among(model, known, bundle.numbers)


def neighbours_of(model: Any, window: Iterable[int]) -> list[int]:
    """The images outside a window that observe most of its points."""
    inside, counts = set(window), Counter[int]()
    ids = {int(each) for number in inside for each in point_ids(model, number) if each >= 0}
    for each in ids:
        elements = model.point3D(each).track.elements
        counts.update({element.image_id for element in elements}.difference(inside))
    return sorted(number for number, count in counts.most_common(_MOST_HELD) if count >= _LEAST_COMMON)

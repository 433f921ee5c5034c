"""Does a given calibration fit? Its focal length is set free in a robust adjustment: a right one hardly moves."""

from collections import Counter
from collections.abc import Collection
from typing import Final

import numpy as np

from reconstructor.engine.lsm.bundle import Bundle

_LEAST_IMAGES: Final = 5
_LOSS_PX: Final = 0.5


def focal_change(bundle: Bundle, given_cameras: Collection[int], threads: int) -> float | None:
    """The largest relative change, signed, of the given focal lengths; None if no camera took enough photographs."""
    counts = Counter(bundle.camera_ids)
    checked = [each for each in given_cameras if counts[each] >= _LEAST_IMAGES]
    if not checked:
        return None
    freed = bundle.adjusted(_LOSS_PX, set(bundle.cameras).difference(checked), threads)
    changes = np.array(
        [freed.cameras[each].mean_focal_length() / bundle.cameras[each].mean_focal_length() - 1 for each in checked]
    )
    changes = changes[np.isfinite(changes)]
    return float(changes[np.abs(changes).argmax()]) if len(changes) else None

"""Which two images does a model begin with? The pair with the widest view of the most points, relaxed in steps."""

from typing import Any, Final

from reconstructor.engine.options import MapperOptions

_ANY_IMAGE: Final = -1
# least angle between the two lines of sight (degrees), least matches: first what COLMAP asks for, then less
_DEMANDS: Final = ((16.0, 100), (8.0, 100), (4.0, 100), (4.0, 50), (2.5, 50))


def find_first_pair(mapper: Any, options: MapperOptions) -> tuple[tuple[int, int], Any] | None:
    """Two image numbers and `second_from_first`, or None while no two images have seen enough from two places."""
    for min_angle_deg, min_inliers in _DEMANDS:
        mapper.reset_initialization_stats()
        found: tuple[tuple[int, int], Any] | None = mapper.find_initial_image_pair(
            options.initial(min_angle_deg, min_inliers), _ANY_IMAGE, _ANY_IMAGE
        )
        if found is not None:
            return found
    return None

"""How are measured observations adjusted? With a Cauchy loss of half a pixel of the larger photographs, outliers left out between.

A squared loss buys outliers with inliers: with the same tracks of one hard set it was 55 mm off, with this one 22 (2026-11-28).
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from reconstructor.engine.lsm.bundle import Bundle

_LOSS_PX: Final = 0.5
_LEAST_IMAGES: Final = 5  # of a camera whose principal point is estimated
_MOST_OFF_CENTRE: Final = 0.05  # of the principal point, over the side


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustAdjustment:
    """Adjusts bundles whose observations were measured in larger photographs.

    Attributes:
        scale: pixels of the larger photographs per pixel of the bundle's.
        constant_cameras: ids of the cameras that keep their intrinsics.
        threads: for the solver.
    """

    scale: float
    constant_cameras: Collection[int]
    threads: int

    def adjusted(self, bundle: Bundle, *bounds_px: float) -> Bundle:
        """The bundle adjusted, and again after each bound, beyond which observations are left out; pixels of the larger photographs."""
        bundle = self._adjusted(bundle)
        for bound_px in bounds_px:
            bundle = self._adjusted(bundle.within(bound_px / self.scale))
        return bundle

    def with_principal_points(self, bundle: Bundle) -> list[Bundle]:
        """An adjusted bundle; if principal points of free cameras can be found, a second one that has them.

        Cameras of few images are held, and so are those whose principal point would come to lie far from the centre.
        """
        counts = Counter(bundle.camera_ids)
        free = {each for each in bundle.cameras if each not in self.constant_cameras and counts[each] >= _LEAST_IMAGES}
        while free:
            freed = self._adjusted(bundle, free)
            if not (unlikely := {each for each in free if not _is_near_centre(freed.cameras[each])}):
                return [bundle, freed]
            free -= unlikely
        return [bundle]

    def _adjusted(self, bundle: Bundle, with_principal_points: Collection[int] = ()) -> Bundle:
        """Adjust; with the principal points of these cameras if there are any, while all others keep their intrinsics."""
        held = set(bundle.cameras).difference(with_principal_points) if with_principal_points else self.constant_cameras
        loss_px, frees_principal_point = _LOSS_PX / self.scale, bool(with_principal_points)
        return bundle.adjusted(loss_px, held, self.threads, frees_principal_point=frees_principal_point)


def _is_near_centre(camera: Any) -> bool:
    """Whether the principal point of a `pycolmap.Camera` is where that of a photographic lens may be."""
    across = abs(camera.principal_point_x / camera.width - 0.5)
    down = abs(camera.principal_point_y / camera.height - 0.5)
    return bool(max(across, down) <= _MOST_OFF_CENTRE)

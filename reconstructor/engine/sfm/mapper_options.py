"""Which options does COLMAP's mapper run with? COLMAP's defaults, except the few that are set and explained here."""

import copy
from dataclasses import dataclass
from typing import Any, Self

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.settings import EngineSettings

_LOSS_PX = 1.0
MIN_REGISTRATION_INLIERS = 30  # COLMAP's bound for an image's pose: unrelated photographs reach 10


@dataclass(frozen=True, slots=True, kw_only=True)
class MapperOptions:
    """One consistent set of COLMAP options; `fixed` cameras (calibrated) keep their intrinsics."""

    mapping: Any
    mapping_fixed: Any  # for images of calibrated cameras: pose estimation does not change their focal length
    triangulation: Any
    local_bundle: Any
    global_bundle: Any
    global_bundle_fixed: Any  # the same, with all intrinsics constant
    global_bundle_robust: (
        Any  # with a loss that outliers hardly count in: entry-P10 7.0 mm instead of 21.6 (2026-11-28)
    )

    @classmethod
    def build(cls, settings: EngineSettings, fixed_cameras: frozenset[int]) -> Self:
        options = pycolmap.IncrementalPipelineOptions()
        options.num_threads = settings.threads
        options.random_seed = settings.random_seed
        options.constant_cameras = set(fixed_cameras)
        # with the default a model of two images has no points
        options.triangulation.ignore_two_view_tracks = False
        mapping_fixed = options.get_mapper()
        mapping_fixed.abs_pose_refine_focal_length = False
        mapping_fixed.abs_pose_refine_extra_params = False
        global_bundle_fixed = options.get_global_bundle_adjustment()
        global_bundle_fixed.refine_focal_length = global_bundle_fixed.refine_extra_params = False
        global_bundle_robust = options.get_global_bundle_adjustment()
        global_bundle_robust.ceres.loss_function_type = pycolmap.LossFunctionType.CAUCHY
        global_bundle_robust.ceres.loss_function_scale = _LOSS_PX
        return cls(
            global_bundle_robust=global_bundle_robust,
            global_bundle_fixed=global_bundle_fixed,
            mapping=options.get_mapper(),
            mapping_fixed=mapping_fixed,
            triangulation=options.get_triangulation(),
            local_bundle=options.get_local_bundle_adjustment(),
            global_bundle=options.get_global_bundle_adjustment(),
        )

    def initial(self, min_angle_deg: float, min_inliers: int) -> Any:
        """The mapping options with other thresholds for the first pair."""
        options = copy.deepcopy(self.mapping)
        options.init_min_tri_angle = min_angle_deg
        options.init_min_num_inliers = min_inliers
        return options

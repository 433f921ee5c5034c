"""How dense, right and fast is dense depth? `python -m benchmarks.dense [DATASET|OBJECT…]`: one line of JSON last.

With `--refetch`: how much of the surface of the objects does a refetch lose that the live cloud before it covers?

DATASET is a folder with `images/` and `cameras.json`; OBJECT one of the simulated ones, whose surface is known exactly.
Depth is compared with sparse points that at least three images see to half a pixel (and with all that three see, for the
record: what disagrees there is mostly the sparse point), and the fused cloud of an object with its surface:
accuracy is the share of points within a distance of the surface, completeness the share of the surface (where three
images see it) within that distance of a point, F their harmonic mean. Its `colour_error` is that of points fused from
photographs whose exposure differs by +-0.5 EV and whose white balance by +-0.2 EV, in levels of 255.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.parts.calibration import Tenth, calibration_error, monotony, tenths
from benchmarks.parts.dense.colors import color_errors
from benchmarks.parts.dense.refetch import refetch_loss
from benchmarks.parts.dense.rims import rim_share
from benchmarks.parts.dense.truth import (
    Posed,
    accuracy_in_sampling_distances,
    completeness_in_sampling_distances,
    posed_object,
    posed_photographs,
)
from edge_agent.cameras.simulated.objects import OBJECTS
from reconstructor.engine.mvs.consistency import filter_consistent
from reconstructor.engine.mvs.dense_model import DenseSettings
from reconstructor.engine.mvs.densifier import sweep_settings
from reconstructor.engine.mvs.depth_maps import DepthMap, SurfacePoints, surface_points
from reconstructor.engine.mvs.edge_matting import without_rims
from reconstructor.engine.mvs.fusion import fused, without_outliers, without_strays
from reconstructor.engine.mvs.plane_sweep import PlaneSweep, SweepSettings
from reconstructor.engine.mvs.views import View, best_sources
from reconstructor.engine.parallel import set_thread_count
from reconstructor.engine.settings import Quality

DISTANCES = (0.5, 1.0, 2.0, 5.0)  # ground sampling distances
RIGHT = 2.0
MAX_SPARSE_ERROR_PX = 0.5
_FIRST_SHOT = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """One set of images, matched, confirmed and fused."""

    posed: Posed
    maps: dict[int, DepthMap]
    cloud: SurfacePoints
    seconds_per_image: float
    cpu_seconds_per_image: float
    fusion_s: float

    def points_per_image(self) -> float:
        return float(np.mean([int(depth_map.valid.sum()) for depth_map in self.maps.values()]))

    def sparse_errors(self, below_px: float = MAX_SPARSE_ERROR_PX) -> NDArray[np.float64]:
        """(N,) relative difference to the depth of each sparse point, of those reprojected well, that has depth."""
        pairs = zip(self.posed.views, self.posed.sparse_errors_px, strict=True)
        return np.concatenate(
            [sparse_errors(view, self.maps[view.image_number], error_px < below_px) for view, error_px in pairs]
        )


def measure(posed: Posed, settings: DenseSettings, sweep: SweepSettings, *, is_quick: bool = False) -> Measured:
    """Depth of every image as the engine makes it, all images known."""
    engine, views = PlaneSweep(sweep), posed.views
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    raw = {
        view.image_number: without_rims(
            view, engine.depth_map(view, best_sources(view, views, settings.source_count), is_quick=is_quick)
        )
        for view in views
    }
    final = {}
    for view in views:
        check_images = best_sources(view, views, settings.check_image_count)
        others = [(other, raw[other.image_number]) for other in check_images]
        final[view.image_number] = filter_consistent(view, raw[view.image_number], others, settings.agreement)
    _wait_for(views[0].device)
    seconds = (time.perf_counter() - began_s) / len(views)
    cpu_seconds = (time.process_time() - began_cpu_s) / len(views)
    began_s = time.perf_counter()
    points = SurfacePoints.join([surface_points(view, final[view.image_number]) for view in views])
    cloud = without_strays(without_outliers(fused(points, voxel_ratio=settings.voxel_ratio)))
    fusion_s = time.perf_counter() - began_s
    return Measured(
        posed=posed,
        maps=final,
        cloud=cloud,
        seconds_per_image=seconds,
        cpu_seconds_per_image=cpu_seconds,
        fusion_s=fusion_s,
    )


def sparse_errors(view: View, depth_map: DepthMap, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    points, (fx, fy, cx, cy) = view.sparse_in_camera()[mask], view.intrinsics
    columns = np.floor(points[:, 0] / points[:, 2] * fx + cx).astype(np.int64).clip(0, view.width - 1)
    rows = np.floor(points[:, 1] / points[:, 2] * fy + cy).astype(np.int64).clip(0, view.height - 1)
    is_valid = depth_map.valid.cpu().numpy()[rows, columns]
    depth = 1.0 / depth_map.inverse_depth.cpu().numpy()[rows, columns]
    return np.asarray(np.abs(depth / points[:, 2] - 1.0)[is_valid], np.float64)


def scores(measured: Measured) -> dict[str, float]:
    """Accuracy, completeness and F at each distance, and how far confidence is from the share that is right."""
    accuracy = accuracy_in_sampling_distances(measured.posed, measured.cloud)
    completeness = completeness_in_sampling_distances(measured.posed, measured.cloud)
    found = {}
    for distance in DISTANCES:
        right, whole = float((accuracy < distance).mean()), float((completeness < distance).mean())
        found[f"accuracy_at_{distance:g}_gsd"], found[f"completeness_at_{distance:g}_gsd"] = right, whole
        found[f"f_at_{distance:g}_gsd"] = 2.0 * right * whole / max(right + whole, 1e-9)
    found["rim_share"] = rim_share(measured.posed, measured.cloud)
    found["calibration_error"] = calibration_error(measured.cloud.confidences, accuracy < RIGHT)
    found["confidence_error_rank_correlation"] = monotony(by_confidence(measured.cloud, accuracy))
    return found


def by_confidence(cloud: SurfacePoints, accuracy: NDArray[np.float64]) -> tuple[Tenth, ...]:
    """How wrong the points are, a tenth at a time, in sampling distances."""
    return tenths(cloud.confidences, accuracy, right_below=RIGHT, limit=DISTANCES[-1])


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _load(target: str, arguments: argparse.Namespace) -> Posed:
    device = torch.device(arguments.device)
    if target in OBJECTS:
        return posed_object(target, count=arguments.count, first=_FIRST_SHOT, width=arguments.width, device=device)
    return posed_photographs(Path(target), width=arguments.width, device=device)


def _told(measured: Measured) -> str:
    accuracy = accuracy_in_sampling_distances(measured.posed, measured.cloud)
    return ", ".join(
        f"{part.confidence:.2f} -> {part.right:.2f} right, {part.median_error:.2f} GSD"
        for part in by_confidence(measured.cloud, accuracy)
    )


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}


def _report_losses(targets: list[str], arguments: argparse.Namespace) -> None:
    losses = {}
    for target in targets:
        losses[target] = refetch_loss(_load(target, arguments), DenseSettings(), sweep_settings(arguments.quality))
        print(f"{target}: {json.dumps(_rounded(asdict(losses[target])))}", flush=True)
    lost = {target: round(loss.lost_share, 4) for target, loss in losses.items()}
    noticed = {target: round(loss.noticed_share, 4) for target, loss in losses.items()}
    print(json.dumps({"surface_lost_share": max(lost.values()), "by_object": lost, "noticed_by_engine": noticed}))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", default=list(OBJECTS), metavar="DATASET|OBJECT")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--quality", type=Quality, default=Quality.STANDARD, help="standard or high")
    parser.add_argument("--width", type=int, default=612, help="pixels; depth is made at this width")
    parser.add_argument("--count", type=int, default=10, help="images of an object")
    parser.add_argument(
        "--threads", type=int, default=1, help="1: what depth takes, not how two threads delay each other"
    )
    parser.add_argument("--quick", action="store_true", help="depth as a live image gets it, not as a refetch makes it")
    parser.add_argument("--refetch", action="store_true", help="what a refetch of the objects loses, nothing else")
    arguments = parser.parse_args()
    set_thread_count(arguments.threads)
    if arguments.refetch:
        if unknown := [target for target in arguments.targets if target not in OBJECTS]:
            parser.error(f"the surface of {', '.join(unknown)} is not known")
        _report_losses(arguments.targets, arguments)
        return
    all_measured: list[Measured] = []
    by_object: dict[str, dict[str, float]] = {"f_at_2_gsd": {}, "rim_share": {}, "colour_error": {}}
    for target in arguments.targets:
        measured = measure(
            _load(target, arguments), DenseSettings(), sweep_settings(arguments.quality), is_quick=arguments.quick
        )
        all_measured.append(measured)
        name, errors = measured.posed.name, measured.sparse_errors()
        print(
            f"{name}: {measured.points_per_image():,.0f} points an image, {len(measured.cloud):,} fused, "
            f"{(errors < 0.005).mean():.2%} within 0.5 % and {(errors < 0.01).mean():.2%} within 1 % of the sparse depth, "
            f"{measured.seconds_per_image:.2f} s an image ({measured.cpu_seconds_per_image:.2f} s of CPU), {measured.fusion_s:.1f} s to fuse",
            flush=True,
        )
        if measured.posed.surface is not None:
            colors = color_errors(name, count=arguments.count, first=_FIRST_SHOT, width=arguments.width)
            figures = _rounded(scores(measured) | colors)
            for key, found in by_object.items():
                found[name] = figures[key]
            print(f"{name}: {json.dumps(figures)}", flush=True)
            print(f"{name}, by confidence: {_told(measured)}", flush=True)
    errors = np.concatenate([measured.sparse_errors() for measured in all_measured])
    every = np.concatenate([measured.sparse_errors(np.inf) for measured in all_measured])
    total = {
        "points_per_image": float(np.mean([measured.points_per_image() for measured in all_measured])),
        "share_within_half_percent": float((errors < 0.005).mean()),
        "share_within_1_percent": float((errors < 0.01).mean()),
        "share_within_1_percent_of_all_sparse": float((every < 0.01).mean()),
        "seconds_per_image": float(np.mean([measured.seconds_per_image for measured in all_measured])),
        "cpu_seconds_per_image": float(np.mean([measured.cpu_seconds_per_image for measured in all_measured])),
    }
    print(json.dumps(_rounded(total) | by_object | {"device": arguments.device, "quality": arguments.quality}))


if __name__ == "__main__":
    main()

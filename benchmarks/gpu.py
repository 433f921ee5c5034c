"""How fast is dense depth on a GPU, beside the processor in the same run? `python -m benchmarks.gpu`: one line of JSON last.

Depth at 1,224 px from six sources each, as a refetch makes it: from the photographs to the points, both in main memory. The first image compiles, captures and allocates; it is measured, too, but not counted. Without a GPU `device` is
null, and the processor alone is measured. `agreement` is the share of pixels whose two depths agree to 0.1 %.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch

from benchmarks.parts.dense.truth import posed_object, posed_photographs
from edge_agent.cameras.simulated.objects import OBJECTS
from reconstructor.engine.device import compute_of
from reconstructor.engine.mvs.consistency import ConsistencyThresholds, filter_consistent
from reconstructor.engine.mvs.depth_maps import DepthMap, surface_points
from reconstructor.engine.mvs.edge_matting import without_rims
from reconstructor.engine.mvs.plane_sweep import PlaneSweep, SweepSettings
from reconstructor.engine.mvs.views import View, best_sources
from reconstructor.engine.parallel import set_thread_count
from reconstructor.engine.settings import EngineSettings

SOURCES: Final = 6
WITNESSES: Final = 6
_SAME_RATIO: Final = 1e-3
_CPU: Final = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What the images cost on one device, and their depth maps as matched."""

    seconds: list[float]
    quick_seconds: list[float]
    points: list[int]
    maps: list[DepthMap]


def timed(views: Sequence[View], count: int, device: torch.device) -> Timed:
    """Depth of the first `count` views; all of them may be sources."""
    there = [replace(view, compute_device=device) for view in views]
    engine = PlaneSweep(SweepSettings())
    maps, matching_s, quick_s = [], [], []
    for view in there[:count]:
        sources = best_sources(view, there, SOURCES)
        began_s = _now_s(device)
        maps.append(without_rims(view.on_device(), engine.depth_map(view, sources)))
        matching_s.append(_now_s(device) - began_s)
        engine.depth_map(view, sources, is_quick=True)
        quick_s.append(_now_s(device) - began_s - matching_s[-1])
    by_number = {view.image_number: depth_map for view, depth_map in zip(there, maps, strict=False)}
    points, ending_s = [], []
    for view, depth_map in zip(there, maps, strict=False):
        began_s = _now_s(device)
        witnesses = best_sources(view, there[:count], WITNESSES)
        confirmed = filter_consistent(
            view, depth_map, [(each, by_number[each.image_number]) for each in witnesses], _agreement(len(witnesses))
        )
        points.append(len(surface_points(view, confirmed)))
        ending_s.append(_now_s(device) - began_s)
    seconds = [matching + ending for matching, ending in zip(matching_s, ending_s, strict=True)]
    return Timed(seconds=seconds, quick_seconds=quick_s, points=points, maps=[each.to(_CPU) for each in maps])


def agreement(first: Sequence[DepthMap], second: Sequence[DepthMap]) -> float:
    """The share of the pixels with depth in both maps of an image whose depths agree to 0.1 %."""
    same, both = 0, 0
    for one, other in zip(first, second, strict=False):
        valid = one.valid & other.valid
        ratio = one.inverse_depth[valid] / other.inverse_depth[valid]
        same, both = same + int(((ratio - 1.0).abs() < _SAME_RATIO).sum()), both + int(valid.sum())
    return same / max(both, 1)


def _agreement(witness_count: int) -> ConsistencyThresholds:
    """As the dense model: fewer must agree where there are fewer."""
    thresholds = ConsistencyThresholds()
    return replace(thresholds, min_count=max(1, min(thresholds.min_count, witness_count)))


def _now_s(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _typical(seconds: Sequence[float]) -> float:
    """The median without the first image's, if there is another."""
    return round(statistics.median(seconds[1:] or seconds), 3)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--object", choices=list(OBJECTS), default="facade", help="a simulated object")
    parser.add_argument("--photos", type=Path, help="instead of it a folder with images/ and cameras.json")
    parser.add_argument("--width", type=int, default=1224, help="pixels; another one keeps the figures' names")
    parser.add_argument("--count", type=int, default=10, help="photographs of an object")
    parser.add_argument("--cpu-count", type=int, default=2, help="images measured on the processor")
    arguments = parser.parse_args()
    compute = compute_of(EngineSettings())
    set_thread_count(EngineSettings().threads)
    if arguments.photos is not None:
        posed = posed_photographs(arguments.photos, width=arguments.width, device=_CPU)
    else:
        posed = posed_object(arguments.object, count=arguments.count, first=2, width=arguments.width, device=_CPU)
    figures: dict[str, object] = {"device": None, "dense_s_1224": None, "images": len(posed.views)}
    on_cpu = timed(posed.views, arguments.cpu_count, _CPU)
    if compute.device.type == "cuda":
        on_gpu = timed(posed.views, len(posed.views), compute.device)
        figures |= {
            "device": compute.name,
            "dense_s_1224": _typical(on_gpu.seconds),
            "quick_s_1224": _typical(on_gpu.quick_seconds),
            "first_s_1224": round(on_gpu.seconds[0], 3),
            "points_per_image": round(statistics.mean(on_gpu.points)),
            "gpu_memory_mb": round(torch.cuda.max_memory_allocated(compute.device) / 2**20),
            "agreement": round(agreement(on_gpu.maps, on_cpu.maps), 4),
        }
    else:
        sys.stderr.write("no GPU: the processor alone was measured\n")
        figures["points_per_image"] = round(statistics.mean(on_cpu.points))
    figures |= {
        "dense_s_1224_cpu": _typical(on_cpu.seconds),
        "quick_s_1224_cpu": _typical(on_cpu.quick_seconds),
        "images_cpu": len(on_cpu.maps),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

"""Does coverage find what is missing, and is the advice worth following? `python -m benchmarks.coverage`: JSON last.

    python -m benchmarks.coverage [--objects NAME...] [--seeds N] [--width PX] [--full]

Holes: of 24 photographs of a simulated object, the eight around a random point of its surface are left out; what the other
16 lack and all 24 have are seeded pieces. Those that are at most a quarter of the picture wide count in the shares; wider ones
have no far rim in a picture and stand apart (`wide_…`). The weights are fitted on the three other objects only. Followed: after a visit
from the front, nine photographs are taken in three rounds, each as the newest advice says, and on an even orbit, and at
random; F at two ground sampling distances of what can be reached of the object. Exits with 1 when a figure could not be
measured.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Any, Final

import numpy as np
import torch

from benchmarks.parts.coverage.clouds import PATH_COUNT, Stage, cloud_of, part_of, viewpoints
from benchmarks.parts.coverage.followed import Follower
from benchmarks.parts.coverage.holes import CellTruth, Found, Truth, cell_truth, fitted_weights, found
from benchmarks.parts.dense.truth import Posed, true_points
from edge_agent.cameras.simulated.objects import OBJECTS
from reconstructor.coverage.score import LOG_OFFSET, Coverage, coverage_of
from reconstructor.coverage.viewpoints import Viewpoint

DEFAULT_OBJECTS: Final = ("statue", "facade")
DEFAULT_SEEDS: Final = 3
FULL_SEEDS: Final = 10
_LEFT_OUT: Final = 8
_DRAWS: Final = 5
_FITTED_SEEDS: Final = 1  # of an object that is not measured: for the weights alone


@contextlib.contextmanager
def beside_the_live_path() -> Iterator[Executor]:
    """A process that computes with one thread, as the service's child does: threads that wait for work count as time."""
    os.environ["OMP_NUM_THREADS"] = "1"  # for that process; here numpy and torch are loaded
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


def timed_coverage(points: np.ndarray, views: list[Viewpoint]) -> tuple[Coverage, float]:
    """What the views cover of a cloud (N, 3) in world units, and the seconds of processor time that it takes."""
    begun = time.process_time()
    coverage = coverage_of(points, views)
    return coverage, time.process_time() - begun


def seeded_sets(stage: Stage, seeds: int, beside: Executor) -> list[tuple[Coverage, CellTruth, float]]:
    """Coverage of 16 photographs and what is true of its cells, for each seed; with the seconds an image took."""
    posed = stage.posed(stage.poses)
    points, distances = true_points(posed)
    every, truth = cloud_of(posed), Truth(points=points, sampling_distances=distances, views=viewpoints(posed))
    sets = []
    for seed in range(seeds):
        center = points[np.random.default_rng(seed).integers(len(points))]
        left_out = np.argsort([_off_center(posed, row, center) for row in range(PATH_COUNT)])[:_LEFT_OUT]
        some = part_of(posed, [row for row in range(PATH_COUNT) if row not in left_out])
        cloud, views = cloud_of(some), viewpoints(some)
        coverage, seconds = beside.submit(timed_coverage, cloud, views).result()
        sets.append((coverage, cell_truth(coverage.grid, truth, cloud, every), seconds))
    return sets


def hole_figures(names: list[str], sets: dict[str, list[tuple[Coverage, CellTruth, float]]]) -> dict[str, Any]:
    """Figures over the sets of these objects; the weights for each are fitted on the sets of all other objects."""
    results: dict[str, list[Found]] = {}
    for name in names:
        others = [(each[0], each[1]) for other in sets if other != name for each in sets[other]]
        weights = fitted_weights(others)
        print(f"{name}: weights fitted on the other objects {np.round(weights, 2).tolist()}", flush=True)
        results[name] = []
        for coverage, true, seconds in sets[name]:
            errors = np.exp(coverage.traits @ weights) - LOG_OFFSET
            results[name].append(found(coverage, true, errors, seconds))
            print(f"{name}: {results[name][-1]}", flush=True)
    every = [each for name in names for each in results[name]]
    return {
        "holes_found_share": _share(sum(each.narrow.found for each in every), sum(each.narrow.count for each in every)),
        "hole_cells_within_one_share": _share(
            sum(each.narrow.cells_near for each in every), sum(each.narrow.cells for each in every)
        ),
        "narrow_holes": sum(each.narrow.count for each in every),
        "wide_holes": sum(each.wide.count for each in every),
        "wide_holes_found": sum(each.wide.found for each in every),
        "wide_hole_cells": sum(each.wide.cells for each in every),
        "wide_hole_cells_within_one": sum(each.wide.cells_near for each in every),
        "good_flagged_share": _share(sum(each.good_flagged for each in every), sum(each.good for each in every)),
        "rank_correlation": round(float(np.mean([each.rank_correlation for each in every])), 4),
        "rank_correlation_occupied": round(float(np.mean([each.rank_correlation_occupied for each in every])), 4),
        "seconds_per_image": round(max(each.seconds_per_image for each in every), 3),
    }


def followed_figures(stages: dict[str, Stage], draws: int) -> dict[str, Any]:
    """What F gains by the advice, by an orbit and by chance, on average over the objects."""
    advised, orbits, medians, not_worse = [], [], [], 0
    for name, stage in stages.items():
        follower = Follower(stage)
        advice, orbit = follower.gain_advised(), follower.gain_orbit()
        random = float(np.median([follower.gain_random(seed) for seed in range(draws)]))
        print(
            f"{name}: F {follower.f_before:.3f}; advice {advice:+.3f}, orbit {orbit:+.3f}, random {random:+.3f}",
            flush=True,
        )
        advised.append(advice)
        orbits.append(orbit)
        medians.append(random)
        not_worse += advice >= max(orbit, random)
    return {
        "f_gain_followed": round(float(np.mean(advised)), 4),
        "f_gain_orbit": round(float(np.mean(orbits)), 4),
        "f_gain_random_median": round(float(np.mean(medians)), 4),
        "objects_not_worse": not_worse,
    }


def _off_center(posed: Posed, row: int, point: np.ndarray) -> float:
    """How far from the middle of a photograph a point is seen, widths of the picture."""
    view = posed.views[row]
    in_camera = view.camera_from_world[:3, :3] @ point + view.camera_from_world[:3, 3]
    if in_camera[2] <= 0:
        return float("inf")
    place = in_camera[:2] / in_camera[2] * view.intrinsics[:2] + view.intrinsics[2:]
    return float(np.linalg.norm(place - [view.width / 2, view.height / 2])) / view.width


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", nargs="+", choices=list(OBJECTS), default=None)
    parser.add_argument("--seeds", type=int, default=None)
    parser.add_argument("--width", type=int, default=612, help="pixels; depth is made at this width")
    parser.add_argument("--full", action="store_true", help=f"all objects, {FULL_SEEDS} seeds")
    parser.add_argument("--draws", type=int, default=_DRAWS, help="random draws of the places")
    parser.add_argument("--only", choices=["holes", "followed"], default=None)
    arguments = parser.parse_args()
    names = list(arguments.objects or (OBJECTS if arguments.full else DEFAULT_OBJECTS))
    seeds = arguments.seeds or (FULL_SEEDS if arguments.full else DEFAULT_SEEDS)
    torch.set_num_threads(2)
    figures: dict[str, Any] = {"objects": names, "seeds": seeds, "width": arguments.width}
    stages = {name: Stage.of(name, arguments.width) for name in names}
    if arguments.only != "followed":
        with beside_the_live_path() as beside:
            sets = {name: seeded_sets(stage, seeds, beside) for name, stage in stages.items()}
            for name in [other for other in OBJECTS if other not in names]:
                sets[name] = seeded_sets(Stage.of(name, arguments.width), _FITTED_SEEDS, beside)
        figures |= hole_figures(names, sets)
    if arguments.only != "holes":
        figures |= followed_figures(stages, arguments.draws)
    print(json.dumps(figures))
    return 1 if any(value is None for value in figures.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

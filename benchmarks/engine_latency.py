"""How long does an image take, does that grow with the project, and does it wait for a refetch? Around a simulated object.

    python -m benchmarks.engine_latency [--count 400] [--photos FOLDER] [--threads 2]

The loop is one at a constant distance, so that only the number of images grows. Beside it, what re-running COLMAP's
incremental mapper at each image would cost. `sfm` is everything from the file to the step on disk, without depth; `live`
is the same with depth, as photographs come in the field: with a pause as long as they take. Rendering photographs takes
half a second each: keep them with --photos, which is filled if it is empty, or may be a dataset with `images/` and
`cameras.json`.

`refetch_s`: a refetch while images are added; of more than 200 photographs it covers the newest 200. `first_refetch_s`: the
refetch ten images before, while no image is added, because the service runs one at every tenth image; null with fewer than
about 20 photographs. `rest_refetch_s`: a refetch of all photographs, a minute after the last image. `peak_memory_mb` is the most that the engine and its processes, such as the solver,
have at one time.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.parts.family_memory import FamilyMemory
from benchmarks.parts.truth import Dataset
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.protocol import EngineResult
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.global_mapper import write_database
from reconstructor.engine.sfm.restore import build_mapper
from reconstructor.engine.sfm.windows import WINDOW
from reconstructor.replay.replayer import order_photographs
from reconstructor.storage.room import size_of

COUNT = 400
MARKS = (10, 50, 100, 200, 400, 1000, 2000)
NEAR = 5  # images on either side of a mark
STEADY_AFTER = 20  # from then on an image is matched with as many others as ever
PEER_MARKS = (10, 25, 50, 100)
LIVE_COUNT = 10  # images before the refetch beside which depth is measured; of fewer than 15 two thirds
BETWEEN = 10  # images from one refetch to the next
REST_S = 61.0  # then the engine takes it that no photograph will come soon


class Run:
    """One engine that takes photographs one after the other."""

    def __init__(self, folder: Path, settings: EngineSettings, peer_marks: tuple[int, ...] = PEER_MARKS) -> None:
        self.settings, self._peer_marks = settings, peer_marks
        self.engine = LiveEngine(folder, settings)
        self.seconds: list[float] = []
        self.cpu_seconds: list[float] = []
        self.stages: list[dict[str, float]] = []
        self.rerun_seconds: dict[int, float] = {}

    def add(self, path: Path) -> EngineResult:
        begun, cpu_begun = time.monotonic(), time.process_time()
        outcome = self.engine.add_image(path, path.stem)
        self.seconds.append(time.monotonic() - begun)
        self.cpu_seconds.append(time.process_time() - cpu_begun)
        self.stages.append(outcome.seconds_by_stage)
        if len(self.seconds) in self._peer_marks:
            self.rerun_seconds[len(self.seconds)] = self._rerun_colmap()
        return outcome

    def _rerun_colmap(self) -> float:
        options = pycolmap.IncrementalPipelineOptions()
        options.num_threads, options.random_seed = self.settings.threads, self.settings.random_seed
        with tempfile.TemporaryDirectory() as scratch:
            known = self.engine.known
            database = write_database(known, build_mapper(known, self.settings), Path(scratch) / "peer.db")
            begun = time.monotonic()
            pycolmap.incremental_mapping(str(database), scratch, scratch, options)
            return time.monotonic() - begun

    def beside_a_refetch(self, photographs: tuple[Path, ...], pause_s: float = 0.0) -> tuple[list[float], float]:
        """Seconds of each image that was begun while a refetch ran, and of the refetch; the others are added too."""
        ended_s: list[float] = []

        def refetch() -> None:
            self.engine.refetch()
            ended_s.append(time.monotonic())

        begun_s, first = time.monotonic(), len(self.seconds)
        thread = threading.Thread(target=refetch, name="refetch")
        thread.start()
        beside_count = 0
        for path in photographs:
            beside_count += thread.is_alive()
            self.add(path)
            thread.join(pause_s)
        thread.join()
        return self.seconds[first : first + beside_count], ended_s[0] - begun_s

    def refetch_alone(self) -> float:
        """Seconds of a refetch while no image is added."""
        begun_s = time.monotonic()
        self.engine.refetch()
        return time.monotonic() - begun_s

    def near(self, mark: int) -> dict[str, float]:
        """Median seconds by stage about an image number."""
        window = self.stages[max(0, mark - 1 - NEAR) : mark + NEAR]
        names = sorted({name for stages in window for name in stages})
        return {name: statistics.median(stages.get(name, 0.0) for stages in window) for name in names}


def measure(photographs: tuple[Path, ...], settings: EngineSettings, folder: Path) -> dict[str, Any]:
    run, first_refetch_s, rest_refetch_s = Run(folder, settings), None, None
    during_count = max(2, len(photographs) // 20)
    first_at = len(photographs) - during_count - BETWEEN
    for path in photographs[:-during_count]:
        if len(run.seconds) == first_at > BETWEEN:
            first_refetch_s = run.refetch_alone()
        update = run.add(path).update
        print(f"{len(run.seconds)} {run.seconds[-1]:.2f} s {update.cameras[-1].state}", flush=True)
    alone, cpu = np.array(run.seconds), np.array(run.cpu_seconds)
    during, refetch_s = run.beside_a_refetch(photographs[-during_count:])
    numbers = np.arange(1, len(alone) + 1)
    steady = numbers > STEADY_AFTER
    if len(photographs) > WINDOW:
        time.sleep(REST_S)
        rest_refetch_s = run.refetch_alone()
    placed = [camera.world_from_camera is not None for camera in run.engine.complete().update.cameras]
    return {
        "images": len(photographs),
        "placed": sum(placed),
        "sfm_p50_s": float(np.median(alone)),
        "sfm_p95_s": float(np.quantile(alone, 0.95)),
        "sfm_max_s": max(run.seconds),
        "slope_ms_per_image": _slope_ms(numbers[steady], alone[steady]),
        "sfm_cpu_p50_s": float(np.median(cpu)),  # of all threads: what a busy machine cannot blur
        "sfm_cpu_p95_s": float(np.quantile(cpu, 0.95)),
        "cpu_slope_ms_per_image": _slope_ms(numbers[steady], cpu[steady]),
        "stages_s": {str(mark): run.near(min(mark, len(alone))) for mark in MARKS if mark <= len(photographs)},
        "first_refetch_s": first_refetch_s,
        "refetch_s": refetch_s,
        "rest_refetch_s": rest_refetch_s,
        "sfm_p95_during_refetch_s": _p95(during),
        "colmap_rerun_p50_s": statistics.median(run.rerun_seconds.values()) if run.rerun_seconds else None,
        "colmap_rerun_s": {str(mark): seconds for mark, seconds in run.rerun_seconds.items()},
    }


def measure_live(photographs: tuple[Path, ...], settings: EngineSettings, folder: Path) -> dict[str, Any]:
    """With depth, alone and beside a refetch."""
    run, before_count = Run(folder, settings, peer_marks=()), min(LIVE_COUNT, 2 * len(photographs) // 3)
    for path in photographs[:before_count]:
        run.add(path)
    alone = run.seconds[2:]  # depth begins with the third image
    pause_s = statistics.median(alone)
    during, refetch_s = run.beside_a_refetch(photographs[before_count : 3 * LIVE_COUNT], pause_s)
    return {
        "live_p50_s": statistics.median(alone),
        "live_p95_s": _p95(alone),
        "live_p50_during_refetch_s": statistics.median(during) if during else None,
        "live_p95_during_refetch_s": _p95(during),
        "live_during_refetch_count": len(during),
        "live_refetch_s": refetch_s,
        "black_box_mb_per_image": size_of(folder) / 1e6 / len(run.seconds),
    }


def _p95(seconds: list[float]) -> float | None:
    return float(np.quantile(seconds, 0.95)) if seconds else None


def _slope_ms(numbers: NDArray[np.int64], seconds: NDArray[np.float64]) -> float | None:
    """Milliseconds by which an image takes longer than the one before; None with too few images."""
    return float(1e3 * np.polyfit(numbers, seconds, 1)[0]) if len(numbers) > STEADY_AFTER else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--threads", type=int, default=EngineSettings().threads)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        photos, intrinsics = arguments.photos or Path(scratch) / "photos", None
        if (photos / "cameras.json").is_file():
            dataset = Dataset.read(photos)
            photos, intrinsics = dataset.images, dataset.intrinsics
        elif not photos.is_dir() or not any(photos.iterdir()):
            # Two thirds of the walk are one loop at one distance; from nearer, every photograph has more to match.
            Dataset.simulated("statue", photos, count=arguments.count, of=arguments.count * 3 // 2)
        photographs = order_photographs(photos)[: arguments.count]
        settings = EngineSettings(threads=arguments.threads, dense=False, intrinsics=intrinsics)
        with FamilyMemory() as memory:
            figures = measure(photographs, settings, Path(scratch) / "engine")
            figures["peak_memory_mb"] = memory.peak_mb
        dense = settings.model_copy(update={"dense": True})
        print(json.dumps(figures | measure_live(photographs, dense, Path(scratch) / "live")))


if __name__ == "__main__":
    main()

"""Is a building with equal sides ever laid upon itself, and does the gate tell wrong models from right ones?

    python -m benchmarks.folds [--seeds N | --full] [--only SCENE] [--results FILE] [DATASET...]

Five scenes of equal parts, each from several seeds and, for four of them, with the symmetry broken by a few marks, are
reconstructed live, sparse, with refetches; what any step publishes counts. A camera is wrong if it is off by more than
2 % of the extent after the best similarity of its component (of three cameras or more). Then models of the datasets are
spoiled on purpose and put before the gate. One line of JSON last; exits with 1 when a figure could not be measured.

`--full` takes two hours. With `--results` a run that was stopped goes on with the scenes that are not in the file yet; what
another commit found is measured again.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from benchmarks.parts.results import commit
from benchmarks.parts.symmetric_scenes import COUNT, FOCAL_PX, SCENES, SIZE_PX, SceneRenderer, build
from benchmarks.parts.wrong_models import judged_models
from broker.manifest import CameraState
from reconstructor.black_box import Update
from reconstructor.clouds.similarity import estimate_similarity_robustly
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.gate.bounds import TABLE
from reconstructor.replay.replayer import ReplayPlan, ReplayStep, order_photographs, replay

DEFAULT_SEEDS: Final = 6
FULL_SEEDS: Final = 20
TWINS: Final = 4
MOST_OFF: Final = 0.02
LEAST_JUDGED: Final = 3  # cameras of a component: a similarity fits any two
DATASETS: Final = Path("../shared/datasets")
DATASET_NAMES: Final = ("fountain-P11", "Herz-Jesus-P8", "entry-P10")


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneResult:
    """What became of one set of photographs."""

    name: str
    seed: int
    is_twin: bool
    placed: int
    wrong: int  # at the end
    wrong_steps: int  # steps that published a wrong camera
    seconds: float
    commit: str


def measure_scene(name: str, seed: int, *, is_twin: bool, cache: Path | None = None) -> SceneResult:
    """Photograph a scene, reconstruct it and compare every step with the truth."""
    begun, scene = time.monotonic(), build(name, seed, is_twin=is_twin)
    centers = np.array([pose[:3, 3] for pose in scene.poses])
    with tempfile.TemporaryDirectory() as scratch:
        images = (cache or Path(scratch)) / f"{name}-{seed}-{is_twin}"
        if not images.is_dir():
            images.mkdir(parents=True)
            renderer = SceneRenderer(scene, seed)
            for index in range(COUNT):
                Image.fromarray(renderer.photograph(index)).save(images / f"{index:03d}.jpg", quality=92)
        settings = EngineSettings(
            threads=1, dense=False, intrinsics=(FOCAL_PX, FOCAL_PX, SIZE_PX[0] / 2, SIZE_PX[1] / 2)
        )
        wrong_of_step: list[tuple[int, int]] = []

        def follow(step: ReplayStep) -> None:
            wrong_of_step.append(wrong_and_placed(step.outcome.update, centers))

        plan = ReplayPlan(photographs=order_photographs(images), out=Path(scratch) / "out", settings=settings)
        replay(plan, follow)
    return SceneResult(
        name=name,
        seed=seed,
        is_twin=is_twin,
        placed=wrong_of_step[-1][1],
        wrong=wrong_of_step[-1][0],
        wrong_steps=sum(wrong > 0 for wrong, _ in wrong_of_step),
        seconds=time.monotonic() - begun,
        commit=commit(),
    )


def wrong_and_placed(update: Update, centers: np.ndarray) -> tuple[int, int]:
    """How many placed cameras are off by more than 2 % of the extent, and how many are placed; by component."""
    wrong = placed = 0
    components: dict[int, list[int]] = {}
    for index, camera in enumerate(update.cameras):
        if camera.state is CameraState.PLACED:
            components.setdefault(getattr(camera, "component", 0) or 0, []).append(index)
    extent = float(np.linalg.norm(np.ptp(centers, axis=0)))
    for rows in components.values():
        placed += len(rows)
        if len(rows) >= LEAST_JUDGED:
            found = np.array([update.cameras[row].world_from_camera for row in rows])[:, :3, 3]
            fit = estimate_similarity_robustly(found, centers[rows])
            wrong += int((np.linalg.norm(fit.apply(found) - centers[rows], axis=1) > MOST_OFF * extent).sum())
    return wrong, placed


def measure_scenes(seeds: int, only: str, cache: Path | None, kept: Path | None) -> dict[str, Any]:
    """Measure all scenes that are not among the kept results, two at a time."""
    names = [only] if only else sorted(SCENES)
    jobs = [(name, seed, False) for name in names for seed in range(seeds)]
    jobs += [(name, seed, True) for name in names for seed in range(min(TWINS, seeds))]
    earlier = {(each.name, each.seed, each.is_twin): each for each in read_results(kept)}
    results = [earlier[job] for job in jobs if job in earlier]
    jobs = [job for job in jobs if job not in earlier]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(measure_scene, name, seed, is_twin=is_twin, cache=cache) for name, seed, is_twin in jobs]
        for future in as_completed(futures):
            results.append(future.result())
            print(results[-1], flush=True)
            if kept is not None:
                keep_result(kept, results[-1])
    plain, twins = ([each for each in results if each.is_twin is kind] for kind in (False, True))
    return {
        "wrong_sets": sum(each.wrong_steps > 0 for each in results),
        "honest_share": 1 - sum(each.wrong for each in results) / (COUNT * len(results)),
        "placed_share": _placed_share(plain),
        "twin_placed_share": _placed_share(twins),
        "scenes": len(names),
        "seeds": seeds,
    }


def read_results(kept: Path | None) -> list[SceneResult]:
    """The results of a run of this commit that was stopped; none without a file."""
    if kept is None or not kept.exists():
        return []
    results = []
    for line in kept.read_text(encoding="utf-8").splitlines():
        try:
            results.append(SceneResult(**json.loads(line)))
        except (ValueError, TypeError):
            print(f"{kept}: a line is not whole, and its scene is measured again", file=sys.stderr)
    now = commit()
    if others := sum(each.commit != now for each in results):
        print(f"{kept}: {others} results are of another commit, and are measured again", file=sys.stderr)
    return [each for each in results if each.commit == now]


def keep_result(kept: Path, result: SceneResult) -> None:
    """Append a result, on a line of its own even if the line before is not whole."""
    begins = "" if not kept.exists() or kept.read_bytes()[-1:] in {b"", b"\n"} else "\n"
    with kept.open("a", encoding="utf-8") as file:
        file.write(begins + json.dumps(asdict(result)) + "\n")


def _placed_share(results: list[SceneResult]) -> float:
    return sum(each.placed - each.wrong for each in results) / (COUNT * len(results))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", type=Path, metavar="DATASET", help="for the wrong models")
    parser.add_argument("--seeds", type=int, default=DEFAULT_SEEDS)
    parser.add_argument("--full", action="store_true", help=f"{FULL_SEEDS} seeds")
    parser.add_argument("--only", choices=sorted(SCENES), default="", help="one scene")
    parser.add_argument("--models", action="store_true", help="only the wrong models")
    parser.add_argument("--photographs", type=Path, help="keep the rendered photographs here")
    parser.add_argument(
        "--results", type=Path, help="keep the scenes' results in this file, and go on with those in it"
    )
    arguments = parser.parse_args()
    datasets = arguments.datasets or [DATASETS / name for name in DATASET_NAMES]
    if missing := [str(each) for each in datasets if not (each / "cameras.json").exists()]:
        print(f"no dataset at {', '.join(missing)}: name the folders of three", file=sys.stderr)
        return 1
    for bound in TABLE:
        print(bound.row())
    figures: dict[str, Any] = {}
    if not arguments.models:
        seeds = FULL_SEEDS if arguments.full else arguments.seeds
        figures |= measure_scenes(seeds, arguments.only, arguments.photographs, arguments.results)
    figures |= judged_models(datasets)
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())

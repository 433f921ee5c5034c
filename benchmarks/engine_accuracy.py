"""How exact are the cameras? Replay beside COLMAP's batch mappers on the same features, against true cameras.

    python -m benchmarks.engine_accuracy DATASET...
    python -m benchmarks.engine_accuracy --previews DATASET

A dataset is a folder with `images/` and `cameras.json`; without one the simulated statue is photographed. With
`--previews` the engine gets only the previews that a rig sends, and, for comparison, the originals.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.parts.truth import Dataset, Poses, errors
from broker.images.previews import preview
from reconstructor.black_box import Update
from reconstructor.config import Settings
from reconstructor.engine.colmap import configure, pycolmap
from reconstructor.engine.features.image_files import ImageFiles
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.describe import world_from_camera
from reconstructor.engine.sfm.global_mapper import write_database
from reconstructor.engine.sfm.restore import build_mapper, restore_images
from reconstructor.replay.replayer import ReplayPlan, ReplayStep, order_photographs, replay

SIMULATED_COUNT = 16

Mapper = Callable[[str, str], Any]  # database, output folder -> models


def measure(dataset: Dataset, settings: EngineSettings, out: Path) -> dict[str, Any]:
    """Replay a dataset and run the peers on the features that the replay left."""
    photographs = order_photographs(dataset.images)
    live: list[dict[str, float]] = []
    latest: list[Update] = []

    def follow(step: ReplayStep) -> None:
        if step.is_refetch:
            live.append(_errors_of(latest[-1], dataset))
        latest.append(step.outcome.update)

    begun = time.monotonic()
    report = replay(ReplayPlan(photographs=photographs, out=out, settings=settings), follow)
    seconds = time.monotonic() - begun
    return {
        "ours": {**_errors_of(latest[-1], dataset), "seconds": seconds},
        "live_before_refetch": live,
        "methods": [refetch.method for refetch in report.refetches],
        **_peers(dataset, settings, out, [path.name for path in photographs]),
    }


def measure_previews(dataset: Dataset, settings: EngineSettings, out: Path) -> dict[str, float]:
    """Mean camera errors in millimetres with previews only, and with the originals, which the engine reduces itself."""
    sizes_kb = []
    (out / "previews").mkdir(parents=True)
    for path in order_photographs(dataset.images):
        content = path.read_bytes()
        made = preview(content, Settings.model_fields["preview_max_side_px"].default)
        sent = content if made is None else made.content  # as a rig does
        (out / "previews" / path.name).write_bytes(sent)
        sizes_kb.append(len(sent) / 1024)
    found = {
        kind: _errors_of(_replayed(folder, settings, out / kind), dataset)
        for kind, folder in (("previews", out / "previews"), ("working_size", dataset.images))
    }
    return {
        "previews_mm": found["previews"].get("mean_mm", np.inf),
        "working_size_mm": found["working_size"].get("mean_mm", np.inf),
        "previews_placed_share": found["previews"]["placed_share"],
        "preview_kb": float(np.mean(sizes_kb)),
    }


def _replayed(images: Path, settings: EngineSettings, out: Path) -> Update:
    """The update after the last refetch."""
    updates: list[Update] = []
    plan = ReplayPlan(photographs=order_photographs(images), out=out, settings=settings)
    replay(plan, lambda step: updates.append(step.outcome.update))
    return updates[-1]


def _errors_of(update: Update, dataset: Dataset) -> dict[str, float]:
    found = {
        camera.image_id.split("-", 1)[1]: np.array(camera.world_from_camera)
        for camera in update.cameras
        if camera.world_from_camera is not None
    }
    return errors(found, dataset.world_from_camera)


def _peers(dataset: Dataset, settings: EngineSettings, out: Path, names: list[str]) -> dict[str, Any]:
    """COLMAP's mappers, each from the same features and verified pairs; their seconds are of the mapping alone."""
    configure(seed=settings.random_seed)
    known = restore_images(ImageFiles(folder=out / "engine"), range(1, len(names) + 1))
    is_fixed = settings.intrinsics is not None
    incremental = pycolmap.IncrementalPipelineOptions()
    incremental.ba_refine_focal_length = incremental.ba_refine_extra_params = not is_fixed
    overall = pycolmap.GlobalPipelineOptions()
    adjustment = overall.mapper.bundle_adjustment
    adjustment.refine_focal_length = adjustment.refine_extra_params = not is_fixed
    for options in (incremental, overall):
        options.num_threads, options.random_seed = settings.threads, settings.random_seed
    peers: dict[str, Mapper] = {
        "colmap_incremental": lambda database, out: pycolmap.incremental_mapping(database, out, out, incremental),
        "colmap_global": lambda database, out: pycolmap.global_mapping(database, out, out, overall),
    }
    return {name: _peer(dataset, known, settings, names, run) for name, run in peers.items()}


def _peer(
    dataset: Dataset, known: KnownImages, settings: EngineSettings, names: list[str], run: Mapper
) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as scratch:
        database = write_database(known, build_mapper(known, settings), Path(scratch) / "peer.db")
        begun = time.monotonic()
        models = run(str(database), scratch)
        seconds = time.monotonic() - begun
    best = max(models.values(), key=lambda model: model.num_reg_images(), default=None)
    found: Poses = {}
    if best is not None:
        found = {names[number - 1]: world_from_camera(best.image(number)) for number in best.reg_image_ids()}
    return {**errors(found, dataset.world_from_camera), "seconds": seconds}


def _print_previews(datasets: list[Dataset], threads: int, scratch: Path) -> None:
    for dataset in datasets:
        settings = EngineSettings(
            threads=threads,
            intrinsics=dataset.intrinsics,
            dense=False,
            exact_max_side_px=EngineSettings().max_side_px,  # of the originals, too, nothing more is looked at
        )
        figures = measure_previews(dataset, settings, scratch / f"{dataset.name}-previews")
        print(json.dumps({"dataset": dataset.name, **figures}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", type=Path, metavar="DATASET")
    parser.add_argument("--previews", action="store_true", help="compare previews with originals at the working size")
    parser.add_argument("--threads", type=int, default=EngineSettings().threads)
    arguments = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        datasets = [Dataset.read(folder) for folder in arguments.datasets]
        if not datasets:
            datasets = [Dataset.simulated("statue", Path(scratch) / "statue", count=SIMULATED_COUNT)]
        if arguments.previews:
            _print_previews(datasets, arguments.threads, Path(scratch))
            return
        for dataset in datasets:
            for kind, intrinsics in (("known", dataset.intrinsics), ("unknown", None)):
                settings = EngineSettings(threads=arguments.threads, intrinsics=intrinsics, dense=False)
                figures[f"{dataset.name}/{kind}"] = measure(dataset, settings, Path(scratch) / f"{dataset.name}-{kind}")
                print(dataset.name, kind, json.dumps(figures[f"{dataset.name}/{kind}"]), flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

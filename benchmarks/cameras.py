"""Do other cameras bend a model? Sets with a zoom, two lenses or a distorted picture, made from one with true cameras.

    python -m benchmarks.cameras [DATASET]

DATASET is a folder with `images/` and `cameras.json`, by default fountain-P11 in `shared/datasets` beside this folder;
where it is not, a simulated object is photographed. No calibration is given to the engine. The last line is one line of
JSON; exit status 1: an error could not be measured, because fewer than three photographs were placed.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.parts.camera_kinds import kinds, write_kind
from benchmarks.parts.truth import Dataset, errors, kept
from reconstructor.black_box import Update
from reconstructor.engine.settings import EngineSettings
from reconstructor.replay.replayer import ReplayPlan, ReplayStep, order_photographs, replay

_SIMULATED_COUNT: Final = 11


def measure(kind: str, dataset: Dataset, settings: EngineSettings, scratch: Path) -> dict[str, float | None]:
    """Camera errors of a replay of one kind: after the last photograph, and after the last refetch.

    None stands for an error that cannot be measured, because fewer than three photographs were placed.
    """
    images = scratch / kind
    images.mkdir()
    write_kind(kind, order_photographs(dataset.images), dataset.intrinsics, images)
    photographs = order_photographs(images)
    live: list[Update] = []
    last: list[Update] = []

    def follow(step: ReplayStep) -> None:
        (last if step.is_refetch else live).append(step.outcome.update)

    replay(ReplayPlan(photographs=photographs, out=scratch / f"{kind}-out", settings=settings), follow)
    found = {name: _errors(update, dataset) for name, update in (("live", live[-1]), ("last", last[-1]))}
    return {
        "mean_mm": found["last"].get("mean_mm"),
        "placed": round(found["last"]["placed_share"] * len(photographs)),
        "live_mean_mm": found["live"].get("mean_mm"),
        "live_placed": round(found["live"]["placed_share"] * len(photographs)),
    }


def _errors(update: Update, dataset: Dataset) -> dict[str, float]:
    found = {
        camera.image_id.split("-", 1)[1]: np.array(camera.world_from_camera)
        for camera in update.cameras
        if camera.world_from_camera is not None
    }
    return errors(found, dataset.world_from_camera)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", nargs="?", type=Path, default=next(iter(kept("fountain-P11")), None))
    parser.add_argument("--kinds", nargs="*", choices=kinds(), default=kinds())
    parser.add_argument("--threads", type=int, default=EngineSettings().threads)
    arguments = parser.parse_args()
    settings = EngineSettings(threads=arguments.threads, dense=False, intrinsics=None)
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.dataset is None:
            dataset = Dataset.simulated("statue", Path(scratch) / "statue", count=_SIMULATED_COUNT)
        else:
            dataset = Dataset.read(arguments.dataset)
        for kind in arguments.kinds:
            found[kind] = measure(kind, dataset, settings, Path(scratch))
            print(kind, json.dumps(found[kind]), flush=True)
    print(
        json.dumps(
            {
                "dataset": dataset.name,
                "images": len(dataset.world_from_camera),
                "worst_mean_mm": {kind: figures["mean_mm"] for kind, figures in found.items()},
                "least_placed": {kind: figures["placed"] for kind, figures in found.items()},
                "kinds": found,
            }
        )
    )
    if not found or any(figures["mean_mm"] is None for figures in found.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()

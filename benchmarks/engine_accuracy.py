"""How exact are the cameras? Replay beside COLMAP's batch mappers on the same features, against true cameras.

    python -m benchmarks.engine_accuracy DATASET...
    python -m benchmarks.engine_accuracy --previews DATASET
    python -m benchmarks.engine_accuracy --shuffle 10 DATASET...
    python -m benchmarks.engine_accuracy --learned DATASET DATASET...
    python -m benchmarks.engine_accuracy --quality high DATASET...

A dataset is a folder with `images/` and `cameras.json`, by default those of 6 megapixels in `shared/datasets` beside this
folder; where they are not, the simulated statue is photographed. The peers get the features of the replay, and then those of
the photographs at 3,072 pixels, all pairs. With `--previews` the engine gets only the previews that a rig sends, and, for
comparison, the originals. With `--shuffle` the photographs come in several orders. With `--learned` one camera took all
datasets, no calibration is given, and another dataset was solved before. With `--quality high` the dataset is replayed in
both qualities; `larger_features_mm` is what 8,000 features of each larger photograph make of the standard one's last model,
whichever of both a refetch prefers. Exit status 1: an error could not be measured, because fewer than three photographs were
placed; it is null.
"""

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.parts.truth import Dataset, Poses, errors, kept
from broker.images.previews import preview
from reconstructor.black_box import Update
from reconstructor.config import Settings
from reconstructor.engine.colmap import configure, pycolmap
from reconstructor.engine.features.image_files import ImageFacts, ImageFiles
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.larger_features import LargerFeatures
from reconstructor.engine.features.learned_cameras import LearnedCameras
from reconstructor.engine.features.matching import Matcher
from reconstructor.engine.features.pairs import PairEstimator
from reconstructor.engine.features.photographs import read_photograph
from reconstructor.engine.features.sift import extract_features
from reconstructor.engine.settings import EngineSettings, Quality
from reconstructor.engine.sfm.describe import world_from_camera
from reconstructor.engine.sfm.global_mapper import write_database
from reconstructor.engine.sfm.high_quality.full_size import moved, with_larger_features
from reconstructor.engine.sfm.incremental_mapper import camera_of_sensor
from reconstructor.engine.sfm.restore import build_mapper, restore_images
from reconstructor.engine.sfm.snapshots import Snapshots
from reconstructor.replay.replayer import ReplayPlan, ReplayStep, order_photographs, replay

_KEPT = ("fountain-P11-6MP", "Herz-Jesus-P8-6MP", "entry-P10-6MP")
SIMULATED_COUNT = 16
_FULL_SIZE_FEATURES = 8000
_LEAST_ENLARGED = 1.2

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
        "ours": {"mean_mm": None, **_errors_of(latest[-1], dataset), "seconds": seconds},
        "live_before_refetch": live,
        "methods": [refetch.method for refetch in report.refetches],
        **_peers(dataset, settings, restored(out, photographs), [path.name for path in photographs]),
        **at_full_size(dataset, settings, photographs),
    }


def measure_previews(dataset: Dataset, settings: EngineSettings, out: Path) -> dict[str, float | None]:
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
        "previews_mm": found["previews"].get("mean_mm"),
        "working_size_mm": found["working_size"].get("mean_mm"),
        "previews_placed_share": found["previews"]["placed_share"],
        "preview_kb": float(np.mean(sizes_kb)),
    }


def _replayed(images: Path, settings: EngineSettings, out: Path, order: str = "name") -> Update:
    """The update after the last refetch."""
    updates: list[Update] = []
    plan = ReplayPlan(photographs=order_photographs(images, order), out=out, settings=settings)
    replay(plan, lambda step: updates.append(step.outcome.update))
    return updates[-1]


def _errors_of(update: Update, dataset: Dataset) -> dict[str, float]:
    found = {
        camera.image_id.split("-", 1)[1]: np.array(camera.world_from_camera)
        for camera in update.cameras
        if camera.world_from_camera is not None
    }
    return errors(found, dataset.world_from_camera)


def restored(out: Path, photographs: Sequence[Path]) -> KnownImages:
    """The features and pairs that a replay left."""
    return restore_images(ImageFiles(folder=out / "engine"), range(1, len(photographs) + 1))


def at_full_size(dataset: Dataset, settings: EngineSettings, photographs: Sequence[Path]) -> dict[str, Any]:
    """The peers from more features of larger photographs; nothing if the photographs are hardly larger."""
    with Image.open(photographs[0]) as image:
        if max(image.size) < _LEAST_ENLARGED * settings.max_side_px:
            return {}
    larger = settings.model_copy(
        update={"max_side_px": settings.exact_max_side_px, "max_features": _FULL_SIZE_FEATURES}
    )
    begun = time.monotonic()
    known = every_pair(photographs, larger)
    seconds = time.monotonic() - begun
    found = _peers(dataset, larger, known, [path.name for path in photographs])
    return {f"{name}_{larger.max_side_px}": {**figures, "features_s": seconds} for name, figures in found.items()}


def every_pair(photographs: Sequence[Path], settings: EngineSettings) -> KnownImages:
    """The features of photographs and the verified matches of all pairs, as a batch program computes them."""
    known, matcher, estimator = KnownImages(), Matcher(), PairEstimator(seed=settings.random_seed)
    cameras: list[Any] = []
    descriptors: list[NDArray[np.uint8]] = []
    for number, path in enumerate(photographs, 1):
        photograph = read_photograph(path, settings)
        features = extract_features(photograph, settings)
        cameras.append(camera_of_sensor(1, photograph.sensor))
        pairs = []
        for earlier in known.numbers:
            matches = matcher.match(descriptors[earlier - 1], features.descriptors)
            keypoints = (known.features[earlier].keypoints, features.keypoints)
            pair = estimator.estimate((earlier, number), (cameras[earlier - 1], cameras[-1]), keypoints, matches)
            pairs += [] if pair is None else [pair]
        descriptors.append(features.descriptors)
        known.add(number, ImageFacts.of(path.name, path, photograph), features.without_descriptors(), pairs)
    return known


def measure_orders(dataset: Dataset, settings: EngineSettings, count: int, out: Path) -> dict[str, Any]:
    """Mean camera errors in millimetres when the photographs come in random orders."""
    found = [
        _errors_of(_replayed(dataset.images, settings, out / str(seed), f"shuffle:{seed}"), dataset)
        for seed in range(count)
    ]
    means = [each["mean_mm"] for each in found if "mean_mm" in each]
    return {
        "mean_mm": means,
        "least_placed_share": min(each["placed_share"] for each in found),
        "worst_to_best": max(means) / min(means) if len(means) == count else None,
    }


def measure_quality(dataset: Dataset, settings: EngineSettings, out: Path) -> dict[str, Any]:
    """Mean camera errors in millimetres of both qualities, and how those of high quality were solved."""
    photographs = order_photographs(dataset.images)
    standard = _replayed(dataset.images, settings, out / "standard")
    begun = time.monotonic()
    with_features = _with_larger_features(dataset, settings, out / "standard", photographs)
    seconds = time.monotonic() - begun
    latest: list[Update] = []
    high = settings.model_copy(update={"quality": Quality.HIGH})
    plan = ReplayPlan(photographs=photographs, out=out / "high", settings=high)
    report = replay(plan, lambda step: latest.append(step.outcome.update))
    return {
        "standard_mm": _errors_of(standard, dataset).get("mean_mm"),
        "larger_features_mm": with_features.get("mean_mm"),
        "larger_features_s": seconds,
        "high_mm": _errors_of(latest[-1], dataset).get("mean_mm"),
        "high_placed_share": _errors_of(latest[-1], dataset)["placed_share"],
        "methods": [refetch.method for refetch in report.refetches],
        "tight_shares": [
            {each.method: each.tight_share_remeasured for each in refetch.attempts} for refetch in report.refetches
        ],
    }


def _with_larger_features(
    dataset: Dataset, settings: EngineSettings, out: Path, photographs: Sequence[Path]
) -> dict[str, float]:
    """The errors of a replay's last model after larger features were triangulated and adjusted."""
    step = Snapshots(folder=out / "engine").newest()
    model = step.components[0].model if step else None
    if model is None:
        return {}
    constant = set() if settings.intrinsics is None else set(model.cameras)
    larger = LargerFeatures(out, settings, math.inf)
    after = moved(model, with_larger_features(model, restored(out, photographs), constant, settings, larger)[-1])
    found = {photographs[number - 1].name: world_from_camera(after.image(number)) for number in after.reg_image_ids()}
    return errors(found, dataset.world_from_camera)


def measure_learned(dataset: Dataset, other: Dataset, settings: EngineSettings, out: Path) -> dict[str, float | None]:
    """Mean camera errors in millimetres without a calibration, after another project with the same camera."""
    learning = settings.model_copy(update={"intrinsics": None, "learned_cameras": out / "learned_cameras.json"})
    folders = {each.name: _with_serial_number(each, out / "of-one-camera" / each.name) for each in (other, dataset)}
    _replayed(folders[other.name], learning, out / "other")
    has_camera = bool(LearnedCameras(path=learning.learned_cameras).read())  # else the next one measures something else
    updates = (
        _replayed(folders[dataset.name], learning, out / "learned"),
        _replayed(dataset.images, settings, out / "known"),
    )
    learned_mm, known_mm = (_errors_of(update, dataset).get("mean_mm") for update in updates)
    return {
        "learned_mm": learned_mm,
        "known_mm": known_mm,
        "learned_to_known": learned_mm / known_mm if has_camera and learned_mm and known_mm else None,
    }


def _with_serial_number(dataset: Dataset, out: Path) -> Path:
    """The photographs, each with a record file that names its camera."""
    out.mkdir(parents=True)
    for path in order_photographs(dataset.images):
        (out / path.name).write_bytes(path.read_bytes())
        (out / f"{path.name}.json").write_text(json.dumps({"sensor": "the camera of all datasets"}), encoding="utf-8")
    return out


def _peers(dataset: Dataset, settings: EngineSettings, known: KnownImages, names: list[str]) -> dict[str, Any]:
    """COLMAP's mappers, each from the same features and verified pairs; their seconds are of the mapping alone."""
    configure(seed=settings.random_seed)
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


def _at_working_size(dataset: Dataset, threads: int) -> EngineSettings:
    """Known intrinsics, and nothing larger than the working size is looked at."""
    return EngineSettings(
        threads=threads, intrinsics=dataset.intrinsics, dense=False, exact_max_side_px=EngineSettings().max_side_px
    )


def _at_full_size(settings: EngineSettings) -> EngineSettings:
    return settings.model_copy(update={"exact_max_side_px": EngineSettings().exact_max_side_px})


def _figures(datasets: list[Dataset], arguments: argparse.Namespace, scratch: Path) -> Iterator[tuple[str, Any]]:
    """The figures of each dataset, by its name and the way it was measured."""
    threads = arguments.threads
    for index, dataset in enumerate(datasets):
        folder, settings = scratch / dataset.name, _at_working_size(dataset, threads)
        if arguments.previews:
            yield dataset.name, measure_previews(dataset, settings, folder)
        elif arguments.shuffle:
            yield dataset.name, measure_orders(dataset, settings, arguments.shuffle, folder)
        elif arguments.quality is Quality.HIGH:
            yield dataset.name, measure_quality(dataset, _at_full_size(settings), folder)
        elif arguments.learned:
            full = _at_full_size(settings)
            yield dataset.name, measure_learned(dataset, datasets[index - 1], full, folder)
        else:
            for kind, intrinsics in (("known", dataset.intrinsics), ("unknown", None)):
                settings = EngineSettings(threads=threads, intrinsics=intrinsics, dense=False)
                yield f"{dataset.name}/{kind}", measure(dataset, settings, scratch / f"{dataset.name}-{kind}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", type=Path, metavar="DATASET")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--previews", action="store_true", help="compare previews with originals at the working size")
    kinds.add_argument(
        "--shuffle", type=int, default=0, metavar="COUNT", help="so many random orders, at the working size"
    )
    kinds.add_argument(
        "--learned", action="store_true", help="no calibration; the camera is known from the dataset before"
    )
    kinds.add_argument(
        "--quality", type=Quality, choices=list(Quality), default=Quality.STANDARD, help="high: beside standard"
    )
    parser.add_argument("--sets", type=int, default=None, metavar="COUNT", help="only so many of the datasets")
    parser.add_argument("--threads", type=int, default=EngineSettings().threads)
    arguments = parser.parse_args()
    if arguments.learned and len(arguments.datasets or kept(*_KEPT)) < 2:
        parser.error("--learned needs two datasets of one camera")
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        datasets = [Dataset.read(folder) for folder in (arguments.datasets or kept(*_KEPT))[: arguments.sets]]
        if not datasets:
            datasets = [Dataset.simulated("statue", Path(scratch) / "statue-images", count=SIMULATED_COUNT)]
        for name, found in _figures(datasets, arguments, Path(scratch)):
            figures[name] = found
            print(name, json.dumps(found), flush=True)
    print(json.dumps(figures))
    if any(None in {**found, **found.get("ours", {})}.values() for found in figures.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()

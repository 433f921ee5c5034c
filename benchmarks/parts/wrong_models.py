"""Which models must a gate refuse? Right ones that were spoiled on purpose, triangulated again and adjusted.

So the tracks agree with the wrong poses. `blind` models have no pairs between the parts that were moved apart, as if
false matches were all there is.
"""

import tempfile
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.parts.truth import Dataset
from reconstructor.clouds.similarity import estimate_similarity
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.calibration_check import focal_changes
from reconstructor.engine.sfm.describe import world_from_camera
from reconstructor.engine.sfm.gate.bounds import FOCAL
from reconstructor.engine.sfm.gate.figures import ModelFigures, measure_model
from reconstructor.engine.sfm.refetch_gate import objections_to
from reconstructor.engine.sfm.restore import build_mapper
from reconstructor.replay.replayer import ReplayPlan, order_photographs, replay

WRONG_MM: Final = 30.0  # what is off by less was healed by the adjustment

Poses = dict[int, NDArray[np.float64]]  # world_from_camera
Spoil = Callable[[Poses], Poses]


def judged_models(folders: Collection[Path]) -> dict[str, int]:
    """How many wrong models the gate accepts and how many right ones it refuses, of these datasets."""
    accepted, refused, made = 0, 0, 0
    for folder in folders:
        dataset = Dataset.read(folder)
        with tempfile.TemporaryDirectory() as scratch:
            for name, error_mm, objections in _judged(dataset, Path(scratch)):
                print(
                    f"{dataset.name} {name}: {error_mm:.1f} mm; {'; '.join(objections) or 'no objection'}", flush=True
                )
                if name.startswith("right"):
                    refused += bool(objections)
                elif error_mm > WRONG_MM:
                    made += 1
                    accepted += not objections
    return {"wrong_accepted": accepted, "right_refused": refused, "wrong_models": made}


def _judged(dataset: Dataset, scratch: Path) -> list[tuple[str, float, list[str]]]:
    settings = EngineSettings(threads=1, intrinsics=dataset.intrinsics, dense=False)
    photographs = order_photographs(dataset.images)
    replay(ReplayPlan(photographs=photographs, out=scratch, settings=settings))
    engine = LiveEngine(scratch / "engine", settings)
    known, right = engine.known, pycolmap.Reconstruction(engine.model)
    engine.close()
    truth = {number: dataset.world_from_camera[path.name] for number, path in enumerate(photographs, 1)}
    poses: Poses = {number: world_from_camera(right.image(number)) for number in right.reg_image_ids()}
    found = [("right", _error_mm(right, truth), _objections(right, known, settings))]
    for name, (spoil, is_blind) in SPOILS.items():
        seen = _without_pairs_between(known, _half(poses)) if is_blind else known
        model = _adjusted(right, seen, spoil(poses), settings)
        found.append((name, _error_mm(model, truth), _objections(model, seen, settings)))
    for factor in (1.1, 1.35):
        scaled = pycolmap.Reconstruction(right)
        for camera in scaled.cameras.values():
            params = np.array(camera.params)
            params[camera.focal_length_idxs()] *= factor
            camera.params = params.tolist()
        model = _adjusted(scaled, known, poses, settings)
        found.append((f"focal length × {factor}", _error_mm(model, truth), _objections(model, known, settings)))
    return found


def _objections(model: Any, known: KnownImages, settings: EngineSettings) -> list[str]:
    figures = measure_model(model, known, settings)
    focal_change = max(
        map(abs, focal_changes(Bundle.of(model), set(model.cameras), settings.threads).values()), default=0.0
    )
    _print_figures(figures, focal_change)
    sentences = [each.sentence for each in objections_to(figures)]
    if not FOCAL.is_met(focal_change):
        sentences.append(FOCAL.objection)
    return sentences


def _print_figures(figures: ModelFigures, focal_change: float) -> None:
    def extreme(values: list[float | None], choose: Callable[[list[float]], float]) -> str:
        known = [value for value in values if value is not None]
        return f"{choose(known):.3f}" if known else "-"

    images = figures.images
    print(
        f"  observations {min(each.observations for each in images)}"
        f" share {extreme([each.share for each in images], min)}"
        f" tight {figures.tight_share:.3f} / {extreme([each.tight_share for each in images], min)}"
        f" reprojection {extreme([each.reprojection_ratio for each in images], max)}"
        f" cut {figures.cut_points} across {figures.confirmed_across}"
        f" confirmed {extreme([each.confirmed for each in images], min)} silent {len(figures.silent_pairs)}"
        f" conflicts {figures.conflicts:.5f} focal {focal_change:.4f}",
        flush=True,
    )


def _adjusted(right: Any, known: KnownImages, poses: Poses, settings: EngineSettings) -> Any:
    """The model of these poses: all points triangulated again, everything adjusted."""
    mapper, model = build_mapper(known, settings), pycolmap.Reconstruction(right)
    for point_id in list(model.point3D_ids()):
        model.delete_point3D(point_id)
    for number, pose in poses.items():
        model.frame(model.image(number).frame_id).rig_from_world = pycolmap.Rigid3d(np.linalg.inv(pose)[:3])
    mapper.swap(model)
    mapper.complete_points()
    mapper.refine_globally()
    return mapper.model


def _error_mm(model: Any, truth: Poses) -> float:
    numbers = sorted(model.reg_image_ids())
    if len(numbers) < 3:
        return float("inf")
    found = np.array([model.image(number).projection_center() for number in numbers])
    true = np.array([truth[number][:3, 3] for number in numbers])
    return float(1e3 * np.linalg.norm(estimate_similarity(found, true).apply(found) - true, axis=1).mean())


def _half(poses: Poses) -> set[int]:
    numbers = sorted(poses)
    return set(numbers[len(numbers) // 2 :])


def _without_pairs_between(known: KnownImages, side: set[int]) -> KnownImages:
    return replace(
        known,
        pairs={
            number: [pair for pair in pairs if (pair.earlier in side) == (pair.newer in side)]
            for number, pairs in known.pairs.items()
        },
    )


def _extent(poses: Poses) -> float:
    return float(np.linalg.norm(np.ptp(np.array([pose[:3, 3] for pose in poses.values()]), axis=0)))


def _two_swapped(poses: Poses) -> Poses:
    first, second = sorted(poses)[1], sorted(poses)[-2]
    return {**poses, first: poses[second], second: poses[first]}


def _one_off(poses: Poses) -> Poses:
    return _moved(poses, {sorted(poses)[len(poses) // 2]}, np.array([0.2, 0.0, 0.0]) * _extent(poses))


def _half_shifted(poses: Poses) -> Poses:
    return _moved(poses, _half(poses), np.array([0.15, 0.0, 0.0]) * _extent(poses))


def _half_turned(poses: Poses) -> Poses:
    """By 20 degrees about their middle, and about the axis that their cameras call down."""
    half, turn = _half(poses), np.radians(20)
    down = np.mean([poses[number][:3, 1] for number in half], axis=0)
    x, y, z = down / np.linalg.norm(down)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation = np.eye(3) + np.sin(turn) * cross + (1 - np.cos(turn)) * cross @ cross
    middle = np.mean([poses[number][:3, 3] for number in half], axis=0)
    turned = dict(poses)
    for number in half:
        turned[number] = poses[number].copy()
        turned[number][:3, :3] = rotation @ poses[number][:3, :3]
        turned[number][:3, 3] = middle + rotation @ (poses[number][:3, 3] - middle)
    return turned


def _collapsed(poses: Poses) -> Poses:
    """The second half laid over the first."""
    numbers, half = sorted(poses), sorted(_half(poses))
    onto = poses[numbers[0]] @ np.linalg.inv(poses[half[0]])
    return {**poses, **{number: onto @ poses[number] for number in half}}


def _moved(poses: Poses, numbers: Collection[int], shift: NDArray[np.float64]) -> Poses:
    moved = dict(poses)
    for number in numbers:
        moved[number] = poses[number].copy()
        moved[number][:3, 3] += shift
    return moved


SPOILS: Final[dict[str, tuple[Spoil, bool]]] = {
    "two swapped": (_two_swapped, False),
    "one 20 % off": (_one_off, False),
    "half shifted": (_half_shifted, False),
    "half shifted, blind": (_half_shifted, True),
    "half turned": (_half_turned, False),
    "half turned, blind": (_half_turned, True),
    "half collapsed, blind": (_collapsed, True),
}

"""What is known of a dataset's cameras, and how far off are ours? `images/` beside `cameras.json`, lengths in metres."""

import itertools
import json
import multiprocessing
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge_agent.cameras.simulated.camera import SimulatedObject
from edge_agent.cameras.simulated.objects import OBJECTS
from reconstructor.clouds.similarity import estimate_similarity

_WORTH_A_PROCESS: Final = 50  # photographs; a process needs some ten seconds before its first
_KEPT: Final = Path(__file__).resolve().parents[3] / "shared/datasets"

Poses = Mapping[str, NDArray[np.float64]]  # file name -> world_from_camera (4, 4)


def kept(*names: str) -> list[Path]:
    """The folders of these datasets in `shared/datasets` beside this checkout; none of them if one is missing."""
    folders = [_KEPT / name for name in names]
    return folders if all((folder / "cameras.json").is_file() for folder in folders) else []


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Photographs with their true cameras."""

    name: str
    images: Path
    intrinsics: tuple[float, float, float, float]
    world_from_camera: Poses

    @classmethod
    def read(cls, folder: Path) -> Self:
        entries = json.loads((folder / "cameras.json").read_text(encoding="utf-8"))
        poses = {}
        for name, entry in entries.items():
            poses[name] = np.eye(4)
            poses[name][:3, :3] = entry["world_from_camera_rotation"]
            poses[name][:3, 3] = entry["camera_center_in_world_m"]
        intrinsics = next(iter(entries.values()))["intrinsics"]
        return cls(name=folder.name, images=folder / "images", intrinsics=tuple(intrinsics), world_from_camera=poses)

    @classmethod
    def simulated(
        cls, name: str, folder: Path, *, count: int, of: int | None = None, size_px: tuple[int, int] = (1224, 816)
    ) -> Self:
        """Render a simulated object's photographs into a folder: the first `count` of a walk of as many, or of `of`."""
        render = partial(_render, name, folder, of or count, size_px)
        shares = min(os.cpu_count() or 1, 1 + count // _WORTH_A_PROCESS)
        indices = [range(share, count, shares) for share in range(shares)]
        if shares == 1:
            rendered = [render(indices[0])]
        else:
            with ProcessPoolExecutor(shares, mp_context=multiprocessing.get_context("spawn")) as pool:
                rendered = list(pool.map(render, indices))
        poses = {key: pose for share in rendered for key, pose in share.items()}
        lens = OBJECTS[name].lens.intrinsics(*size_px)
        return cls(
            name=name,
            images=folder,
            intrinsics=(lens.fx_px, lens.fy_px, lens.cx_px, lens.cy_px),
            world_from_camera=dict(sorted(poses.items())),
        )


def _render(
    name: str, folder: Path, count: int, size_px: tuple[int, int], indices: Iterable[int]
) -> dict[str, NDArray[np.float64]]:
    """Render these photographs of a walk of `count` and say where they were taken."""
    subject = SimulatedObject(name, count=count, size_px=size_px)
    folder.mkdir(parents=True, exist_ok=True)
    poses = {}
    for index in indices:
        view, path = subject.view(index), folder / f"{name}-{index:04d}.jpg"
        Image.fromarray(view.image_rgb).save(path, quality=92)
        poses[path.name] = view.world_from_camera
    return poses


def errors(found: Poses, truth: Poses) -> dict[str, float]:
    """Camera errors after the best similarity, and pose AUC over all pairs; images not found count as infinitely wrong.

    AUC as in Jin et al., "Image Matching across Wide Baselines", IJCV 2021: the larger of the errors of relative
    rotation and of direction of translation.
    """
    names = sorted(set(found) & set(truth))
    figures = {"placed_share": len(names) / len(truth)}
    if len(names) >= 3:
        centers = np.array([found[name][:3, 3] for name in names])
        true_centers = np.array([truth[name][:3, 3] for name in names])
        fit = estimate_similarity(centers, true_centers)
        off_mm = 1e3 * np.linalg.norm(fit.apply(centers) - true_centers, axis=1)
        figures |= {"mean_mm": float(off_mm.mean()), "rmse_mm": float(np.sqrt((off_mm**2).mean()))}
    pairs = list(itertools.combinations(sorted(truth), 2))
    angles = np.array([_pair_error_deg(found, truth, *pair) for pair in pairs], np.float64)
    return figures | {f"auc_{limit}": float(np.clip(1.0 - angles / limit, 0.0, 1.0).mean()) for limit in (1, 3, 5)}


def _pair_error_deg(found: Poses, truth: Poses, first: str, second: str) -> float:
    if first not in found or second not in found:
        return np.inf
    ours, true = (np.linalg.inv(poses[second]) @ poses[first] for poses in (found, truth))
    turn = ours[:3, :3].T @ true[:3, :3]
    turn_deg = np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1)))
    lengths = max(float(np.linalg.norm(ours[:3, 3]) * np.linalg.norm(true[:3, 3])), 1e-12)
    shift_deg = np.degrees(np.arccos(np.clip(ours[:3, 3] @ true[:3, 3] / lengths, -1, 1)))
    return float(max(turn_deg, shift_deg))

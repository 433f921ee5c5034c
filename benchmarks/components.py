"""Are several objects in one project all built, and do two halves become one? Photographs of real objects, one after the other.

    python -m benchmarks.components [DATASET DATASET DATASET]

A dataset is a folder with `images/` and `cameras.json`, by default those in `shared/datasets` beside this folder; where they
are not, simulated objects are photographed. The halves are photographs of which all but the left or the right third is
black; those that join them are whole. `built` counts objects whose photographs are all in one component that holds nothing
else, has points to show, and places their cameras within 2 % of their extent. `lost` counts photographs that are in no such
component. `joined` is 1 if a photograph between the halves made the engine ask for a refetch, and that made them one.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from benchmarks.parts.truth import Dataset, kept
from reconstructor.black_box import Update, cloud_name
from reconstructor.clouds.similarity import estimate_similarity
from reconstructor.engine.features.photographs import ImageMetadata
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.protocol import EngineResult
from reconstructor.engine.settings import EngineSettings

KEPT: Final = ("fountain-P11", "Herz-Jesus-P8", "entry-P10")
SIMULATED: Final = ("facade", "statue", "vault")
COUNT: Final = 11
SCENES: Final = (((1, 4), (0, 6)), ((1, 6), (0, 4)), ((0, 5), (1, 3), (2, 3)))  # (which object, photographs)
HALVES: Final = ((0, 4, 0.0, 0.36), (4, 8, 0.64, 1.0))  # photographs from, to; columns from, to
LATE: Final = (2, 5, 8)
MOST_ERROR: Final = 0.02  # of the cameras' extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """One file with what is true of it."""

    path: Path
    owner: str  # which object it shows
    center: np.ndarray


def taken(
    dataset: Dataset, indexes: Sequence[int], out: Path, columns: tuple[float, float] = (0.0, 1.0)
) -> list[Photograph]:
    """Photographs with their intrinsics beside them; what is not in these columns, as shares of the width, is black."""
    out.mkdir(parents=True, exist_ok=True)
    names = sorted(dataset.world_from_camera)
    found = []
    for index in indexes:
        with Image.open(dataset.images / names[index]) as image:
            left, right = (round(share * image.width) for share in columns)
            path = out / f"{dataset.name}-{left}-{names[index]}"
            masked = Image.new("RGB", image.size)
            masked.paste(image.convert("RGB").crop((left, 0, right, image.height)), (left, 0))
            masked.save(path, quality=97)
        sidecar = ImageMetadata(intrinsics=dataset.intrinsics, sensor=dataset.name, file_name=path.name)
        path.with_name(f"{path.name}.json").write_text(sidecar.model_dump_json(), encoding="utf-8")
        center = dataset.world_from_camera[names[index]][:3, 3]
        found.append(Photograph(path=path, owner=dataset.name, center=center))
    return found


class Project:
    """The engine of one scene and what it was given."""

    def __init__(self, folder: Path, settings: EngineSettings) -> None:
        self._engine, self._given = LiveEngine(folder, settings), dict[str, Photograph]()

    def add(self, photographs: Sequence[Photograph]) -> Update:
        """Add photographs one by one; the update of the last one, which wants a refetch if one of them did."""
        wants = False
        for each in photographs:
            image_id = f"{len(self._given):03d}-{each.path.stem}"
            self._given[image_id] = each
            update = self._engine.add_image(each.path, image_id).update
            wants |= update.wants_refetch
        return update.model_copy(update={"wants_refetch": wants})

    def refetch(self) -> EngineResult:
        return self._engine.refetch()

    def component_of(self, update: Update) -> dict[str, set[int | None]]:
        """In which components each object is; None stands for waiting."""
        found: dict[str, set[int | None]] = {}
        for camera in update.cameras:
            is_placed = camera.world_from_camera is not None
            owner = self._given[camera.image_id].owner
            found.setdefault(owner, set()).add(camera.component if is_placed else None)
        return found

    def lost(self, answer: EngineResult) -> dict[str, int]:
        """How many photographs of each object stand in no component that is theirs alone, is right and is shown."""
        owners = sorted({each.owner for each in self._given.values()})
        return {owner: self._lost_of(owner, answer) for owner in owners}

    def _lost_of(self, owner: str, answer: EngineResult) -> int:
        numbers = {
            image_id: camera.component
            for camera in answer.update.cameras
            if camera.world_from_camera is not None
            for image_id in [camera.image_id]
        }
        own = [image_id for image_id, each in self._given.items() if each.owner == owner]
        placed = [numbers[image_id] for image_id in own if image_id in numbers]
        component = max(set(placed), key=placed.count, default=None)
        members = [image_id for image_id, number in numbers.items() if number == component]
        is_own = component is not None and all(self._given[image_id].owner == owner for image_id in members)
        if (
            not is_own
            or not (answer.folder / cloud_name(component or 0)).is_file()
            or not self._is_right(members, answer)
        ):
            return len(own)
        return len(own) - len(members)

    def _is_right(self, members: Sequence[str], answer: EngineResult) -> bool:
        cameras = [answer.update.camera(image_id) for image_id in members]
        found = np.array([camera.world_from_camera for camera in cameras if camera is not None])[:, :3, 3]
        exact = np.array([self._given[image_id].center for image_id in members])
        off = np.linalg.norm(estimate_similarity(found, exact).apply(found) - exact, axis=1)
        return bool(off.max() <= MOST_ERROR * np.linalg.norm(np.ptp(exact, axis=0)))


def measure_scene(photographs: Sequence[Photograph], folder: Path, settings: EngineSettings) -> dict[str, Any]:
    """Photographs of several objects, then a refetch."""
    project = Project(folder, settings)
    live = project.component_of(project.add(photographs))
    answer = project.refetch()
    lost = project.lost(answer)
    return {
        "objects": len(lost),
        "built": sum(count == 0 for count in lost.values()),
        "lost": sum(lost.values()),
        "live": {owner: sorted(map(str, numbers)) for owner, numbers in live.items()},
        "leads": answer.update.leads,
        "objection": answer.update.refetch_rejected,
    }


def measure_halves(dataset: Dataset, folder: Path, settings: EngineSettings) -> dict[str, Any]:
    """Two halves that nothing joins, and late photographs that join them; a refetch after each."""
    project = Project(folder / "engine", settings)
    for first, last, left, right in HALVES:
        project.add(taken(dataset, range(first, last), folder, (left, right)))
    before = project.component_of(project.refetch().update)[dataset.name]
    late = project.add(taken(dataset, LATE, folder))
    answer = project.refetch()
    after, lost = project.component_of(answer.update)[dataset.name], project.lost(answer)[dataset.name]
    return {
        "objects": 1,
        "built": int(lost == 0),
        "lost": lost,
        "joined": int(before == {0, 1} and after == {0} and late.wants_refetch),
        "before": sorted(map(str, before)),
        "objection": answer.update.refetch_rejected,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", type=Path, metavar="DATASET", help="three of them")
    parser.add_argument("--threads", type=int, default=EngineSettings().threads)
    arguments = parser.parse_args()
    if len(arguments.datasets) not in {0, len(SIMULATED)}:
        parser.error("give three datasets, or none")
    settings = EngineSettings(threads=arguments.threads, dense=False)
    scenes: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        datasets = [Dataset.read(folder) for folder in arguments.datasets or kept(*KEPT)]
        datasets = datasets or [Dataset.simulated(each, scratch / each, count=COUNT) for each in SIMULATED]
        for counts in SCENES:
            title = "+".join(str(count) for _, count in counts)
            photographs = [
                each for which, count in counts for each in taken(datasets[which], range(count), scratch / title)
            ]
            scenes[title] = measure_scene(photographs, scratch / f"{title}-engine", settings)
            print(title, json.dumps(scenes[title]), flush=True)
        scenes["halves"] = measure_halves(datasets[0], scratch / "halves", settings)
        print("halves", json.dumps(scenes["halves"]), flush=True)
    totals = {key: sum(scene[key] for scene in scenes.values()) for key in ("objects", "built", "lost")}
    print(json.dumps({**totals, "joined": scenes["halves"]["joined"], "scenes": scenes}))


if __name__ == "__main__":
    main()

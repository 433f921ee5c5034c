"""The engine without MQTT, for benchmarks and batch users: the same live path and refetches, four outputs at the end.

cloud.ply     the complete cloud of the leading component; component-1.ply that of a further one, in a frame of its own
cameras.json  where each photograph was taken, or why that is unknown
colmap/       sparse/0 and images: opens in COLMAP, gsplat, nerfstudio, OpenMVS
report.json   seconds by stage, points, refetches with the gate's figures, peak memory
"""

import contextlib
import random
import resource
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from PIL.ExifTags import IFD, Base
from pydantic import BaseModel, ConfigDict, Field

from broker.config import BadSettingsError
from broker.errors import CairnError
from broker.images.decoding import UndecodableImageError, translating_decoder_errors
from broker.images.folders import FolderContents, LeftOut, list_folder, sound_photographs
from broker.images.opening import open_image
from broker.manifest import CameraState
from broker.shards import PointCloud, decode_ply, encode_ply
from reconstructor.black_box import Pose, Row, Update, cloud_name
from reconstructor.decoders.conversion import readable_path
from reconstructor.engine.device import compute_of
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.protocol import EngineResult
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.colmap_export import write_colmap
from reconstructor.engine.sfm.solver import Attempt

_OUTPUT_FOLDERS: Final = ("colmap", "converted", "black_box")  # of a replay, below its folder: they may hold images
_OUTPUT_FILES: Final = ("cloud.ply", "component-*.ply", "cameras.json", "report.json")
_NOT_UTF_8: Final = "its name is not UTF-8: rename it"


class NothingToReplayError(CairnError):
    """The folder holds no photograph, or the order asked for is none."""

    code = "nothing_to_replay"
    remedy = "Name a folder of photographs, and an order that exists."


class ReplayCamera(BaseModel):
    """One photograph in cameras.json."""

    model_config = ConfigDict(frozen=True)

    name: str
    world_from_camera: Pose | None
    intrinsics: Row | None
    state: CameraState
    reason: str
    component: int = Field(default=0, description="photographs that fit each other but not the rest; 0 leads")


class ReplayCameras(BaseModel):
    """cameras.json."""

    model_config = ConfigDict(frozen=True)

    cameras: tuple[ReplayCamera, ...]


class ImageReport(BaseModel):
    """What one photograph cost and brought."""

    model_config = ConfigDict(frozen=True)

    name: str
    state: CameraState
    reason: str
    seconds_by_stage: dict[str, float]
    inliers: int  # verified matches with other photographs
    points: int  # new ones


class RefetchReport(BaseModel):
    """What one refetch cost and brought."""

    model_config = ConfigDict(frozen=True)

    after_image: int
    seconds: float
    method: str  # empty: the live model was kept
    attempts: tuple[Attempt, ...]
    drift_removed_ratio: float  # mean movement of the cameras over their extent
    points: int


class ReplayReport(BaseModel):
    """report.json."""

    model_config = ConfigDict(frozen=True)

    images: tuple[ImageReport, ...]
    refetches: tuple[RefetchReport, ...]
    placed: int
    points: int
    peak_memory_mb: float
    device: str = Field(description="where depth was computed: cpu, or the GPU's number and model")
    dense_max_side_px: int = Field(description="longer side of the depth maps")
    dense_sources: int = Field(description="other photographs that each depth map was matched against")
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayStep:
    """Progress: what was just done; `done` of `total` photographs are through."""

    done: int
    total: int
    is_refetch: bool
    outcome: EngineResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlan:
    """What to replay and how."""

    photographs: tuple[Path, ...]
    out: Path
    settings: EngineSettings
    refetch_every: int = 10
    has_final_refetch: bool = True
    left_out: tuple[str, ...] = ()  # for the report


def order_photographs(folder: Path, order: str = "name") -> tuple[Path, ...]:
    """The photographs that `folder_in_order` takes."""
    return folder_in_order(folder, order).photographs


def folder_in_order(folder: Path, order: str = "name", out: Path | None = None) -> FolderContents:
    """What a folder and those below it hold, the photographs by `name`, by `time` (EXIF, else file), or by `shuffle:SEED`.

    Photographs that an earlier replay wrote to the folder `out` are passed over; those whose names no report can hold
    are left out.

    Raises:
        NothingToReplayError: no such folder, no photograph in it, or an unknown order.
    """
    try:
        contents = sound_photographs(folder)
    except OSError as exc:
        raise NothingToReplayError(
            f"cannot read the folder {folder}: {exc.strerror}: give a folder of photographs"
        ) from exc
    written = () if out is None else tuple((out / name).resolve() for name in _OUTPUT_FOLDERS)
    found = [path for path in contents.photographs if not any(path.resolve().is_relative_to(each) for each in written)]
    paths = [path for path in found if _is_utf_8(path)]
    odd = tuple(LeftOut(path=path, reason=_NOT_UTF_8) for path in found if not _is_utf_8(path))
    if not paths:
        raise NothingToReplayError(f"{folder} holds no photograph: give a folder of JPEG, PNG, WebP or TIFF files")
    word, _, seed = order.partition(":")
    if word == "time" and not seed:
        paths.sort(key=_time_of)
    elif word == "shuffle" and (number := _whole_number(seed)) is not None:
        random.Random(number).shuffle(paths)  # noqa: S311 - an order, not a secret
    elif word != "name" or seed:
        raise NothingToReplayError(f"order {order!r} is unknown: use name, time or shuffle:SEED")
    return FolderContents(photographs=tuple(paths), left_out=contents.left_out + odd)


def forget_outputs(out: Path) -> None:
    """Remove the files that an earlier replay wrote, so that they never lie beside those of the next one."""
    for pattern in _OUTPUT_FILES:
        for path in out.glob(pattern):
            path.unlink()


def replay(plan: ReplayPlan, on_step: Callable[[ReplayStep], None] = lambda _: None) -> ReplayReport:
    """Run all photographs through a fresh engine and write the four outputs into `plan.out`.

    Raises:
        BadSettingsError: photographs lie where the engine's files go.
    """
    state = plan.out / "engine"
    if state.is_dir() and list_folder(state).photographs:
        raise BadSettingsError(
            f"{state} holds photographs, and a replay empties that folder: give another one to --out"
        )
    plan.out.mkdir(parents=True, exist_ok=True)
    forget_outputs(plan.out)
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir()
    engine = LiveEngine(state, plan.settings)
    try:
        return _Replay(plan, engine, on_step).run()
    finally:
        engine.close()


class _Replay:
    """One replay under way."""

    def __init__(self, plan: ReplayPlan, engine: LiveEngine, on_step: Callable[[ReplayStep], None]) -> None:
        self._plan = plan
        self._engine = engine
        self._on_step = on_step
        self._images: list[ImageReport] = []
        self._refetches: list[RefetchReport] = []

    def run(self) -> ReplayReport:
        total = len(self._plan.photographs)
        for number, path in enumerate(self._plan.photographs, 1):
            is_due = self._add(number, path) or number % self._plan.refetch_every == 0
            is_last = number == total
            if is_due and not (is_last and self._plan.has_final_refetch):
                self._refetch(number)
        last = self._refetch(total) if self._plan.has_final_refetch else None
        if last is None or last.update.refetch_rejected:  # a refused refetch brings no cloud
            last = self._engine.complete()
        leading = last.folder / cloud_name(0)
        cloud = decode_ply(leading.read_bytes()) if leading.is_file() else PointCloud.empty()
        for path in last.folder.glob("component-*.ply"):
            shutil.copyfile(path, self._plan.out / path.name)
        compute = compute_of(self._plan.settings)
        report = ReplayReport(
            images=tuple(self._images),
            refetches=tuple(self._refetches),
            placed=sum(camera.state is CameraState.PLACED for camera in last.update.cameras),
            points=len(cloud),
            peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            device=compute.name,
            dense_max_side_px=compute.dense_max_side_px,
            dense_sources=compute.dense_sources,
            left_out=self._plan.left_out,
        )
        self._write(cloud, last.update, report)
        return report

    def _add(self, number: int, path: Path) -> bool:
        """Add a photograph; whether the engine asks for a refetch."""
        readable = readable_path(path, self._plan.out / "converted" / str(number))
        outcome = self._engine.add_image(readable.resolve(), _image_id(number, path))
        camera = outcome.update.cameras[-1]
        self._images.append(
            ImageReport(
                name=path.name,
                state=camera.state,
                reason=camera.code,
                seconds_by_stage=outcome.seconds_by_stage,
                inliers=self._engine.match_count(camera.image_id),
                points=outcome.update.new_point_count,
            )
        )
        self._tell(number, outcome, is_refetch=False)
        return outcome.update.wants_refetch

    def _refetch(self, number: int) -> EngineResult:
        outcome = self._engine.refetch()
        attempts = outcome.solve.attempts if outcome.solve else ()
        winner = outcome.solve.winner if outcome.solve else None
        passed = winner.figures if winner else None
        self._refetches.append(
            RefetchReport(
                after_image=number,
                seconds=sum(outcome.seconds_by_stage.values()),
                method=outcome.solve.method if outcome.solve else "",
                attempts=attempts,
                drift_removed_ratio=(passed.mean_jump_ratio or 0.0) if passed else 0.0,
                points=outcome.update.new_point_count,
            )
        )
        self._tell(number, outcome, is_refetch=True)
        return outcome

    def _tell(self, number: int, outcome: EngineResult, *, is_refetch: bool) -> None:
        self._on_step(
            ReplayStep(done=number, total=len(self._plan.photographs), is_refetch=is_refetch, outcome=outcome)
        )

    def _write(self, cloud: PointCloud, update: Update, report: ReplayReport) -> None:
        out = self._plan.out
        (out / "cloud.ply").write_bytes(encode_ply(cloud))
        cameras = ReplayCameras(
            cameras=tuple(
                ReplayCamera(
                    name=path.name,
                    world_from_camera=camera.world_from_camera,
                    intrinsics=camera.intrinsics,
                    state=camera.state,
                    reason=camera.code,
                    component=camera.component,
                )
                for path, camera in zip(self._plan.photographs, update.cameras, strict=True)
            )
        )
        (out / "cameras.json").write_text(cameras.model_dump_json(indent=1) + "\n", encoding="utf-8")
        (out / "report.json").write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
        write_colmap(self._engine.model, self._engine.known, out / "colmap")


def _image_id(number: int, path: Path) -> str:
    return f"{number:06d}-{path.name}"


def _is_utf_8(path: Path) -> bool:
    """Whether a path can stand in JSON: Linux allows any bytes in a name."""
    try:
        f"{path}{path.resolve()}".encode()
    except UnicodeEncodeError:
        return False
    return True


def _whole_number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _time_of(path: Path) -> tuple[str, str]:
    """When a photograph was taken, as sortable text; files without EXIF are put by their own time."""
    taken: object = None
    with contextlib.suppress(UndecodableImageError), translating_decoder_errors(), open_image(path) as image:
        exif = image.getexif()  # of a TIFF, its parts are read from the open file
        taken = exif.get_ifd(IFD.Exif).get(Base.DateTimeOriginal) or exif.get(Base.DateTime)
    changed_at = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).strftime("%Y:%m:%d %H:%M:%S")
    return str(taken or changed_at), path.name

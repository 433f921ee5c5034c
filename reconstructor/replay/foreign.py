"""How does a folder of photographs go through somebody's black box without a broker? The same calls as the service makes.

The function runs in the same child process, under the same limits, and its answers are read by the same checks. A
refused answer costs one call and the replay goes on.

cloud.ply     the complete cloud, which is also each call's `old_point_cloud`
cameras.json  where each photograph was taken, if the function says so
report.json   one row for each call
black_box/    the function's working directory
"""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict

from broker.errors import CairnError
from broker.ids import ImageId
from broker.logs import get_logger
from broker.manifest import CameraState
from reconstructor.black_box import Update
from reconstructor.clouds.ply import WideCloud, write_ply
from reconstructor.config import Settings
from reconstructor.decoders.conversion import readable_path
from reconstructor.executors.local import LocalExecutor
from reconstructor.jobs.answer import Answer, read_answer
from reconstructor.replay.replayer import ReplayCamera, ReplayCameras, forget_outputs
from reconstructor.worker import Call

_SESSION: Final = "replay"


class CallReport(BaseModel):
    """What one call cost and brought."""

    model_config = ConfigDict(frozen=True)

    name: str
    image_id: ImageId
    is_refetch: bool
    seconds: float
    points: int
    problem: str | None = None  # code and reason of a refused answer


class BlackBoxReport(BaseModel):
    """report.json."""

    model_config = ConfigDict(frozen=True)

    black_box: str
    calls: tuple[CallReport, ...]
    refused: int
    placed: int | None  # null: the function does not speak of cameras
    points: int
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BlackBoxPlan:
    """What to replay and how; the settings name the function and its limits."""

    photographs: tuple[Path, ...]
    out: Path
    settings: Settings
    refetch_every: int = 10
    has_final_refetch: bool = True
    left_out: tuple[str, ...] = ()  # for the report


async def replay_black_box(plan: BlackBoxPlan, on_call: Callable[[CallReport], None]) -> BlackBoxReport:
    """Call the black box for all photographs, and write the outputs into `plan.out`.

    Raises:
        CairnError: the black box cannot be loaded.
    """
    folder = plan.out / "black_box"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    forget_outputs(plan.out)
    executor = LocalExecutor(
        plan.settings.black_box,
        folder,
        memory_limit_bytes=plan.settings.memory_limit_bytes,
        load_timeout_s=plan.settings.load_timeout_s,
        log=get_logger(project=_SESSION),
    )
    try:
        await executor.start()
        return await _BlackBoxReplay(plan, executor, on_call).run()
    finally:
        await executor.close()


class _BlackBoxReplay:
    """One replay under way."""

    def __init__(self, plan: BlackBoxPlan, executor: LocalExecutor, on_call: Callable[[CallReport], None]) -> None:
        self._plan, self._executor, self._on_call = plan, executor, on_call
        self._cloud: WideCloud | None = None
        self._update: Update | None = None
        self._reports: list[CallReport] = []
        self._name_by_id: dict[str, str] = {}

    async def run(self) -> BlackBoxReport:
        for path, call in self._calls():
            await self._make(path, call)
        report = BlackBoxReport(
            black_box=self._plan.settings.black_box,
            calls=tuple(self._reports),
            refused=sum(each.problem is not None for each in self._reports),
            placed=sum(each.state is CameraState.PLACED for each in self._update.cameras) if self._update else None,
            points=len(self._cloud) if self._cloud is not None else 0,
            left_out=self._plan.left_out,
        )
        self._write(report)
        return report

    def _calls(self) -> Iterator[tuple[Path, Call]]:
        """Each photograph, and the refetches between and after them; the cloud is read when a call is made."""
        total = len(self._plan.photographs)
        for number, path in enumerate(self._plan.photographs, 1):
            digest = sha256(path.read_bytes()).hexdigest()
            image_id = ImageId.build(session=_SESSION, sequence=number, sha256=digest)
            self._name_by_id[image_id] = path.name
            readable = readable_path(path, self._plan.out / "converted" / str(number)).resolve()
            call = Call(input_img_path=str(readable), old_point_cloud=self._old_point_cloud, new_img_id=image_id)
            yield path, call
            is_last = number == total and self._plan.has_final_refetch
            if is_last or number % self._plan.refetch_every == 0:
                yield path, call.model_copy(update={"is_refetch": True, "old_point_cloud": ""})

    async def _make(self, path: Path, call: Call) -> None:
        settings = self._plan.settings
        timeout_s = settings.refetch_timeout_s if call.is_refetch else settings.timeout_s
        began_s, point_count, problem = time.monotonic(), 0, None
        try:
            answer = read_answer(await self._executor.call(call, timeout_s), settings.points_limit)
            point_count = len(answer.cloud) if answer.cloud is not None else 0
            problem = answer.update.refetch_rejected if answer.update is not None and answer.is_rejected else None
            self._take(call, answer)
        except CairnError as exc:
            problem = f"{exc.code}: {exc.sentence}"
        report = CallReport(
            name=path.name,
            image_id=ImageId(call.new_img_id),
            is_refetch=call.is_refetch,
            seconds=time.monotonic() - began_s,
            points=point_count,
            problem=problem,
        )
        self._reports.append(report)
        self._on_call(report)

    def _take(self, call: Call, answer: Answer) -> None:
        if answer.is_rejected:
            return
        self._update = answer.update or self._update
        if answer.cloud is None:
            return
        is_complete = self._cloud is None or not call.old_point_cloud
        self._cloud = answer.cloud if self._cloud is None or is_complete else _joined(self._cloud, answer.cloud)
        write_ply(self._cloud, self._plan.out / "cloud.ply")

    @property
    def _old_point_cloud(self) -> str:
        return str((self._plan.out / "cloud.ply").resolve()) if self._cloud is not None else ""

    def _write(self, report: BlackBoxReport) -> None:
        (self._plan.out / "report.json").write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
        if self._update is None:
            return
        cameras = ReplayCameras(
            cameras=tuple(
                ReplayCamera(
                    name=self._name_by_id[each.image_id],
                    world_from_camera=each.world_from_camera,
                    intrinsics=each.intrinsics,
                    state=each.state,
                    reason=each.code,
                    component=each.component,
                )
                for each in self._update.cameras
                if each.image_id in self._name_by_id
            )
        )
        (self._plan.out / "cameras.json").write_text(cameras.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _joined(first: WideCloud, second: WideCloud) -> WideCloud:
    return WideCloud(
        points_in_world=np.concatenate([first.points_in_world, second.points_in_world]),
        colors_rgb=np.concatenate([first.colors_rgb, second.colors_rgb]),
    )

"""The seam: one function from a photograph to a folder of PLY shards, and the word it may leave beside them.

    black_box(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str

`old_point_cloud` is the merged PLY of what viewers see now; empty, it asks for a complete new reconstruction. The
function runs in a child process of its own for each project, in a working directory that survives restarts. It may
leave an `update.json` beside its PLYs (see `Update`); a function that knows nothing of cameras leaves none.
"""

import importlib
import math
import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Protocol, Self, TypeVar, cast, runtime_checkable

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    field_validator,
    model_validator,
)

from broker.envelope import ComponentId
from broker.errors import CairnError
from broker.manifest import CameraState
from broker.messages import ScaleSource, Similarity
from broker.printable import printable
from reconstructor.foreign_errors import describe
from reconstructor.plain_files import open_plain_file

UPDATE_NAME = "update.json"
_COMPONENT_CLOUD = re.compile(r"component-(\d{1,4})(?:-.*)?\.ply", re.IGNORECASE)
UPDATE_LIMIT_BYTES = 16 * 1024 * 1024
MOST_CAMERAS = 20_000
_MOST_SHOWN = 300
_UNIT_TOLERANCE = 1e-3

_CONCURRENT = "is_concurrent"
_ACCEPTS_PREVIEWS = "accepts_previews"
_READS_CLOUD = "reads_cloud"

Row = tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat]
Pose = tuple[Row, Row, Row, Row]
Triple = tuple[FiniteFloat, FiniteFloat, FiniteFloat]
_MOST_WORDS = 500
Words = Annotated[str, Field(max_length=_MOST_WORDS), AfterValidator(lambda text: printable(text)[:_MOST_WORDS])]
Side = Annotated[int, Field(ge=0, le=1_000_000)]


class BlackBoxNotFoundError(CairnError):
    """The settings name a function that cannot be loaded."""

    code = "black_box_not_found"
    remedy = "Correct reconstructor.black_box: package.module:function, importable where the service runs."


class BadUpdateError(CairnError):
    """A black box left an `update.json` that is none."""

    code = "black_box_bad_output"
    remedy = "Correct the function's `update.json`: docs/black_box.md has the fields."


@runtime_checkable
class BlackBox(Protocol):
    """What a project hands its photographs to."""

    def __call__(self, input_img_path: str, old_point_cloud: str, new_img_id: str) -> str: ...


B = TypeVar("B", bound=BlackBox)


def concurrent(black_box: B) -> B:
    """Declare that a function can add images in one thread while a refetch of it runs in another."""
    setattr(black_box, _CONCURRENT, True)
    return black_box


def is_concurrent(black_box: BlackBox) -> bool:
    """Whether a function was declared so, by `concurrent` or by setting its attribute `is_concurrent`."""
    return getattr(black_box, _CONCURRENT, False) is True


def accepts_previews(black_box: B) -> B:
    """Declare that a function may get a photograph's preview first, and its original under the same id later."""
    setattr(black_box, _ACCEPTS_PREVIEWS, True)
    return black_box


def takes_previews(black_box: BlackBox) -> bool:
    """Whether a function was declared so, by `accepts_previews` or by setting its attribute `accepts_previews`."""
    return getattr(black_box, _ACCEPTS_PREVIEWS, False) is True


def reads_no_cloud(black_box: B) -> B:
    """Declare that a function never opens `old_point_cloud` and only looks whether it is empty: no file is written for it."""
    setattr(black_box, _READS_CLOUD, False)
    return black_box


def reads_cloud(black_box: BlackBox) -> bool:
    """Whether a function may open `old_point_cloud`: unless `reads_no_cloud` declared that it does not."""
    return getattr(black_box, _READS_CLOUD, True) is not False


class CameraUpdate(BaseModel):
    """Where one image stands, or why it does not."""

    model_config = ConfigDict(frozen=True)

    image_id: Annotated[str, Field(min_length=1, max_length=512)]
    state: CameraState
    component: ComponentId = Field(default=0, description="photographs that fit each other but not the rest; 0 leads")
    code: Annotated[str, Field(max_length=63, pattern=r"^[a-z_]*$")] = ""
    reason: Words = ""
    world_from_camera: Pose | None = None
    intrinsics: Row | None = Field(default=None, description="fx, fy, cx, cy in pixels of the upright photograph")
    distortion: Annotated[tuple[FiniteFloat, ...], Field(max_length=4)] = Field(
        default=(), description="OpenCV's k1, k2, p1, p2; empty for a pinhole"
    )
    reprojection_error_px: Annotated[FiniteFloat, Field(ge=0)] | None = Field(
        default=None, description="root mean square of the image's observations, in pixels of the upright photograph"
    )
    width_px: Side = 0
    height_px: Side = 0

    @model_validator(mode="before")
    @classmethod
    def _old_spelling(cls, given: Any) -> Any:
        """Read `reason` and `sentence`, as cameras were described before `code` and `reason`; until version 0.2."""
        if not isinstance(given, dict) or "code" in given:
            return given
        word = given.get("reason", "")
        is_old = "sentence" in given or (isinstance(word, str) and re.fullmatch(r"[a-z_]{1,64}", word))
        return {**given, "code": word, "reason": given.get("sentence", "")} if is_old else given

    @model_validator(mode="after")
    def _placed_has_pose(self) -> Self:
        if self.state is CameraState.PLACED and (self.world_from_camera is None or self.intrinsics is None):
            raise ValueError("a placed image needs world_from_camera and intrinsics")
        return self


class Update(BaseModel):
    """What a black box says beside its points."""

    model_config = ConfigDict(frozen=True)

    cameras: tuple[CameraUpdate, ...] = Field(
        default=(), max_length=MOST_CAMERAS, description="every image the black box knows, in order"
    )
    component: ComponentId = Field(
        default=0,
        description="in whose frame an increment's points lie, but for PLYs whose names say another component; those of a "
        "complete answer are the leading one's",
    )
    leads: ComponentId = Field(
        default=0,
        description="of a complete answer: which component of the answers before leads from now on, and is 0; the one that "
        "led has its number. Each keeps its frame",
    )
    up: Triple | None = Field(default=None, description="unit vector in the world's frame")
    world_from_previous: Similarity | None = Field(
        default=None, description="null: the world's frame stayed where it was"
    )
    metres_per_unit: Annotated[FiniteFloat, Field(gt=0)] | None = Field(
        default=None, description="for a black box that knows how large its world is"
    )
    scale_source: ScaleSource = Field(default=ScaleSource.NONE, description="what it knows that from")
    new_point_count: Annotated[int, Field(ge=0)] = 0
    refetch_rejected: Words = Field(
        default="", description="why a complete re-solve was not taken over; empty if it was, or none was asked for"
    )
    wants_refetch: bool = Field(
        default=False,
        description="of an increment: whether a complete answer is worth its time now, because this photograph joins two "
        "components, for example; ignored while one is queued",
    )
    solution: Annotated[int, Field(ge=0)] = Field(
        default=0, description="how many complete solutions were taken over before these points were made"
    )

    @field_validator("scale_source", mode="before")
    @classmethod
    def _old_source(cls, given: Any) -> Any:
        """Read `distance`, as `scale_bar` was called before; until version 0.2."""
        return ScaleSource.SCALE_BAR if given == "distance" else given

    @field_validator("world_from_previous", mode="before")
    @classmethod
    def _old_quaternion(cls, given: Any) -> Any:
        """Read `quaternion_wxyz`, as `rotation_wxyz` was called before; until version 0.2."""
        if isinstance(given, dict) and "rotation_wxyz" not in given and "quaternion_wxyz" in given:
            return {**given, "rotation_wxyz": given["quaternion_wxyz"]}
        return given

    @model_validator(mode="after")
    def _directions_are_units(self) -> Self:
        change = self.world_from_previous
        if change is not None and change.model_fields_set < {"scale", "rotation_wxyz", "translation"}:
            raise ValueError("world_from_previous needs scale, rotation_wxyz and translation")
        if change is not None and not _is_unit(change.rotation_wxyz):
            raise ValueError("rotation_wxyz of world_from_previous must have length 1")
        if self.up is not None and not _is_unit(self.up):
            raise ValueError("up must have length 1")
        return self

    @model_validator(mode="after")
    def _each_image_once(self) -> Self:
        counts = Counter(camera.image_id for camera in self.cameras)
        twice = next((image_id for image_id, count in counts.items() if count > 1), None)
        if twice is not None:
            raise ValueError(f"cameras has {twice[:80]!r} more than once")
        return self

    @model_validator(mode="after")
    def _metres_have_a_source(self) -> Self:
        if (self.metres_per_unit is None) is not (self.scale_source is ScaleSource.NONE):
            raise ValueError("metres_per_unit and scale_source come together")
        return self

    def camera(self, image_id: str) -> CameraUpdate | None:
        return next((camera for camera in self.cameras if camera.image_id == image_id), None)


def _is_unit(vector: tuple[float, ...]) -> bool:
    return abs(math.hypot(*vector) - 1) <= _UNIT_TOLERANCE


def cloud_name(component: int) -> str:
    """The name of a PLY with points of this component."""
    return f"component-{component}.ply" if component else "points.ply"


def component_of(name: str) -> int | None:
    """The component that a PLY's name says, as in `component-1.ply` or `component-1-part-2.ply`; None for other names."""
    found = _COMPONENT_CLOUD.fullmatch(name)
    return int(found[1]) if found else None


def write_update(update: Update, folder: Path) -> None:
    """Write `update.json` into a folder that nobody reads yet."""
    (folder / UPDATE_NAME).write_text(update.model_dump_json() + "\n", encoding="utf-8")


def read_update(folder: Path, name: str = UPDATE_NAME) -> Update | None:
    """The update a black box left in its folder under this name, or None if it left none.

    Raises:
        NotPlainFileError: a link, a pipe, a device or a folder has its name.
        BadUpdateError: the file is too large, is not JSON, or does not say what an `Update` says.
    """
    try:
        with open_plain_file(folder / name) as file:
            text = file.read(UPDATE_LIMIT_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise BadUpdateError(f"{name} cannot be read: {exc.strerror}") from exc
    if len(text) > UPDATE_LIMIT_BYTES:
        raise BadUpdateError(f"{name} is larger than {UPDATE_LIMIT_BYTES >> 20} MiB: list each image once")
    try:
        return Update.model_validate_json(text)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadUpdateError(f"{name}: {f'{place}: ' if place else ''}{first['msg'][:_MOST_SHOWN]}") from exc


def load(name: str) -> BlackBox:
    """The function that `package.module:function` names.

    Raises:
        BlackBoxNotFoundError: the name is malformed, a module is missing, or the module has no such function.
        BaseException: whatever the module raises while it is imported.
    """
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", name):
        raise BlackBoxNotFoundError(f"{name[:120]!r} does not name a function: write package.module:function")
    module_name, function_name = name.split(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as exc:
        hint = "is its folder on PYTHONPATH?" if f"{module_name}.".startswith(f"{exc.name}.") else "install it"
        raise BlackBoxNotFoundError(f"cannot import {module_name!r}: {describe(exc)}; {hint}") from exc
    function = getattr(module, function_name, None)
    if not callable(function):
        raise BlackBoxNotFoundError(f"module {module_name!r} has no function {function_name!r}")
    return cast("BlackBox", function)

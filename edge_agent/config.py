"""How is a rig configured? By one frozen `Settings`: TOML table `edge`, environment `CAIRN_EDGE_…`."""

import math
import re
from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic_settings import SettingsConfigDict

from broker.accounts.access import HOME_ASSISTANT_PATTERN
from broker.config import BadSettingsError, Connection, ProgramSettings
from broker.ids import AgentId, BadIdError, ProjectId
from broker.rig_messages import AgentSettings

MIB: Final = 1024 * 1024
# Of the aspect ratio: another crop of the sensor has another view.
SAME_SHAPE_RATIO: Final = 0.01

Matrix = tuple[PositiveFloat, PositiveFloat, PositiveFloat, PositiveFloat]


class CameraKind(StrEnum):
    FOLDER = "folder"
    WATCH = "watch"
    SIMULATED = "simulated"
    PICAMERA = "picamera"
    V4L2 = "v4l2"
    GPHOTO2 = "gphoto2"


class SpoolPolicy(StrEnum):
    """What to do when the spool is full."""

    PAUSE = "pause"
    REJECT = "reject"
    EVICT = "evict"

    @classmethod
    def _missing_(cls, value: object) -> "SpoolPolicy | None":
        """Read the earlier spelling `thin`, too: settings files in the field have it."""
        return cls.EVICT if value == "thin" else None


class Calibration(BaseModel):
    """The lens of a camera: OpenCV's matrix for photographs of one size, pixel centres at half integers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_px: tuple[PositiveInt, PositiveInt] = Field(description="Width and height of the photographs, pixels.")
    matrix: Matrix = Field(description="fx, fy, cx, cy in pixels.")
    distortion: Annotated[tuple[float, ...], Field(max_length=8)] = Field(
        default=(), description="OpenCV's k1, k2, p1, p2."
    )

    def fits(self, width_px: int, height_px: int) -> bool:
        """Whether photographs of this size show the same view, upright or turned, smaller or not."""
        ours, theirs = max(self.size_px) / min(self.size_px), max(width_px, height_px) / min(width_px, height_px)
        return math.isclose(ours, theirs, rel_tol=SAME_SHAPE_RATIO)

    def toml(self) -> str:
        """Write it as one value of a settings file."""
        numbers = ", ".join(f"{value:.2f}" for value in self.matrix)
        bends = ", ".join(f"{value:.6f}" for value in self.distortion)
        return f"{{ size_px = [{self.size_px[0]}, {self.size_px[1]}], matrix = [{numbers}], distortion = [{bends}] }}"


def read_hours(text: str) -> tuple[time, time]:
    """Read `06:00-19:30`: when the daily window opens and when it closes, UTC.

    Raises:
        ValueError: the text has another form.
    """
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", text, re.ASCII)
    if found is None:
        raise ValueError(f"{text[:40]!r} names no hours: write 06:00-19:30, in UTC")
    first, second, third, fourth = (int(part) for part in found.groups())
    return time(first, second), time(third, fourth)


def _checked_hours(text: str) -> str:
    read_hours(text)
    return text


class Settings(ProgramSettings):
    """Everything that can be set about an edge agent."""

    model_config = SettingsConfigDict(env_prefix="CAIRN_EDGE_")
    table: ClassVar[str] = "edge"

    broker: Connection = Field(default=Connection(), description="The broker, and the agent's user on it.")
    project: ProjectId | None = Field(default=None, description="The project that this rig captures.")
    agent: AgentId | None = Field(default=None, description="This rig's name, rig-…; default: the broker's user.")
    spool_dir: Path = Field(default=Path("data/rig"), description="Folder of photographs without receipt.")
    camera: CameraKind | None = Field(
        default=None,
        description="simulated; folder: plays a folder's photographs once; watch: takes each file that comes into it;"
        " picamera: Raspberry Pi; v4l2: USB; gphoto2: tethered.",
    )
    folder: Path | None = Field(default=None, description="The folder of the cameras 'folder' and 'watch'.")
    object_name: str = Field(
        default="facade", description="What the simulated camera photographs: facade, statue, vault, inscription."
    )
    count: int = Field(default=24, ge=1, description="How many photographs the simulated camera takes.")
    device: int = Field(default=0, ge=0, description="The USB camera's number: N of /dev/videoN.")
    size_px: tuple[int, int] | None = Field(
        default=None, description="The USB camera's width and height, pixels; unset: its largest."
    )
    lens_mm: float | None = Field(
        default=None, gt=0, description="Focal length of a lens that was put on a Pi's HQ camera, millimetres."
    )
    focus_m: float | None = Field(
        default=None, gt=0, description="Distance that a Pi camera's lens is focused at, metres; unset: autofocus."
    )
    is_locked: bool = Field(
        default=True, description="Lock a Pi camera's exposure, white balance and focus after its warm-up."
    )
    calibration: Calibration | None = Field(
        default=None, description="The lens's matrix and distortion; `cairn edge calibrate` writes them here."
    )
    interval_s: NonNegativeFloat = Field(default=5.0, description="Time between two photographs, seconds.")
    hours: Annotated[str, AfterValidator(_checked_hours)] | None = Field(
        default=None, description="Photograph only during these hours of the day, UTC, for example 06:00-19:30."
    )
    gpio_pin: int | None = Field(
        default=None,
        ge=0,
        le=27,
        description="A contact between this GPIO pin (BCM number) and ground takes a photograph, also while paused.",
    )
    until_placed: int | None = Field(
        default=None,
        ge=1,
        description="Stop photographing by itself while so many of this rig's photographs are placed; for good links.",
    )
    shot_timeout_s: PositiveFloat = Field(
        default=60.0, description="A camera that takes longer for a photograph is killed and started again, seconds."
    )
    start_timeout_s: PositiveFloat = Field(default=300.0, description="Longest start of the camera, seconds.")
    window_images: int = Field(default=8, ge=1, description="Most images under way without receipt.")
    window_bytes: int = Field(default=32 * MIB, ge=1, description="And most bytes of them.")
    reserve_bytes: int = Field(
        default=256 * MIB, ge=0, description="So much stays free on the spool's disk: capturing waits, bytes."
    )
    spool_policy: SpoolPolicy = Field(
        default=SpoolPolicy.PAUSE,
        description="When the spool is full: pause: capturing waits; reject: new photographs are not kept;"
        " evict: photographs that the gate turned down go first, then rejected ones, then as pause.",
    )
    is_gated: bool = Field(
        default=False,
        description="Quarantine blurred, clipped and near-duplicate photographs; for rigs that nobody watches.",
    )
    blur_ratio: float = Field(
        default=0.25, ge=0, le=1, description="Blurred: sharpness below this share of the median; 0: never."
    )
    duplicate_bits: int = Field(
        default=2, ge=0, le=64, description="Near-duplicate: at most so many of 64 hash bits differ; 0: never."
    )
    is_gps_stripped: bool = Field(default=False, description="Takes the place out of EXIF before anything is kept.")
    home_assistant_prefix: str | None = Field(
        default=None,
        pattern=f"^{HOME_ASSISTANT_PATTERN}$",
        description="Describe the rig to Home Assistant below this topic, usually homeassistant; unset: not.",
    )
    health_interval_s: PositiveFloat = Field(default=30.0, description="Time between two health messages, seconds.")

    def named(self) -> tuple[ProjectId, AgentId]:
        """The project and this agent's name.

        Raises:
            BadSettingsError: one of them is not set.
        """
        if self.project is None:
            raise BadSettingsError("the rig needs a project: --project NAME, CAIRN_EDGE_PROJECT, or edge.project")
        name = self.agent or self.broker.username
        if name is None:
            raise BadSettingsError("the rig needs a name: --agent rig-NAME, CAIRN_EDGE_AGENT, or edge.agent")
        try:
            return self.project, AgentId(name)
        except BadIdError as exc:
            raise BadSettingsError(
                f"{exc.sentence}; set edge.agent when the broker's account has another name"
            ) from exc

    def changeable(self) -> AgentSettings:
        """The settings that ops may change remotely, as the settings file has them."""
        return AgentSettings(
            interval_s=self.interval_s or None,
            blur_ratio=self.blur_ratio,
            duplicate_bits=self.duplicate_bits,
            is_gps_stripped=self.is_gps_stripped,
        )

"""How is a rig set? One frozen `Settings`; table `edge`, environment `CAIRN_EDGE_…`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, Field, NonNegativeFloat, PositiveFloat
from pydantic_settings import SettingsConfigDict

from broker.accounts.access import HOME_ASSISTANT_PATTERN
from broker.config import BadSettingsError, Connection, ProgramSettings
from broker.ids import AgentId, ProjectId
from broker.rig_messages import AgentSettings
from edge_agent.cameras.plan import CameraKind, CameraPlan
from edge_agent.capture.calibration import Calibration
from edge_agent.capture.schedule import BadHoursError, Hours
from edge_agent.uplink.rate import Window

MIB: Final = 1024 * 1024


class SpoolPolicy(StrEnum):
    """What to do when the spool is full."""

    PAUSE = "pause"
    REJECT = "reject"
    THIN = "thin"


def _checked_hours(text: str) -> str:
    try:
        Hours.parse(text)
    except BadHoursError as exc:  # pydantic collects ValueErrors
        raise ValueError(exc.sentence) from exc
    return text


class Settings(ProgramSettings):
    """Everything that can be set about an edge agent."""

    model_config = SettingsConfigDict(env_prefix="CAIRN_EDGE_")
    table: ClassVar[str] = "edge"

    broker: Connection = Field(default=Connection(), description="The broker, and the agent's user on it.")
    project: ProjectId | None = Field(default=None, description="The project that this rig captures.")
    agent: AgentId | None = Field(default=None, description="This rig's name, rig-…; default: the broker's user.")
    spool_dir: Path = Field(default=Path("data/rig"), description="Folder of photographs without receipt.")
    camera: CameraKind = Field(
        default=CameraKind.SIMULATED,
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
        " thin: photographs that the gate turned down go first, then rejected ones, then as pause.",
    )
    is_gated: bool = Field(
        default=False,
        description="Lay blurred, clipped and near-duplicate photographs aside: for rigs that photograph by themselves.",
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
        return self.project, AgentId(name)

    def window(self) -> Window:
        """How much may be under way until the reconstructor says otherwise."""
        return Window(images=self.window_images, size_bytes=self.window_bytes)

    def changeable(self) -> AgentSettings:
        """What ops may change from afar, as the settings file has it."""
        return AgentSettings(
            interval_s=self.interval_s or None,
            blur_ratio=self.blur_ratio,
            duplicate_bits=self.duplicate_bits,
            is_gps_stripped=self.is_gps_stripped,
        )

    def camera_plan(self) -> CameraPlan:
        """What the camera's process is told."""
        return CameraPlan(
            kind=self.camera,
            folder=self.folder,
            object_name=self.object_name,
            count=self.count,
            device=self.device,
            size_px=self.size_px,
            lens_mm=self.lens_mm,
            is_locked=self.is_locked,
            shot_timeout_s=self.shot_timeout_s,
        )

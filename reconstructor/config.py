"""How is the reconstructor set? One frozen `Settings`; table `reconstructor`, environment `CAIRN_RECONSTRUCTOR_…`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, PositiveFloat, model_validator
from pydantic_settings import SettingsConfigDict

from broker.config import Connection, ProgramSettings
from broker.ids import ProjectId, SenderId
from reconstructor.quotas import QuotaLimits

MIB: Final = 1024 * 1024
GIB: Final = 1024 * MIB
BUILT_IN_BLACK_BOX: Final = "reconstructor.engine.live:black_box"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A distance in metres: between two agents' simultaneous images, or one agent's consecutive ones."""

    metres: float
    senders: tuple[SenderId, ...]


class Settings(ProgramSettings):
    """Everything that can be set about the reconstructor."""

    model_config = SettingsConfigDict(env_prefix="CAIRN_RECONSTRUCTOR_")
    table: ClassVar[str] = "reconstructor"

    broker: Connection = Field(default=Connection(), description="The broker, and the reconstructor's user on it.")
    projects: tuple[ProjectId, ...] = Field(
        default=(),
        description="Projects to serve; each has a folder, a connection and a process of its own. "
        "Changes of this list in the file act while the program runs.",
    )
    data_dir: Path = Field(default=Path("data/reconstructor"), description="Folder of images and reference sets.")
    black_box: str = Field(
        default=BUILT_IN_BLACK_BOX, max_length=256, description="What reconstructs: package.module:function."
    )
    executor: Literal["local", "ray"] = Field(
        default="local", description="Where black boxes run: local (on this machine) or ray (on a cluster, cairn[ray])."
    )
    ray_address: str = Field(
        default="",
        max_length=256,
        description="Head of the Ray cluster, host:port; empty starts one on this machine alone. "
        "Every node sees data_dir at the same absolute path.",
    )
    gpu_share: float = Field(
        default=0.0, ge=0, le=1, description="Part of a GPU that each project's Ray actor holds; 0 for none."
    )
    load_timeout_s: PositiveFloat = Field(
        default=120.0, description="Longest time in which the black box's module is imported, at each start, seconds."
    )
    timeout_s: PositiveFloat = Field(default=300.0, description="Longest time for one image in the black box, seconds.")
    refetch_timeout_s: PositiveFloat = Field(
        default=3600.0, description="Longest time for one refetch in the black box, seconds."
    )
    memory_limit_bytes: int = Field(
        default=12 * GIB,
        ge=64 * MIB,
        description="Resident memory at which a black box, an export or a computation of coverage is killed, bytes.",
    )
    black_boxes_at_work: int = Field(
        default=4,
        ge=1,
        le=1024,
        description="Black boxes of all projects that work at the same time; the others wait, the longest first.",
    )
    idle_memory_bytes: int = Field(
        default=4 * GIB,
        ge=0,
        description="Memory that black boxes without an image may keep; beyond it the one that is idle longest ends, bytes.",
    )
    black_box_rest_s: float = Field(
        default=900.0,
        ge=0,
        description="After how long without an image a black box's process ends, until the next one; 0 for never, seconds.",
    )
    refetch_every: int = Field(default=10, ge=1, description="After how many images everything is reconstructed again.")
    refetch_at_rest_s: float = Field(
        default=120.0,
        ge=0,
        description="After how long without anything new a project gets a last refetch; 0 for never, seconds.",
    )
    grace_s: float = Field(
        default=120.0,
        ge=0,
        description="How long the previous reference set stays for viewers still loading it, seconds.",
    )
    retained_bytes_limit: int = Field(
        default=512 * MIB,
        ge=MIB,
        description="Most shard bytes of a project on the broker, of which half is for the present reference set; "
        "beyond it the finest levels are left out there, on the disk and in exports they stay.",
    )
    points_limit: int = Field(default=20_000_000, ge=1, description="A black box's answer of more points is refused.")
    image_pixels_limit: int = Field(
        default=150_000_000,
        ge=1,
        le=178_956_970,  # beyond this Pillow refuses by itself
        description="A baseline JPEG of more pixels is refused from its header.",
    )
    full_decode_pixels_limit: int = Field(
        default=64_000_000,
        ge=1,
        le=178_956_970,
        description="And so is any other image, a progressive JPEG included, of more pixels: it is decoded at full size.",
    )
    image_side_px_limit: int = Field(default=32_768, ge=1, description="And one with a longer side, pixels.")
    decoder_count: int = Field(
        default=3,
        ge=2,
        le=64,
        description="Processes that decode photographs; while a bad photograph holds one, the others go on.",
    )
    decoder_memory_bytes: int = Field(
        default=GIB, ge=256 * MIB, description="Memory (address space) of each of them, bytes."
    )
    decoder_cpu_s: PositiveFloat = Field(
        default=5.0, description="Processor time for one photograph, after which it is refused, seconds."
    )
    disk_reserve_bytes: int = Field(
        default=512 * MIB, ge=0, description="Images are not taken while less than this is free on the disk, bytes."
    )
    disk_budget_bytes: int = Field(
        default=0,
        ge=0,
        description="Most bytes of all projects in data_dir; beyond it photographs wait with their senders, and nothing "
        "is deleted; 0 for no limit, bytes.",
    )
    project_disk_budget_bytes: int = Field(
        default=0, ge=0, description="And most bytes of each project; 0 for no limit, bytes."
    )
    project_disk_budgets: dict[ProjectId, Annotated[int, Field(ge=0)]] = Field(
        default={},
        max_length=1000,
        description="Other budgets of single projects by name, such as { chapel = 50_000_000_000 }, bytes.",
    )
    retention_days: float = Field(
        default=0.0,
        ge=0,
        le=36_500,
        description="After how many days what is left over in a project's folder goes: older versions of the cloud, "
        "databases before a migration, unfinished files; photographs never; 0 for never, days.",
    )
    earlier_generations: int = Field(
        default=12,
        ge=0,
        le=100,
        description="Of how many earlier versions of the cloud a coarse copy is kept for before and after; 0 for none.",
    )
    thumbnail_days: float = Field(
        default=0.0,
        ge=0,
        le=36_500,
        description="After how many days a photograph's thumbnail leaves the broker; 0 for never, days.",
    )
    flow_images: int = Field(
        default=4, ge=1, description="Images that one sender may have under way without a receipt."
    )
    flow_bytes: int = Field(default=32 * MIB, ge=1, description="And how many bytes of them.")
    preview_max_side_px: int = Field(
        default=1224,
        ge=160,
        le=16_384,
        description="Senders reduce a photograph to this longer side and send that preview first, pixels.",
    )
    sender_images_per_day: int = Field(
        default=50_000, ge=1, description="Photographs that one sender may send to a project on one day (UTC)."
    )
    sender_bytes_per_day: int = Field(
        default=500 * GIB, ge=32 * MIB, description="And how many bytes of them; a larger image would never be taken."
    )
    sender_images_per_minute: int = Field(
        default=10_000, ge=1, description="And how many photographs, good or bad, within one minute."
    )
    sender_annotations_per_minute: int = Field(
        default=300, ge=1, description="And how often one may leave, change or remove measures and notes in one minute."
    )
    sender_open_uploads: int = Field(
        default=8,
        ge=1,
        description="Photographs in pieces that one sender may have unfinished; the oldest gives way and comes again.",
    )
    gap_wait_s: PositiveFloat = Field(
        default=30.0, description="A gap in a rig's count that stays so long is named to the rig, seconds."
    )
    baseline_m: PositiveFloat | None = Field(
        default=None, description="A known distance between photographs, which gives the project metres, metres."
    )
    baseline_senders: Annotated[tuple[SenderId, ...], Field(max_length=2)] = Field(
        default=(),
        description="Two agents that photograph at once so far apart, or one whose consecutive photographs are.",
    )
    export_dir: Path | None = Field(
        default=None,
        description="Folder of the files that people export from the page; the same as viewer.export_dir. "
        "Unset: nothing can be exported from the page.",
    )
    export_count_limit: int = Field(
        default=20, ge=1, description="Exported files of a project that stay; the oldest are removed."
    )
    export_bytes_limit: int = Field(
        default=20 * GIB, ge=MIB, description="And how many bytes of them; the newest file always stays."
    )
    export_keep_s: PositiveFloat = Field(
        default=7 * 86_400.0, description="After how long an exported file is removed, seconds."
    )
    export_timeout_s: PositiveFloat = Field(default=3600.0, description="Longest time for one export, seconds.")
    retry_s: PositiveFloat = Field(
        default=5.0,
        description="Pause before a project that failed is tried again, seconds; doubled each time, up to a minute.",
    )
    statistics_interval_s: PositiveFloat = Field(default=5.0, description="Pause between two statistics, seconds.")

    @property
    def quota_limits(self) -> QuotaLimits:
        """What one sender may send."""
        return QuotaLimits(
            images_per_day=self.sender_images_per_day,
            bytes_per_day=self.sender_bytes_per_day,
            images_per_minute=self.sender_images_per_minute,
            annotations_per_minute=self.sender_annotations_per_minute,
        )

    def disk_budget_of(self, project: ProjectId) -> int:
        """The most bytes of a project's folder; 0 without a limit."""
        return self.project_disk_budgets.get(project, self.project_disk_budget_bytes)

    @property
    def baseline(self) -> Baseline | None:
        """The known distance between photographs, or None."""
        if self.baseline_m is None:
            return None
        return Baseline(metres=self.baseline_m, senders=self.baseline_senders)

    @model_validator(mode="after")
    def _baseline_is_between_senders(self) -> Self:
        if (self.baseline_m is None) is not (not self.baseline_senders):
            raise ValueError("baseline_m and baseline_senders come together: name one agent or two")
        return self

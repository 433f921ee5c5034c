"""What does a campaign need? Disk, bandwidth, processors and memory, calculated from what the benchmarks measured.

The figures are in `measured.json`, which is written from `benchmarks/results.json`; a test compares both. They hold for the
built-in engine on the machine that they name. A faster machine needs less.
"""

import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from admin.lines import counted
from broker.shards import PLY_BYTES_PER_POINT
from reconstructor.config import Settings

MEASURED: Final = Path(__file__).with_name("measured.json")
_GENERATIONS: Final = 2  # on the disk and the broker while a new one replaces the old
_HOUR_S: Final = 3600.0
_MB: Final = 1e6

Positive = Annotated[FiniteFloat, Field(gt=0)]


class Figure(BaseModel):
    """One measured figure, and where it comes from."""

    model_config = ConfigDict(frozen=True)

    value: Positive
    source: str
    measured_at: datetime
    machine: str


class Measured(BaseModel):
    """What the calculation starts from.

    Attributes:
        points_per_image: points that a photograph brings.
        packed_bytes_per_point: on the way to a viewer.
        black_box_mb_per_image: what the engine keeps on the disk of each photograph.
        live_s: time from a photograph to its points, with both cores of the machine.
        black_box_mb: most memory of one black box.
        index_kb_per_image: list of shards and cameras that each photograph adds for a viewer.
        fanout_mb_per_s: what the page server sends to all viewers together.
    """

    model_config = ConfigDict(frozen=True)

    points_per_image: Figure
    packed_bytes_per_point: Figure
    black_box_mb_per_image: Figure
    live_s: Figure
    black_box_mb: Figure
    index_kb_per_image: Figure
    fanout_mb_per_s: Figure


class Load(BaseModel):
    """What is planned."""

    model_config = ConfigDict(frozen=True)

    photographs_per_day: Annotated[int, Field(ge=1, le=10_000_000)]
    days: Annotated[int, Field(ge=1, le=36_500)]
    photograph_mb: Annotated[FiniteFloat, Field(gt=0, le=1000)]
    hours_per_day: Annotated[FiniteFloat, Field(gt=0, le=24)]
    projects: Annotated[int, Field(ge=1, le=10_000)]
    rigs: Annotated[int, Field(ge=0, le=100_000)]
    viewers: Annotated[int, Field(ge=0, le=1_000_000)]


class Plan(BaseModel):
    """What it needs.

    Attributes:
        disk_gb: of the reconstructor at the end.
        disk_gb_per_day: how fast it fills.
        uplink_mbit_per_s: from all rigs, while they photograph.
        uplink_mbit_per_s_per_rig: from one of them; None without rigs.
        downlink_mbit_per_s: to all viewers who watch while photographs come.
        first_visit_mb: what a viewer loads who comes at the end.
        first_visit_s: how long that takes when all come at once.
        black_boxes: how many have to work at once so that photographs do not wait longer and longer.
        busy_ratio: for which part of the time they add photographs; refetches get the rest, as they give way and later ones
            replace those that wait.
        memory_gb: of black boxes and broker together.
        retained_gb: what the broker keeps in memory.
    """

    model_config = ConfigDict(frozen=True)

    disk_gb: float
    disk_gb_per_day: float
    uplink_mbit_per_s: float
    uplink_mbit_per_s_per_rig: float | None
    downlink_mbit_per_s: float
    first_visit_mb: float
    first_visit_s: float
    black_boxes: int
    busy_ratio: float
    memory_gb: float
    retained_gb: float


def read_measured(path: Path = MEASURED) -> Measured:
    """The figures that came with the program."""
    return Measured.model_validate_json(path.read_bytes())


def plan(load: Load, measured: Measured, settings: Settings) -> Plan:
    """Calculate what a load needs; photographs are shared evenly by projects, rigs and working hours."""
    per_project = load.photographs_per_day * load.days / load.projects
    packed_mb = measured.points_per_image.value * measured.packed_bytes_per_point.value / _MB
    ply_mb = measured.points_per_image.value * PLY_BYTES_PER_POINT / _MB
    image_mb = load.photograph_mb + measured.black_box_mb_per_image.value + _GENERATIONS * (packed_mb + ply_mb)
    per_s = load.photographs_per_day / (load.hours_per_day * _HOUR_S)
    uplink = 8 * per_s * load.photograph_mb
    shown_mb = min(per_project * packed_mb, settings.retained_bytes_limit / 2 / _MB)
    work = per_s * measured.live_s.value  # black boxes that are busy on average
    black_boxes = max(1, math.ceil(work))
    retained_mb = load.projects * min(_GENERATIONS * per_project * packed_mb, settings.retained_bytes_limit / _MB)
    return Plan(
        disk_gb=load.photographs_per_day * load.days * image_mb / 1e3,
        disk_gb_per_day=load.photographs_per_day * image_mb / 1e3,
        uplink_mbit_per_s=uplink,
        uplink_mbit_per_s_per_rig=uplink / load.rigs if load.rigs else None,
        downlink_mbit_per_s=8
        * load.viewers
        * per_s
        / load.projects
        * (packed_mb + measured.index_kb_per_image.value / 1e3),
        first_visit_mb=shown_mb,
        first_visit_s=load.viewers * shown_mb / measured.fanout_mb_per_s.value,
        black_boxes=black_boxes,
        busy_ratio=work / black_boxes,
        memory_gb=(black_boxes * measured.black_box_mb.value + retained_mb) / 1e3,
        retained_gb=retained_mb / 1e3,
    )


def lines(load: Load, made: Plan, measured: Measured) -> Iterator[str]:
    """The plan for people."""
    per_rig = made.uplink_mbit_per_s_per_rig
    yield f"disk        {made.disk_gb:,.0f} GB after {counted(load.days, 'day')}, {made.disk_gb_per_day:,.1f} GB a day"
    yield f"from rigs   {made.uplink_mbit_per_s:,.1f} Mbit/s" + (f", {per_rig:,.1f} of each rig" if per_rig else "")
    yield (
        f"to viewers  {made.downlink_mbit_per_s:,.1f} Mbit/s while photographs come; a first visit {made.first_visit_mb:,.0f} MB, "
        f"{made.first_visit_s:,.1f} s when all come at once"
    )
    boxes = "1 black box" if made.black_boxes == 1 else f"{made.black_boxes:,} black boxes"
    yield (
        f"processors  {boxes} at work, {100 * made.busy_ratio:.0f} % of the time for photographs and the rest for refetches, "
        "with the cores of the machine below"
    )
    yield f"memory      {made.memory_gb:,.1f} GB, of which the broker keeps {made.retained_gb:,.1f} GB"
    dates = sorted({f"{figure.measured_at:%Y-%m-%d}" for _, figure in measured})
    machines = sorted({figure.machine for _, figure in measured})
    yield f"measured    {' to '.join(dict.fromkeys((dates[0], dates[-1])))} on {'; '.join(machines)}"

"""What a campaign needs, by hand and by the calculator, and that its figures are the measured ones."""

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from admin.ops.cli import app
from admin.ops.plan import MEASURED, Figure, Load, Measured, plan
from benchmarks.parts.plan_figures import measured_of, text_of
from benchmarks.parts.results import load
from broker.config import BadSettingsError
from reconstructor.config import Settings

SETTINGS = Settings(retained_bytes_limit=200_000_000)
LOAD = Load(photographs_per_day=2_880, days=10, photograph_mb=5, hours_per_day=8, projects=4, rigs=2, viewers=6)


def figure(value: float) -> Figure:
    return Figure(value=value, source="by hand", measured_at=datetime(2026, 11, 29, tzinfo=UTC), machine="2 × hand")


BY_HAND = Measured(
    points_per_image=figure(100_000),
    packed_bytes_per_point=figure(5),
    black_box_mb_per_image=figure(6),
    live_s=figure(2),
    black_box_mb=figure(1000),
    index_kb_per_image=figure(10),
    fanout_mb_per_s=figure(100),
)


def test_the_plan_is_what_a_person_calculates() -> None:
    made = plan(LOAD, BY_HAND, SETTINGS)
    image_mb = 5 + 6 + 2 * (0.5 + 1.5)
    assert made.disk_gb_per_day == pytest.approx(2.88 * image_mb)
    assert made.disk_gb == pytest.approx(28.8 * image_mb)
    assert made.uplink_mbit_per_s == pytest.approx(8 * 0.1 * 5)  # one photograph in ten seconds
    assert made.uplink_mbit_per_s_per_rig == pytest.approx(2)
    assert made.downlink_mbit_per_s == pytest.approx(8 * 6 * 0.1 / 4 * 0.51)
    assert (made.first_visit_mb, made.first_visit_s) == pytest.approx((100, 6))  # half of the broker's budget
    assert made.black_boxes == 1
    assert made.busy_ratio == pytest.approx(0.1 * 2)
    assert made.retained_gb == pytest.approx(4 * 0.2)
    assert made.memory_gb == pytest.approx(1 + 0.8)


def test_one_day_is_one_day() -> None:
    assert " GB after 1 day, " in CliRunner().invoke(app, ["plan", "--photographs", "1000"]).stdout
    assert " GB after 1,000 days, " in CliRunner().invoke(app, ["plan", "--photographs", "1", "--days", "1000"]).stdout


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"photographs_per_day": 28_800, "hours_per_day": 4.0}, "black_boxes"),
        ({"photographs_per_day": 28_800}, "disk_gb"),
        ({"viewers": 60}, "first_visit_s"),
        ({"hours_per_day": 1.0}, "uplink_mbit_per_s"),
        ({"projects": 40}, "retained_gb"),
    ],
)
def test_more_of_something_needs_more(change: dict[str, float], field: str) -> None:
    more = plan(LOAD.model_copy(update=change), BY_HAND, SETTINGS)
    assert getattr(more, field) > getattr(plan(LOAD, BY_HAND, SETTINGS), field)


def test_the_figures_are_those_that_the_benchmarks_measured() -> None:
    assert MEASURED.read_text(encoding="utf-8") == text_of(
        measured_of(load())
    )  # else: python -m benchmarks.parts.plan_figures


def test_the_command_prints_lines_or_json_and_refuses_what_is_no_load() -> None:
    words = ["plan", "--photographs", "1000", "--days", "30", "--rigs", "0"]
    shown = CliRunner().invoke(app, words, catch_exceptions=False).stdout
    assert [line.split()[0] for line in shown.splitlines()] == [
        *("disk", "from", "to", "processors", "memory", "measured")
    ]
    told = json.loads(CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False).stdout)
    assert told["uplink_mbit_per_s_per_rig"] is None
    assert told["disk_gb"] == pytest.approx(30 * told["disk_gb_per_day"])
    with pytest.raises(BadSettingsError, match="hours_per_day"):
        CliRunner().invoke(app, [*words, "--hours", "25"], catch_exceptions=False)

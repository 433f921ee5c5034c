"""A disk that fills and a budget that is used up are found before photographs are refused."""

import shutil
from pathlib import Path

from admin.doctor.disk import LITTLE_ROOM_BYTES, MIB, check_budgets, check_room
from admin.doctor.findings import Level
from tests.project_facts import cloud, project, statistics


def test_room_is_what_is_free_beyond_the_reserve(tmp_path: Path) -> None:
    free_bytes = shutil.disk_usage(tmp_path).free
    folder = tmp_path / "not" / "yet"
    full = check_room("photographs", folder, free_bytes + LITTLE_ROOM_BYTES)
    assert full.level is Level.FAULT
    assert "no photograph is taken now" in full.found
    assert check_room("photographs", folder, free_bytes - LITTLE_ROOM_BYTES // 2).level is Level.WARNING
    assert check_room("photographs", folder, free_bytes - 2 * LITTLE_ROOM_BYTES).level is Level.OK


def test_a_budget_is_told_and_warned_of_before_points_are_left_out() -> None:
    little, much = project(statistics=statistics(MIB)), project(statistics=statistics(90 * MIB))
    over = project(statistics=statistics(100 * MIB), cloud=cloud(left_out_point_count=5000))
    fine, near, left_out, *rest = check_budgets([little, much, over, project()], 100 * MIB)
    assert rest == []
    assert (fine.level, fine.found) == (Level.OK, "chapel retains 1.0 MiB of 100.0 MiB on the broker")
    assert (near.level, "soon the finest points are left out" in near.found) == (Level.WARNING, True)
    assert (left_out.level, "5,000 of the finest points" in left_out.found) == (Level.WARNING, True)

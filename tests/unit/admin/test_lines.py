"""A project and its rigs on one line, in plain words."""

import dataclasses
from datetime import timedelta

import pytest

from admin.lines import counted, describe_project, rig_words
from admin.status import project_line
from tests.project_facts import NOW, RIG, cloud, health, project, statistics


def test_a_project_tells_photographs_points_version_and_rigs() -> None:
    status = project(cloud=cloud(), statistics=statistics()).status
    assert status is not None
    line = describe_project(status, {})
    assert line == "chapel         ready: 12 photographs, 34,567 points, complete version 2; rig-1 online"
    previews = statistics().model_copy(update={"preview_count": 3})
    line = describe_project(status.model_copy(update={"statistics": previews}), {})
    assert "ready: 12 photographs (3 only as previews so far), 34,567 points" in line
    assert "rig-1 online, 1 photograph waiting" in describe_project(status, {RIG: health(spool_count=1)})


def test_a_project_without_points_and_with_a_problem_says_so() -> None:
    status = project(reconstructor="disk_full", code="disk_full", reason="3 MiB free", agents=()).status
    assert status is not None
    assert describe_project(status, {}) == (
        "chapel         disk_full (3 MiB free): 12 photographs, no points yet; no rig yet"
    )


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-4), "0 s ago"),
        (timedelta(seconds=59), "59 s ago"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(hours=30), "1 d ago"),
    ],
)
def test_an_age_has_the_unit_that_fits(age: timedelta, words: str) -> None:
    assert rig_words("offline", health(age), NOW) == f"offline, nothing waiting, last seen {words}"


def test_one_has_no_plural() -> None:
    assert (counted(1, "rig"), counted(1200, "rig")) == ("1 rig", "1,200 rigs")


def test_a_second_line_says_where_to_stand_next() -> None:
    facts = project(cloud=cloud(), statistics=statistics())
    assert facts.status is not None
    assert "next" not in project_line(facts)
    status = facts.status.model_copy(update={"advice": ("Walk on.", "Then rest.")})
    lines = project_line(dataclasses.replace(facts, status=status)).splitlines()
    assert lines[1:] == ["               next: Walk on."]

from typing import Any

import pytest

from broker.ids import AgentId, ProjectId
from broker.messages import AgentSettings, DesiredSettings
from edge_agent.remote_settings import Running, dump, follow, load

ABLE = frozenset({"interval_s", "blur_ratio"})
FIRST = Running(version=0, settings=AgentSettings(interval_s=5.0, blur_ratio=0.25))


def desired(version: int, **settings: Any) -> DesiredSettings:
    return DesiredSettings(project=ProjectId("chapel"), version=version, settings=AgentSettings(**settings))


def test_a_wish_changes_only_the_fields_it_names() -> None:
    after = follow(FIRST, desired(1, interval_s=2.0), able=ABLE)
    assert (after.version, after.settings.interval_s, after.settings.blur_ratio) == (1, 2.0, 0.25)


def test_a_field_the_camera_cannot_change_comes_back_with_a_reason() -> None:
    after = follow(FIRST, desired(1, jpeg_quality=90, blur_ratio=0.1), able=ABLE)
    assert [each.field for each in after.refused] == ["jpeg_quality"]
    assert after.settings.jpeg_quality is None
    assert after.settings.blur_ratio == 0.1
    report = after.report(ProjectId("chapel"), AgentId("rig-north"))
    assert report.refused[0].reason == "this rig's camera cannot change it"


def test_an_old_or_repeated_wish_changes_nothing() -> None:
    after = follow(FIRST, desired(3, interval_s=2.0), able=ABLE)
    assert follow(after, desired(3, interval_s=9.0), able=ABLE) is after
    assert follow(after, desired(2, interval_s=9.0), able=ABLE) is after


def test_what_runs_is_the_same_after_a_restart() -> None:
    after = follow(FIRST, desired(4, interval_s=2.0), able=ABLE)
    again = load(dump(after), FIRST.settings)
    assert (again.version, again.settings) == (after.version, after.settings)


@pytest.mark.parametrize("line", [None, "", "x", "4 {", '4 {"interval_s": -1}', '{"interval_s": 1}'])
def test_a_damaged_memory_counts_as_the_settings_file(line: str | None) -> None:
    assert load(line, FIRST.settings) == FIRST

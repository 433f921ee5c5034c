import json
from typing import Any

import pytest

from broker.envelope import BadMessageError
from broker.ids import AgentId, ProjectId
from broker.rig_messages import AgentSettings, DesiredSettings
from edge_agent.control.remote_settings import (
    ROLLED_BACK,
    DesiredChange,
    Running,
    dump,
    follow,
    load,
    resume,
    roll_back,
)

ABLE = frozenset({"interval_s", "blur_ratio"})
FIRST = Running(version=0, settings=AgentSettings(interval_s=5.0, blur_ratio=0.25))


def desired(version: int, **settings: Any) -> DesiredChange:
    message = DesiredSettings(project=ProjectId("chapel"), version=version, settings=AgentSettings(**settings))
    return DesiredChange.read(message.encode())


def written(**fields: Any) -> bytes:
    """As ops may type it."""
    message = {"type": "desired_settings", "schema": "1.0", "sent_at": "2026-11-24T08:00:00Z", "project": "chapel"}
    return json.dumps(message | fields).encode()


def test_a_change_changes_only_the_fields_it_names() -> None:
    after = follow(FIRST, desired(1, interval_s=2.0), able=ABLE)
    assert (after.version, after.settings.interval_s, after.settings.blur_ratio) == (1, 2.0, 0.25)


def test_a_field_the_camera_cannot_change_comes_back_with_a_reason() -> None:
    after = follow(FIRST, desired(1, jpeg_quality=90, blur_ratio=0.1), able=ABLE)
    assert [each.field for each in after.refused] == ["jpeg_quality"]
    assert after.settings.jpeg_quality is None
    assert after.settings.blur_ratio == 0.1
    report = after.report(ProjectId("chapel"), AgentId("rig-north"))
    assert report.refused[0].reason == "this rig's camera cannot change it"


def test_a_bad_value_is_refused_by_name_and_does_not_cost_the_others() -> None:
    change = DesiredChange.read(written(version=2, settings={"interval_s": -3, "blur_ratio": 0.1, "colour": "red"}))
    after = follow(FIRST, change, able=ABLE)
    assert (after.version, after.settings.interval_s, after.settings.blur_ratio) == (2, 5.0, 0.1)
    assert {each.field: each.reason for each in after.refused} == {
        "interval_s": "Input should be greater than 0",
        "colour": "this rig's program does not know it",
    }


@pytest.mark.parametrize(
    "payload",
    [b"{}", b"interval_s=3", written(version=-1, settings={}), written(version=1, settings=[1])],
    ids=["empty", "no JSON", "a bad version", "no object"],
)
def test_what_is_no_change_at_all_is_an_error(payload: bytes) -> None:
    with pytest.raises(BadMessageError, match="desired_settings"):
        DesiredChange.read(payload)


def test_another_message_on_the_settings_topic_is_an_error() -> None:
    with pytest.raises(BadMessageError, match="'command'"):
        DesiredChange.read(written(version=1, settings={}, type="command"))


def test_a_change_that_is_rolled_back_is_reported_and_not_tried_again() -> None:
    tried = follow(FIRST, desired(4, interval_s=2.0, jpeg_quality=90), able=ABLE)
    back = roll_back(FIRST, tried)
    assert (back.version, back.settings) == (4, FIRST.settings)
    assert [(each.field, each.reason == ROLLED_BACK) for each in back.refused] == [
        ("jpeg_quality", False),
        ("interval_s", True),
    ]
    assert follow(back, desired(4, interval_s=2.0), able=ABLE) is back
    assert follow(back, desired(5, interval_s=3.0), able=ABLE).settings.interval_s == 3.0


def test_a_change_on_trial_when_the_rig_ended_is_rolled_back_at_its_start() -> None:
    good = follow(FIRST, desired(3, blur_ratio=0.5), able=ABLE)
    tried = follow(good, desired(4, interval_s=2.0), able=ABLE)
    again = resume(dump(good), dump(tried), FIRST.settings)
    assert (again.version, again.settings) == (4, good.settings)
    assert [each.field for each in again.refused] == ["interval_s"]
    assert resume(dump(good), "", FIRST.settings) == good
    assert resume(None, None, FIRST.settings) == FIRST


def test_an_old_or_repeated_change_changes_nothing() -> None:
    after = follow(FIRST, desired(3, interval_s=2.0), able=ABLE)
    assert follow(after, desired(3, interval_s=9.0), able=ABLE) is after
    assert follow(after, desired(2, interval_s=9.0), able=ABLE) is after


def test_what_runs_is_the_same_after_a_restart() -> None:
    after = follow(FIRST, desired(4, interval_s=2.0, jpeg_quality=80), able=ABLE)
    again = load(dump(after), FIRST.settings)
    assert again == after


@pytest.mark.parametrize("line", [None, "", "x", "4 {", '4 {"interval_s": -1}', '{"interval_s": 1}'])
def test_a_damaged_memory_counts_as_the_settings_file(line: str | None) -> None:
    assert load(line, FIRST.settings) == FIRST

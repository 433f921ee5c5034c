"""A clock that is wrong is found by what a machine says and by the stamps of its messages."""

from datetime import timedelta

import pytest

from admin.doctor import clocks
from admin.doctor.clocks import check_own_clock, check_reconstructor_clock, check_rig_clocks
from admin.doctor.findings import Level
from tests.project_facts import CHAPEL, NOW, health, project
from viewer.asking import Pong


@pytest.mark.parametrize(
    ("said", "level", "words"),
    [(True, Level.OK, "is synchronised"), (False, Level.WARNING, "is not"), (None, Level.OK, "does not say")],
)
def test_this_machine_says_whether_its_clock_is_synchronised(
    monkeypatch: pytest.MonkeyPatch, said: bool | None, level: Level, words: str
) -> None:
    monkeypatch.setattr(clocks, "is_clock_synchronised", lambda: said)
    finding = check_own_clock()
    assert finding.level is level
    assert words in finding.found


def test_the_reconstructors_stamp_lies_in_the_middle_of_the_way() -> None:
    assert list(check_reconstructor_clock(CHAPEL, Pong(round_trip_ms=8000, there_ms=4000))) == []
    (ahead,) = check_reconstructor_clock(CHAPEL, Pong(round_trip_ms=10, there_ms=60_005))
    assert ahead.found == "the clock of chapel's reconstructor is 60 s ahead"
    (behind,) = check_reconstructor_clock(CHAPEL, Pong(round_trip_ms=10, there_ms=-59_995))
    assert behind.found.endswith("60 s behind")


def test_a_rigs_clock_is_judged_by_its_figures() -> None:
    def found(*given: object, **changes: object) -> list[str]:
        presence, age = given
        facts = project(str(presence), health(timedelta(seconds=float(str(age))), **changes))
        return [each.found for each in check_rig_clocks([facts], NOW)]

    assert found("online", 20) == []
    assert found("offline", 86_400) == []
    assert found("online", 600) == ["the clock of rig-1 in chapel is 600 s behind, by its figures"]
    assert found("online", -90) == ["the clock of rig-1 in chapel is 90 s ahead, by its figures"]
    assert found("online", 20, is_clock_synchronised=False) == ["the clock of rig-1 in chapel is not synchronised"]

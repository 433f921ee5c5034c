"""`cairn audit`: three logs become one list."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from admin.audit import Wanted, deeds_of, line_of
from admin.system import Ports, System
from broker.accounts.audit import Action, AuditLog
from broker.config import BadSettingsError
from broker.ids import ProjectId

JOINS = """\
1795845569: New connection from 127.0.0.1:39521 on port 1883.
1795845569: New client connected from 10.0.0.7:39521 as page-1 (p5, c1, k30, u'page').
1795845570: New client connected from 10.0.0.8:39522 as x (p5, c1, k30, u'ops'). (p5, c0, k60, u'nobody').
1795845571: Client x disconnected, not authorised.
"""


@pytest.fixture
def system(tmp_path: Path) -> System:
    system = System(tmp_path)
    system.add_project(ProjectId("chapel"), Ports(mqtt=1883, tls=None, page=8080))
    (tmp_path / "data/broker/mosquitto.log").write_text(JOINS)
    log = AuditLog(tmp_path / "data/reconstructor")
    log.note(Action.UPLOADED, account="rig-1", project="chapel", number=1)
    log.note(Action.COMMANDED, account=None, project="castle", verb="reboot")
    return system


def test_all_logs_are_merged_by_time(system: System) -> None:
    deeds = deeds_of(system, Wanted())
    assert [deed.at for deed in deeds] == sorted(deed.at for deed in deeds)
    actions = [deed.action for deed in deeds]
    assert actions.count(Action.ACCOUNT_ADDED) == 3
    assert actions.count(Action.JOINED) == 2
    assert actions[-2:] == [Action.UPLOADED, Action.COMMANDED]


def test_a_client_id_cannot_pretend_another_account(system: System) -> None:
    joins = [deed for deed in deeds_of(system, Wanted()) if deed.action is Action.JOINED]
    assert [(deed.account, deed.details["address"], deed.details["role"]) for deed in joins] == [
        ("page", "10.0.0.7", "viewer"),
        ("nobody", "10.0.0.8", ""),
    ]


def test_project_account_and_time_narrow_the_list(system: System) -> None:
    castle = deeds_of(system, Wanted(project="castle"))
    assert {deed.project for deed in castle} == {None, "castle"}
    assert Action.JOINED not in {deed.action for deed in castle}
    assert [deed.action for deed in deeds_of(system, Wanted(account="rig-1"))] == [Action.UPLOADED]
    later = datetime.now(UTC) + timedelta(hours=1)
    assert Action.UPLOADED not in {deed.action for deed in deeds_of(system, Wanted(since=later))}


def test_a_line_for_people_says_who_did_what(system: System) -> None:
    uploaded, commanded = deeds_of(system, Wanted())[-2:]
    assert line_of(uploaded).endswith("rig-1  uploaded  chapel  number=1")
    assert "an operator  commanded  castle  verb=reboot" in line_of(commanded)


def test_a_folder_that_is_not_set_up_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettingsError, match="cairn init"):
        deeds_of(System(tmp_path), Wanted())

"""An operator sees two real rigs, lets both photograph at one instant, and changes their settings."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from admin.rigs import commands
from admin.rigs.commands import BadRigSettingError, NoRigError, change_settings, command, read_wishes, rigs_of
from broker.contract import REPORTED_SETTINGS
from broker.ids import AgentId, ProjectId
from broker.live import follow
from broker.messages import ReconstructorPresence
from broker.mosquitto import Mosquitto
from broker.rig_messages import AgentSettings, ReportedSettings
from edge_agent.capture import request
from tests.integration.edge_agent.receiver import PROJECT, receiving
from tests.integration.edge_agent.rig import RIG, running, settings_for, write_photographs

SOUTH = AgentId("rig-south")


async def test_rigs_are_seen_led_and_changed(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "LATEST_S", 30.0)  # the machine may be slow
    ops, project = mosquitto.connection("ops"), ProjectId(PROJECT)
    with pytest.raises(NoRigError, match="no rig of chapel is online"):
        await anext(command(ops, project, None, "pause"))
    write_photographs(tmp_path / "photos", 6)
    north = settings_for(mosquitto, tmp_path, interval_s=3600.0)
    south = settings_for(
        mosquitto, tmp_path, broker=mosquitto.connection(SOUTH), spool_dir=tmp_path / "south", interval_s=3600.0
    )
    async with (
        receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver,
        running(north),
        running(south),
    ):
        await receiver.wait_for(2)  # each has taken its first photograph
        at = datetime.now(UTC) + timedelta(seconds=2)
        answers = [each async for each in command(ops, project, None, "capture_at", image_count=1, at=at)]
        assert {each.rig for each in answers} == {RIG, SOUTH}
        reports = [each.reply.report for each in answers if each.reply is not None and each.reply.is_done]
        await receiver.wait_for(4)
        for report in reports:
            assert report is not None
            assert report.deviation_s is not None
            assert 0 <= report.deviation_s < 30
            assert set(report.image_ids) < set(receiver.content_by_id)
            assert {receiver.capture_ids[each] for each in report.image_ids} == {report.capture_id}
        assert len({report.capture_id for report in reports if report}) == 1  # for both rigs
        assert sum(each is not None for each in receiver.capture_ids.values()) == 2
        changed = {name: report async for name, report in change_settings(ops, project, SOUTH, {"interval_s": "7.5"})}
        reported = changed[SOUTH]
        assert reported is not None
        assert (reported.settings.interval_s, reported.refused) == (7.5, ())
        with pytest.raises(NoRigError, match="rig-north, rig-south"):
            await anext(command(ops, project, "rig-west", "pause"))
        async with asyncio.timeout(30):
            while True:
                rigs = {each.name: each for each in await rigs_of(ops, project)}
                if (health := rigs[SOUTH].health) is not None and health.captured_count == 2:
                    break
                await asyncio.sleep(0.1)
        assert {name: each.is_online for name, each in rigs.items()} == {RIG: True, SOUTH: True}
        settings = rigs[SOUTH].settings
        assert settings is not None
        assert settings.settings.interval_s == 7.5


async def test_settings_of_a_rig_that_is_away_add_up(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "ANSWER_TIMEOUT_S", 0.1)
    ops, project, connection = mosquitto.connection("ops"), ProjectId(PROJECT), mosquitto.connection(RIG)
    report = ReportedSettings(project=project, agent=AgentId(RIG), version=3, settings=AgentSettings())
    async with follow(connection) as rig:
        await rig.publish(REPORTED_SETTINGS.outgoing(connection.space, project, report, agent=RIG))
    for wishes in ({"interval_s": "7.5"}, {"is_gps_stripped": "true"}):
        assert [each async for each in change_settings(ops, project, RIG, wishes)] == [(RIG, None)]
    [found] = await rigs_of(ops, project)
    assert found.desired is not None
    assert found.desired.version == 5
    assert found.desired.settings == AgentSettings(interval_s=7.5, is_gps_stripped=True)


@pytest.mark.parametrize(
    ("wishes", "words"),
    [({}, "use interval_s"), ({"speed": "2"}, "speed is no setting"), ({"interval_s": "soon"}, "interval_s=soon")],
)
def test_a_setting_that_rigs_do_not_have_is_refused(wishes: dict[str, str], words: str) -> None:
    with pytest.raises(BadRigSettingError, match=words):
        read_wishes(wishes)

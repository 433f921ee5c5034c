"""What the reconstructor writes into its audit log, from real messages of real accounts."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from broker.accounts.audit import Action, AuditLog, Deed
from broker.contract import COMMAND, DESIRED_SCALE_BAR, DESIRED_SETTINGS
from broker.delivery import Delivery
from broker.ids import ConnectionId, RequestId, Verb
from broker.live import ask
from broker.messages import DesiredScaleBar, Request
from broker.mosquitto import Mosquitto
from broker.rig_messages import AgentSettings, Command, DesiredSettings
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, SPACE, Program, Rig, Watcher


def deeds(folder: Path) -> list[Deed]:
    return list(AuditLog(folder).deeds())


async def test_uploads_requests_commands_and_settings_are_written_down(mosquitto: Mosquitto, tmp_path: Path) -> None:
    program = Program(mosquitto.connection("reconstructor"), tmp_path, "instant")
    program.start()
    try:
        async with Watcher.of(mosquitto.connection("guest")) as watcher:
            await watcher.until_ready()
            async with Rig.of(mosquitto.connection("rig-north")) as rig:
                (image,) = await rig.send_many(range(1, 2))
            async with Delivery(mosquitto.connection("ops"), client_id="ops", session_expiry_s=0) as ops:
                await ops.wait_connected(PATIENCE_S)
                command = Command(
                    project=PROJECT,
                    id=RequestId("r1"),
                    verb="reboot",
                    deadline_at=datetime.now(UTC) + timedelta(minutes=1),
                )
                await ops.publish(COMMAND.outgoing(SPACE, PROJECT, command, agent="rig-north"))
                desired = DesiredSettings(project=PROJECT, version=3, settings=AgentSettings(interval_s=5))
                await ops.publish(DESIRED_SETTINGS.outgoing(SPACE, PROJECT, desired, agent="rig-north"))
            async with Delivery(mosquitto.connection("anna"), client_id="anna", session_expiry_s=0) as anna:
                await anna.wait_connected(PATIENCE_S)
                await watcher.until_complete(1)
                bar = DesiredScaleBar(project=PROJECT, generation=1, begin=(0, 0, 0), end=(0, 0, 1), distance_m=2.5)
                await anna.publish(DESIRED_SCALE_BAR.outgoing(SPACE, PROJECT, bar, user="anna"))
            for verb in (Verb.PING, Verb.RESYNC):
                request = Request(project=PROJECT, id=RequestId("r2"), verb=verb, connection=ConnectionId("c1"))
                await ask(mosquitto.connection("anna"), PROJECT, request, user="anna", timeout_s=PATIENCE_S)
            async with asyncio.timeout(PATIENCE_S):
                while len(deeds(program.folder)) < 5:
                    await asyncio.sleep(0.05)
    finally:
        program.stop()
    found = [(deed.action, deed.account, deed.details) for deed in deeds(program.folder)]
    expected: list[tuple[Action, str | None, dict[str, str]]] = [
        (Action.UPLOADED, "rig-north", {"image": image, "number": "1"}),
        (Action.COMMANDED, None, {"agent": "rig-north", "verb": "reboot", "request": "r1"}),
        (Action.SET_SETTINGS, None, {"agent": "rig-north", "version": "3", "settings": '{"interval_s":5.0}'}),
        (Action.SET_SCALE, "anna", {"distance_m": "2.5"}),
        (Action.REQUESTED, "anna", {"verb": "resync"}),
    ]
    assert sorted(found, key=repr) == sorted(expected, key=repr)  # a request does not wait for what is stored
    assert {deed.project for deed in deeds(program.folder)} == {PROJECT}
    text = (program.folder / "audit.log").read_text()
    assert all(json.loads(line)["at"] for line in text.splitlines())
    assert not any(str(mosquitto.connection(name).secret()) in text for name in ("anna", "ops", "rig-north"))

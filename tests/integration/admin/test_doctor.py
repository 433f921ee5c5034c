"""`cairn doctor` and `status` beside a system that runs; then parts of it are broken, and each is named."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from admin import certificates
from admin.doctor.examination import examine
from admin.doctor.findings import Finding, Level
from admin.facts import read_facts
from admin.installation import Installation
from admin.status import read_status
from admin.system import Ports
from broker.contract import AGENT_HEALTH, AGENT_STATE, RECONSTRUCTOR_STATE, REQUEST, RESPONSE, match
from broker.delivery import Delivery
from broker.envelope import decode
from broker.ids import AgentId, ProjectId
from broker.messages import ReconstructorPresence, ReconstructorState, Request, Response
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from broker.rig_messages import AgentPresence, AgentState
from tests.integration.viewer.conftest import serving
from tests.project_facts import health

CHAPEL, RIG = ProjectId("chapel"), AgentId("rig-1")


def said(installation: Installation, presence: ReconstructorPresence) -> Outgoing:
    state = ReconstructorState(project=CHAPEL, presence=presence, boot_id="1")
    return RECONSTRUCTOR_STATE.outgoing(installation.reconstructor.broker.space, CHAPEL, state)


@contextlib.asynccontextmanager
async def reconstructing(installation: Installation) -> AsyncIterator[Delivery]:
    """Say ready and answer pings as the reconstructor does; also give what a rig would say."""
    connection = installation.reconstructor.broker
    requests = connection.space.filter(REQUEST.template, CHAPEL)

    async def answer(delivery: Delivery) -> None:
        async for incoming in delivery.messages():
            user = match(connection.space, incoming.topic).user
            request = decode(incoming.payload, Request)
            response = Response(
                project=CHAPEL,
                id=request.id,
                verb=request.verb,
                is_done=True,
                request_sent_at=request.sent_at,
                received_at=dt.datetime.now(dt.UTC),
            )
            await delivery.publish(
                RESPONSE.outgoing(connection.space, CHAPEL, response, user=user, connection=request.connection)
            )
            incoming.acknowledge()

    async with Delivery(connection, client_id="stand-in", subscriptions=(requests,), session_expiry_s=0) as delivery:
        await delivery.wait_connected(30)
        await delivery.publish(said(installation, ReconstructorPresence.READY))
        working = asyncio.create_task(answer(delivery))
        yield delivery
        await delivery.publish(said(installation, ReconstructorPresence.OFFLINE))
        working.cancel()
        await asyncio.wait({working})


async def examined(installation: Installation) -> list[Finding]:
    return [each async for each in examine(installation.system)]


def bad(findings: list[Finding]) -> dict[str, Finding]:
    return {each.found: each for each in findings if each.level is not Level.OK}


async def test_a_system_is_fine_until_something_is_broken_and_each_fault_is_named(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, broker = installation.system, installation.broker
    installation = with_https(installation)
    with Mosquitto(broker.plan(), system.book.accounts()):
        async with serving(installation.viewer), reconstructing(installation) as delivery:
            fine = await examined(installation)
            assert bad(fine) == {}
            assert {each.subject for each in fine} == {
                *("settings", "certificates", "names", "clocks", "permissions", "disk"),
                *("listeners", "strangers", "speed", "reconstructor", "rigs"),
            }
            await rig_says(delivery, installation)
            status = await read_status(installation)
            assert status.is_whole
            assert "rig-1 offline, 7 photographs waiting, last seen" in status.lines[-1]

            system.password_file("page").chmod(0o644)
            expire(installation, monkeypatch)
            found = bad(await examined(installation))
        ill = bad(await examined(installation))
    assert f"{system.password_file('page')} is open to other accounts of this machine: mode 644" in found
    assert any("has expired, on" in each for each in found)
    assert f"the broker still serves an earlier certificate than {broker.certificate}" in found
    assert any(each.startswith("rig-1 in chapel: offline, 7 photographs waiting") for each in found)
    assert any(each.startswith("the page does not run at https://127.0.0.1:") for each in ill)
    assert ill["chapel has no reconstructor"].level is Level.FAULT
    stopped = bad(await examined(installation))
    assert stopped["the broker does not run"].advice == "start the system: `cairn up`"
    assert any("has expired" in each for each in stopped)
    assert not (await read_status(installation)).is_whole


def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def test_a_foreign_broker_and_a_foreign_page_on_our_ports_are_told(installation: Installation) -> None:
    ours = installation.broker.plan()
    theirs = replace(ours, tls_port=None, certificate=None, key=None)
    with Mosquitto(theirs, []):
        async with (
            await asyncio.start_server(hang_up, "127.0.0.1", installation.viewer.port),
            await asyncio.start_server(hang_up, "127.0.0.1", ours.tls_port),
        ):
            found, status = bad(await examined(installation)), await read_status(installation)
    refusing = f"MQTT on 127.0.0.1:{theirs.port} is a broker that refuses our account ops (reason 0x87)"
    assert found[refusing].advice.startswith("stop mosquitto (process ")
    assert "broker         not ours: " in status.lines[0]
    assert not status.is_whole
    assert any(f"has the port of MQTT over TLS on 0.0.0.0:{ours.tls_port}" in each for each in found)
    assert any(f"has the page's port {installation.viewer.port}, and is not our page" in each for each in found)


async def test_a_broker_that_lets_strangers_in_is_a_fault(installation: Installation) -> None:
    # must not raise
    plan = installation.broker.plan()
    with Mosquitto(plan, installation.system.book.accounts()) as broker:
        conf = plan.conf.read_text().replace("allow_anonymous false", "allow_anonymous true")
        plan.conf.write_text(conf)
        restarted = await asyncio.create_subprocess_exec("kill", "-HUP", str(broker.pid))
        await restarted.wait()
        async with asyncio.timeout(30):  # until the broker has read its conf again
            while not any("lets in who has no account" in each for each in bad(await examined(installation))):
                await asyncio.sleep(0.1)


async def rig_says(delivery: Delivery, installation: Installation) -> None:
    """A rig that went away with photographs in its spool."""
    space = installation.reconstructor.broker.space
    state = AgentState(project=CHAPEL, agent=RIG, boot_id="1", presence=AgentPresence.OFFLINE)
    await delivery.publish(AGENT_STATE.outgoing(space, CHAPEL, state, agent=RIG))
    figures = health(spool_count=7).model_copy(update={"sent_at": dt.datetime.now(dt.UTC)})
    await delivery.publish(AGENT_HEALTH.outgoing(space, CHAPEL, figures, agent=RIG))
    async with asyncio.timeout(30):  # health has QoS 0
        while RIG not in (await read_facts(installation))[0].healths:
            await asyncio.sleep(0.05)


def with_https(installation: Installation) -> Installation:
    """What `cairn init chapel --tls` makes of it."""
    system, viewer = installation.system, installation.viewer
    system.add_project(CHAPEL, Ports(mqtt=1, tls=1, page=viewer.port, is_page_tls=True))
    return Installation.load(system)


def expire(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put an expired certificate of our authority on the disk; the broker serves the earlier one."""
    tls = installation.system.tls
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=certificates.SERVER_DAYS + 1)
    with monkeypatch.context() as patch:
        patch.setattr(certificates, "_now", lambda: long_ago)
        tls.certificate.unlink()
        tls.ensure(certificates.machine_names())

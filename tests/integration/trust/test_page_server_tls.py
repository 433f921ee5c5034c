"""The page over https and wss, with the certificate of our own authority."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from admin.certificates import TlsFiles
from broker.accounts.access import User
from broker.accounts.invitation_secret import Link
from broker.accounts.invitations import Invitations
from broker.accounts.keeper import SOCKET_NAME, Keeper
from broker.channel import Role
from broker.config import BadSettingsError
from broker.contract import RECONSTRUCTOR_STATE
from broker.live import follow
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from edge_agent.join import redeem
from tests.conftest import credentials
from tests.integration.viewer.conftest import basic, credentials_of, serving, through_relay
from viewer.config import Settings
from viewer.network import connections
from viewer.network.certificate import Certificate
from viewer.trust_page import fingerprint

NAMES = frozenset({"localhost", "127.0.0.1"})


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    files = TlsFiles(tmp_path_factory.mktemp("tls"))
    files.ensure(NAMES)
    return files


@pytest.fixture
def settings(mosquitto: Mosquitto, tls: TlsFiles) -> Settings:
    return Settings(
        broker=mosquitto.connection("viewer"),
        port=0,
        certificate=tls.certificate,
        key=tls.key,
        authority=tls.authority,
        keeper_socket=mosquitto.plan.data_dir / SOCKET_NAME,
    )


@pytest.fixture
async def page(settings: Settings) -> AsyncIterator[str]:
    async with serving(settings) as address:
        yield address


def trusting(files: TlsFiles) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=files.authority)


async def test_who_trusts_the_authority_logs_in_by_https_and_by_wss(
    page: str, mosquitto: Mosquitto, tls: TlsFiles
) -> None:
    assert page.startswith("https://")
    viewer = mosquitto.connection("viewer")
    right = basic(*credentials_of(viewer))
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{page}/projects", headers=right, ssl=trusting(tls)) as answer:
            assert answer.status == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{page}/projects", headers=right)
    secure = through_relay(viewer, page).model_copy(update={"ca_file": tls.authority})
    async with follow(secure) as follower:
        await follower.subscribe(viewer.space.filter(RECONSTRUCTOR_STATE.template, None))


async def test_a_page_without_https_of_the_same_name_may_not_use_the_relay(page: str, tls: TlsFiles) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(
                f"{page}/mqtt", protocols=("mqtt",), origin=page.replace("https", "http"), ssl=trusting(tls)
            )
        assert caught.value.status == 403
        await (await session.ws_connect(f"{page}/mqtt", protocols=("mqtt",), origin=page, ssl=trusting(tls))).close()


async def test_plain_http_leads_to_https_and_offers_the_authority(page: str, tls: TlsFiles) -> None:
    plain = page.replace("https", "http")
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{plain}/projects?x=1", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (308, f"{page}/projects?x=1")
        async with session.get(f"{plain}/ca.pem") as answer:
            assert await answer.text() == tls.authority.read_text()
        async with session.get(f"{plain}/trust") as answer:
            assert fingerprint(tls.authority.read_text()) in await answer.text()
            assert "unsafe" not in answer.headers["Content-Security-Policy"]


async def test_a_page_without_an_authority_offers_none(mosquitto: Mosquitto) -> None:
    async with (
        serving(Settings(broker=mosquitto.connection("viewer"), port=0)) as page,
        aiohttp.ClientSession() as session,
    ):
        for path in ("/ca.pem", "/trust"):
            async with session.get(page + path) as answer:
                assert answer.status == 404


async def test_a_silent_socket_and_half_a_handshake_are_closed_in_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REQUEST_TIMEOUT_S", 0.3)
    async with serving(settings) as page:
        port = int(page.rpartition(":")[2])
        open_now = [await asyncio.open_connection("127.0.0.1", port) for _ in range(6)]
        for _, writer in open_now[::2]:
            writer.write(b"\x16\x03\x01")
        async with asyncio.timeout(30):
            for reader, writer in open_now:
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read() == b""
                writer.close()


async def test_a_renewed_certificate_is_taken_without_a_restart_and_a_damaged_one_is_not(
    settings: Settings, tmp_path: Path
) -> None:
    files = TlsFiles(tmp_path / "renewed")
    files.ensure(NAMES)
    certificate = Certificate(files.certificate, files.key)
    before = certificate.context
    certificate.refresh()
    assert certificate.context is before
    key = files.key.read_bytes()
    files.ensure(NAMES | {"10.9.8.7"})
    renewed_key = files.key.read_bytes()
    files.key.write_bytes(key)  # the certificate is new, the key is not yet
    certificate.refresh()
    assert certificate.context is before
    files.key.write_bytes(renewed_key)
    certificate.refresh()
    assert certificate.context is not before
    files.key.unlink()
    certificate.refresh()
    with pytest.raises(BadSettingsError, match="renewed"):
        Certificate(files.certificate, files.key)


def serial(port: int) -> bytes:
    return ssl.get_server_certificate(("127.0.0.1", port)).encode()


def test_the_broker_takes_a_renewed_certificate_while_it_runs(tmp_path: Path) -> None:
    files = TlsFiles(tmp_path / "tls")
    files.ensure(NAMES)
    plan = BrokerPlan(
        data_dir=tmp_path / "broker",
        port=free_port(),
        tls_port=free_port(),
        tls_host="127.0.0.1",
        certificate=files.certificate,
        key=files.key,
    )
    people = credentials()
    with Mosquitto(plan, people) as broker:
        before, stamp = serial(plan.tls_port or 0), plan.certificate_stamp()
        files.ensure(NAMES | {"10.9.8.7"})
        assert plan.certificate_stamp() != stamp
        broker.reload([each.account for each in people])
        deadline = 200
        while serial(plan.tls_port or 0) == before and deadline:
            deadline -= 1
        assert deadline


async def test_a_rig_joins_over_https_without_knowing_the_authority(
    page: str, mosquitto: Mosquitto, tls: TlsFiles
) -> None:
    data_dir = mosquitto.plan.data_dir
    secret = Invitations(data_dir).add(User.build("rig-new", Role.AGENT, ["chapel"]), lasts=timedelta(hours=1), uses=1)
    keeper = Keeper(data_dir=data_dir, root=mosquitto.plan.space.root, port=8883, authority=tls.authority)
    with contextlib.ExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, keeper.listening())  # it makes an event loop of its own
        link = Link.read(str(Link(page=f"{page}/", host="127.0.0.1", secret=secret)))
        membership = await asyncio.to_thread(redeem, link)
        assert (membership.agent, membership.ca_pem) == ("rig-new", tls.authority.read_text())

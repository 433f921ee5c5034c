"""Names that are not ours, readers that do not read, sockets that say nothing: the page server goes on for everybody else."""

import asyncio
import contextlib
import socket

import aiohttp
import pytest

from broker.mosquitto import Mosquitto
from tests.integration.viewer.conftest import basic, credentials_of, publisher, serving
from tests.integration.viewer.publisher import Publisher, random_cloud
from viewer import downloads, relay
from viewer.config import Settings
from viewer.network import connections, listener
from viewer.relay import SUBPROTOCOL

__all__ = ["publisher"]  # a fixture


@pytest.fixture
def settings(mosquitto: Mosquitto) -> Settings:
    return Settings(broker=mosquitto.connection("viewer"), port=0, hosts=("cairn.example.org",))


async def test_a_name_that_is_not_ours_is_refused_in_words(settings: Settings) -> None:
    async with serving(settings) as page, aiohttp.ClientSession() as session:
        for host in ("cairn.example.org", "pi.local:8080"):
            async with session.get(f"{page}/config.json", headers={"Host": host}) as answer:
                assert answer.status == 200
        for host in ("evil.example", "127.0.0.1.evil.example"):
            for path in ("/", "/config.json"):
                async with session.get(page + path, headers={"Host": host}) as answer:
                    assert answer.status == 421
                    assert "viewer.hosts" in await answer.text()
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(
                    f"{page}/mqtt", protocols=(SUBPROTOCOL,), headers={"Host": host, "Origin": f"http://{host}"}
                )
            assert caught.value.status == 421


async def test_the_page_is_there_by_ipv6_and_ipv4_at_once(settings: Settings) -> None:
    async with serving(settings.model_copy(update={"host": "::"})) as page, aiohttp.ClientSession() as session:
        assert page.startswith("http://[::]:")
        for host in ("[::1]", "127.0.0.1"):
            async with session.get(page.replace("[::]", host) + "/config.json") as answer:
                assert answer.status == 200


@pytest.fixture
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that takes some kilobytes for a reader, not megabytes."""
    bind = listener._bind

    async def bind_small(host: str, port: int) -> list[socket.socket]:
        sockets = await bind(host, port)
        for each in sockets:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)
        return sockets

    monkeypatch.setattr(listener, "_bind", bind_small)


async def open_download(page: str, address: str, head: dict[str, str]) -> socket.socket:
    """A reader of the cloud that never reads."""
    port = int(page.rpartition(":")[2])
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.bind((address, 0))
    await asyncio.to_thread(reader.connect, ("127.0.0.1", port))
    lines = ["GET /projects/chapel/cloud.ply HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {head[name]}" for name in head)]
    reader.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return reader


def count_left(reader: socket.socket) -> int:
    """How many bytes come until the server ends the connection."""
    reader.settimeout(30)
    count = 0
    with contextlib.suppress(ConnectionResetError):
        while piece := reader.recv(1 << 20):
            count += len(piece)
    return count


async def download(session: aiohttp.ClientSession, page: str, head: dict[str, str]) -> int:
    async with session.get(f"{page}/projects/chapel/cloud.ply", headers=head) as answer:
        return len(await answer.read()) if answer.status == 200 else -answer.status


@pytest.mark.usefixtures("small_buffers")
async def test_readers_that_do_not_read_shut_nobody_out(
    settings: Settings, mosquitto: Mosquitto, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MOST", 4)
    monkeypatch.setattr(downloads, "PATIENCE_S", 0.2)
    head = basic(*credentials_of(mosquitto.connection("viewer")))
    await publisher.state()
    manifest = await publisher.reference_set([random_cloud(16_384, seed) for seed in range(10)])
    async with serving(settings) as page, aiohttp.ClientSession() as session:
        async with asyncio.timeout(30):
            while await download(session, page, head) < 15 * manifest.point_count:
                await asyncio.sleep(0.05)
        stuck = [await open_download(page, f"127.0.0.{2 + number // 2}", head) for number in range(4)]
        await asyncio.sleep(0.5)
        third = await open_download(page, "127.0.0.2", head)
        assert b" 429 " in await asyncio.to_thread(third.recv, 100)
        assert await download(session, page, head) > 15 * manifest.point_count
        for each in (*stuck, third):
            each.close()


@pytest.mark.usefixtures("small_buffers")
async def test_a_reader_that_takes_nothing_is_cut_and_a_slow_one_is_not(
    settings: Settings, mosquitto: Mosquitto, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "WRITE_TIMEOUT_S", 1.0)
    monkeypatch.setattr(listener, "WATCH_INTERVAL_S", 0.1)
    head = basic(*credentials_of(mosquitto.connection("viewer")))
    await publisher.state()
    manifest = await publisher.reference_set([random_cloud(16_384, seed) for seed in range(10)])
    async with serving(settings) as page, aiohttp.ClientSession() as session:
        async with asyncio.timeout(30):
            while await download(session, page, head) < 15 * manifest.point_count:
                await asyncio.sleep(0.05)
        stuck, slow = [await open_download(page, address, head) for address in ("127.0.0.2", "127.0.0.3")]
        for _ in range(40):
            assert await asyncio.to_thread(slow.recv, 32_768)
            await asyncio.sleep(0.05)
        assert await asyncio.to_thread(count_left, stuck) < 15 * manifest.point_count // 2
        assert await asyncio.to_thread(slow.recv, 32_768)
        slow.close()
        stuck.close()


async def test_a_socket_of_the_relay_that_does_not_log_in_is_closed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "LOGIN_TIMEOUT_S", 0.3)
    async with serving(settings) as page, aiohttp.ClientSession() as session:
        async with session.ws_connect(f"{page}/mqtt", protocols=(SUBPROTOCOL,)) as socket:
            message = await socket.receive(timeout=30)
        assert message.type is aiohttp.WSMsgType.CLOSE


async def test_more_idle_sockets_than_there_are_places_shut_nobody_out(
    settings: Settings, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 20)
    head = basic(*credentials_of(mosquitto.connection("viewer")))
    async with serving(settings) as page, aiohttp.ClientSession() as session:
        port = int(page.rpartition(":")[2])
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(60)]
        async with session.get(f"{page}/projects", headers=head) as answer:
            assert answer.status == 200
        for _, writer in idle:
            writer.close()

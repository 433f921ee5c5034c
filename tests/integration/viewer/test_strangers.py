"""What a stranger can do to the page server: guess, keep sockets open, ask half a question."""

import asyncio

import aiohttp
import pytest

from broker.mosquitto import Mosquitto
from tests.integration.viewer.conftest import basic, credentials_of, serving
from viewer.config import Settings
from viewer.network import connections
from viewer.network.brake import MOST_PENDING, MOST_WRONG
from viewer.relay import SUBPROTOCOL


def connect_packet(name: str, password: str) -> bytes:
    """An MQTT 5 CONNECT with name and password."""
    parts = b"".join(len(each).to_bytes(2) + each for each in (b"stranger", name.encode(), password.encode()))
    body = b"\x00\x04MQTT\x05\xc2\x00\x1e\x00" + parts
    return bytes([0x10, len(body)]) + body


async def guess_by_http(session: aiohttp.ClientSession, page: str, number: int) -> int:
    async with session.get(f"{page}/projects", headers=basic(f"anna{number}", "guess")) as answer:
        return answer.status


async def guess_by_mqtt(session: aiohttp.ClientSession, page: str, number: int) -> int:
    """The broker's reason code, or the status with which the relay refuses."""
    try:
        async with session.ws_connect(f"{page}/mqtt", protocols=(SUBPROTOCOL,)) as socket:
            await socket.send_bytes(connect_packet(f"anna{number}", "guess"))
            return (await socket.receive_bytes())[3]
    except aiohttp.WSServerHandshakeError as exc:
        return exc.status


async def test_guesses_over_http_and_through_the_relay_are_braked_together(page: str, mosquitto: Mosquitto) -> None:
    async with aiohttp.ClientSession() as session:
        first = [await guess_by_mqtt(session, page, number) for number in range(MOST_WRONG // 2)]
        assert set(first) == {0x87}
        later = [await guess_by_http(session, page, number) for number in range(MOST_WRONG)]
        assert later.count(401) == MOST_WRONG - len(first)
        assert set(later) == {401, 429}
        assert await guess_by_mqtt(session, page, 0) == 429
        right = basic(*credentials_of(mosquitto.connection("viewer")))
        async with session.get(f"{page}/projects", headers=right) as answer:
            assert answer.status == 429
            assert "wait" in await answer.text()


async def test_guesses_at_the_same_time_are_braked_too(settings: Settings) -> None:
    async with serving(settings) as page, aiohttp.ClientSession() as session:
        answers = await asyncio.gather(*(guess_by_http(session, page, number) for number in range(300)))
    assert answers.count(401) <= MOST_WRONG + MOST_PENDING
    assert {401, 429} <= set(answers) <= {401, 429, 502}  # the last: a busy broker answered the page server too late


async def test_half_a_request_is_closed_in_time_and_a_slow_answer_is_not(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REQUEST_TIMEOUT_S", 0.5)
    async with serving(settings) as page:
        port = int(page.rpartition(":")[2])
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        for _, writer in silent[10:]:
            writer.write(b"GET / HTTP/1.1\r\nHost: 127")
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(f"{page}/mqtt", protocols=(SUBPROTOCOL,)) as socket:
                async with asyncio.timeout(30):
                    for reader, _ in silent:
                        assert await reader.read() in {b"", b"HTTP/1.1 400 Bad Request\r\n"}
                await socket.ping()
                assert not socket.closed
            for _, writer in silent:
                writer.close()


async def test_the_sockets_of_one_address_give_way_to_its_next(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_PER_ADDRESS", 5)
    async with serving(settings) as page:
        port = int(page.rpartition(":")[2])
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        async with aiohttp.ClientSession() as session, session.get(f"{page}/config.json") as answer:
            assert answer.status == 200
        async with asyncio.timeout(30):
            assert await idle[0][0].read() == b""
        for _, each in idle:
            each.close()


async def test_no_answer_names_our_software(page: str) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("/", "/health", "/nowhere", "/projects"):
            async with session.get(page + path) as answer:
                assert "Server" not in answer.headers
    port = int(page.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"nonsense\r\n\r\n")
    async with asyncio.timeout(30):
        said = await reader.read()
    assert said.startswith(b"HTTP/1.0 400")
    assert b"aiohttp" not in said
    writer.close()


async def test_a_request_that_is_too_long_leaves_no_password_in_log_or_answer(
    page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "c2VjcmV0" * 2000
    headers = {"Authorization": f"Basic {secret}"}
    async with aiohttp.ClientSession() as session, session.get(f"{page}/projects", headers=headers) as answer:
        assert answer.status == 400
        assert secret[:20] not in await answer.text()
    said = capsys.readouterr()
    assert secret[:20] not in said.out + said.err

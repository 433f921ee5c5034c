"""The page behind Caddy and nginx with our snippets: login, relay, and a brake that sees who is in front of the proxy."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from admin.certificates import TlsFiles
from broker.mosquitto import Mosquitto, free_port
from tests.integration.trust import proxies
from tests.integration.viewer.conftest import basic, credentials_of, serving
from viewer.config import Settings
from viewer.network.brake import MOST_PENDING, MOST_WRONG
from viewer.relay import SUBPROTOCOL

ONE, ANOTHER = "127.0.0.2", "127.0.0.3"


class Here(AbstractResolver):
    """Every name is this machine."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        """The address of loopback."""
        del family
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=2, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(params=[proxies.caddy, proxies.nginx], ids=["caddy", "nginx"])
async def page(request: pytest.FixtureRequest, mosquitto: Mosquitto, tmp_path: Path) -> AsyncIterator[str]:
    """The public address of a page behind a proxy."""
    start: Callable[[Path, int, int, TlsFiles], AbstractContextManager[None]] = request.param
    tls, port = TlsFiles(tmp_path / "tls"), free_port()
    tls.ensure(frozenset({proxies.NAME}))
    settings = Settings(
        broker=mosquitto.connection("viewer"), port=0, hosts=(proxies.NAME,), trusted_proxies=("127.0.0.1",)
    )
    (tmp_path / "proxy").mkdir()
    async with serving(settings) as behind:
        proxy = start(tmp_path / "proxy", port, int(behind.rpartition(":")[2]), tls)
        await asyncio.to_thread(proxy.__enter__)
        try:
            yield f"https://{proxies.NAME}:{port}"
        finally:
            await asyncio.to_thread(proxy.__exit__, None, None, None)


def visitor(address: str, tmp_path: Path) -> aiohttp.ClientSession:
    """Somebody with this address who trusts the proxy's certificate."""
    trusted = ssl.create_default_context(cafile=TlsFiles(tmp_path / "tls").authority)
    connector = aiohttp.TCPConnector(resolver=Here(), local_addr=(address, 0), ssl=trusted)
    return aiohttp.ClientSession(connector=connector)


async def status(session: aiohttp.ClientSession, address: str, name: str, password: str) -> int:
    # What a visitor claims about itself is no evidence.
    headers = basic(name, password) | {"X-Forwarded-For": f"10.0.0.{len(name)}"}
    async with session.get(f"{address}/projects", headers=headers) as answer:
        return answer.status


async def test_login_relay_and_brake_work_behind_the_proxy(page: str, mosquitto: Mosquitto, tmp_path: Path) -> None:
    name, password = credentials_of(mosquitto.connection("viewer"))
    async with visitor(ONE, tmp_path) as one, visitor(ANOTHER, tmp_path) as another:
        assert await status(one, page, name, password) == 200
        for origin, expected in ((page, None), (page.replace("https", "http"), 403), ("https://evil.example", 403)):
            assert await relay_refusal(one, page, origin) == expected
        guesses = await asyncio.gather(*(status(one, page, f"guess{number}", "wrong") for number in range(100)))
        assert set(guesses) == {401, 429}
        assert guesses.count(401) <= MOST_WRONG + MOST_PENDING
        assert await status(one, page, "carl", "wrong") == 429
        assert await status(another, page, "carl", "wrong") == 401
        assert await status(another, page, name, password) == 200


async def relay_refusal(session: aiohttp.ClientSession, page: str, origin: str) -> int | None:
    """The status with which the relay refuses, or None after the broker's answer has come through."""
    try:
        async with session.ws_connect(f"{page}/mqtt", protocols=(SUBPROTOCOL,), origin=origin) as socket:
            await socket.send_bytes(bytes.fromhex("100d00044d51545405020005000000"))  # CONNECT without a name
            assert (await socket.receive_bytes(timeout=30))[0] == 0x20
            return None
    except aiohttp.WSServerHandshakeError as exc:
        return exc.status

"""A publisher and a page server in front of a real broker."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from broker.config import Connection
from broker.delivery import Delivery
from broker.mosquitto import Mosquitto
from tests.integration.viewer.publisher import Publisher
from viewer.config import Settings
from viewer.server import serve


@pytest.fixture
async def publisher(mosquitto: Mosquitto) -> AsyncIterator[Publisher]:
    """The reconstructor's user, connected."""
    connection = mosquitto.connection("reconstructor")
    async with Delivery(connection, client_id="publisher", session_expiry_s=0) as delivery:
        await delivery.wait_connected(30)
        yield Publisher(connection, delivery)


@contextlib.asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """A page server in this event loop; gives its address without the last slash."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(settings, address.set_result))
    try:
        async with asyncio.timeout(30):
            while not address.done() and not task.done():
                await asyncio.sleep(0.01)
        if task.done():
            task.result()  # raises what kept it from serving
        yield address.result().rstrip("/")
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until_connected(address: str) -> None:
    """Wait until the page server reaches its broker: before, it cannot tell a wrong password from a broker that is away."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        while True:
            async with session.get(f"{address}/health") as answer:
                if (await answer.json())["is_broker_connected"]:
                    return
            await asyncio.sleep(0.02)


@pytest.fixture
def settings(mosquitto: Mosquitto) -> Settings:
    """A page server's settings for this broker, on a free port."""
    return Settings(broker=mosquitto.connection("viewer"), port=0, connections_per_address=4)


@pytest.fixture
async def page(settings: Settings) -> AsyncIterator[str]:
    """A running page server's address; it knows its broker."""
    async with serving(settings) as address:
        await until_connected(address)
        yield address


def through_relay(connection: Connection, address: str) -> Connection:
    """The same user by WebSocket."""
    port = int(address.rpartition(":")[2])
    return connection.model_copy(update={"port": port, "websocket_path": "/mqtt"})


def basic(name: str, password: str) -> dict[str, str]:
    """The header of HTTP Basic."""
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


def credentials_of(connection: Connection) -> tuple[str, str]:
    """Name and password for HTTP Basic."""
    return connection.username or "", connection.secret() or ""

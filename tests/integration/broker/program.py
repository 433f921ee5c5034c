"""`cairn broker start` as a process of its own, and clients of it."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from pydantic import SecretStr

from broker.clients.refusals import BrokerRefusedError, DeliveryTimeoutError
from broker.config import Connection
from broker.delivery import Delivery
from broker.mosquitto import answers

BROKER = [sys.executable, "-m", "cairn", "broker"]


@contextmanager
def started(
    data: Path, port: int, *words: str, host: str = "127.0.0.1", is_tls: bool = False
) -> Iterator[subprocess.Popen[str]]:
    command = [*BROKER, "start", "--data", str(data), "--port", str(port), *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 20
        while not answers(port, host, is_tls=is_tls) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert answers(port, host, is_tls=is_tls)
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def client(port: int, name: str, password: str) -> Delivery:
    connection = Connection(port=port, username=name, password=SecretStr(password))
    return Delivery(connection, client_id=f"test-{name}", session_expiry_s=0)


async def comes_in(stack: AsyncExitStack, port: int, name: str, password: str, *, within_s: float) -> Delivery:
    """Connect as often as it takes: a change is in force within a second."""
    deadline = time.monotonic() + within_s
    while True:
        async with AsyncExitStack() as attempt:
            delivery = await attempt.enter_async_context(client(port, name, password))
            try:
                await delivery.wait_connected(30)
            except BrokerRefusedError:
                if time.monotonic() > deadline:
                    raise
            else:
                stack.push_async_exit(attempt.pop_all())
                return delivery
        await asyncio.sleep(0.1)


async def fails(delivery: Delivery, *, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while True:
            try:
                await delivery.wait_connected(1)
            except BrokerRefusedError:
                return
            except DeliveryTimeoutError:
                continue
            await asyncio.sleep(0.05)

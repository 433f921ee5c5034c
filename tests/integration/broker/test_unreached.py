"""Does each way in which a connection fails get its own sentence? By both clients, against plain and TLS listeners."""

import asyncio
import gc
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from admin.certificates import TlsFiles
from broker.clients.refusals import BrokerRefusedError, DeliveryTimeoutError
from broker.config import Connection
from broker.delivery import Delivery
from broker.errors import CairnError
from broker.live import follow
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from tests.conftest import credentials

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is a second name of this machine on Linux")


@dataclass(frozen=True)
class Site:
    """A broker with a plain and a TLS listener, its authority and a stranger's."""

    broker: Mosquitto
    authority: Path
    stranger: Path

    def connection(self, **changes: Any) -> Connection:
        return self.broker.connection("viewer").model_copy(update=changes)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    ours, strangers = TlsFiles(folder / "tls"), TlsFiles(folder / "strangers")
    for each in (ours, strangers):
        each.ensure(frozenset({"localhost", "127.0.0.1"}))
    plan = BrokerPlan(
        data_dir=folder / "broker", port=free_port(), tls_port=free_port(), certificate=ours.certificate, key=ours.key
    )
    with Mosquitto(plan, credentials()) as broker:
        yield Site(broker, ours.authority, strangers.authority)


async def told(connection: Connection) -> tuple[str, str]:
    """What a lasting and a short connection say."""
    with pytest.raises((BrokerRefusedError, DeliveryTimeoutError)) as lasting:
        async with Delivery(connection, client_id="viewer-told", session_expiry_s=0) as delivery:
            await delivery.wait_connected(20, is_patient=False)
    with pytest.raises(CairnError) as short:
        async with follow(connection):
            pass
    return lasting.value.sentence, short.value.sentence


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves failed sockets to gc
async def test_each_mistake_with_tls_has_its_own_sentence(site: Site) -> None:
    plain, tls = site.broker.plan.port, site.broker.plan.tls_port
    for changes, words in (
        ({"port": tls, "ca_file": site.stranger}, "is not from the authority in"),
        ({"port": tls, "ca_file": site.authority, "host": "127.0.0.2"}, "is for another name"),
        ({"port": plain, "ca_file": site.authority}, "does not speak TLS: is it the plain port?"),
        ({"port": tls}, "hangs up without an answer: a TLS port needs ca_file"),
    ):
        for sentence in await told(site.connection(**changes)):
            assert words in sentence
    async with follow(site.connection(port=tls, ca_file=site.authority)):  # the right one is let in
        pass
    gc.collect()


async def test_who_is_not_there_and_who_is_not_let_in_are_told_apart(site: Site) -> None:
    for changes, words in (
        ({"port": free_port()}, "nobody listens at 127.0.0.1:"),
        ({"host": "no-such-machine.invalid"}, "no machine is called 'no-such-machine.invalid'"),
        ({"username": "viewer", "password": None}, "refuses 'viewer': name or password do not fit"),
        ({"username": None, "password": None}, "lets nobody in without a name"),
    ):
        for sentence in await told(site.connection(**changes)):
            assert words in sentence
            assert "None" not in sentence


async def test_a_listener_that_hangs_up_is_not_waited_for() -> None:
    async with _hanging_up() as port:
        for sentence in await told(Connection(port=port)):
            assert "hangs up without an answer" in sentence


@asynccontextmanager
async def _hanging_up() -> AsyncIterator[int]:
    async def end(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(end, "127.0.0.1", 0, family=socket.AF_INET) as server:
        yield server.sockets[0].getsockname()[1]

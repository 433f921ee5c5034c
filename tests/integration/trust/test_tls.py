"""A rig and TLS: the right authority lets it in, and each mistake has its own sentence."""

import asyncio
import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from admin import certificates
from admin.certificates import TlsFiles
from broker.clients.refusals import DeliveryTimeoutError
from broker.config import Connection
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from edge_agent.config import Settings
from edge_agent.doctor import check_broker
from tests.conftest import PROJECT, credentials

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is a second name of this machine on Linux")
RIG = "rig-north"


class Site:
    """A broker with a plain and a TLS port, and the same with a certificate that has expired."""

    def __init__(self, folder: Path) -> None:
        now, names = certificates._now(), frozenset({"127.0.0.1"})
        self.ours, self.strangers, expired = (TlsFiles(folder / name) for name in ("tls", "strangers", "expired"))
        self.ours.ensure(names)
        self.strangers.ensure(names)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(certificates, "_now", lambda: now - dt.timedelta(days=certificates.SERVER_DAYS + 2))
            expired.ensure(names)
        self.expired = expired
        self.brokers = [
            Mosquitto(
                BrokerPlan(
                    data_dir=folder / f"broker-{files.folder.name}",
                    port=free_port(),
                    tls_port=free_port(),
                    certificate=files.certificate,
                    key=files.key,
                ),
                credentials(),
            )
            for files in (self.ours, expired)
        ]

    def connection(self, number: int = 0, **changes: Any) -> Connection:
        """A rig's connection to the TLS port of the good broker, or of the expired one."""
        broker, ours = self.brokers[number], (self.ours, self.expired)[number]
        return broker.connection(RIG).model_copy(
            update={"port": broker.plan.tls_port, "ca_file": ours.authority} | changes
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    with site.brokers[0], site.brokers[1]:
        yield site


def settings_of(connection: Connection) -> Settings:
    return Settings.load(broker=connection, project=PROJECT, agent=RIG, camera="folder")


async def test_a_rig_that_pins_the_right_authority_comes_in(site: Site) -> None:
    found = await check_broker(settings_of(site.connection()))
    assert found.is_fine
    assert "accepts the account" in found.words


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves failed sockets to gc
async def test_each_mistake_ends_soon_and_with_its_own_sentence(site: Site) -> None:
    mistakes = {
        "is not from the authority in": site.connection(ca_file=site.strangers.authority),
        "has expired": site.connection(1),
        "is for another name": site.connection(host="127.0.0.2"),
        "a TLS port needs ca_file": site.connection(ca_file=None),
        "does not speak TLS": site.connection(port=site.brokers[0].plan.port),
    }
    async with asyncio.timeout(30):
        for words, connection in mistakes.items():
            with pytest.raises(DeliveryTimeoutError, match=words) as refused:
                await check_broker(settings_of(connection))
            others = [each for each in mistakes if each != words and each in refused.value.sentence]
            assert others == []

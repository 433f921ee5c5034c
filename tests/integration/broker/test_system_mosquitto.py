"""Debian's own Mosquitto takes our conf, passwords and ACL, and changes of accounts."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from admin.certificates import TlsFiles
from broker.accounts.access import User
from broker.accounts.users import UserBook
from broker.clients.refusals import BrokerRefusedError
from broker.config import Connection
from broker.delivery import Delivery
from broker.mosquitto import BrokerPlan, answers, find_binary, free_port
from broker.service.install import ServiceFailedError
from broker.service.system_mosquitto import SystemMosquitto

DEBIANS_CONF = """\
persistence true
persistence_location {data}/
log_dest file {data}/mosquitto.log
pid_file {data}/mosquitto.pid
include_dir {etc}/conf.d
"""


class Machine:
    """Stands in for systemctl: a Mosquitto with Debian's settings, started and reloaded as its unit does."""

    def __init__(self, folder: Path) -> None:
        self.etc, data = folder / "etc", folder / "lib"
        (self.etc / "conf.d").mkdir(parents=True)
        data.mkdir()
        (self.etc / "mosquitto.conf").write_text(DEBIANS_CONF.format(data=data, etc=self.etc))
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "mosquitto", data], check=True)
        self.steps: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, words: Sequence[str]) -> None:
        self.steps.append(" ".join(words[:2]))
        if words[0] == "install":
            self._install(Path(words[-1]), list(words))
        elif words[1] == "daemon-reload":
            return
        elif words[1] == "reload":
            assert self._process is not None
            self._process.send_signal(signal.SIGHUP)
        else:
            self.stop()
            self._process = subprocess.Popen([find_binary(), "-c", str(self.etc / "mosquitto.conf")])

    def _install(self, folder: Path, words: list[str]) -> None:
        if os.geteuid() == 0:
            subprocess.run(words, check=True)
        else:
            folder.mkdir(mode=0o700, exist_ok=True)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)


@pytest.fixture
def machine(open_folder: Path) -> Iterator[Machine]:
    machine = Machine(open_folder)
    yield machine
    machine.stop()


async def is_let_in(connection: Connection) -> bool:
    async with Delivery(connection, client_id=f"{connection.username}-1", session_expiry_s=0) as delivery:
        try:
            await delivery.wait_connected(30)
        except BrokerRefusedError:
            return False
        return True


def wait_for(port: int, *, is_tls: bool) -> None:
    deadline = time.monotonic() + 10
    while not answers(port, is_tls=is_tls):
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def test_accounts_are_in_force_over_tls_and_change_without_a_restart(machine: Machine, open_folder: Path) -> None:
    book, tls = UserBook(open_folder / "broker"), TlsFiles(open_folder / "tls")
    tls.ensure(frozenset({"127.0.0.1"}))
    plan = BrokerPlan(
        data_dir=book.data_dir,
        port=free_port(),
        certificate=tls.certificate,
        key=tls.key,
        tls_host="127.0.0.1",
        tls_port=(tls_port := free_port()),
    )
    password = book.add(User.build("rig-1", "agent", ["chapel"])).password
    system = SystemMosquitto(
        plan=plan,
        folder=machine.etc,
        units=open_folder / "units",
        pid_file=open_folder / "lib/mosquitto.pid",
        run=machine,
    )
    system.install(book.accounts())
    wait_for(tls_port, is_tls=True)
    rig = Connection(port=tls_port, username="rig-1", password=password, ca_file=tls.authority)
    assert await is_let_in(rig)
    assert not await is_let_in(rig.model_copy(update={"username": "rig-2"}))
    book.remove("rig-1")
    system.reload(book.accounts())
    async with asyncio.timeout(30):
        while await is_let_in(rig):
            await asyncio.sleep(0.1)
    tls.certificate.unlink()
    tls.ensure(frozenset({"127.0.0.1", "a.example.org"}))
    system.install(book.accounts())
    assert (system.private / "server.pem").read_bytes() == tls.certificate.read_bytes()
    assert machine.steps == [
        "install -d",
        "systemctl daemon-reload",
        "systemctl restart",
        "install -d",
        "systemctl reload",
    ]
    drop_in = open_folder / "units/mosquitto.service.d/cairn.conf"
    assert "\nLimitNOFILE=65536\n" in drop_in.read_text()
    assert drop_in.stat().st_mode & 0o777 == 0o644
    assert drop_in.parent.stat().st_mode & 0o777 == 0o755
    assert system.conf.read_text().count("\nmax_connections 4000\n") == 2  # which those descriptors allow
    private = {path.name: path.stat() for path in system.private.iterdir()}
    assert set(private) == {"passwords", "acl.conf", "server.pem", "server.key"}
    assert {found.st_mode & 0o777 for found in private.values()} == {0o600}
    assert len({found.st_uid for found in private.values()} - {0}) == 1
    assert password not in (system.private / "passwords").read_text()


def test_without_mosquitto_it_says_what_to_install(tmp_path: Path) -> None:
    system = SystemMosquitto(plan=BrokerPlan(data_dir=tmp_path, port=1883), folder=tmp_path / "etc")
    with pytest.raises(ServiceFailedError, match="apt-get install mosquitto"):
        system.install([])


def test_a_mosquitto_that_does_not_run_is_said(tmp_path: Path) -> None:
    plan = BrokerPlan(data_dir=tmp_path, port=1883)
    (tmp_path / "cairn").mkdir()
    system = SystemMosquitto(plan=plan, folder=tmp_path, pid_file=tmp_path / "mosquitto.pid")
    with pytest.raises(ServiceFailedError, match="cannot reload the system's Mosquitto"):
        system.reload([])

"""`cairn broker …` as an operator types it."""

import asyncio
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from broker.accounts.access import User
from broker.accounts.users import UserBook
from broker.clients.refusals import BrokerRefusedError
from broker.config import Connection
from broker.delivery import Delivery
from broker.mosquitto import answers, free_port
from broker.topics import TopicSpace

BROKER = [sys.executable, "-m", "cairn", "broker"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*BROKER, *words], capture_output=True, text=True, check=False, timeout=30)


def test_accounts_are_added_listed_and_given_their_rights(tmp_path: Path) -> None:
    where = ["--data", str(tmp_path)]
    secret = tmp_path / "rig" / "password"
    new = ["rig-north", "--role", "agent", "--project", "chapel", "--password-file", str(secret)]
    added = run("user", "add", *new, *where)
    assert (added.returncode, added.stdout) == (0, f"{secret}\n")
    assert len(secret.read_text()) > 20
    assert secret.stat().st_mode & 0o077 == 0
    assert run("user", "list", *where).stdout == "rig-north\tagent\tchapel\n"
    assert f"topic write {TopicSpace().root}/chapel/image/rig-north/+" in run("acl", *where).stdout
    assert run("project", "add", "castle", "--user", "rig-north", *where).returncode == 0
    assert run("project", "list", *where).stdout == "castle\trig-north\nchapel\trig-north\n"
    assert run("user", "passwd", "rig-north", "--password-file", str(secret), *where).returncode == 1  # it exists
    again = tmp_path / "rig" / "new"
    assert run("user", "passwd", "rig-north", "--password-file", str(again), *where).returncode == 0
    assert again.read_text() != secret.read_text()
    assert run("user", "remove", "rig-north", *where).returncode == 0
    assert run("user", "list", *where).stdout == ""


def test_bad_name_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    result = run("user", "add", "anna", "--role", "agent", "--project", "chapel", "--data", str(tmp_path))
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "begins with 'rig-'" in result.stderr


def test_broker_runs_without_an_account_says_so_and_stops_when_it_is_told_to(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, port) as process:
        assert answers(port)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert f"broker on 127.0.0.1:{port}" in said
    assert "there is no account yet: add one with `cairn broker user add`" in said
    assert not answers(port)


async def test_accounts_come_and_go_at_once_and_nobody_else_notices(tmp_path: Path) -> None:
    port = free_port()
    book = UserBook(tmp_path)
    old = {name: book.add(User.build(name, "viewer", ["chapel"])).password for name in ("anna", "berta", "carl")}
    with started(tmp_path, port):
        async with AsyncExitStack() as stack:
            clients = {name: await stack.enter_async_context(client(port, name, old[name])) for name in old}
            fresh = book.add(User.build("dora", "viewer", ["chapel"])).password
            dora = await comes_in(stack, port, "dora", fresh, within_s=2)
            book.remove("carl")
            await fails(clients["carl"], within_s=5)
            book.set_password("berta")
            await fails(clients["berta"], within_s=5)
            assert (clients["anna"].connect_count, dora.connect_count) == (1, 1)
            assert clients["anna"].is_connected
            assert dora.is_connected
            with pytest.raises(BrokerRefusedError):
                await comes_in(stack, port, "carl", old["carl"], within_s=1)


async def test_a_damaged_file_leaves_the_accounts_as_they_are(tmp_path: Path) -> None:
    port = free_port()
    password = UserBook(tmp_path).add(User.build("anna", "viewer", ["chapel"])).password
    with started(tmp_path, port) as process:
        async with client(port, "anna", password) as anna:
            (tmp_path / "users.json").write_text("{")
            await asyncio.sleep(1)
            assert anna.is_connected
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert "the accounts stay as they were" in said


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_the_broker_starts_with_a_certificate_and_on_one_address(tmp_path: Path, host: str) -> None:
    key, certificate = self_signed(tmp_path, host)
    port = free_port()
    words = ["--host", host, "--certificate", str(certificate), "--key", str(key)]
    with started(tmp_path, port, *words, host=host, is_tls=True):
        context = ssl.create_default_context(cafile=certificate)
        with socket.create_connection((host, port), timeout=5) as plain:
            context.wrap_socket(plain, server_hostname=host).close()


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
        process.communicate(timeout=20)


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
                await delivery.wait_connected(2)
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
            await asyncio.sleep(0.05)


def self_signed(folder: Path, host: str) -> tuple[Path, Path]:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=test"]
    subprocess.run([*command, "-addext", f"subjectAltName=IP:{host}"], check=True, capture_output=True)
    return key, certificate

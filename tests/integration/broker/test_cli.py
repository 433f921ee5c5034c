"""`cairn broker …` as an operator types it."""

import asyncio
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from broker.accounts.access import User
from broker.accounts.users import UserBook
from broker.mosquitto import answers, free_port
from broker.topics import TopicSpace
from tests.integration.broker.program import BROKER, client, started


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
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"broker on 127.0.0.1:{port}" in said
    assert "there is no account yet: add one with `cairn broker user add`" in said
    assert not answers(port)


async def test_a_damaged_file_leaves_the_accounts_as_they_are(tmp_path: Path) -> None:
    port = free_port()
    password = UserBook(tmp_path).add(User.build("anna", "viewer", ["chapel"])).password
    with started(tmp_path, port) as process:
        async with client(port, "anna", password) as anna:
            (tmp_path / "users.json").write_text("{")
            await asyncio.sleep(1)
            assert anna.is_connected
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert "the accounts stay as they were" in said


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_the_broker_starts_with_a_certificate_and_on_one_address(tmp_path: Path, host: str) -> None:
    key, certificate = self_signed(tmp_path, host)
    port = free_port()
    words = ["--host", host, "--certificate", str(certificate), "--key", str(key)]
    with started(tmp_path, port, *words, host=host, is_tls=True):
        context = ssl.create_default_context(cafile=certificate)
        with socket.create_connection((host, port), timeout=30) as plain:
            context.wrap_socket(plain, server_hostname=host).close()


def self_signed(folder: Path, host: str) -> tuple[Path, Path]:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=test"]
    subprocess.run([*command, "-addext", f"subjectAltName=IP:{host}"], check=True, capture_output=True)
    return key, certificate

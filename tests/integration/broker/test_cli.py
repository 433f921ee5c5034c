"""`cairn broker …` as an operator types it."""

import asyncio
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from broker.accounts.access import User
from broker.accounts.mosquitto_clients import write_client_options
from broker.accounts.passwords import write_password
from broker.accounts.users import UserBook
from broker.config import Connection
from broker.delivery import Delivery
from broker.mosquitto import answers, free_port
from broker.topics import TopicSpace
from tests.integration.broker.program import BROKER, client, started


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run it where `cairn.toml` may lie: in the parent of the folder that --data names."""
    folder = Path(words[words.index("--data") + 1]).parent if "--data" in words else None
    return subprocess.run([*BROKER, *words], capture_output=True, text=True, check=False, timeout=30, cwd=folder)


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


async def test_a_new_password_of_a_program_stands_in_its_files_and_is_used_at_once(tmp_path: Path) -> None:
    data, secrets, port = tmp_path / "broker", tmp_path / "secrets", free_port()
    connection = kept_account(data, secrets, port)
    before = connection.secret()
    assert before is not None
    with started(data, port) as process:
        async with Delivery(connection, client_id="page-1") as page, asyncio.timeout(60):
            await page.wait_connected(30)
            renewed = await asyncio.to_thread(run, "user", "passwd", "page", "--data", str(data))
            assert (renewed.returncode, renewed.stdout) == (0, f"{secrets / 'page.password'}\n")
            while page.connect_count < 2:
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    renewed_line = (secrets / "page.password").read_text()
    assert renewed_line == (tmp_path / "own" / "password").read_text() != f"{before}\n"
    assert (secrets / "page.password").stat().st_mode & 0o777 == 0o640
    options = (secrets / "page.mosquitto" / "mosquitto_pub").read_text()
    assert f"-u page\n-P {renewed_line}" in options
    assert before not in options
    assert f"-p {port}\n" in options


def kept_account(data: Path, secrets: Path, port: int) -> Connection:
    """An account whose password stands in a system's files, and in one that the settings name."""
    own = secrets.parent / "own" / "password"
    password = UserBook(data).add(User.build("page", "observer", ["chapel"])).password
    for file in (secrets / "page.password", own):
        write_password(file, password)
    (secrets / "page.password").chmod(0o640)
    connection = Connection(port=port, username="page", password_file=secrets / "page.password")
    write_client_options(secrets / "page.mosquitto", connection)
    settings = f'[broker]\ndata_dir = "{data}"\n[viewer]\nbroker = {{username = "page", password_file = "{own}"}}\n'
    (secrets.parent / "cairn.toml").write_text(settings)
    return connection


def test_a_removed_account_takes_the_files_of_its_password_along(tmp_path: Path) -> None:
    data, secrets = tmp_path / "broker", tmp_path / "secrets"
    kept_account(data, secrets, 1883)
    assert run("user", "remove", "page", "--data", str(data)).returncode == 0
    assert list(secrets.iterdir()) == [secrets / "page.mosquitto"]
    assert not list((secrets / "page.mosquitto").iterdir())
    assert (tmp_path / "own" / "password").is_file()  # it is named by settings, and theirs to remove


def test_accounts_that_go_with_their_project_take_their_files_along(tmp_path: Path) -> None:
    data, secrets = tmp_path / "broker", tmp_path / "secrets"
    kept_account(data, secrets, 1883)
    assert run("project", "remove", "chapel", "--data", str(data)).stdout == "removed page\n"
    assert not (secrets / "page.password").exists()


def test_an_account_that_is_added_again_finds_its_earlier_files_right(tmp_path: Path) -> None:
    data, secrets = tmp_path / "broker", tmp_path / "secrets"
    kept_account(data, secrets, 1883)
    UserBook(data).remove("page")  # by an earlier version
    again = ["page", "--role", "observer", "--project", "chapel", "--password-file", str(tmp_path / "new")]
    assert run("user", "add", *again, "--data", str(data)).returncode == 0
    assert (secrets / "page.password").read_text() == (tmp_path / "new").read_text()


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

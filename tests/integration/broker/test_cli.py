"""`cairn broker …` as an operator types it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from broker.mosquitto import answers, free_port
from broker.topics import TopicSpace

BROKER = [sys.executable, "-m", "cairn", "broker"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*BROKER, *words], capture_output=True, text=True, check=False, timeout=30)


def test_accounts_are_added_listed_and_given_their_rights(tmp_path: Path) -> None:
    where = ["--data", str(tmp_path)]
    added = run("add-user", "rig-north", "--role", "agent", "--project", "chapel", *where)
    assert added.returncode == 0
    assert len(Path(added.stdout.strip()).read_text()) > 20
    assert run("users", *where).stdout == "rig-north\tagent\tchapel\n"
    assert f"topic write {TopicSpace().root}/chapel/image/rig-north/+" in run("acl", *where).stdout
    assert run("remove-user", "rig-north", *where).returncode == 0
    assert run("users", *where).stdout == ""


def test_bad_name_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    result = run("add-user", "anna", "--role", "agent", "--project", "chapel", "--data", str(tmp_path))
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "begins with 'rig-'" in result.stderr


def test_broker_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    port = free_port()
    run("add-user", "ops", "--role", "operator", "--project", "chapel", "--data", str(tmp_path))
    process = subprocess.Popen([*BROKER, "start", "--data", str(tmp_path), "--port", str(port)], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 20
    while not answers(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert answers(port)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert f"broker on 127.0.0.1:{port}" in said.decode()
    assert not answers(port)

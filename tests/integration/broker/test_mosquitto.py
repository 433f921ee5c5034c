"""The launcher starts, answers, survives and speaks in words when it cannot."""

import socket
from pathlib import Path

import pytest

from broker import mosquitto as launcher
from broker.accounts.access import Credential, User
from broker.mosquitto import (
    BrokerMissingError,
    BrokerPlan,
    BrokerStartError,
    Mosquitto,
    answers,
    find_binary,
    free_port,
)

OPS = Credential.fresh(User.build("ops", "operator", ["chapel"]))


def test_broker_answers_while_it_runs_and_not_after(tmp_path: Path) -> None:
    plan = BrokerPlan(data_dir=tmp_path, port=free_port())
    with Mosquitto(plan, [OPS]) as broker:
        assert answers(plan.port)
        assert broker.pid is not None
    assert not answers(plan.port)
    assert broker.pid is None


def test_password_stands_nowhere_in_plain_and_files_are_the_owners(tmp_path: Path) -> None:
    with Mosquitto(BrokerPlan(data_dir=tmp_path, port=free_port()), [OPS]):
        for path in (tmp_path / "passwords", tmp_path / "acl.conf", tmp_path / "mosquitto.conf"):
            assert OPS.password not in path.read_text()
            assert path.stat().st_mode & 0o077 == 0


def test_port_of_another_broker_is_refused(tmp_path: Path) -> None:
    port = free_port()
    with (
        Mosquitto(BrokerPlan(data_dir=tmp_path / "a", port=port), [OPS]),
        pytest.raises(BrokerStartError, match="taken by another broker"),
    ):
        Mosquitto(BrokerPlan(data_dir=tmp_path / "b", port=port), [OPS]).start()


def test_port_of_another_program_is_told_with_the_brokers_last_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        plan = BrokerPlan(data_dir=tmp_path, port=taken.getsockname()[1])
        with pytest.raises(BrokerStartError, match="Address already in use"):
            Mosquitto(plan, [OPS]).start()


def test_folder_that_cannot_be_written_is_refused_because_persistence_would_silently_not_happen(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(BrokerStartError, match="cannot write"):
        Mosquitto(BrokerPlan(data_dir=blocked, port=free_port()), [OPS]).start()


def test_missing_broker_comes_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(launcher, "_EXTRA_PLACES", ())
    with pytest.raises(BrokerMissingError, match="apt-get install mosquitto"):
        find_binary()


def test_old_broker_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "mosquitto"
    fake.write_text("#!/bin/sh\necho 'mosquitto version 1.6.12'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(BrokerMissingError, match=r"1\.6\.12 is too old"):
        find_binary()

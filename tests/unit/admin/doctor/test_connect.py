"""A CONNECT by hand gets the reason code of a real broker, in plain and in TLS, and nothing from another program."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from admin.certificates import TlsFiles
from admin.doctor.connect import (
    ACCEPTED,
    Listener,
    connect_packet,
    is_open,
    login_reason,
    owner_of,
    served_certificate,
)
from broker.accounts.access import Credential, User
from broker.mosquitto import BrokerPlan, Mosquitto, free_port

NOT_AUTHORIZED = 0x87


def listener(port: int, *, is_tls: bool = False) -> Listener:
    return Listener(bound="127.0.0.1", host="127.0.0.1", port=port, is_tls=is_tls)


@contextmanager
def chatty_program() -> Iterator[int]:
    """A program that answers each connection with something else."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_a_broker_answers_with_its_reason_in_plain_and_in_tls(tmp_path: Path) -> None:
    files = TlsFiles(tmp_path / "tls")
    files.ensure(frozenset({"127.0.0.1"}))
    plan = BrokerPlan(
        data_dir=tmp_path / "broker",
        port=free_port(),
        tls_port=free_port(),
        tls_host="127.0.0.1",
        certificate=files.certificate,
        key=files.key,
    )
    ops = Credential.fresh(User.build("ops", "operator", ["chapel"]))
    with Mosquitto(plan, [ops]) as broker:
        for each in (listener(plan.port), listener(plan.tls_port or 0, is_tls=True)):
            assert login_reason(each, connect_packet()) == NOT_AUTHORIZED
            assert login_reason(each, connect_packet("ops", "wrong")) == NOT_AUTHORIZED
            assert login_reason(each, connect_packet("ops", ops.password)) == ACCEPTED
        assert login_reason(listener(plan.port, is_tls=True), connect_packet()) is None
        served = served_certificate(listener(plan.tls_port or 0, is_tls=True), files.authority, "127.0.0.1")
        assert len(served) > 300
        assert owner_of(plan.port) == f"mosquitto (process {broker.pid})"


def test_another_program_and_a_closed_port_are_no_broker() -> None:
    with chatty_program() as port:
        assert login_reason(listener(port), connect_packet()) is None
        assert is_open("127.0.0.1", port)
    closed = free_port()
    assert login_reason(listener(closed), connect_packet()) is None
    assert not is_open("127.0.0.1", closed)
    assert owner_of(closed) == ""


def test_a_login_that_needs_a_longer_length_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        connect_packet("ops", "x" * 120)

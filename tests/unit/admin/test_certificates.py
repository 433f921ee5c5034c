"""A rig that pins our authority reaches our broker and no other; certificates are renewed in time."""

import datetime as dt
import socket
import ssl
import threading
from pathlib import Path

import pytest

from admin import certificates
from admin.certificates import BadCertificateError, TlsFiles, machine_names
from broker.files import write_durably

NAMES = frozenset({"localhost", "127.0.0.1", "::1", "rig-server.local"})


def handshake(server: TlsFiles, authority: Path, name: str) -> None:
    """One TLS connection in this process; raises what the client says."""
    ours, theirs = socket.socketpair()
    offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offered.load_cert_chain(server.certificate, server.key)

    def serve() -> None:
        with theirs:
            try:
                offered.wrap_socket(theirs, server_side=True).close()
            except (ssl.SSLError, OSError):
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with ours:
            ssl.create_default_context(cafile=authority).wrap_socket(ours, server_hostname=name).close()
    finally:
        thread.join()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_client_that_pins_the_authority_gets_through_at_every_name(tmp_path: Path, name: str) -> None:
    files = TlsFiles(tmp_path / "tls")
    assert files.ensure(NAMES)
    handshake(files, files.authority, name)


def test_another_authority_and_another_name_are_refused(tmp_path: Path) -> None:
    files, others = TlsFiles(tmp_path / "a"), TlsFiles(tmp_path / "b")
    files.ensure(NAMES)
    others.ensure(NAMES)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self-signed|unable to get"):
        handshake(files, others.authority, "localhost")
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        handshake(files, files.authority, "castle.example")


def test_what_is_good_stays_and_a_new_address_or_a_near_end_renews(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = TlsFiles(tmp_path)
    files.ensure(NAMES)
    authority, certificate = files.authority.read_bytes(), files.certificate.read_bytes()
    assert not files.ensure(NAMES)
    assert files.ensure(NAMES | {"192.168.7.7"})
    assert files.certificate.read_bytes() != certificate
    handshake(files, files.authority, "192.168.7.7")
    near = files.expires_at() - dt.timedelta(days=20)
    monkeypatch.setattr(certificates, "_now", lambda: near)
    assert files.ensure(NAMES)
    assert files.authority.read_bytes() == authority


def test_keys_are_the_owners_only(tmp_path: Path) -> None:
    files = TlsFiles(tmp_path)
    files.ensure(NAMES)
    assert {path.name for path in tmp_path.iterdir() if path.stat().st_mode & 0o077} == {"ca.pem", "server.pem"}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    files = TlsFiles(tmp_path)
    files.ensure(NAMES)
    files.certificate.write_text("nonsense")
    with pytest.raises(BadCertificateError, match=r"server\.pem"):
        files.ensure(NAMES)


def test_this_machine_has_a_name_and_loopback() -> None:
    assert {"localhost", "127.0.0.1", "::1", socket.gethostname()} <= machine_names()


def test_a_full_disk_is_one_line_and_the_next_time_heals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = TlsFiles(tmp_path / "tls")
    files.ensure(NAMES)

    def fail(folder: Path, contents: dict[str, bytes], *, mode: int) -> None:
        if "server.pem" in contents:
            raise OSError(28, "No space left on device")
        write_durably(folder, contents, mode=mode)

    monkeypatch.setattr(certificates, "write_durably", fail)
    with pytest.raises(BadCertificateError, match=r"cannot write the certificate in .*tls: No space left on device"):
        files.ensure(NAMES | {"192.168.1.5"})
    monkeypatch.setattr(certificates, "write_durably", write_durably)
    assert files.ensure(NAMES | {"192.168.1.5"})
    handshake(files, files.authority, "192.168.1.5")


def test_a_key_that_is_lost_or_of_another_certificate_is_made_again(tmp_path: Path) -> None:
    files, others = TlsFiles(tmp_path / "a"), TlsFiles(tmp_path / "b")
    files.ensure(NAMES)
    others.ensure(NAMES)
    files.key.unlink()
    assert files.ensure(NAMES)
    files.key.write_bytes(others.key.read_bytes())
    assert files.ensure(NAMES)
    for name in ("ca.pem", "ca.key"):  # an authority of the same name, from a backup
        (files.folder / name).write_bytes((others.folder / name).read_bytes())
    assert files.ensure(NAMES)
    handshake(files, files.authority, "localhost")
    assert not files.ensure(NAMES)

"""Does each port of cairn.toml answer as it should? Ours, in MQTT or TLS as set, and nothing plain on the network."""

import ipaddress
import ssl
from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from admin.doctor.connect import (
    ACCEPTED,
    Listener,
    as_listener,
    connect_packet,
    is_open,
    login_reason,
    owner_of,
    served_certificate,
)
from admin.doctor.findings import Finding, Level, fault, ok
from admin.installation import Installation
from admin.invite import local_address
from broker.config import BadSettingsError, reached_at
from broker.settings import Settings as BrokerSettings

SUBJECT = "listeners"
NOT_RUNNING = "the broker does not run"
_LOOPBACK = "127.0.0.1"  # where `cairn broker start` puts it


def broker_listeners(broker: BrokerSettings) -> list[Listener]:
    """Every MQTT listener of the settings; the native WebSocket one is not among them."""
    is_first_tls = broker.certificate is not None and broker.tls_port is None
    first = Listener(bound=broker.host, host=reached_at(broker.host), port=broker.port, is_tls=is_first_tls)
    if broker.tls_port is None:
        return [first]
    second = Listener(bound=broker.tls_host, host=reached_at(broker.tls_host), port=broker.tls_port, is_tls=True)
    return [first, second]


def is_broker_open(installation: Installation) -> bool:
    """Whether anything listens on one of the broker's ports."""
    return any(is_open(each.host, each.port) for each in broker_listeners(installation.broker))


def is_broker_ours(installation: Installation) -> bool:
    """Whether a broker that knows the operator's account answers where the page looks for it."""
    try:
        return login_reason(as_listener(installation.viewer.broker), _login(installation)) == ACCEPTED
    except BadSettingsError:  # the operator's password cannot be read, which is a finding of its own
        return False


def check_broker_ports(installation: Installation) -> Iterator[Finding]:
    """Check the broker's listeners; one finding alone when it does not run."""
    if not is_broker_open(installation):
        yield fault("broker", NOT_RUNNING, f"start the system: {installation.start}")
        return
    for listener in broker_listeners(installation.broker):
        finding = check_listener(installation, listener)
        yield finding
        if listener.is_tls and finding.level is Level.OK:
            yield from check_handshake(installation, listener)
        if not listener.is_tls:
            yield from check_exposure(listener, local_address())
    yield from check_websocket(installation.broker.websocket_port)


def check_listener(installation: Installation, listener: Listener) -> Finding:
    """Check that our own broker answers there: it knows the operator's account."""
    reason, owner = login_reason(listener, _login(installation)), owner_of(listener.port)
    if reason == ACCEPTED:
        return ok(SUBJECT, f"{listener.shown} answers")
    if reason is not None:
        return fault(
            SUBJECT,
            f"{listener.shown} is a broker that refuses our account ops (reason 0x{reason:02x})",
            f"stop {owner or 'the other broker'}, which has the port; if it is ours, {installation.restart}",
        )
    if not is_open(listener.host, listener.port):
        return fault(SUBJECT, f"nothing listens for {listener.shown}", installation.restart)
    return fault(
        SUBJECT,
        f"{owner or 'another program'} has the port of {listener.shown}, and does not speak that",
        f"stop it, or choose another port than {listener.port} in cairn.toml",
    )


def check_handshake(installation: Installation, listener: Listener) -> Iterator[Finding]:
    """Check the running TLS listener as a rig does, and that it serves the certificate on the disk."""
    name, certificate = local_address(), installation.broker.certificate
    if reached_at(listener.bound) == listener.bound:
        name = listener.bound
    try:
        served = served_certificate(listener, installation.broker.authority, name)
    except ssl.SSLError as exc:
        said = getattr(exc, "verify_message", "") or exc.reason or "no TLS"
        yield fault(
            SUBJECT,
            f"a rig that comes to {name}:{listener.port} refuses the broker: {said}",
            f"see the findings about certificates, then {installation.restart}",
        )
        return
    except OSError:
        return
    if certificate is not None and served != _encoded(certificate.read_bytes()):
        yield fault(
            SUBJECT,
            f"the broker still serves an earlier certificate than {certificate}",
            installation.restart,
        )


def check_websocket(port: int | None) -> Iterator[Finding]:
    """Check the native WebSocket listener, when the settings have one."""
    if port is not None and not is_open(_LOOPBACK, port):
        yield fault(
            SUBJECT, f"nothing listens for MQTT over WebSocket on port {port}", "remove websocket_port, or restart"
        )


def check_exposure(listener: Listener, address: str) -> Iterator[Finding]:
    """Find plain MQTT that other machines reach: passwords pass the network readably."""
    if _is_loopback(address) or login_reason(listener.at(address), connect_packet()) is None:
        return
    yield fault(
        SUBJECT,
        f"plain MQTT answers at {address}:{listener.port}, so passwords can be read in the network",
        'write host = "127.0.0.1" below [broker] and restart; rigs use the port with TLS',
    )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # a name: this machine has no address in a network
        return True


def _login(installation: Installation) -> bytes:
    """The operator's CONNECT; raises BadSettingsError when the password file cannot be read."""
    account = installation.operator
    return connect_packet(account.username, account.secret() or "")


def _encoded(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)

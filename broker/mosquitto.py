"""How is a broker started and fed? Find Mosquitto, write its conf, passwords and ACL, start it, wait, stop it."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Self

import psutil
from pydantic import SecretStr

from broker.accounts.access import Account, Credential, acl
from broker.clients.descriptors import descriptor_limit
from broker.config import Connection, reached_at
from broker.errors import CairnError
from broker.files import write_durably
from broker.topics import TopicSpace

INSTALL_HINT: Final = "install it: apt-get install mosquitto mosquitto-clients (macOS: brew install mosquitto)"
LEAST_VERSION: Final = (2, 0, 11)
LOG_NAME: Final = "mosquitto.log"
READY_TIMEOUT_S: Final = 15.0
_MEMORY_RATIO: Final = 0.6
MOST_CONNECTIONS: Final = 4000  # of one listener: idle sockets of strangers on one leave places on the others
_FIRST_FREE_PORT, _FREE_PORTS = 20_000, 12_000  # Linux gives outgoing connections ports from 32,768 on
_LEAST_CONNECTIONS: Final = 100
_SPARE_DESCRIPTORS: Final = 100
_EXTRA_PLACES: Final = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
_CONNECT_PACKET: Final = bytes.fromhex("100d00044d51545405020005000000")  # MQTT 5 CONNECT, no name, clean start


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One directive of `mosquitto.conf` and why it is there."""

    directive: str
    value: str
    reason: str


LIMITS: Final[tuple[Line, ...]] = (
    Line(directive="per_listener_settings", value="false", reason="one password file and one ACL for every listener"),
    Line(directive="allow_anonymous", value="false", reason="every program and person has a name from the first day"),
    Line(directive="persistence", value="true", reason="queued images and retained shards outlive a restart"),
    Line(
        directive="autosave_interval",
        value="300",
        reason="a save rewrites everything on the main thread (2 GB: 5.7 s); receipts, not the broker, keep images safe",
    ),
    Line(directive="persistent_client_expiration", value="14d", reason="a rig may be switched off for two weeks"),
    Line(directive="max_packet_size", value="33554432", reason="photographs up to 30 MiB; announced to MQTT 5 clients"),
    Line(
        directive="max_keepalive", value="3600", reason="a client that vanished keeps its place for 1.5 hours at most"
    ),
    Line(directive="max_inflight_messages", value="16", reason="bounds memory per slow viewer"),
    Line(
        directive="max_queued_messages",
        value="100000",
        reason="a late joiner silently gets no more retained messages than this (default 1,000)",
    ),
    Line(
        directive="max_queued_bytes", value="0", reason="count, not bytes, is the limit: memory_limit guards the rest"
    ),
    Line(directive="queue_qos0_messages", value="false", reason="health and thumbnails of yesterday help nobody"),
    Line(directive="set_tcp_nodelay", value="true", reason="small receipts and events must not wait for large shards"),
    Line(directive="sys_interval", value="10", reason="$SYS figures for ops every 10 s"),
)


class BrokerMissingError(CairnError):
    """No usable Mosquitto on this machine."""

    code = "broker_missing"
    remedy = "Install Mosquitto 2.0.11 or newer (Debian: `apt install mosquitto`)."


class BrokerStartError(CairnError):
    """Mosquitto did not come up."""

    code = "broker_start_failed"
    remedy = "Read the broker's own words in the message; free its port or folder."


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPlan:
    """Where a broker keeps its files and where it listens.

    Attributes:
        data_dir: holds the conf, hashed passwords, ACL, log and what is persistent.
        port: of the MQTT listener.
        host: address to listen on; `0.0.0.0` lets rigs on the network in.
        certificate: PEM file; with `key` the listener speaks TLS.
        key: PEM file of the private key.
        tls_port: of a second listener; then that one speaks TLS, and the first is plain.
        tls_host: address of the second listener.
        websocket_port: of a native WebSocket listener, on loopback only; browsers use the page server's relay.
        is_persistent: whether queued and retained messages outlive a restart.
        space: the topics that the ACL speaks of.
    """

    data_dir: Path
    port: int
    host: str = "127.0.0.1"
    certificate: Path | None = None
    key: Path | None = None
    tls_port: int | None = None
    tls_host: str = "0.0.0.0"  # noqa: S104 - asked for by tls_port
    websocket_port: int | None = None
    is_persistent: bool = True
    space: TopicSpace = field(default_factory=TopicSpace)

    @property
    def conf(self) -> Path:
        """The generated mosquitto.conf."""
        return self.data_dir / "mosquitto.conf"

    @property
    def probed_host(self) -> str:
        """Where this machine itself reaches the listener."""
        return reached_at(self.host)

    def answers(self) -> bool:
        """Whether a broker answers where this one listens."""
        is_tls = self.certificate is not None and self.tls_port is None
        return answers(self.port, self.probed_host, is_tls=is_tls)

    def most_connections(self, descriptor_count: int) -> int:
        """How many connections each listener may have, so that all of them together leave descriptors free."""
        listener_count = 1 + (self.tls_port is not None) + (self.websocket_port is not None)
        share = (descriptor_count - _SPARE_DESCRIPTORS) // listener_count
        return max(_LEAST_CONNECTIONS, min(MOST_CONNECTIONS, share))

    def certificate_stamp(self) -> tuple[int, ...]:
        """Changes when the certificate or its key is replaced; SIGHUP makes Mosquitto read both again."""
        files = [path for path in (self.certificate, self.key) if path is not None and path.exists()]
        return tuple(path.stat().st_mtime_ns for path in files)

    @property
    def log(self) -> Path:
        """What Mosquitto prints."""
        return self.data_dir / LOG_NAME


class BrokerProcess:
    """One broker that this program started. A subclass sets `_process`; one that does not end in time is killed."""

    stop_timeout_s: ClassVar[float] = 10.0
    _process: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """End the broker in order: it saves what is persistent."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker at once, as a power cut would."""
        self._end(signal.SIGKILL)

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            self._process.wait(self.stop_timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(self.stop_timeout_s)
        self._process = None


class Mosquitto(BrokerProcess):
    """One Mosquitto process of ours. Use as a context manager, or call `start` and `stop`."""

    def __init__(self, plan: BrokerPlan, people: Iterable[Account | Credential]) -> None:
        self.plan = plan
        everybody = list(people)
        self._accounts = [each.account if isinstance(each, Credential) else each for each in everybody]
        self._passwords = {str(each.user.name): each.password for each in everybody if isinstance(each, Credential)}

    def start(self) -> None:
        """Write the files, start the broker and wait until it answers an MQTT CONNECT.

        Raises:
            BrokerMissingError: no Mosquitto, or too old.
            BrokerStartError: it ended at once or does not answer; the message carries its last words.
        """
        binary = find_binary()
        if self.plan.answers():  # it would be taken for ours
            raise BrokerStartError(f"port {self.plan.port} is taken by another broker: stop it or choose another port")
        write_files(self.plan, self._accounts)
        self.plan.log.touch(mode=0o600)
        with self.plan.log.open("ab") as log:
            self._process = subprocess.Popen(
                [binary, "-c", str(self.plan.conf)], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        try:
            self._wait_until_ready()
        except BrokerStartError:
            self.kill()
            raise

    def reload(self, accounts: Iterable[Account]) -> None:
        """Put other accounts in force at once: who was taken away is disconnected, nobody else notices.

        Raises:
            BrokerStartError: the files cannot be written.
        """
        self._accounts = list(accounts)
        write_files(self.plan, self._accounts)
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGHUP)

    def connection(self, name: str) -> Connection:
        """How one of the users whose password was given reaches this broker."""
        password = SecretStr(self._passwords[name])
        return Connection(port=self.plan.port, username=name, password=password, root=self.plan.space.root)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise BrokerStartError(f"mosquitto ended at once: {self._last_words()}")
            if self.plan.answers():
                return
            time.sleep(0.01)
        raise BrokerStartError(
            f"mosquitto does not answer on {self.plan.probed_host}:{self.plan.port}: {self._last_words()}"
        )

    def _last_words(self) -> str:
        lines = self.plan.log.read_text(errors="replace").strip().splitlines()
        return f"{lines[-1] if lines else 'it said nothing'} (see {self.plan.log})"


def find_binary() -> str:
    """The path of a Mosquitto that is new enough.

    Raises:
        BrokerMissingError: none, or an old one; the message has the install command.
    """
    binary = _which("mosquitto")
    shown = subprocess.run([binary, "-h"], capture_output=True, text=True, check=False, timeout=10).stdout
    words = shown.split()
    version = words[words.index("version") + 1] if "version" in words else "unknown"
    numbers = tuple(int(part) for part in version.split(".") if part.isdecimal())
    if numbers < LEAST_VERSION:
        raise BrokerMissingError(f"mosquitto {version} is too old, 2.0.11 or newer is needed; {INSTALL_HINT}")
    return binary


def _which(program: str) -> str:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_EXTRA_PLACES])  # Debian keeps it in sbin
    found = shutil.which(program, path=path)
    if found is None:
        raise BrokerMissingError(f"{program} is not installed; {INSTALL_HINT}")
    return found


def write_files(plan: BrokerPlan, accounts: Iterable[Account]) -> None:
    """Write mosquitto.conf, the password hashes and the ACL into the data folder, readable by the owner only.

    Raises:
        BrokerStartError: the folder cannot be written; persistence would silently never happen.
    """
    everybody = list(accounts)
    files = {
        "acl.conf": acl((each.user for each in everybody), plan.space),
        "passwords": "".join(f"{each.user.name}:{each.password_hash}\n" for each in everybody),
        plan.conf.name: "\n".join(conf_lines(plan)) + "\n",
    }
    try:
        plan.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durably(plan.data_dir, {name: text.encode() for name, text in files.items()}, mode=0o600)
    except OSError as exc:
        raise BrokerStartError(f"cannot write the broker's folder {plan.data_dir}: {exc}") from exc


def conf_lines(plan: BrokerPlan) -> Iterator[str]:
    """Every line of the conf of one plan."""
    yield from limit_lines()
    yield f"persistence {str(plan.is_persistent).lower()}"
    yield f"persistence_location {plan.data_dir.resolve()}/"
    yield f"password_file {plan.data_dir.resolve() / 'passwords'}"
    yield f"acl_file {plan.data_dir.resolve() / 'acl.conf'}"
    yield "log_dest stderr"
    if os.geteuid() == 0:
        yield "user root"  # else it drops to `mosquitto`, which cannot write into our folder
    yield from listener_lines(plan)


def limit_lines() -> Iterator[str]:
    """The limits, without persistence: where that goes is a broker's own."""
    yield from (f"{line.directive} {line.value}" for line in LIMITS if line.directive != "persistence")
    yield f"memory_limit {int(psutil.virtual_memory().total * _MEMORY_RATIO)}"


def listener_lines(plan: BrokerPlan, descriptor_count: int | None = None) -> Iterator[str]:
    """Where a broker listens, and how many connections its descriptors allow; by default those of a child of ours."""
    most = f"max_connections {plan.most_connections(descriptor_count or descriptor_limit())}"
    yield f"listener {plan.port} {plan.host}"
    yield most
    if plan.tls_port is not None:
        yield f"listener {plan.tls_port} {plan.tls_host}"
        yield most
    if plan.certificate is not None and plan.key is not None:  # of the listener named last
        yield f"certfile {plan.certificate.resolve()}"
        yield f"keyfile {plan.key.resolve()}"
    if plan.websocket_port is not None:
        yield f"listener {plan.websocket_port} 127.0.0.1"
        yield most
        yield "protocol websockets"


def answers(port: int, host: str = "127.0.0.1", *, is_tls: bool = False, timeout_s: float = 1.0) -> bool:
    """Whether an MQTT broker answers a CONNECT there, be it with a refusal."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as plain:
            connection = _unverified().wrap_socket(plain) if is_tls else plain
            with connection:
                connection.sendall(_CONNECT_PACKET)
                return connection.recv(1) == b"\x20"
    except OSError:
        return False


def _unverified() -> ssl.SSLContext:
    """TLS to our own broker, to learn whether it runs; clients check its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def free_port() -> int:
    """A port of this machine that nothing listens on; below those that the system gives to outgoing connections."""
    while True:
        port = _FIRST_FREE_PORT + secrets.randbelow(_FREE_PORTS)  # not `random`: programs beside us may share its seed
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port

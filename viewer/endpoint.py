"""How fast is the WebSocket address that browsers use? One mebibyte, timed there and by TCP."""

import asyncio
import secrets
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from broker.config import Connection, reached_at
from broker.contract import MAX_PROBE_BYTES, PROBE
from broker.errors import CairnError
from broker.ids import ProjectId, level_of_account
from broker.live import BrokerLostError, Follower, follow
from viewer.config import Settings

FAST_S: Final = 2.0  # a shard of the largest size then comes within a second
PATIENCE_S: Final = 40.0  # Mosquitto 2.0's own listener takes 25 s
_PORTS: Final = {"ws": 80, "wss": 443}


class BadEndpointError(CairnError):
    """An address that is not a WebSocket's, or a user who cannot measure."""

    code = "bad_endpoint"
    remedy = "Write the address like ws://host:8080/mqtt, and name a viewer's account."


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointReport:
    """What was measured.

    Attributes:
        url: the WebSocket address.
        websocket_s: seconds for one MiB there; None: not within `PATIENCE_S`.
        tcp_s: the same on the broker's TCP port; None likewise.
        problem: why there is no figure at all: the address did not let us in.
    """

    url: str
    websocket_s: float | None
    tcp_s: float | None
    problem: str | None = None

    @property
    def is_fast(self) -> bool:
        """Whether browsers can be sent there."""
        return self.websocket_s is not None and self.websocket_s < FAST_S

    @property
    def found(self) -> str:
        """What was measured, for people."""
        if self.problem is not None:
            return f"{self.url} cannot be used: {self.problem}"
        return f"{self.url} carries 1 MiB {_pace(self.websocket_s)}; TCP {_pace(self.tcp_s)}"

    @property
    def advice(self) -> str:
        """What to do."""
        if self.problem is not None:
            return "start the page server (`cairn up`, `cairn view serve`) and let the page connect to its /mqtt"
        if self.is_fast:
            return "keep this address for browsers"
        if self.tcp_s is None or self.tcp_s >= FAST_S:
            return "the broker or the network itself is slow: look at its load, then measure again"
        return (
            "too slow for browsers, while the broker itself is fast: Mosquitto 2.0's own WebSocket listener sends 4 KB at "
            'a time. Let the page connect to the page server\'s relay: set viewer.mqtt_url to "/mqtt" (the default), or '
            "use Mosquitto 2.1 or newer"
        )


async def measure_endpoint(
    url: str, connection: Connection, project: ProjectId, authority: Path | None = None
) -> EndpointReport:
    """Send 1 MiB to ourselves, once back by TCP and once by WebSocket; nothing is retained.

    Args:
        url: where browsers connect, for example `ws://127.0.0.1:8080/mqtt`.
        connection: the broker's TCP port, and a viewer or contributor of the project.
        project: where to write.
        authority: of a wss:// address; None: the broker's, else the authorities of this machine.

    Raises:
        BadEndpointError: the address is not ws:// or wss://, or there is no user name.
        BrokerLostError: the broker cannot be reached by TCP, or refuses the message.
    """
    browser = by_websocket(url, connection, authority)
    if connection.username is None:
        raise BadEndpointError("say who measures: a viewer's or contributor's name in broker.username")
    tcp_s = await _time(connection, connection, project)
    try:
        return EndpointReport(url=url, websocket_s=await _time(browser, connection, project), tcp_s=tcp_s)
    except BrokerLostError as exc:
        return EndpointReport(url=url, websocket_s=None, tcp_s=tcp_s, problem=exc.sentence)


def by_websocket(url: str, connection: Connection, authority: Path | None = None) -> Connection:
    """The same account by WebSocket; wss:// is checked by this authority, the broker's, or those of this machine.

    Raises:
        BadEndpointError: the address is not ws:// or wss://.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise BadEndpointError(f"{url!r} is not a WebSocket's address: write it like ws://host:8080/mqtt")
    changed = {
        "host": parts.hostname,
        "port": parts.port or _PORTS[parts.scheme],
        "websocket_path": parts.path or "/",
        "ca_file": (authority or connection.ca_file or _machine_authorities()) if parts.scheme == "wss" else None,
    }
    return connection.model_copy(update=changed)


async def _time(reader: Connection, writer: Connection, project: ProjectId) -> float | None:
    """Seconds from publication by TCP to arrival at the reader, or None when patience ran out."""
    user = level_of_account(writer.username or "")
    probe = PROBE.outgoing(writer.space, project, secrets.token_bytes(MAX_PROBE_BYTES), user=user)
    async with follow(reader) as receiving, follow(writer) as sending:
        await receiving.subscribe(probe.topic)
        begin_s = time.monotonic()
        await sending.publish(probe)
        return time.monotonic() - begin_s if await _arrives(receiving, probe.payload) else None


async def _arrives(receiving: Follower, payload: bytes) -> bool:
    """Whether our probe comes; another measurement of the same account uses the same topic."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for message in receiving.messages():
                if message.payload == payload:
                    return True
    except TimeoutError:
        pass
    return False


def _machine_authorities() -> Path | None:
    found = ssl.get_default_verify_paths().cafile
    return None if found is None else Path(found)


def endpoint_url(settings: Settings) -> str:
    """Where the page connects, as seen from this machine."""
    if urlsplit(settings.mqtt_url).netloc:
        return settings.mqtt_url
    host = local_name(settings)
    shown = f"[{host}]" if ":" in host else host
    scheme = "ws" if settings.certificate is None else "wss"
    return f"{scheme}://{shown}:{settings.port}{settings.mqtt_url}"


def local_name(settings: Settings) -> str:
    """Where this machine reaches the page: by its address, or by the name that a certificate of others is for."""
    if settings.certificate is not None and settings.authority is None and settings.hosts:
        return settings.hosts[0]
    return reached_at(settings.host)


def _pace(seconds: float | None) -> str:
    """How long one MiB took and how fast that is, in units that fit: milliseconds, and MB (10^6 bytes) a second."""
    if seconds is None:
        return f"in more than {PATIENCE_S:.0f} s"
    took = f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
    return f"in {took} ({MAX_PROBE_BYTES / 1e6 / max(seconds, 1e-6):.3g} MB/s)"

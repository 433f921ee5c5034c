"""Why does this rig not work? Checks of camera, disk, clock, broker and permissions, each with a remedy."""

import asyncio
import os
import socket
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psutil

from broker.clients.unreached import why_unreached
from broker.config import Connection
from broker.delivery import Delivery
from broker.errors import CairnError
from broker.ids import Verb, fresh_client_id
from broker.images.thumbnails import thumbnail
from broker.live import ask, fresh_connection_id, fresh_request_id
from broker.messages import Request, Response
from broker.printable import printable
from edge_agent.cameras.plan import CameraPlan
from edge_agent.cameras.watched import WatchedCamera
from edge_agent.config import Settings
from edge_agent.control.machine import read_state
from edge_agent.membership import check_membership

CONNECT_TIMEOUT_S: Final = 5.0
MIB: Final = 1024 * 1024
LITTLE_ROOM_BYTES: Final = 1024 * MIB
SLOW_DISK_S: Final = 1.0
PROBE_BYTES: Final = 4 * MIB
HOT_DEG: Final = 80.0
TOLERATED_CLOCK_S: Final = 5.0
SOON: Final = timedelta(days=14)  # a server that runs renews its certificate 30 days before its end
_SYNCHRONISE: Final = "switch time synchronisation on: `sudo timedatectl set-ntp true`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check, with a remedy when it is bad."""

    subject: str
    is_fine: bool
    words: str

    def line(self) -> str:
        """The result as one line for people."""
        return f"{'ok  ' if self.is_fine else 'BAD '} {self.subject:<12} {printable(self.words)}"


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Run every check, even after one failed."""
    checks: tuple[tuple[str, Callable[[Settings], Awaitable[Finding]]], ...] = (
        ("settings", check_settings),
        ("disk", check_disk),
        ("machine", check_machine),
        ("camera", check_camera),
        ("certificate", check_certificate),
        ("broker", check_broker),
        ("project", check_project),
    )
    for subject, check in checks:
        try:
            yield await check(settings)
        except CairnError as exc:
            yield Finding(subject=subject, is_fine=False, words=exc.sentence)


async def check_settings(settings: Settings) -> Finding:
    """Check that the rig has a project and a name."""
    project, name = settings.named()
    camera = settings.camera or "not chosen"
    return Finding(subject="settings", is_fine=True, words=f"{name} of project {project}, camera {camera}")


async def check_disk(settings: Settings) -> Finding:
    """Check that photographs can be kept, and how fast."""
    return await asyncio.to_thread(_probe_disk, settings)


async def check_machine(settings: Settings) -> Finding:
    """Check temperature, power supply and clock."""
    del settings
    state = await asyncio.to_thread(read_state)
    troubles = []
    if state.is_throttled:
        troubles.append("it is throttled: use a better power supply or cool it")
    if state.temperature_deg is not None and state.temperature_deg > HOT_DEG:
        troubles.append(f"it is {state.temperature_deg:.0f} °C hot: give it air")
    if state.is_clock_synchronised is False:
        troubles.append(f"the clock is not synchronised, so times in EXIF may be wrong: {_SYNCHRONISE}")
    return Finding(
        subject="machine", is_fine=not troubles, words="; ".join(troubles) or "temperature, power and clock are fine"
    )


async def check_camera(settings: Settings) -> Finding:
    """Check that the camera takes a photograph."""
    camera = WatchedCamera(
        CameraPlan.of(settings), shot_timeout_s=settings.shot_timeout_s, start_timeout_s=settings.start_timeout_s
    )
    began_s = time.monotonic()
    async with camera:
        photograph = await camera.capture()
    if photograph is None:
        return Finding(subject="camera", is_fine=True, words=f"{settings.camera}: nothing to take yet")
    is_image = await asyncio.to_thread(thumbnail, photograph.content) is not None
    words = f"{settings.camera}: {len(photograph.content) / MIB:.1f} MiB in {time.monotonic() - began_s:.1f} s"
    return Finding(subject="camera", is_fine=is_image, words=words if is_image else f"{words}, but it is no image")


async def check_certificate(settings: Settings) -> Finding:
    """Check the authority that this rig pins, and until when the broker's certificate is good."""
    return await asyncio.to_thread(_probe_certificate, settings.broker)


async def check_broker(settings: Settings) -> Finding:
    """Check that the broker accepts the account, and its limit of message size."""
    async with _connected(settings) as delivery:
        state = await delivery.wait_connected(CONNECT_TIMEOUT_S)
    limit = f", messages up to {state.limits.max_packet_bytes / MIB:.0f} MiB"
    return Finding(
        subject="broker",
        is_fine=True,
        words=f"{settings.broker.host}:{settings.broker.port} accepts the account{limit}",
    )


async def check_project(settings: Settings) -> Finding:
    """Check that the reconstructor answers, which needs the account's permissions, too, and compare its clock."""
    project, name = settings.named()
    connection = fresh_connection_id()
    request = Request(project=project, id=fresh_request_id(), verb=Verb.PING, connection=connection)
    async with _connected(settings) as delivery:
        await check_membership(delivery, settings)
    began_s = time.monotonic()
    response = await ask(settings.broker, project, request, user=name, timeout_s=CONNECT_TIMEOUT_S)
    took_s = time.monotonic() - began_s
    words, ahead_s = f"the reconstructor answered in {took_s * 1000:.0f} ms", clock_ahead_s(response, took_s)
    is_fine = abs(ahead_s) <= TOLERATED_CLOCK_S
    if not is_fine:
        where = f"{abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'}"
        words += f"; the clock of this rig is {where} the reconstructor's: {_SYNCHRONISE}"
    return Finding(subject="project", is_fine=is_fine, words=words)


def clock_ahead_s(response: Response, took_s: float) -> float:
    """By how much our clock is ahead: the reconstructor's stamp lies in the middle of the round trip."""
    return (response.request_sent_at - response.received_at).total_seconds() + took_s / 2


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Delivery]:
    """A connection that stands; raises like `Delivery.wait_connected`."""
    _, name = settings.named()
    client_id = fresh_client_id("edge-doctor", name)
    async with Delivery(settings.broker, client_id=client_id, session_expiry_s=0) as delivery:
        await delivery.wait_connected(CONNECT_TIMEOUT_S, is_patient=False)
        yield delivery


def _probe_certificate(broker: Connection) -> Finding:
    if broker.ca_file is None:
        words = "none is pinned: MQTT is plain, for one machine or a network that you trust"
        return Finding(subject="certificate", is_fine=True, words=words)
    try:
        context = ssl.create_default_context(cafile=broker.ca_file)
    except OSError as exc:
        words = f"cannot read the pinned authority {broker.ca_file}: {exc.strerror}; join again with a new invitation"
        return Finding(subject="certificate", is_fine=False, words=words)
    ends_at = min(_ends_at(str(each["notAfter"])) for each in context.get_ca_certs())
    found = f"the pinned authority is good until {ends_at:%Y-%m-%d}"
    is_fine = ends_at - datetime.now(UTC) > SOON
    try:
        with (
            socket.create_connection((broker.host, broker.port), CONNECT_TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=broker.host) as encrypted,
        ):
            shown = encrypted.getpeercert() or {}
    except ssl.SSLError as exc:
        return Finding(subject="certificate", is_fine=False, words=f"{found}; {why_unreached(broker, exc)}")
    except OSError:  # the next check says why
        return Finding(subject="certificate", is_fine=is_fine, words=f"{found}; the broker's own could not be seen")
    ends_at = _ends_at(str(shown["notAfter"]))
    is_fine = is_fine and ends_at - datetime.now(UTC) > SOON
    advice = "" if is_fine else ": on the server, restart `cairn up`, which renews it"
    return Finding(
        subject="certificate",
        is_fine=is_fine,
        words=f"{found}, the broker's certificate until {ends_at:%Y-%m-%d}{advice}",
    )


def _ends_at(text: str) -> datetime:
    """The time that OpenSSL writes like `Jan  5 09:34:43 2028 GMT`."""
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)


def _probe_disk(settings: Settings) -> Finding:
    folder = settings.spool_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        seconds = _write_probe(folder)
        free_bytes = psutil.disk_usage(str(folder)).free
    except OSError as exc:
        words = f"cannot write to {folder}: {exc.strerror}; check its owner and that the disk is not read-only"
        return Finding(subject="disk", is_fine=False, words=words)
    room_bytes = free_bytes - settings.reserve_bytes
    words = f"room for {max(0, room_bytes) / MIB:.0f} MiB in {folder}, 4 MiB are safe in {seconds:.2f} s"
    if room_bytes < LITTLE_ROOM_BYTES:
        return Finding(subject="disk", is_fine=False, words=f"{words}: free some space")
    if seconds > SLOW_DISK_S:
        return Finding(subject="disk", is_fine=False, words=f"{words}: the card is slow or worn, replace it")
    return Finding(subject="disk", is_fine=True, words=words)


def _write_probe(folder: Path) -> float:
    began_s = time.monotonic()
    with tempfile.NamedTemporaryFile(dir=folder, prefix="doctor-") as probe:
        probe.write(bytes(PROBE_BYTES))
        probe.flush()
        os.fsync(probe.fileno())
    return time.monotonic() - began_s

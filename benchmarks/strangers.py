"""What can strangers and hostile members do to a running system? `python -m benchmarks.strangers`, about three minutes.

Broker, reconstructor and page are the real programs of `cairn up`, on free ports of this machine, with the descriptors that
our systemd units allow (`LimitNOFILE=65536`; less where this shell's hard limit is lower). All attackers are addresses of
loopback, 127.0.0.x, because a stranger with one address alone is held back by the limits per address.
One line of JSON last; exit code 1 when something could not be measured.

- `login_s_beside_1100_idle`: 1,100 sockets that say nothing, or half a request, stand at the page and 1,100 at the broker's
  listener for rigs. The slowest of several logins meanwhile: by HTTP, by MQTT over TLS, and by MQTT through the page.
- `guesses_let_through`: 3,000 wrong passwords in 60 s from one address, half by HTTP and half through `/mqtt`, each for
  another name, which is the attacker's best choice; how many the broker was asked, by its own log.
- `viewer_retained_mb`: a viewer retains what it can, wherever it may write, for 20 s; what the broker holds more some seconds
  later, by its `$SYS/broker/store/messages/bytes`, in MiB.
- `held_ratio_of_upload`: a contributor announces 2 MiB and sends 300 overlapping pieces; the most that the files of the
  project's folder held meanwhile, without its database, as a multiple of 2 MiB.
"""

import argparse
import asyncio
import contextlib
import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from pydantic import SecretStr

from admin.system import Ports, System
from broker.accounts.access import User
from broker.channel import Channel, Role
from broker.clients.descriptors import descriptor_limit, raise_descriptor_limit
from broker.config import Connection
from broker.contract import CHANNELS, PRESENCE, UPLOAD_BEGIN, UPLOAD_PIECE
from broker.delivery import Delivery
from broker.errors import CairnError
from broker.ids import ImageId, Offset, ProjectId, SenderId, UserId, Verb, fresh_client_id
from broker.live import follow, fresh_connection_id
from broker.logs import LogLevel, configure
from broker.messages import Presence, UploadBegin
from broker.mosquitto import free_port
from broker.outgoing import Outgoing
from broker.topics import LevelValue
from tests.integration.viewer.conftest import basic

PROJECT: Final = ProjectId("chapel")
MIB: Final = 1024 * 1024
IDLE_COUNT: Final = 1100
PER_ADDRESS: Final = 100
GUESS_COUNT: Final = 3000
GUESS_S: Final = 60.0
GUESSER: Final = "127.0.0.77"
RETAIN_S: Final = 20.0
RETAIN_AT_ONCE: Final = 8
SETTLE_S: Final = 25.0  # $SYS comes every 10 s
UPLOAD_BYTES: Final = 2 * MIB
PIECE_COUNT: Final = 300
_PIECE_BYTES: Final = MIB
_PAYLOAD_BYTES: Final = (4 * MIB, MIB, 64 * 1024, 1024)
_PATIENCE_S: Final = 60.0
_REFUSED: Final = b"not authorised"
_STORE: Final = "$SYS/broker/store/messages/bytes"
_MEMBERS: Final = {"vera": Role.VIEWER, "paul": Role.VIEWER, "anna": Role.CONTRIBUTOR, "olga": Role.OBSERVER}


class NotMeasuredError(CairnError):
    """The system did not come up, or the attack did not take place."""

    code = "not_measured"
    remedy = "Read what the message names; run it on a machine that does nothing else."


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A running system, and the passwords of its members."""

    system: System
    ports: Ports
    password_by_name: dict[str, str]

    @property
    def page(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self.ports.page}"

    def by_tcp(self, name: str) -> Connection:
        """A member at the broker's loopback listener."""
        password = SecretStr(self.password_by_name[name])
        return Connection(port=self.ports.mqtt, username=name, password=password)

    def by_tls(self, name: str) -> Connection:
        """A member at the listener for rigs."""
        changed = {"port": self.ports.tls, "ca_file": self.system.tls.authority}
        return self.by_tcp(name).model_copy(update=changed)

    def by_relay(self, name: str) -> Connection:
        """A member through the page."""
        return self.by_tcp(name).model_copy(update={"port": self.ports.page, "websocket_path": "/mqtt"})

    def head(self, name: str) -> dict[str, str]:
        """A member's login by HTTP."""
        return basic(name, self.password_by_name[name])


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Target]:
    """A system as `cairn init` and `cairn up` make it, with some members."""
    system, ports = System(folder), Ports(mqtt=free_port(), tls=free_port(), page=free_port())
    system.add_project(PROJECT, ports)
    passwords = {name: system.book.add(User.build(name, role, [PROJECT])).password for name, role in _MEMBERS.items()}
    variables = {"CAIRN_RECONSTRUCTOR_BLACK_BOX": "tests.black_boxes:instant"}
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "cairn", "up", "--folder", str(folder)],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])} | variables,
            stdout=said,
            stderr=said,
        )
        try:
            yield Target(system=system, ports=ports, password_by_name=passwords)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_PATIENCE_S)


async def wait_until_ready(target: Target) -> None:
    """Wait for all three programs."""
    deadline_s = time.monotonic() + _PATIENCE_S
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline_s:
            with contextlib.suppress(aiohttp.ClientError):
                address = f"{target.page}/projects/{PROJECT}/status"
                async with session.get(address, headers=target.head("paul")) as answer:
                    if answer.status == 200 and (await answer.json())["reconstructor"] == "ready":
                        return
            await asyncio.sleep(0.5)
    raise NotMeasuredError(f"the system did not come up: {(target.system.folder / 'said').read_text()[-500:]}")


@contextlib.asynccontextmanager
async def idle_sockets(port: int) -> AsyncIterator[list[asyncio.StreamReader]]:
    """So many connections that say nothing, every other one half a request."""
    opened = []
    for number in range(IDLE_COUNT):
        address = f"127.0.0.{2 + number // PER_ADDRESS}"
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
        if number % 2:
            writer.write(b"GET / HTTP/1.1\r\nHost: 127")
        opened.append((reader, writer))
    try:
        yield [reader for reader, _ in opened]
    finally:
        for _, writer in opened:
            writer.transport.abort()
        await asyncio.sleep(
            1
        )  # their descriptors are free again: a client that waits by select() takes none above 1,024


async def log_in_by_http(target: Target, name: str) -> None:
    """One login that the page server does not remember."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{target.page}/projects", headers=target.head(name)) as answer,
    ):
        if answer.status != 200:
            raise NotMeasuredError(f"a right login is answered {answer.status}")


async def log_in_by_mqtt(connection: Connection) -> None:
    """One login at the broker."""
    async with follow(connection):
        pass


async def measure_logins(target: Target) -> dict[str, float | str]:
    """Seconds of the slowest login beside the idle sockets."""
    if target.ports.tls is None:
        raise AssertionError
    # The page closes a connection without a request after 10 s: it stands at the page last.
    async with idle_sockets(target.ports.tls) as at_broker, idle_sockets(target.ports.page) as at_page:
        here = sum(not each.at_eof() for each in at_page), sum(not each.at_eof() for each in at_broker)
        logins: list[Awaitable[None]] = []
        for name in ("vera", "anna", "olga"):
            logins += [log_in_by_http(target, name), log_in_by_mqtt(target.by_relay(name))]
            logins += [log_in_by_mqtt(target.by_tls(name)), log_in_by_mqtt(target.by_tcp(name))]
        seconds = [await _timed(login) for login in logins]
        still = sum(not each.at_eof() for each in at_page), sum(not each.at_eof() for each in at_broker)
    if min(here) < IDLE_COUNT:
        raise NotMeasuredError(f"only {here} idle sockets stood at page and broker")
    return {
        "login_s_beside_1100_idle": round(max(seconds), 3),
        "logins": len(seconds),
        "idle_at_page_and_broker_after": f"{still[0]} + {still[1]}",
    }


async def _timed(login: Awaitable[None]) -> float:
    began_s = time.monotonic()
    async with asyncio.timeout(_PATIENCE_S):
        await login
    return time.monotonic() - began_s


async def measure_guesses(target: Target) -> dict[str, int]:
    """How many of the wrong passwords reach the broker."""
    log = target.system.data / "broker" / "mosquitto.log"
    before, began_s = log.read_bytes().count(_REFUSED), time.monotonic()
    connector = aiohttp.TCPConnector(local_addr=(GUESSER, 0), limit=100)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for number in range(GUESS_COUNT):
            group.create_task(_guess(session, target, number))
            await asyncio.sleep(max(0.0, began_s + number * GUESS_S / GUESS_COUNT - time.monotonic()))
    await asyncio.sleep(1)
    return {
        "guesses_let_through": log.read_bytes().count(_REFUSED) - before,
        "guesses": GUESS_COUNT,
        "guessing_s": round(time.monotonic() - began_s - 1),
    }


async def _guess(session: aiohttp.ClientSession, target: Target, number: int) -> None:
    """One wrong password; what comes back does not matter, the broker's log counts."""
    name = f"guess{number}"
    with contextlib.suppress(aiohttp.ClientError, TypeError, TimeoutError):
        if number % 2:
            async with session.get(f"{target.page}/projects", headers=basic(name, "wrong")):
                return
        async with session.ws_connect(f"{target.page}/mqtt", protocols=("mqtt",)) as socket:
            await socket.send_bytes(connect_packet(name, "wrong"))
            await socket.receive(timeout=10)


def connect_packet(name: str, password: str) -> bytes:
    """An MQTT 5 CONNECT with name and password."""
    parts = b"".join(len(each).to_bytes(2, "big") + each.encode() for each in ("guess", name, password))
    body = b"\x00\x04MQTT\x05\xc2\x00\x1e\x00" + parts
    return bytes([0x10, len(body)]) + body


async def measure_retained(target: Target) -> dict[str, float]:
    """How much more the broker holds after a viewer retained what it could."""
    before = await stored_bytes(target)
    deadline_s, counts = time.monotonic() + RETAIN_S, [0, 0]
    async with asyncio.TaskGroup() as group:
        for _ in range(RETAIN_AT_ONCE):
            group.create_task(_retain(target, deadline_s, counts))
    if counts[0] == 0:
        raise NotMeasuredError("the broker acknowledged nothing of the hostile viewer")
    await asyncio.sleep(SETTLE_S)
    after = await stored_bytes(target)
    return {
        "viewer_retained_mb": round((after - before) / MIB, 3),
        "viewer_messages_acknowledged": counts[0],
        "viewer_messages_refused": counts[1],
    }


async def _retain(target: Target, deadline_s: float, counts: list[int]) -> None:
    connection = target.by_relay("vera").model_copy(update={"port": target.ports.mqtt, "websocket_path": None})
    topics = hostile_topics(connection)
    async with Delivery(connection, client_id=fresh_client_id("hostile", "vera"), session_expiry_s=0) as delivery:
        await delivery.wait_connected(10)
        number = 0
        while time.monotonic() < deadline_s:
            make_topic = topics[number % len(topics)]
            payload = os.urandom(_PAYLOAD_BYTES[number // len(topics) % len(_PAYLOAD_BYTES)])
            attack = Outgoing(topic=make_topic(), payload=payload, is_retained=True)
            number += 1
            for outgoing in (attack, valid_presence(connection)):
                try:
                    await delivery.publish(outgoing, 10)
                except CairnError:
                    counts[1] += 1
                else:
                    counts[0] += 1


def valid_presence(connection: Connection) -> Outgoing:
    """What no reader can refuse: a presence as the contract has it, made as long as it may be by an unknown field."""
    here = fresh_connection_id()
    presence = Presence(project=PROJECT, user=UserId("vera"), connection=here, program="")
    padding = "x" * (PRESENCE.max_bytes - len(presence.encode()) - len(b',"padding":""'))
    body = json.dumps(json.loads(presence.encode()) | {"padding": padding}, separators=(",", ":")).encode()
    topic = connection.space.topic(PROJECT, PRESENCE.template, user="vera", connection=here)
    return Outgoing(topic=topic, payload=body, is_retained=True)


def hostile_topics(connection: Connection) -> list[Callable[[], str]]:
    """Makes fresh topics of every channel that a viewer may write."""
    return [_maker(connection, channel) for channel in CHANNELS if Role.VIEWER in channel.writers]


def _maker(connection: Connection, channel: Channel) -> Callable[[], str]:
    verbs = itertools.cycle(Verb)

    def make() -> str:
        levels: dict[str, LevelValue] = {name: fresh_connection_id() for name in channel.template.level_names}
        known = {"user": "vera", "verb": next(verbs)}
        levels |= {name: value for name, value in known.items() if name in levels}
        return connection.space.topic(PROJECT, channel.template, **levels)

    return make


async def stored_bytes(target: Target) -> int:
    """What the broker holds, by its own newest figure."""
    async with follow(target.by_tcp("olga")) as follower:
        await follower.subscribe(_STORE)
        found: list[int] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(11):  # the retained figure, and the next one when it has changed
                async for message in follower.messages():
                    found.append(int(message.payload))
                    if len(found) > 1:
                        break
    if not found:
        raise NotMeasuredError(f"the broker tells no {_STORE}")
    return found[-1]


async def measure_upload(target: Target) -> dict[str, float]:
    """How much the project's folder holds while overlapping pieces come."""
    body = os.urandom(UPLOAD_BYTES)
    digest = hashlib.sha256(body).hexdigest()
    image_id = ImageId.build(session="hostile", sequence=1, sha256=digest)
    sender = SenderId("anna")
    begin = UploadBegin(
        project=PROJECT,
        image_id=image_id,
        size_bytes=UPLOAD_BYTES,
        sha256=digest,
        content_type="image/jpeg",
        piece_bytes=_PIECE_BYTES,
    )
    connection, folder = target.by_tls("anna"), target.system.data / "reconstructor" / PROJECT
    before = most = folder_bytes(folder)
    async with Delivery(connection, client_id=fresh_client_id("hostile", "anna"), session_expiry_s=0) as delivery:
        await delivery.wait_connected(10)
        await delivery.publish(
            UPLOAD_BEGIN.outgoing(connection.space, PROJECT, begin, sender=sender, image_id=image_id), 10
        )
        for offset in range(PIECE_COUNT):
            piece = body[offset : offset + _PIECE_BYTES]
            outgoing = UPLOAD_PIECE.outgoing(
                connection.space, PROJECT, piece, sender=sender, image_id=image_id, offset=Offset(offset)
            )
            await delivery.publish(outgoing, 30)
            if offset % 20 == 0:
                most = max(most, await asyncio.to_thread(folder_bytes, folder))
    await asyncio.sleep(5)
    held = max(most, folder_bytes(folder)) - before
    if held == 0:
        raise NotMeasuredError("no piece of the hostile upload was kept: it was not taken at all")
    return {"held_ratio_of_upload": round(held / UPLOAD_BYTES, 3), "pieces": PIECE_COUNT}


def folder_bytes(folder: Path) -> int:
    """What the files of a project's folder hold, without its database."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() and ".sqlite" not in path.name else 0
    return total


async def measure(target: Target) -> dict[str, object]:
    """All figures."""
    await wait_until_ready(target)
    figures: dict[str, object] = {}
    for part in (measure_logins, measure_upload, measure_retained, measure_guesses):
        figures |= await part(target)
        print(part.__name__, figures, file=sys.stderr)
    return figures | {"descriptors": descriptor_limit()}


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    configure(level=LogLevel.ERROR)
    raise_descriptor_limit()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder).resolve()) as target:
        try:
            figures = asyncio.run(measure(target))
        except (CairnError, OSError, TimeoutError) as exc:
            sys.exit(f"not measured: {exc!r}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

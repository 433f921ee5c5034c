"""How does an input reach the programs? By the account's own connection, and then it is seen whether all goes on."""

import asyncio
import contextlib
import hashlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from broker.clients.refusals import PublishRefusedError
from broker.contract import IMAGE
from broker.live import BrokerLostError, Follower, follow
from broker.messages import ReceiptStatus, UploadAcknowledged
from broker.outgoing import Outgoing
from broker.topics import TopicSpace
from tests.photographs import photograph
from tests.siege.escapes import FOREIGN_FILES, Files, LogReader
from tests.siege.programs import CASTLE, CHAPEL, Programs, wait_listening
from tests.siege.witness import Witness

SPACE: Final = TopicSpace()
START_S: Final = 60.0
ANSWER_S: Final = 60.0  # a machine that others use is no hang; `longest_receipt_s` says what is slow
PLACED_S: Final = 60.0
UNDISTURBED_S: Final = 10.0  # two processors, a black box's start included
PAGE_S: Final = 5.0


class HangError(Exception):
    """Something that must be answered was not."""


class EscapeError(Exception):
    """Something reached a place where it does not belong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One hostile input; `strike` delivers it and returns the seconds until its receipt, if it gets one.

    Raises of `strike`:
        HangError: no answer came.
        EscapeError: another project's bytes or a foreign file came.
    """

    kind: str
    name: str
    strike: Callable[["Assault"], Awaitable[float | None]]


class Assault:
    """The connections of attackers, of good senders and of the witness, on running programs."""

    def __init__(self, programs: Programs, witness: Witness) -> None:
        self.programs, self.witness = programs, witness
        self.castle_digests: set[str] = set()
        self.stolen: list[str] = []  # topics of the castle that an account of the chapel was given
        self.beside_s: list[float] = []  # receipts of another sender while a bomb was being refused
        self._followers: dict[str, tuple[contextlib.AsyncExitStack, Follower]] = {}
        self._numbers = itertools.count(1)
        self.logs = LogReader(programs.logs)
        self.files = Files(programs)

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, programs: Programs) -> AsyncIterator["Assault"]:
        """Begin once both projects take images and the first cloud of each is there."""
        async with Witness.of(programs.connection("ops"), CHAPEL, CASTLE) as witness:
            assault = cls(programs, witness)
            for project in (CHAPEL, CASTLE):
                if not await witness.until(lambda project=project: witness.is_ready(project), START_S):  # type: ignore[misc]
                    raise HangError(f"{project} did not become ready")
            await asyncio.to_thread(wait_listening, programs.page_port, START_S)
            try:
                yield assault
            finally:
                for stack, _ in assault._followers.values():
                    with contextlib.suppress(BrokerLostError, TimeoutError):
                        await stack.aclose()

    async def publish(self, user: str, topic: str, payload: bytes, *, is_retained: bool = False) -> None:
        """Publish as this account; a broker that refuses the message, or ends the connection for it, is right to do so."""
        outgoing = Outgoing(topic=topic, payload=payload, is_retained=is_retained)
        try:
            follower = await self._follower(user)
            async with asyncio.timeout(ANSWER_S):
                await follower.publish(outgoing)
        except PublishRefusedError:
            return  # the connection stays
        except (BrokerLostError, TimeoutError, ValueError):  # ValueError: paho itself refuses the topic
            stack, _ = self._followers.pop(user)
            with contextlib.suppress(BrokerLostError, TimeoutError):
                await stack.aclose()

    async def send_image(
        self, project: str, sender: str, name: str, payload: bytes
    ) -> tuple[UploadAcknowledged, float]:
        """Publish a photograph and wait for its receipt; how long that took.

        Raises:
            HangError: no receipt came.
        """
        topic = SPACE.topic(project, IMAGE.template, sender=sender, image_name=name)
        began_s = time.monotonic()
        await self.publish(sender, topic, payload)
        heard = self.witness.receipts
        if not await self.witness.until(lambda: (project, name) in heard, ANSWER_S):
            raise HangError(f"no receipt for {name} in {ANSWER_S:.0f} s")
        receipt, heard_s = heard.pop((project, name))
        return receipt, heard_s - began_s

    async def good_image(self, project: str, sender: str) -> tuple[float, float]:
        """Send a good photograph; seconds until it was stored, and until its points were published.

        Raises:
            HangError: it was not stored, or not placed.
        """
        number = next(self._numbers)
        payload = photograph(number)
        if project == CASTLE:
            self.castle_digests.add(hashlib.sha256(payload).hexdigest())
        began_s = time.monotonic()
        receipt, stored_s = await self.send_image(project, sender, f"good{number}", payload)
        if receipt.status is not ReceiptStatus.STORED or receipt.image_number is None:
            raise HangError(f"a good image was {receipt.status}: {receipt.reason}")
        state = await self.completion(project, receipt.image_number)
        if state != "placed":
            raise HangError(f"a good image is {state}")
        return stored_s, time.monotonic() - began_s

    async def completion(self, project: str, image_number: int) -> str:
        """What became of an image in the black box.

        Raises:
            HangError: it never came back.
        """
        key = (project, image_number)
        if not await self.witness.until(lambda: key in self.witness.completed, PLACED_S):
            raise HangError(f"image {image_number} of {project} was not processed in {PLACED_S:.0f} s")
        return self.witness.completed[key].state

    async def talk(self, port: int, *parts: bytes, patience_s: float = 1.0) -> bytes:
        """Send raw bytes to a port of this machine; what came back until it was silent for so long, or closed.

        Raises:
            EscapeError: a foreign file came back.
        """
        answer = b""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for part in parts:
                with contextlib.suppress(ConnectionError, TimeoutError):
                    writer.write(part)
                    async with asyncio.timeout(PAGE_S):
                        await writer.drain()
                    while piece := await asyncio.wait_for(reader.read(1 << 16), patience_s):
                        answer += piece
        finally:
            writer.transport.abort()
        if any(sign in answer for sign in FOREIGN_FILES):
            raise EscapeError(f"a file of the machine came back: {answer[:200]!r}")
        return answer

    async def check_page(self) -> None:
        """The page server answers.

        Raises:
            HangError: it does not, or it is not well.
        """
        request = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        answer = await self.talk(self.programs.page_port, request, patience_s=PAGE_S)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise HangError(f"the page server says {answer[:60]!r}")

    @contextlib.asynccontextmanager
    async def spying(self, user: str, topic_filter: str) -> AsyncIterator[None]:
        """Subscribe as an account of the chapel; whatever it is given of the castle is noted."""

        async def listen(follower: Follower) -> None:
            async for message in follower.messages():
                if f"/{CASTLE}/" in message.topic:
                    self.stolen.append(message.topic)

        async with follow(self.programs.connection(user)) as follower:
            with contextlib.suppress(BrokerLostError, ValueError):  # refused
                await follower.subscribe(topic_filter)
            listening = asyncio.create_task(listen(follower), name="spy")
            try:
                yield
            finally:
                listening.cancel()
                with contextlib.suppress(asyncio.CancelledError, BrokerLostError):
                    await listening

    async def _follower(self, user: str) -> Follower:
        if user not in self._followers:
            stack = contextlib.AsyncExitStack()
            follower = await stack.enter_async_context(follow(self.programs.connection(user)))
            listening = asyncio.create_task(_listen(follower), name=f"{user} listens")
            stack.callback(listening.cancel)
            self._followers[user] = stack, follower
        return self._followers[user][1]


async def _listen(follower: Follower) -> None:
    """Wait for the end of a connection, which is then no surprise to asyncio."""
    with contextlib.suppress(BrokerLostError):
        async for _ in follower.messages():
            pass

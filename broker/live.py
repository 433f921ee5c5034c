"""How does a viewer follow a project? By aiomqtt: a connection without a session that also publishes small messages."""

import asyncio
import contextlib
import socket
import time
import uuid
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from broker.clients.limits import BrokerLimits
from broker.clients.refusals import BrokerRefusedError, connection_refused, refusal_of, unsuitable
from broker.clients.unreached import why_unreached
from broker.config import Connection
from broker.contract import REQUEST, RESPONSE
from broker.delivery import connect_properties
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ConnectionId, ProjectId, RequestId
from broker.messages import Request, Response
from broker.outgoing import Outgoing

RECEIVE_MAXIMUM: Final = 8  # ten stalled followers of 64 MB cost the broker 10 MB instead of 580
CANCEL_TIMEOUT_S: Final = 2.0
ANSWER_SILENCE_S: Final = 10.0
_LONG_S: Final = 24 * 3600.0  # for aiomqtt, which would measure the whole wait


class BrokerLostError(CairnError):
    """The connection is gone or never stood."""

    code = "broker_lost"
    remedy = "Check that the broker runs; the program connects again by itself."


class NoAnswerError(CairnError):
    """A request stayed without answer."""

    code = "no_answer"
    remedy = "Check that the reconstructor of this project runs."


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMessage:
    """One message seen by a follower."""

    topic: str
    payload: bytes
    is_retained: bool


class _Client(aiomqtt.Client):
    """A client that knows what aiomqtt keeps to itself: the broker's limits, and when bytes of a message came.

    Attributes:
        limits: as announced in the CONNACK.
        heard_at_s: when the last bytes of a message came, on the monotonic clock.
        published: the reason code of the last PUBACK, which aiomqtt ignores.
    """

    limits = BrokerLimits()
    heard_at_s = 0.0
    published: Any = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._read_some = self._client.loop_read
        self._client.loop_read = self._loop_read  # type: ignore[method-assign]  # called whenever bytes are there

    def _loop_read(self, max_packets: int = 1) -> Any:
        count, answer = len(self.messages), self._read_some(max_packets)
        # Not an answer to a ping, which says nothing of messages. paho tells only of whole packets.
        if len(self.messages) > count or self._client._in_packet["to_process"]:  # noqa: SLF001
            self.heard_at_s = time.monotonic()
        return answer

    def _on_connect(self, client: Any, userdata: Any, flags: Any, reason_code: Any, properties: Any = None) -> None:
        self.limits = BrokerLimits.announced(properties)
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(self, *arguments: Any) -> None:
        if not self._connected.done():  # aiomqtt would go on waiting for a CONNACK
            self._connected.set_exception(aiomqtt.MqttError("hung up on before an answer came"))
        super()._on_disconnect(*arguments)

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason_code: Any, properties: Any = None) -> None:
        self.published = reason_code
        super()._on_publish(client, userdata, mid, reason_code, properties)


class Follower:
    """A standing connection; made by `follow`."""

    def __init__(self, client: "_Client", connection: Connection) -> None:
        self._client, self._connection = client, connection
        self._publishing = asyncio.Lock()  # a PUBACK then belongs to the message before it
        self._coming: asyncio.Task[aiomqtt.Message] | None = None

    async def subscribe(self, *filters: str) -> None:
        """Begin to receive; retained messages come at once.

        Raises:
            BrokerLostError: the connection is gone.
        """
        try:
            await self._answered(self._client.subscribe([(each, 1) for each in filters], timeout=_LONG_S))
        except aiomqtt.MqttError as exc:
            raise BrokerLostError(f"cannot subscribe: {exc}") from exc

    async def unsubscribe(self, *filters: str) -> None:
        """Stop receiving; raises like `subscribe`."""
        try:
            await self._answered(self._client.unsubscribe(list(filters), timeout=_LONG_S))
        except aiomqtt.MqttError as exc:
            raise BrokerLostError(f"cannot unsubscribe: {exc}") from exc

    async def publish(self, outgoing: Outgoing) -> None:
        """Publish requests and presence; images and shards go by `delivery`.

        Raises:
            PacketTooLargeError: it is above the broker's limit; it was not sent.
            PublishRefusedError: not authorised, …
            BrokerLostError: the connection is gone.
        """
        self._client.limits.check(outgoing)
        try:
            topic, payload, qos, retain = outgoing.topic, outgoing.payload, outgoing.qos, outgoing.is_retained
            async with self._publishing:
                await self._answered(self._client.publish(topic, payload, qos, retain, timeout=_LONG_S))
                reason = self._client.published
        except aiomqtt.MqttError as exc:
            raise BrokerLostError(f"cannot publish to {outgoing.topic}: {exc}") from exc
        if outgoing.qos and reason.is_failure:
            raise refusal_of(outgoing.topic, reason.value, reason.getName())

    async def next_message(self, silence_s: float) -> LiveMessage | None:
        """The next message; None after so many seconds in which not a byte of one came, however slow the link is.

        Raises:
            BrokerLostError: the connection is gone.
        """
        began_s = time.monotonic()
        while (left_s := self._left_s(began_s, silence_s)) > 0:
            if (message := await self._take(left_s)) is not None:
                return message
        return None

    async def _take(self, timeout_s: float | None = None) -> LiveMessage | None:
        """The next message, or None; what waits for it goes on after a timeout or a cancellation.

        Cancelled in the moment in which a message came, aiomqtt would throw the message away.
        """
        coming = self._coming = self._coming or asyncio.ensure_future(anext(self._client.messages))
        if not (await asyncio.wait({coming}, timeout=timeout_s))[0]:
            return None
        self._coming = None
        try:
            message = coming.result()
        except aiomqtt.MqttError as exc:
            raise BrokerLostError(f"the connection to the broker is gone: {exc}") from exc
        return LiveMessage(topic=message.topic.value, payload=bytes(message.payload), is_retained=bool(message.retain))

    def _left_s(self, began_s: float, silence_s: float) -> float:
        """How long a silence may still last that began then, or with the last byte."""
        return max(began_s, self._client.heard_at_s) + silence_s - time.monotonic()

    async def _answered(self, work: Coroutine[Any, Any, Any]) -> None:
        """Wait for the broker's answer; on a slow link it comes behind much else, so that only a silence ends the wait."""
        began_s, working = time.monotonic(), asyncio.ensure_future(work)
        try:
            while not working.done() and (left_s := self._left_s(began_s, ANSWER_SILENCE_S)) > 0:
                await asyncio.wait({working}, timeout=left_s)
            if not working.done():
                raise BrokerLostError(f"not a byte came from the broker in {ANSWER_SILENCE_S:.0f} s")
            working.result()
        finally:
            working.cancel()

    async def messages(self) -> AsyncIterator[LiveMessage]:
        """Every message until the connection ends, which raises BrokerLostError."""
        while True:
            if (message := await self._take()) is not None:
                yield message

    def stop_waiting(self) -> None:
        """Leave no task behind."""
        if self._coming is not None and not self._coming.cancel():
            self._coming.exception()  # of a connection that is gone, which asyncio would log


@contextlib.asynccontextmanager
async def follow(connection: Connection, *, will: Outgoing | None = None) -> AsyncIterator[Follower]:
    """Connect once, without a session; the caller decides whether to come back.

    Raises:
        BrokerLostError: no broker there, it does not let us in, or it cannot do what cairn needs.
    """
    client = _Client(
        connection.host,
        connection.port,
        username=connection.username,
        password=connection.secret(),
        protocol=aiomqtt.ProtocolVersion.V5,
        properties=connect_properties(receive_maximum=RECEIVE_MAXIMUM),
        keepalive=connection.keepalive_s,
        transport=connection.transport,
        websocket_path=connection.websocket_path,
        tls_params=aiomqtt.TLSParameters(ca_certs=str(connection.ca_file)) if connection.ca_file else None,
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # windows of 8 waited for Nagle's algorithm
        will=aiomqtt.Will(will.topic, will.payload, qos=will.qos, retain=will.is_retained) if will else None,
    )
    try:
        await _connect(client)
    except MqttConnectError as exc:
        raise BrokerLostError(_refusal(connection, exc.rc).sentence) from exc
    except aiomqtt.MqttError as exc:
        # aiomqtt hides the system's error behind its own one
        raise BrokerLostError(why_unreached(connection, exc.__context__)) from exc
    follower = Follower(client, connection)
    try:
        if complaint := client.limits.complaint():
            raise BrokerLostError(unsuitable(connection, complaint).sentence)
        yield follower
    finally:
        follower.stop_waiting()
        await _disconnect(client)


def _refusal(connection: Connection, reason: Any) -> BrokerRefusedError:
    return connection_refused(connection, getattr(reason, "value", reason), str(reason))


async def _connect(client: aiomqtt.Client) -> None:
    """Connect, and when cancelled meanwhile leave nothing open: aiomqtt would keep the socket and its misc task."""
    connecting = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.shield(connecting)
    except asyncio.CancelledError:
        await asyncio.wait({connecting}, timeout=CANCEL_TIMEOUT_S)
        if connecting.done() and connecting.exception() is None:
            await _disconnect(client)
        raise


async def _disconnect(client: aiomqtt.Client) -> None:
    """Disconnect in a task of its own: aiomqtt waits by wait_for, which on Python 3.11 may swallow our cancellation."""

    async def leave() -> None:
        with contextlib.suppress(aiomqtt.MqttError):  # the connection is gone already, which is what we want
            await client.__aexit__(None, None, None)

    leaving = asyncio.create_task(leave(), name="disconnecting")
    try:
        await asyncio.wait({leaving})
    except asyncio.CancelledError:
        await asyncio.wait({leaving}, timeout=CANCEL_TIMEOUT_S)
        raise
    leaving.result()


async def ask(
    connection: Connection, project: ProjectId, request: Request, *, user: str, timeout_s: float = 10.0
) -> Response:
    """Send one request and wait for its answer, on a connection of its own.

    Raises:
        BrokerLostError: no broker, or it does not let us in.
        NoAnswerError: no answer in time; the message says what to check.
    """
    async with follow(connection) as follower:
        await follower.subscribe(answer_topic(connection, project, request, user))
        return await ask_on(follower, connection, project, request, user=user, timeout_s=timeout_s)


async def ask_on(
    follower: Follower, connection: Connection, project: ProjectId, request: Request, *, user: str, timeout_s: float
) -> Response:
    """Like `ask` on a standing connection that is subscribed to `answer_topic` and to nothing else."""
    await follower.publish(REQUEST.outgoing(connection.space, project, request, user=user, verb=request.verb))
    try:
        async with asyncio.timeout(timeout_s):
            async for message in follower.messages():
                response = decode(message.payload, Response)
                if response.id == request.id:
                    return response
    except TimeoutError as exc:
        raise NoAnswerError(
            f"no answer to {request.verb} in {timeout_s:.0f} s: is the reconstructor of {project!r} running?"
        ) from exc
    raise NoAnswerError(f"the connection ended before an answer to {request.verb} came: try again")


def answer_topic(connection: Connection, project: ProjectId, request: Request, user: str) -> str:
    """Where the answer to a request comes."""
    return connection.space.topic(project, RESPONSE.template, user=user, connection=request.connection)


def fresh_connection_id() -> ConnectionId:
    """A name for one connection of a user."""
    return ConnectionId(uuid.uuid4().hex[:12])


def fresh_request_id() -> RequestId:
    """A name for one request."""
    return RequestId(uuid.uuid4().hex[:12])

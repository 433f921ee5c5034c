"""How does a message arrive for sure? paho: MQTT 5, durable session, manual acknowledgement, reason codes, jitter."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

import paho.mqtt.client as mqtt
import paho.mqtt.properties
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.exception import MalformedPacket
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from broker.clients.backoff import Backoff
from broker.clients.connection_state import Connected, ConnectionState
from broker.clients.limits import BrokerLimits
from broker.clients.publications import DROPPED, Publications, PublishReason, PublishResult
from broker.clients.refusals import (
    QUOTA_EXCEEDED,
    DeliveryTimeoutError,
    PublishRefusedError,
    connection_refused,
    reading_refused,
    refusal_of,
    unsuitable,
)
from broker.clients.subscriptions import Subscription
from broker.clients.unreached import why_unreached
from broker.config import BadSettingsError, Connection
from broker.logs import get_logger
from broker.outgoing import Outgoing

RECEIVE_MAXIMUM: Final = 4  # what a crash may make the broker send again
SESSION_EXPIRY_S: Final = 14 * 24 * 3600
MAX_IN_FLIGHT: Final = 16  # mosquitto.conf's max_inflight_messages
LARGE_BYTES: Final = 16 * 1024  # what a full broker has no room for, while receipts and states still pass
NO_MATCHING_SUBSCRIBERS: Final = 0x10
SESSION_TAKEN_OVER: Final = 0x8E
_FIRST_FAILURE: Final = 0x80
_PROPERTY_OF_FIELD: Final = {
    "content_type": "ContentType",
    "response_topic": "ResponseTopic",
    "correlation_data": "CorrelationData",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One received message; at QoS 1 it comes again until it is acknowledged."""

    topic: str
    payload: bytes
    qos: int
    is_retained: bool
    content_type: str | None = None
    response_topic: str | None = None
    correlation_data: bytes | None = None
    user_properties: tuple[tuple[str, str], ...] = ()
    _acknowledge: Callable[[], None] = field(repr=False, compare=False, default=lambda: None)

    def acknowledge(self) -> None:
        """Tell the broker that the message is safe here; call it once, after the work is durable."""
        self._acknowledge()


class Delivery:
    """A durable connection that reconnects by itself. Use as an async context manager inside one event loop.

    Args:
        connection: broker and credentials.
        client_id: stable name of the session; two programs with one name take it over from each other without end.
        subscriptions: filters, subscribed again at each connect; as plain text at QoS 1.
        will: the message that the broker publishes when the connection is lost.
        will_delay_s: how long the broker waits for a reconnect before it publishes the will.
        receive_maximum: QoS 1 messages under way to us without acknowledgement.
        session_expiry_s: how long the broker queues for us while we are away.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        client_id: str,
        subscriptions: tuple[str | Subscription, ...] = (),
        will: Outgoing | None = None,
        will_delay_s: int = 0,
        receive_maximum: int = RECEIVE_MAXIMUM,
        session_expiry_s: int = SESSION_EXPIRY_S,
    ) -> None:
        self._connection, self._subscriptions = connection, [_subscription(each) for each in subscriptions]
        self._log = get_logger(client_id=client_id, host=connection.host, port=connection.port)
        self._client = _client(connection, client_id, will, will_delay_s)
        self._connect_with = connect_properties(receive_maximum=receive_maximum, session_expiry_s=session_expiry_s)
        self._backoff = Backoff()
        self._listen()
        self._incoming: asyncio.Queue[Incoming] = asyncio.Queue()
        self._publications = Publications()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._standing = ConnectionState(f"{connection.host}:{connection.port}", self._log, session_expiry_s)
        self._pending_state = Connected(count=0, is_session_present=False)
        self._limits, self._places = BrokerLimits(), asyncio.Semaphore(MAX_IN_FLIGHT)
        self._connect_count, self._is_answered = 0, False  # the latter: a CONNACK came on the present connection

    @property
    def is_connected(self) -> bool:
        """Whether messages can flow now."""
        return self._standing.connected.is_set()

    @property
    def connect_count(self) -> int:
        """How many times we have connected."""
        return self._connect_count

    @property
    def is_name_contested(self) -> bool:
        """Whether another program uses our client id: a cloned rig, or an old process that still runs."""
        return self._backoff.is_name_contested(is_connected=self.is_connected)

    async def wait_connected(self, timeout_s: float, *, is_patient: bool = True) -> Connected:
        """Wait until messages can flow; without patience, only until the first attempt has failed.

        Raises:
            BrokerRefusedError: wrong name or password, or not authorised.
            DeliveryTimeoutError: no broker in time; the message says what the last attempt met.
        """
        return await self._standing.next_connection(0, timeout_s, is_patient=is_patient)

    async def next_connection(self, after: int, timeout_s: float) -> Connected:
        """Wait for a standing connection whose count is above `after`; raises like `wait_connected`."""
        return await self._standing.next_connection(after, timeout_s)

    async def publish(self, outgoing: Outgoing, timeout_s: float = 30.0) -> PublishResult:
        """Publish and wait for the broker's PUBACK (QoS 1); a lost connection is survived within the time.

        Raises:
            PacketTooLargeError: it is above the broker's limit; it was not sent.
            BrokerFullError: the broker has no room for it.
            PublishRefusedError: not authorised, …
            DeliveryTimeoutError: no PUBACK in time; the message may still arrive.
        """
        if outgoing.qos == 0:
            self._send(outgoing)
            return PublishResult(has_subscribers=True)
        try:
            # Not wait_for: on Python 3.11 it may swallow a cancellation that comes with the answer.
            async with asyncio.timeout(timeout_s):
                reason = await self._until_answered(outgoing)
        except TimeoutError as exc:
            raise DeliveryTimeoutError(f"no PUBACK for {outgoing.topic} in {timeout_s:.0f} s") from exc
        if reason.value >= _FIRST_FAILURE:
            raise refusal_of(outgoing.topic, reason.value, reason.name)
        return PublishResult(has_subscribers=reason.value != NO_MATCHING_SUBSCRIBERS)

    async def _until_answered(self, outgoing: Outgoing) -> PublishReason:
        """Publish, again if need be: what was dropped before a PUBACK came is checked against the new limits first."""
        while True:
            await self._standing.connected.wait()  # its limits must be known
            async with self._places:
                with self._publications.expect(self._send(outgoing)) as answer:
                    self._backoff.note_published()
                    reason = await answer
            if reason is not DROPPED:
                return reason

    def _send(self, outgoing: Outgoing) -> int:
        """Hand a message to paho, unless the broker would not take it; returns the packet identifier."""
        self._limits.check(outgoing)
        info = self._client.publish(
            outgoing.topic,
            outgoing.payload,
            outgoing.qos,
            outgoing.is_retained,
            properties=_properties(PacketTypes.PUBLISH, outgoing),
        )
        if info.rc not in {MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN}:
            raise PublishRefusedError(f"cannot publish to {outgoing.topic}: {mqtt.error_string(info.rc)}")
        return info.mid

    async def messages(self) -> AsyncIterator[Incoming]:
        """Yield every message, in order of arrival; it never ends."""
        while True:
            yield await self._incoming.get()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._client.connect_async(
            self._connection.host,
            self._connection.port,
            self._connection.keepalive_s,
            clean_start=False,
            properties=self._connect_with,
        )
        self._client.loop_start()
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        with contextlib.suppress(ValueError):  # not connected
            self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def _listen(self) -> None:
        client = self._client
        client.on_connect, client.on_subscribe = self._on_connect, self._on_subscribe
        client.on_disconnect, client.on_connect_fail = self._on_disconnect, self._on_connect_fail
        client.on_message, client.on_publish = self._on_message, self._on_publish
        self._set_retry()

    def _set_retry(self) -> None:
        pause_s = self._backoff.pause_s()
        self._client.reconnect_delay_set(pause_s, pause_s)  # type: ignore[arg-type]  # paho takes fractions, too

    # Below: paho's network thread. It touches nothing of ours but hands over to the event loop.

    def _on_connect(
        self,
        client: mqtt.Client,
        _userdata: Any,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._is_answered = True
        if reason.is_failure:
            self._set_retry()
            self._backoff.note_failed()
            with contextlib.suppress(BadSettingsError):  # somebody may have renewed the password
                client.username_pw_set(self._connection.username, self._connection.secret())
            self._hand_over(self._standing.refuse, connection_refused(self._connection, reason.value, str(reason)))
            return
        limits = BrokerLimits.announced(properties)
        if self._backoff.is_hung_up_on:  # paho would send the same messages again at every connection
            self._drop(DROPPED, PublishReason(value=QUOTA_EXCEEDED, name="the broker hangs up at it each time"))
            self._backoff.note_dropped()
        if limits != self._limits:  # what waits was checked against others
            self._drop(DROPPED)
            self._limits, self._places = limits, asyncio.Semaphore(min(MAX_IN_FLIGHT, limits.receive_maximum))
        if complaint := limits.complaint():  # the connection stays, unused: another one would be no better
            self._hand_over(self._standing.refuse, unsuitable(self._connection, complaint))
            return
        self._backoff.note_connected()
        self._connect_count += 1
        is_kept, count = flags.session_present, self._connect_count
        self._pending_state = Connected(count=count, is_session_present=is_kept, limits=limits)
        if self._subscriptions:
            client.subscribe(self._subscriptions)
        else:
            self._stand()

    def _on_subscribe(
        self, _client: mqtt.Client, _userdata: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [each for (each, _), reason in zip(self._subscriptions, reasons, strict=False) if reason.is_failure]
        if refused:
            self._hand_over(self._standing.refuse, reading_refused(self._connection, refused))
            return
        self._stand()

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: Any,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        is_taken_over, is_waiting = reason.value == SESSION_TAKEN_OVER, self._publications.is_waiting
        self._backoff.note_disconnected(is_taken_over=is_taken_over, is_waiting=is_waiting)
        self._set_retry()
        if not self._is_answered:
            self._hand_over(self._standing.fail, why_unreached(self._connection, None))
        self._is_answered = False
        self._hand_over(partial(self._standing.fall, str(reason), is_quiet=self._backoff.is_full))

    def _on_connect_fail(self, _client: mqtt.Client, _userdata: Any) -> None:
        self._backoff.note_failed()
        self._set_retry()
        self._hand_over(self._standing.fail, why_unreached(self._connection, sys.exception()))  # in paho's `except`

    def _on_publish(
        self, _client: mqtt.Client, _userdata: Any, mid: int, reason: ReasonCode, _properties: Properties
    ) -> None:
        self._backoff.note_answered()
        self._hand_over(self._publications.resolve, mid, PublishReason(value=reason.value, name=str(reason)))

    def _on_message(self, client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        epoch, mid, qos = self._connect_count, message.mid, message.qos

        def acknowledge() -> None:
            if epoch == self._connect_count:  # after a reconnect the number may belong to another message
                client.ack(mid, qos)

        self._hand_over(self._incoming.put_nowait, _incoming(message, acknowledge))

    def _stand(self) -> None:
        is_quiet = self._backoff.is_full  # the one who publishes says that it is full
        self._hand_over(partial(self._standing.stand, self._pending_state, is_quiet=is_quiet))

    def _drop(self, reason: PublishReason, of_large: PublishReason | None = None) -> None:
        """Forget what has no PUBACK; those who wait for one get the reason, or another one for large messages.

        Only when a connection begins: paho is not sending then.
        """
        dropped = self._client.drop_out_messages()
        large_bytes = min(LARGE_BYTES, max((len(each.payload) for each in dropped), default=0))
        for each in dropped:
            is_large = of_large is not None and len(each.payload) >= large_bytes
            self._hand_over(self._publications.resolve, each.mid, of_large if is_large else reason)

    def _hand_over(self, callback: Callable[..., object], *arguments: object) -> None:
        if self._loop is None:
            return
        with contextlib.suppress(RuntimeError):  # the event loop is closed: the program ends
            self._loop.call_soon_threadsafe(callback, *arguments)


def _client(connection: Connection, client_id: str, will: Outgoing | None, will_delay_s: int) -> mqtt.Client:
    """Build a paho client with credentials, TLS, last will and limits; callbacks are the caller's."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True)
    if connection.username is not None:
        client.username_pw_set(connection.username, connection.secret())
    if connection.ca_file is not None:
        client.tls_set(str(connection.ca_file))
    if will is not None:
        properties = _properties(PacketTypes.WILLMESSAGE, will)
        if will_delay_s:
            properties.WillDelayInterval = will_delay_s
        client.will_set(will.topic, will.payload, will.qos, will.is_retained, properties=properties)
    client.on_socket_open = _send_at_once
    client.max_inflight_messages_set(MAX_IN_FLIGHT)
    client.max_queued_messages_set(0)
    return client


def _send_at_once(_client: mqtt.Client, _userdata: Any, connection: Any) -> None:
    """Switch Nagle's algorithm off: a receipt would wait up to 40 ms for the TCP acknowledgement of the packet before it."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _subscription(wanted: str | Subscription) -> tuple[str, SubscribeOptions]:
    each = Subscription(topics=wanted) if isinstance(wanted, str) else wanted
    return each.topics, SubscribeOptions(qos=each.qos, retainAsPublished=each.is_retain_told)


def _incoming(message: mqtt.MQTTMessage, acknowledge: Callable[[], None]) -> Incoming:
    properties = message.properties
    return Incoming(
        topic=message.topic,
        payload=bytes(message.payload),
        qos=message.qos,
        is_retained=message.retain,
        user_properties=tuple(getattr(properties, "UserProperty", ())),
        _acknowledge=acknowledge,
        **{name: getattr(properties, wire, None) for name, wire in _PROPERTY_OF_FIELD.items()},
    )


def connect_properties(*, receive_maximum: int, session_expiry_s: int = 0) -> Properties:
    """Build the properties of a CONNECT; `broker.live` uses it too, so that paho is imported here only."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.ReceiveMaximum = receive_maximum
    properties.SessionExpiryInterval = session_expiry_s
    return properties


def _read_text(buffer: bytes, longest: int) -> tuple[str, int]:
    """Read one text of a packet's properties; returns it, and how many bytes it took."""
    size = 2 + int.from_bytes(buffer[:2])
    if longest < size:
        raise MalformedPacket("a text is longer than its packet")
    return buffer[2:size].decode(errors="replace"), size


# paho 2.2 ends the connection at U+FEFF, which MQTT 5 allows (1.5.4), and the broker would bring the message each time.
paho.mqtt.properties.readUTF = _read_text


def _properties(packet: int, outgoing: Outgoing) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    for name, wire in _PROPERTY_OF_FIELD.items():
        value = getattr(outgoing, name)
        if value is not None:
            setattr(properties, wire, value)
    if outgoing.user_properties:
        properties.UserProperty = list(outgoing.user_properties)
    return properties

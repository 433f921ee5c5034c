"""How does a message arrive for sure? paho: MQTT 5, durable session, manual acknowledgement, reason codes, jitter."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from broker.clients.backoff import Backoff
from broker.clients.publications import Publications, PublishReason
from broker.config import Connection
from broker.errors import CairnError
from broker.logs import get_logger
from broker.outgoing import Outgoing

RECEIVE_MAXIMUM: Final = 4  # what a crash may make the broker send again
SESSION_EXPIRY_S: Final = 14 * 24 * 3600
MAX_IN_FLIGHT: Final = 16  # mosquitto.conf's max_inflight_messages
NO_MATCHING_SUBSCRIBERS: Final = 0x10
SESSION_TAKEN_OVER: Final = 0x8E
_FIRST_FAILURE: Final = 0x80
_PROPERTY_OF_FIELD: Final = {
    "content_type": "ContentType",
    "response_topic": "ResponseTopic",
    "correlation_data": "CorrelationData",
}


class PublishRefusedError(CairnError):
    """The broker answered a PUBLISH with a reason of 0x80 or above."""

    code = "publish_refused"
    remedy = "Check the account's role and project, and the broker's packet limit."


class DeliveryTimeoutError(CairnError):
    """No answer in time."""

    code = "delivery_timeout"
    remedy = "Check that the broker runs and can be reached; what was not acknowledged is sent again."


class BrokerRefusedError(CairnError):
    """The broker refuses the connection."""

    code = "broker_refused"
    remedy = "Check user name, password and project of the account."


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishResult:
    """What the broker said of a PUBLISH: taken, and whether anybody subscribes."""

    has_subscribers: bool


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A connection stands and its subscriptions are granted.

    Attributes:
        count: how many times we have connected, from 1.
        is_session_present: whether the broker kept our session: if not, resend what has no receipt.
        max_packet_bytes: the largest packet that the broker announced it takes, or None.
    """

    count: int
    is_session_present: bool
    max_packet_bytes: int | None


class Delivery:
    """A durable connection that reconnects by itself. Use as an async context manager inside one event loop.

    Args:
        connection: broker and credentials.
        client_id: stable name of the session; two programs with one name take it over from each other without end.
        subscriptions: filters, all at QoS 1, subscribed again at each connect.
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
        subscriptions: tuple[str, ...] = (),
        will: Outgoing | None = None,
        will_delay_s: int = 0,
        receive_maximum: int = RECEIVE_MAXIMUM,
        session_expiry_s: int = SESSION_EXPIRY_S,
    ) -> None:
        self._connection, self._subscriptions = connection, subscriptions
        self._log = get_logger(client_id=client_id, host=connection.host, port=connection.port)
        self._client = _client(connection, client_id, will, will_delay_s)
        self._connect_properties = connect_properties(
            receive_maximum=receive_maximum, session_expiry_s=session_expiry_s
        )
        self._backoff = Backoff()
        self._listen()
        self._incoming: asyncio.Queue[Incoming] = asyncio.Queue()
        self._publications = Publications()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connected = asyncio.Event()
        self._changed = asyncio.Condition()
        self._state: Connected | None = None
        self._pending_state: Connected | None = None
        self._connect_count = 0
        self._waking: asyncio.Future[None] | None = None
        self._refusal: BrokerRefusedError | None = None

    @property
    def is_connected(self) -> bool:
        """Whether messages can flow now."""
        return self._connected.is_set()

    @property
    def connect_count(self) -> int:
        """How many times we have connected."""
        return self._connect_count

    @property
    def is_name_contested(self) -> bool:
        """Whether another program uses our client id: a cloned rig, or an old process that still runs."""
        return self._backoff.is_name_contested(is_connected=self.is_connected)

    async def wait_connected(self, timeout_s: float) -> Connected:
        """Wait until messages can flow.

        Raises:
            BrokerRefusedError: wrong name or password, or not authorised.
            DeliveryTimeoutError: no broker in time.
        """
        return await self.next_connection(0, timeout_s)

    async def next_connection(self, after: int, timeout_s: float) -> Connected:
        """Wait for a standing connection whose count is above `after`; raises like `wait_connected`."""
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                while True:
                    if self._refusal is not None:
                        raise self._refusal
                    if self._state is not None and self._state.count > after:
                        return self._state
                    await self._changed.wait()
        except TimeoutError as exc:
            where = f"{self._connection.host}:{self._connection.port}"
            raise DeliveryTimeoutError(f"no connection to the broker at {where} in {timeout_s:.0f} s") from exc

    async def publish(self, outgoing: Outgoing, timeout_s: float = 30.0) -> PublishResult:
        """Publish and wait for the broker's PUBACK (QoS 1); a lost connection is survived within the time.

        Raises:
            PublishRefusedError: not authorised, quota, packet too large, …
            DeliveryTimeoutError: no PUBACK in time; the message may still arrive.
        """
        info = self._client.publish(
            outgoing.topic,
            outgoing.payload,
            outgoing.qos,
            outgoing.is_retained,
            properties=_properties(PacketTypes.PUBLISH, outgoing),
        )
        if info.rc not in {MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN}:
            raise PublishRefusedError(f"cannot publish to {outgoing.topic}: {mqtt.error_string(info.rc)}")
        if outgoing.qos == 0:
            return PublishResult(has_subscribers=True)
        try:
            # Not wait_for: on Python 3.11 it may swallow a cancellation that comes with the answer.
            with self._publications.expect(info.mid) as answer:
                async with asyncio.timeout(timeout_s):
                    reason = await answer
        except TimeoutError as exc:
            raise DeliveryTimeoutError(f"no PUBACK for {outgoing.topic} in {timeout_s:.0f} s") from exc
        if reason.value >= _FIRST_FAILURE:
            raise PublishRefusedError(f"the broker refused {outgoing.topic}: {reason.name} (0x{reason.value:02x})")
        return PublishResult(has_subscribers=reason.value != NO_MATCHING_SUBSCRIBERS)

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
            properties=self._connect_properties,
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
        if reason.is_failure:
            self._set_retry()
            self._backoff.note_failed()
            self._hand_over(self._refused, str(reason))
            return
        self._backoff.note_connected()
        limit = getattr(properties, "MaximumPacketSize", None)
        self._connect_count += 1
        self._pending_state = Connected(
            count=self._connect_count, is_session_present=flags.session_present, max_packet_bytes=limit
        )
        if self._subscriptions:
            client.subscribe([(each, SubscribeOptions(qos=1)) for each in self._subscriptions])
        else:
            self._hand_over(self._stand, self._pending_state)

    def _on_subscribe(
        self, _client: mqtt.Client, _userdata: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [each for each, reason in zip(self._subscriptions, reasons, strict=False) if reason.is_failure]
        if refused:
            self._hand_over(self._refused, f"subscription to {', '.join(refused)} refused")
            return
        self._hand_over(self._stand, self._pending_state)

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: Any,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._backoff.note_disconnected(is_taken_over=reason.value == SESSION_TAKEN_OVER)
        self._set_retry()
        self._hand_over(self._fall, str(reason))

    def _on_connect_fail(self, _client: mqtt.Client, _userdata: Any) -> None:
        self._backoff.note_failed()
        self._set_retry()

    def _on_publish(
        self, _client: mqtt.Client, _userdata: Any, mid: int, reason: ReasonCode, _properties: Properties
    ) -> None:
        self._hand_over(self._publications.resolve, mid, PublishReason(value=reason.value, name=str(reason)))

    def _on_message(self, client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        epoch, mid, qos = self._connect_count, message.mid, message.qos

        def acknowledge() -> None:
            if epoch == self._connect_count:  # after a reconnect the number may belong to another message
                client.ack(mid, qos)

        self._hand_over(self._incoming.put_nowait, _incoming(message, acknowledge))

    def _hand_over(self, callback: Callable[..., object], *arguments: object) -> None:
        if self._loop is None:
            return
        with contextlib.suppress(RuntimeError):  # the event loop is closed: the program ends
            self._loop.call_soon_threadsafe(callback, *arguments)

    # Below: the event loop again.

    def _stand(self, state: Connected) -> None:
        self._log.info("connected", count=state.count, is_session_present=state.is_session_present)
        self._state, self._refusal = state, None
        self._connected.set()
        self._wake()

    def _fall(self, reason: str) -> None:
        if self._connected.is_set():
            self._log.warning("disconnected", reason=reason)
        self._state = None
        self._connected.clear()
        self._wake()

    def _refused(self, reason: str) -> None:
        self._log.error("broker_refused", reason=reason)
        self._refusal = BrokerRefusedError(
            f"the broker at {self._connection.host}:{self._connection.port} refuses "
            f"user {self._connection.username!r}: {reason}; check name, password and project"
        )
        self._wake()

    def _wake(self) -> None:
        async def notify() -> None:
            async with self._changed:
                self._changed.notify_all()

        self._waking = asyncio.ensure_future(notify())


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


def _properties(packet: int, outgoing: Outgoing) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    for name, wire in _PROPERTY_OF_FIELD.items():
        value = getattr(outgoing, name)
        if value is not None:
            setattr(properties, wire, value)
    if outgoing.user_properties:
        properties.UserProperty = list(outgoing.user_properties)
    return properties

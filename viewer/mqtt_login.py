"""Who logs in through the relay, and does the broker let them in? CONNECT and CONNACK of MQTT 3.1.1 and 5, section 3."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from broker.logs import get_logger
from viewer.network.brake import Attempt, Brake

CONNACK_BYTES: Final = 4  # type, remaining length (below 128), flags, reason code: section 3.2
MOST_BYTES: Final = 64 * 1024  # of a whole CONNECT: names, password, last will
_CONNECT: Final = 0x10
_NAME, _WILL = 0x80, 0x04
_MQTT_5: Final = 5
_CONNACK: Final = 0x20
_WELCOME: Final = 0x00
_WRONG: Final = frozenset({0x04, 0x05, 0x86, 0x87})  # MQTT 3.1.1 and 5: bad name or password, not authorised
_SHOWN: Final = 64  # characters of a name in the log
_LATER_5: Final = bytes.fromhex("2003009f00")  # connection rate exceeded
_LATER_3: Final = bytes.fromhex("20020003")  # server unavailable


class Login:
    """The login of one relayed connection: nothing goes to the broker before its name is known and may be tried."""

    def __init__(self, brake: Brake, address: str | None) -> None:
        self._brake, self._address = brake, address
        self._packet, self._name = b"", ""
        self._attempt: Attempt | None = None
        self.is_known = False
        self.held_back: bytes | None = None
        self.when_answered: Callable[[], None] = lambda: None

    def take(self, data: bytes) -> bytes:
        """What the browser says; returns what may go to the broker, nothing while the login is not complete.

        A login that is held back goes nowhere; `held_back` is then the answer for the browser.
        """
        self._packet += data
        try:
            name = login_name(self._packet)
        except ValueError:
            name = ""  # the broker refuses it
        if name is None:
            return b""
        try:
            self._attempt = self._brake.attempt(self._address, name).__enter__()
        except web.HTTPTooManyRequests:
            self.held_back = _LATER_5 if _is_mqtt_5(self._packet) else _LATER_3
            return b""
        self.is_known, self._name = True, name
        packet, self._packet = self._packet, b""
        return packet

    def answered(self, connack: bytes) -> None:
        """The broker's first bytes."""
        self.when_answered()
        if self._attempt is not None and connack[0] == _CONNACK:
            if connack[-1] in _WRONG:
                self._attempt.refused()
                get_logger().warning("login_refused", user=self._name[:_SHOWN], address=self._attempt.network)
            elif connack[-1] == _WELCOME:
                self._attempt.accepted()
        self.end()

    def end(self) -> None:
        """The connection ends, with or without an answer."""
        if self._attempt is not None:
            self._attempt.end()


def login_name(packet: bytes) -> str | None:
    """The user name of a CONNECT, empty without one; None while bytes are missing.

    Raises:
        ValueError: it is another packet, a broken one, or one that is too long.
    """
    try:
        return _name(_Bytes(packet))
    except EOFError:
        return None


def _is_mqtt_5(packet: bytes) -> bool:
    data = _Bytes(packet)
    try:
        data.take(1)
        data.length()
        data.text()
        return data.take(1)[0] == _MQTT_5
    except (EOFError, ValueError):
        return False


def _name(data: "_Bytes") -> str:
    if data.take(1)[0] != _CONNECT:
        raise ValueError("the first packet is no CONNECT")
    size = data.length()
    if size > MOST_BYTES:
        raise ValueError("this CONNECT is too long")
    body = _Bytes(data.take(size))
    try:
        return _name_of_body(body)
    except EOFError as exc:
        raise ValueError("this CONNECT is broken") from exc


def _name_of_body(body: "_Bytes") -> str:
    body.text()  # the protocol's name
    level, flags = body.take(2)
    body.take(2)  # keepalive
    has_properties = level == _MQTT_5
    if has_properties:
        body.take(body.length())
    body.text()  # client id
    if flags & _WILL:
        if has_properties:
            body.take(body.length())
        body.text()  # topic
        body.text()  # payload
    return body.text().decode() if flags & _NAME else ""


@dataclass(slots=True)
class _Bytes:
    """Reads the fields of a packet one after the other."""

    data: bytes
    at: int = 0

    def take(self, count: int) -> bytes:
        """So many bytes; raises EOFError."""
        if self.at + count > len(self.data):
            raise EOFError
        self.at += count
        return self.data[self.at - count : self.at]

    def length(self) -> int:
        """A variable byte integer (section 1.5.5)."""
        value = 0
        for shift in range(0, 28, 7):
            digit = self.take(1)[0]
            value |= (digit & 0x7F) << shift
            if digit < 0x80:  # noqa: PLR2004 - the continuation bit
                return value
        raise ValueError("this length is not MQTT")

    def text(self) -> bytes:
        """A field with its length in two bytes before it."""
        return self.take(int.from_bytes(self.take(2), "big"))

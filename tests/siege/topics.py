"""Where does a hostile account publish? Topics, names and raw MQTT packets that no client library would send."""

from collections.abc import Iterator
from typing import Final

from tests.siege.black_boxes import CONTROLS

PROJECT: Final = "cairn/v1/chapel"
SENDER: Final = "mallory"

CONNECT, PUBLISH, SUBSCRIBE = 0x10, 0x30, 0x82
NAMES: Final = {
    "two-dots": "..",
    "upper-case": "Door",
    "blank": "a b",
    "dash-first": "-x",
    "umlaut": "tür",
    "64-signs": "x" * 64,
    "1000-signs": "x" * 1000,
    "percent": "%2e%2e%2fpasswd",
    "backslash": "..\\..\\x",
    "suffix": "IMG_0001.JPG",
    "reserved": "flow.jpg",
    "bidirectional": "a\u202eb",
    "zero-width": "a\u200bb",
    "escape": "a\x1b[31mb",
    "newline": "a\nevent=image_stored",
    "markup": "<img src=x onerror=window.ran=1>",
    "quotes": "a'\"`b",
    "arabic-digits": "walk-\u0660\u0660\u0660\u0660\u0660\u0661-0123456789abcdef",
    "emoji": "\U0001f600",
    "private-use": "\ue000\uf8ff",
    "empty": "",
    "equals": "code=stored",
}


def topics() -> dict[str, str]:
    """Topics below which a photograph is published, by name."""
    below = {
        "more-levels": f"image/{SENDER}/a/b",
        "fewer-levels": f"image/{SENDER}",
        "traversal": f"image/{SENDER}/../../castle/image/rig-north/x",
        "another-sender": "image/rig-south/x",
        "reconstructors-own": "reference/current",
        "another-receipt": "receipt/rig-south/x",
        "forged-event": "event/error",
        "forged-state": "reconstructor/state",
        "shard": "shard/1/ply/0",
        "thumbnail": "thumbnail/walk-000001-0123456789abcdef",
        "unknown-channel": "nothing/here",
        "upload-offset-negative": f"upload/{SENDER}/walk-000001-0123456789abcdef/-1",
        "upload-offset-arabic": f"upload/{SENDER}/walk-000001-0123456789abcdef/\u0661\u0662",
        "upload-offset-20-digits": f"upload/{SENDER}/walk-000001-0123456789abcdef/{10**19}",
        "upload-offset-controls": f"upload/{SENDER}/walk-000001-0123456789abcdef/{CONTROLS}",
        "upload-id-no-id": f"upload/{SENDER}/door/begin",
    }
    whole = {
        "200-levels": "/".join(["a"] * 200),
        "60000-signs": f"{PROJECT}/image/{SENDER}/" + "x" * 60_000,
        "another-project": f"cairn/v1/castle/image/{SENDER}/x",
        "another-root": "other/v1/chapel/image/mallory/x",
        "system": "$SYS/broker/version",
        "shared": "$share/g/cairn/v1/chapel/image/mallory/x",
        "slashes": "////",
        "home-assistant": "homeassistant/device/rig-west/config",
    }
    names = {f"name-{name}": f"{PROJECT}/image/{SENDER}/{text}" for name, text in NAMES.items()}
    return names | {name: f"{PROJECT}/{text}" for name, text in below.items()} | whole


def filters() -> dict[str, str]:
    """Subscriptions by which an account of one project looks into another."""
    return {
        "everything": "#",
        "all-projects": "cairn/v1/+/#",
        "the-other": "cairn/v1/castle/#",
        "own-level-there": f"cairn/v1/castle/receipt/{SENDER}/#",
        "shared-group": "$share/g/cairn/v1/castle/#",
        "all-levels": "+/+/+/+/+/+",
        "300-levels": "/".join(["+"] * 300),
        "system": "$SYS/#",
    }


def packets(user: str, password: str) -> dict[str, bytes]:
    """Bytes of raw MQTT connections; each begins with a CONNECT of this account unless its name says otherwise."""
    connect = connect_packet(user, password)
    topic = f"{PROJECT}/image/{SENDER}/".encode()
    return {
        "no-connect": publish_packet(topic + b"x", b"x"),
        "connect-twice": connect + connect,
        "half-a-connect": connect[: len(connect) // 2],
        "wrong-password": connect_packet(user, "wrong"),
        "client-id-of-controls": connect_packet(user, password, client_id=CONTROLS.encode()),
        "client-id-65535": connect_packet(user, password, client_id=b"x" * 65_535),
        "client-id-no-utf8": connect_packet(user, password, client_id=b"\xff\xfe"),
        "plus-in-topic": connect + publish_packet(topic + b"+", b"x"),
        "hash-in-topic": connect + publish_packet(topic + b"#", b"x"),
        "nul-in-topic": connect + publish_packet(topic + b"a\0b", b"x"),
        "no-utf8-in-topic": connect + publish_packet(topic + b"\xff\xfe", b"x"),
        "surrogate-in-topic": connect + publish_packet(topic + b"\xed\xa0\x80", b"x"),
        "empty-topic": connect + publish_packet(b"", b"x"),
        "topic-longer-than-packet": connect + bytes([PUBLISH, 4]) + b"\xff\xffab",
        "alias-of-nothing": connect + packet(PUBLISH, b"\0\0\3\x23\xff\xff" + b"x"),
        "quality-3": connect + bytes([PUBLISH | 6]) + publish_packet(topic + b"x", b"x")[1:],
        "length-of-5-bytes": connect + bytes([PUBLISH]) + b"\xff" * 5,
        "length-without-bytes": connect + bytes([PUBLISH]) + b"\xff\xff\xff\x7f",
        "subscribe-to-nothing": connect + packet(SUBSCRIBE, b"\0\1\0"),
        "zero-packets": connect + bytes(1000),
        "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "tls": bytes.fromhex("1603010200010001fc0303") + bytes(500),
    }


def connect_packet(user: str, password: str, *, client_id: bytes = b"raw") -> bytes:
    """A CONNECT of MQTT 5 with name and password."""
    fields = [client_id, user.encode(), password.encode()]
    return packet(CONNECT, b"\0\4MQTT\5\xc2\0\x3c\0" + b"".join(len(each).to_bytes(2) + each for each in fields))


def publish_packet(topic: bytes, payload: bytes) -> bytes:
    """A PUBLISH at QoS 0."""
    return packet(PUBLISH, len(topic).to_bytes(2) + topic + b"\0" + payload)


def packet(first: int, body: bytes) -> bytes:
    """An MQTT packet with its length."""
    return bytes([first, *_length(len(body))]) + body


def _length(count: int) -> Iterator[int]:
    while True:
        count, digit = divmod(count, 128)
        yield digit | (0x80 if count else 0)
        if not count:
            return

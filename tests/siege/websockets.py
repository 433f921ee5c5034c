"""What does a hostile browser send to the relay? Small generators of raw handshakes and frames."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.siege.topics import connect_packet

TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9
_MASK: Final = b"\0\0\0\0"  # masked as the protocol demands, with a mask that changes nothing
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A handshake and what follows once it was answered; `is_let_in` when the handshake itself is in order."""

    handshake: bytes
    frames: Callable[[], bytes] = bytes
    is_let_in: bool = True


def websockets(address: str, user: str, password: str) -> dict[str, Conversation]:
    """Every conversation by name, for the page server at this host and port."""
    own = f"http://{address}"
    hello = frame(BINARY, connect_packet(user, password))
    frames: dict[str, Callable[[], bytes]] = {
        "text-frame": lambda: frame(TEXT, b"hello"),
        "no-utf8-text": lambda: frame(TEXT, b"\xff\xfe"),
        "1-kb-junk": lambda: frame(BINARY, bytes(range(256)) * 4),
        "34-mib-frame": lambda: frame(BINARY, bytes(34 * _MIB)),
        "announces-2-63": lambda: bytes([0x80 | BINARY, 0xFF]) + (2**63 - 1).to_bytes(8) + _MASK + b"x",
        "unmasked": lambda: bytes([0x80 | BINARY, 5]) + b"hello",
        "reserved-bits": lambda: bytes([0xF0 | BINARY, 0x80]) + _MASK,
        "unknown-opcode": lambda: frame(7, b"x"),
        "split-into-2000": lambda: split(connect_packet(user, password) + bytes(2_000), 2_000),
        "never-finished": lambda: bytes([BINARY, 0x81]) + _MASK + b"\x10" + bytes([0, 0x81]) + _MASK + b"\x20",
        "continued-without-begin": lambda: frame(0, b"x"),
        "5000-pings": lambda: frame(PING, b"x") * 5_000,
        "ping-of-200-bytes": lambda: frame(PING, bytes(200)),
        "5000-empty": lambda: frame(BINARY, b"") * 5_000,
        "close-code-0": lambda: frame(CLOSE, b"\0\0"),
        "close-twice": lambda: frame(CLOSE, b"\x03\xe8") * 2,
        "connect-twice": lambda: hello + hello,
        "http-in-the-socket": lambda: b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "wildcard-publish": lambda: hello + frame(BINARY, b"\x30\x05\0\1#\0x"),
    }
    refused = {
        "no-subprotocol": handshake(address, protocol=""),
        "chat-subprotocol": handshake(address, protocol="chat"),
        "200-subprotocols": handshake(address, protocol=",".join(f"p{number}" for number in range(200))),
        "origin-null": handshake(address, origin="null"),
        "origin-evil": handshake(address, origin="https://evil.example"),
        "origin-prefix": handshake(address, origin=f"{own}.evil.example"),
        "origin-user": handshake(address, origin=f"http://{address}@evil.example"),
        "origin-other-port": handshake(address, origin="http://127.0.0.1:1"),
        "version-99": handshake(address).replace(b"Version: 13", b"Version: 99"),
        "no-key": handshake(address).replace(b"Sec-WebSocket-Key", b"X-Key"),
    }
    good = handshake(address)
    let_in = {f"websocket-{name}": Conversation(handshake=good, frames=each) for name, each in frames.items()}
    return let_in | {
        f"websocket-{name}": Conversation(handshake=each, is_let_in=False) for name, each in refused.items()
    }


def handshake(address: str, *, origin: str = "", protocol: str = "mqtt") -> bytes:
    """The request by which a browser asks for the relay; its page is of this server unless told otherwise."""
    origin = origin or f"http://{address}"
    lines = ["GET /mqtt HTTP/1.1", f"Host: {address}", "Upgrade: websocket", "Connection: Upgrade", f"Origin: {origin}"]
    lines += [f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}", "Sec-WebSocket-Version: 13"]
    lines += [f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []
    return "\r\n".join([*lines, "", ""]).encode()


def frame(opcode: int, body: bytes, *, is_last: bool = True) -> bytes:
    """One masked frame."""
    first = opcode | (0x80 if is_last else 0)
    if len(body) < 126:
        return bytes([first, 0x80 | len(body)]) + _MASK + body
    size = len(body).to_bytes(2) if len(body) < 1 << 16 else len(body).to_bytes(8)
    return bytes([first, 0x80 | (126 if len(size) == 2 else 127)]) + size + _MASK + body


def split(body: bytes, count: int) -> bytes:
    """One message in so many frames."""
    size = -(-len(body) // count)
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    frames = [frame(0 if number else BINARY, part, is_last=part is parts[-1]) for number, part in enumerate(parts)]
    return b"".join(frames)

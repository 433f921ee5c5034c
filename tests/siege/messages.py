"""Which JSON does a hostile account publish? Small generators of payloads for every channel that people may write."""

import json
from dataclasses import dataclass
from typing import Any, Final

from tests.siege.black_boxes import CONTROLS, MARKUP

MALLORY: Final = "mallory"
RIG: Final = "rig-west"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One message: who publishes it, where below the project, and its bytes."""

    user: str
    below: str
    payload: bytes
    is_retained: bool = False


def requests() -> dict[str, Publication]:
    """Requests to the reconstructor that are none."""
    hostile = {f"request-{name}": payload for name, payload in _hostile(_request()).items()}
    return {
        name: Publication(user=MALLORY, below=f"request/{MALLORY}/ping", payload=payload)
        for name, payload in (hostile | _odd_requests()).items()
    }


def scale_bars() -> dict[str, Publication]:
    """Scale bars that would give the project a wrong or an impossible size."""
    bars = {
        "other-generation": _bar(generation=999_999_999),
        "both-ends-same": _bar(end=[0, 0, 0]),
        "of-1e308": _bar(begin=[-1e308, 0, 0], end=[1e308, 0, 0]),
        "of-5e-324": _bar(end=[5e-324, 0, 0]),
        "zero-metres": _bar(distance_m=0),
        "tiny-metres": _bar(distance_m=5e-324),
        "not-a-number": _bar().replace(b"1.5", b"NaN"),
        "1e999-metres": _bar().replace(b"1.5", b"1e999"),
        "another-user": _bar(user="reconstructor"),
        "empty": b"",
    }
    return {
        f"scale-bar-{name}": Publication(user=MALLORY, below=f"scale/{MALLORY}/desired", payload=payload)
        for name, payload in bars.items()
    }


def rig_commands() -> dict[str, Publication]:
    """Commands and settings for a rig, from an operator whose account was stolen."""
    commands = {f"command-{name}": ("command", payload) for name, payload in _hostile(_command()).items()}
    commands |= {
        "command-year-1": ("command", _command(deadline_at="0001-01-01T00:00:00+00:00")),
        "command-year-9999": ("command", _command(verb="capture_at", capture_at="9999-12-31T23:59:59-14:00")),
        "settings-negative": ("settings/desired", _settings(interval_s=-1)),
        "settings-1e999": ("settings/desired", _settings(interval_s=1.5).replace(b"1.5", b"1e999")),
        "settings-unknown": ("settings/desired", _settings(spool_dir="/etc", black_box="os:system")),
        "settings-controls": ("settings/desired", _settings(blur_ratio=CONTROLS)),
    }
    return {
        f"rig-{name}": Publication(user="boss", below=f"agent/{RIG}/{below}", payload=payload)
        for name, (below, payload) in commands.items()
    }


def presences() -> dict[str, Publication]:
    """Retained messages of people that every page reads."""
    markup = {"user": MALLORY, "connection": "c1", "program": MARKUP[:64]}
    bodies = {
        "presence-markup": ("presence", envelope("presence", **markup)),
        "presence-controls": ("presence", envelope("presence", **markup | {"program": CONTROLS})),
        "presence-another-user": ("presence", envelope("presence", **markup | {"user": "vera"})),
        "presence-no-json": ("presence", b"\xff\xfe\x00"),
        "presence-deep": ("presence", b"[" * 100_000),
        "presence-1-mib": ("presence", b"x" * 1_000_000),
        "probe-1-mib": ("probe", bytes(1_000_000)),
    }
    return {
        name: Publication(user=MALLORY, below=f"{channel}/{MALLORY}{level}", payload=payload, is_retained=True)
        for name, (channel, payload) in bodies.items()
        for level in ["" if channel == "probe" else "/c1"]
    }


def _hostile(valid: bytes) -> dict[str, bytes]:
    """What is done to one valid message of any kind."""
    return {
        "empty": b"",
        "open-bracket": b"{",
        "deep-lists": b"[" * 100_000,
        "deep-objects": b'{"a":' * 100_000,
        "deep-in-a-field": _with(valid, b"[" * 50_000 + b"]" * 50_000),
        "5-mb": _with(valid, b'"' + b"x" * 5_000_000 + b'"'),
        "huge-integer": _with(valid, b"1" * 5_000),
        "1e999": _with(valid, b"1e999"),
        "not-a-number": _with(valid, b"NaN"),
        "infinity": _with(valid, b"-Infinity"),
        "duplicate-keys": valid[:-1] + b"," + valid[1:],
        "no-utf8": _with(valid, b'"\xff\xfe\xc0\xaf"'),
        "surrogate": _with(valid, b'"\\ud800"'),
        "nul": _with(valid, b'"\\u0000"'),
        "raw-nul": valid + b"\0",
        "utf-16": valid.decode().encode("utf-16"),
        "byte-order-mark": b"\xef\xbb\xbf" + valid,
        "controls-in-a-key": _with(valid, b"1").replace(b"place", CONTROLS.encode()),
        "markup-type": valid.replace(b'"type": "', b'"type": "<img src=x onerror=window.ran=1>'),
        "type-number": valid.replace(b'"type": "', b'"type": 7, "was": "'),
        "schema-2": valid.replace(b'"schema": "1.0"', b'"schema": "2.0"'),
        "schema-controls": valid.replace(b'"schema": "1.0"', json.dumps({"schema": CONTROLS})[1:-1].encode()),
        "another-project": valid.replace(b'"project": "chapel"', b'"project": "castle"'),
        "project-traversal": valid.replace(b'"project": "chapel"', b'"project": "../castle"'),
        "list": b"[" + valid + b"]",
        "null": b"null",
        "year-1": valid.replace(b'"sent_at": "2026', b'"sent_at": "0001'),
        "year-10000": valid.replace(b'"sent_at": "2026', b'"sent_at": "10000'),
        "10000-fields": valid[:-1] + b"".join(b',"f%d":0' % number for number in range(10_000)) + b"}",
    }


def _odd_requests() -> dict[str, bytes]:
    return {
        "request-connection-traversal": _request(connection="../../event/error"),
        "request-connection-wildcard": _request(connection="+"),
        "request-id-controls": _request(id=CONTROLS),
        "request-verb-controls": _request(verb=CONTROLS),
        "request-verb-of-another-topic": _request(verb="resync"),
        "request-negative-shards": _request(shards=[-1, 2**63]),
        "request-100000-shards": _request(shards=list(range(100_000))),
        "request-generation-2-64": _request(generation=2**64),
    }


def _with(valid: bytes, value: bytes) -> bytes:
    """A valid message with one more field."""
    return valid[:-1] + b', "place": ' + value + b"}"


def envelope(kind: str, **fields: Any) -> bytes:
    """A message of this type to the chapel; fields of ours replace those of the envelope, too."""
    common = {"type": kind, "schema": "1.0", "sent_at": "2026-11-28T00:00:00+00:00", "project": "chapel"}
    return json.dumps(common | fields).encode()


def _request(**changes: Any) -> bytes:
    return envelope("request", **{"id": "r1", "verb": "ping", "connection": "c1"} | changes)


def _bar(**changes: Any) -> bytes:
    bar = {"generation": 1, "begin": [0, 0, 0], "end": [1, 0, 0], "distance_m": 1.5, "user": MALLORY}
    return envelope("desired_scale_bar", **bar | changes)


def _command(**changes: Any) -> bytes:
    command = {"id": "r1", "verb": "pause", "deadline_at": "2026-01-01T00:00:00+00:00"}
    return envelope("command", **command | changes)


def _settings(**changes: Any) -> bytes:
    return envelope("desired_settings", version=1, settings=changes)

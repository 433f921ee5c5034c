"""Which inputs did nobody think of? Hypothesis draws them: mutated images, JSON of any shape, names, and raw requests."""

import json
from collections.abc import Callable
from typing import Any, Final

import hypothesis
from hypothesis import strategies as st

from tests.photographs import photograph
from tests.siege.assault import Attack
from tests.siege.images import mpo, odd_tiff, vp8l
from tests.siege.messages import MALLORY, Publication, envelope
from tests.siege.strikes import http_strike, image_strike, json_strike, packet_strike, topic_strike
from tests.siege.topics import PROJECT, connect_packet

SEEDS: Final = (
    *(photograph(1, kind=kind, width_px=16, height_px=12) for kind in ("JPEG", "PNG", "WEBP", "TIFF")),
    *(mpo(), odd_tiff(), vp8l(8, 8)),
)
Value = dict[str, Any] | list[Any] | str | int | float | bool | None

edits = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=4)), min_size=1, max_size=6)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8"), max_size=20)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
names = st.text(st.characters(codec="utf-8", exclude_characters="+#/\0"), min_size=1, max_size=70)
fields = st.dictionaries(
    st.sampled_from(["id", "verb", "connection", "generation", "shards", "project", "schema", "sent_at", "type"]),
    values,
)


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """One of the seeds with some of its bytes replaced."""
    body = bytearray(draw(st.sampled_from(SEEDS)))
    for where, replacement in draw(edits):
        at = int(where * len(body))
        body[at : at + len(replacement)] = replacement
    return bytes(body)


@st.composite
def attacks(draw: st.DrawFn, number: Callable[[], int]) -> Attack:
    """Any one input of any kind."""
    kind = draw(st.sampled_from(["image", "image", "image", "topic", "json", "http", "packet"]))
    name = f"drawn-{kind}-{number()}"
    if kind == "image":
        payload = draw(mutants())
        return Attack(kind="drawn", name=name, strike=image_strike(name, lambda: payload))
    if kind == "topic":
        return Attack(kind="drawn", name=name, strike=topic_strike(f"{PROJECT}/image/{MALLORY}/{draw(names)}"))
    if kind == "json":
        return Attack(kind="drawn", name=name, strike=json_strike(_request(draw(fields))))
    if kind == "http":
        raw = b"GET " + draw(st.binary(max_size=60)) + b" HTTP/1.1\r\n" + draw(st.binary(max_size=60)) + b"\r\n\r\n"
        return Attack(kind="drawn", name=name, strike=http_strike(lambda: raw))
    raw = connect_packet("nobody", "wrong") + draw(st.binary(max_size=60))
    return Attack(kind="drawn", name=name, strike=packet_strike(raw))


def drawn(count: int) -> list[Attack]:
    """So many drawn attacks; the same every time, for a failure must be found again."""
    found: list[Attack] = []

    @hypothesis.settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(attacks(lambda: len(found)))
    def keep(attack: Attack) -> None:
        found.append(attack)

    keep()
    return found


def _request(changes: dict[str, Value]) -> Publication:
    usual: dict[str, Any] = {"id": "r1", "verb": "ping", "connection": "c1"}
    payload = json.dumps(json.loads(envelope("request")) | usual | changes).encode()
    return Publication(user=MALLORY, below=f"request/{MALLORY}/ping", payload=payload)

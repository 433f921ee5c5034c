"""JSON in and out."""

import json
from datetime import UTC, datetime

import pytest

from broker.envelope import MAX_JSON_BYTES, MESSAGES, BadMessageError, UnknownSchemaError, decode
from broker.manifest import Manifest
from broker.messages import Error, UploadAcknowledged

RECEIPT = UploadAcknowledged(project="chapel", status="stored", image_name="door1", image_number=3)


def changed(**fields: object) -> bytes:
    return json.dumps(json.loads(RECEIPT.encode()) | fields).encode()


def test_message_is_one_line_of_json_and_comes_back_equal() -> None:
    line = RECEIPT.encode()
    assert b"\n" not in line
    assert json.loads(line)["schema"] == "1.0"
    assert decode(line, UploadAcknowledged) == RECEIPT


def test_unknown_fields_and_newer_minor_schemas_are_ignored() -> None:
    assert decode(changed(colour="red", schema="1.7"), UploadAcknowledged).image_number == 3


def test_unknown_major_schema_is_an_error_of_its_own() -> None:
    with pytest.raises(UnknownSchemaError, match=r"schema 2\.0 .* update it"):
        decode(changed(schema="2.0", image_name={"new": "shape"}), UploadAcknowledged)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{",
        b"[" * 100_000,
        changed(project="../x"),
        changed(image_number=0),
        changed(sent_at="yesterday"),
        changed(sent_at="2026-11-24T10:00:00"),
        changed(sent_at="0001-01-01T00:00:00+05:00"),
        changed(sent_at="9999-12-31T23:59:59-05:00"),
        changed(type="error"),
        changed(status="lost"),
        b" " * (MAX_JSON_BYTES + 1),
    ],
    ids=lambda payload: str(payload[:24]),
)
def test_what_is_not_the_message_is_refused_in_one_line(payload: bytes) -> None:
    with pytest.raises(BadMessageError) as caught:
        decode(payload, UploadAcknowledged)
    assert "\n" not in caught.value.sentence


def test_neither_nan_nor_infinity_passes() -> None:
    text = '{"type":"processing_complete","schema":"1.0","project":"chapel","duration_s":NaN}'
    with pytest.raises(BadMessageError):
        decode(text.encode(), MESSAGES["processing_complete"])


def test_instants_carry_their_zone() -> None:
    assert RECEIPT.sent_at.tzinfo is not None
    assert abs((datetime.now(UTC) - RECEIPT.sent_at).total_seconds()) < 3600


def test_every_message_names_itself_and_every_error_code_is_one_word() -> None:
    assert all(model.model_fields["type"].default == name for name, model in MESSAGES.items())
    with pytest.raises(ValueError, match="code"):
        Error(project="chapel", code="Two Words", reason="x")


def test_unknown_word_is_a_bad_message_like_any_other_fault() -> None:
    text = '{"type":"request","schema":"1.0","project":"chapel","id":"r1","verb":"explode","connection":"c1"}'
    with pytest.raises(BadMessageError, match="not a known Verb"):
        decode(text.encode(), MESSAGES["request"])


def test_a_manifest_without_its_fields_is_refused() -> None:
    with pytest.raises(BadMessageError, match="store_id"):
        decode(b'{"type":"manifest","schema":"1.0","project":"chapel"}', Manifest)


def test_signs_that_change_a_terminal_or_the_reading_direction_do_not_come_out_of_any_text() -> None:
    said = {"code": "bad", "reason": "\x1b[2Jred\u202eder\nline", "topic": "a\x9b"}
    error = decode(json.dumps(json.loads(RECEIPT.encode()) | said | {"type": "error"}).encode(), Error)
    assert (error.reason, error.topic) == ("\\x1b[2Jred\\u202eder\\nline", "a\\x9b")

"""Which TypeScript follows from the contract? Interfaces, checks and limits of every message, and the table of channels."""

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from broker.channel import Channel
from broker.contract import CHANNELS, MAX_IMAGE_BYTES, MAX_SHARD_BYTES, MAX_THUMBNAIL_PX
from broker.documents.schemas import checked_schemas, message_schemas
from broker.envelope import MESSAGES, SCHEMA_MAJOR
from broker.ids import DIGEST_LENGTH, MAX_NAME_BYTES, PAGE_DIGEST_LENGTH
from broker.shards import MAX_POINTS
from broker.topics import DEFAULT_ROOT, LEVEL_TYPES, MAX_TOPIC_LENGTH

_SIMPLE: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def typescript() -> str:
    """The text of `viewer/web/src/wire/contract.ts`."""
    definitions = message_schemas()
    parts = [
        "// Generated from broker/contract.py by `make generate`; do not edit.",
        'import type { Schema } from "./schema";',
        *_constants(),
        *_level_patterns(),
        *(_declaration(name, schema) for name, schema in definitions.items()),
        *_unions(),
        *_channels(),
        *_checks(),
    ]
    return "\n\n".join(parts) + "\n"


def _constants() -> Iterator[str]:
    limits = {
        "DEFAULT_ROOT": DEFAULT_ROOT,
        "SCHEMA_MAJOR": SCHEMA_MAJOR,
        "MAX_IMAGE_BYTES": MAX_IMAGE_BYTES,
        "MAX_SHARD_BYTES": MAX_SHARD_BYTES,
        "MAX_THUMBNAIL_PX": MAX_THUMBNAIL_PX,
        "MAX_POINTS": MAX_POINTS,
        "MAX_TOPIC_LENGTH": MAX_TOPIC_LENGTH,
        "MAX_NAME_BYTES": MAX_NAME_BYTES,
        "DIGEST_LENGTH": DIGEST_LENGTH,
        "PAGE_DIGEST_LENGTH": PAGE_DIGEST_LENGTH,
    }
    yield "\n".join(f"export const {name} = {json.dumps(value)};" for name, value in limits.items())


def _level_patterns() -> Iterator[str]:
    rows = "".join(f"  {name}: {json.dumps(_pattern(kind))},\n" for name, kind in LEVEL_TYPES.items())
    yield (
        "/** What may stand at each level in braces of a topic; the whole text has to match. */\n"
        f"export const LEVEL_PATTERNS = {{\n{rows}}} as const;"
    )


def _pattern(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "|".join(kind)
    return str(kind.pattern)


def _checks() -> Iterator[str]:
    rows = "".join(f"  {name}: {json.dumps(schema)},\n" for name, schema in checked_schemas().items())
    yield f"/** What a reader checks, by class name. */\nexport const SCHEMAS: Readonly<Record<string, Schema>> = {{\n{rows}}};"
    names = "".join(f"  {name}: {json.dumps(model.__name__)},\n" for name, model in sorted(MESSAGES.items()))
    yield (
        "/** The class of every message type. */\n"
        f"export const MODELS: Readonly<Record<MessageType, string>> = {{\n{names}}};"
    )


def _declaration(name: str, schema: Mapping[str, Any]) -> str:
    comment = f"/** {' '.join(schema['description'].split())} */\n" if "description" in schema else ""
    if "enum" in schema:
        return f"{comment}export type {name} = {_union(json.dumps(value) for value in schema['enum'])};"
    fields = "".join(f"  readonly {field}: {_type(part)};\n" for field, part in schema["properties"].items())
    return f"{comment}export interface {name} {{\n{fields}}}"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return _union(json.dumps(value) for value in schema["enum"])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return _union(_type(part) for part in schema[several])
    if schema.get("type") == "array":
        return _array(schema)
    return _SIMPLE[schema["type"]]


def _array(schema: Mapping[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"readonly [{', '.join(_type(part) for part in schema['prefixItems'])}]"
    inner = _type(schema["items"])
    return f"readonly ({inner})[]" if " " in inner else f"readonly {inner}[]"


def _union(parts: Iterator[str]) -> str:
    return " | ".join(parts)


def _unions() -> Iterator[str]:
    names = sorted(model.__name__ for model in MESSAGES.values())
    events = sorted(model.__name__ for channel in CHANNELS if channel.name == "event" for model in channel.messages)
    yield "export type Message =\n" + "\n".join(f"  | {name}" for name in names) + ";"
    yield "export type Event =\n" + "\n".join(f"  | {name}" for name in events) + ";"
    yield "export type MessageType = Message['type'];"


def _channels() -> Iterator[str]:
    yield (
        "/** One row of the contract: a topic below `{root}/{project}/` and what it carries. */\n"
        "export interface Channel {\n"
        "  readonly template: string;\n  readonly types: readonly MessageType[];\n"
        "  readonly qos: 0 | 1;\n  readonly isRetained: boolean;\n  readonly maxBytes: number;\n}"
    )
    # What a row means is a comment: as a text it would be part of what every visitor loads.
    rows = "".join(f"  /** {channel.meaning} */\n  {channel.name}: {_row(channel)},\n" for channel in CHANNELS)
    yield f"export const CHANNELS = {{\n{rows}}} as const satisfies Record<string, Channel>;"


def _row(channel: Channel) -> str:
    row = {
        "template": channel.template.text,
        "types": [model.message_type for model in channel.messages],
        "qos": channel.qos,
        "isRetained": channel.is_retained,
        "maxBytes": channel.max_bytes,
    }
    return "{ " + ", ".join(f"{name}: {json.dumps(value)}" for name, value in row.items()) + " }"

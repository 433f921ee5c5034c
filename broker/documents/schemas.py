"""Which JSON Schemas and which AsyncAPI 3 document follow from the contract? Pydantic derives them from the models."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from broker.channel import Channel, Role
from broker.contract import CHANNELS
from broker.envelope import MESSAGES, SCHEMA
from broker.topics import DEFAULT_ROOT

_BYTES: Final = "application/octet-stream"
_JSON: Final = "application/json"


# Keywords that say what a reader has to check; the page's interpreter (viewer/web/src/wire/schema.ts) knows these.
_CHECKED: Final = frozenset(
    [
        "$ref",
        "anyOf",
        "const",
        "default",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minimum",
        "oneOf",
        "pattern",
        "prefixItems",
        "properties",
        "required",
        "type",
        "x-max-bytes",
    ]
)
_PROSE: Final = frozenset({"title", "description", "discriminator"})  # of `oneOf` it is always `type`


def message_schemas() -> dict[str, Any]:
    """JSON Schema (2020-12) of every message and of its parts, by class name, as a program writes them."""
    _, document = models_json_schema(
        [(model, "serialization") for _, model in sorted(MESSAGES.items())],
        by_alias=True,
        ref_template="#/components/schemas/{model}",
    )
    return dict(document["$defs"])


def checked_schemas() -> dict[str, Any]:
    """JSON Schema of every message and of its parts, by class name, as a program reads them.

    Fields with a default may be absent. A `$ref` is the bare class name; titles and descriptions are left out.

    Raises:
        KeyError: pydantic uses a keyword that the page does not check.
    """
    _, document = models_json_schema(
        [(model, "validation") for _, model in sorted(MESSAGES.items())], by_alias=True, ref_template="{model}"
    )
    return {name: _checks_of(schema) for name, schema in document["$defs"].items()}


def _checks_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    unknown = schema.keys() - _CHECKED - _PROSE
    if unknown:
        raise KeyError(f"the page does not check {', '.join(sorted(unknown))}: teach viewer/web/src/wire/schema.ts")
    return {keyword: _inner(keyword, value) for keyword, value in schema.items() if keyword in _CHECKED}


def _inner(keyword: str, value: Any) -> Any:
    if keyword == "properties":
        return {name: _checks_of(part) for name, part in value.items()}
    if keyword == "items":
        return _checks_of(value)
    if keyword in {"anyOf", "oneOf", "prefixItems"}:
        return [_checks_of(part) for part in value]
    return value


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document: channels, one operation for each direction, messages, schemas."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "cairn",
            "version": SCHEMA,
            "description": "Operations are written from the reconstructor's side: it receives images, it sends shards.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": _JSON,
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": dict(operation for channel in CHANNELS for operation in _operations(channel)),
        "components": {"messages": _messages(), "schemas": message_schemas()},
    }


def _names(channel: Channel) -> list[str]:
    return [model.message_type for model in channel.messages] or [f"{channel.name}_bytes"]


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "address": f"{DEFAULT_ROOT}/{{project}}/{channel.template.text}",
        "description": channel.meaning,
        "parameters": {name: {} for name in ("project", *channel.template.level_names)},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(channel)},
        "bindings": {"mqtt": {"bindingVersion": "0.2.0"}},
        "x-retained": channel.is_retained,
        "x-max-bytes": channel.max_bytes,
    }


def _operations(channel: Channel) -> Iterator[tuple[str, dict[str, Any]]]:
    is_sender = Role.RECONSTRUCTOR in channel.writers
    is_receiver = Role.RECONSTRUCTOR in channel.readers
    actions = [("send", is_sender), ("receive", is_receiver or not is_sender)]
    for action in (name for name, holds in actions if holds):
        yield (
            f"{action}_{channel.name}",
            {
                "action": action,
                "channel": {"$ref": f"#/channels/{channel.name}"},
                "bindings": {"mqtt": {"qos": channel.qos, "retain": channel.is_retained, "bindingVersion": "0.2.0"}},
            },
        )


def _messages() -> dict[str, Any]:
    json_messages = {
        name: {"contentType": _JSON, "payload": {"$ref": f"#/components/schemas/{model.__name__}"}}
        for name, model in sorted(MESSAGES.items())
    }
    byte_messages = {
        f"{channel.name}_bytes": {"contentType": _BYTES, "summary": channel.meaning}
        for channel in CHANNELS
        if not channel.is_json
    }
    return json_messages | byte_messages

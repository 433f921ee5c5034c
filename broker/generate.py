"""What follows from the table? Writes every generated file, or with `--check` says which have drifted."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from broker.accounts.access import User, acl
from broker.channel import Channel, Role
from broker.contract import CHANNELS
from broker.documents.error_table import error_rows, error_table
from broker.documents.schemas import asyncapi, message_schemas
from broker.documents.typescript import typescript
from broker.envelope import MESSAGES
from broker.errors import CairnError
from broker.mosquitto import LIMITS
from broker.topics import TopicSpace

ROOT: Final = Path(__file__).resolve().parent.parent
_EXAMPLE_PROJECT: Final = "chapel"
_EXAMPLE_USERS: Final = (
    ("reconstructor", Role.RECONSTRUCTOR),
    ("rig-north", Role.AGENT),
    ("anna", Role.CONTRIBUTOR),
    ("visitor", Role.VIEWER),
    ("ops", Role.OPERATOR),
    ("guest", Role.OBSERVER),
)


class DriftError(CairnError):
    """A generated file is not what the contract says."""

    code = "generated_files_drifted"
    remedy = "Run `make generate` and commit the files."


def generated() -> Iterator[tuple[Path, str]]:
    """Every generated file with its text."""
    yield ROOT / "docs" / "asyncapi.json", json.dumps(asyncapi(), indent=2) + "\n"
    yield ROOT / "docs" / "messages.schema.json", json.dumps({"$defs": message_schemas()}, indent=2) + "\n"
    yield ROOT / "viewer" / "web" / "src" / "wire" / "contract.ts", typescript()
    yield ROOT / "deploy" / "acl.conf", example_acl()
    yield ROOT / "mosquitto.conf", mosquitto_conf()
    wire = ROOT / "docs" / "wire.md"
    yield wire, _with_tables(wire.read_text(encoding="utf-8"))


def mosquitto_conf() -> str:
    """The conf for a broker that is run by the system; our own launcher writes the same limits."""
    lines = ["# Generated from broker/mosquitto.py by `make generate`; do not edit.", ""]
    for line in LIMITS:
        lines += [f"# {line.reason}", f"{line.directive} {line.value}"]
    return "\n".join([*lines, _LISTENERS])


_LISTENERS: Final = """# 60 % of the machine's memory, in bytes (here of 8 GiB): a stalled crowd must not take the machine down
memory_limit 5153960755

# where the queue and the retained shards are kept; the user `mosquitto` must be able to write there
persistence_location /var/lib/mosquitto/
# made with `mosquitto_passwd`; one line for each program and person
password_file /etc/mosquitto/cairn.passwords
# made with `cairn broker acl`: who may do what, deploy/acl.conf is an example
acl_file /etc/mosquitto/cairn.acl

# plain MQTT, on this machine only: the reconstructor and the page server's /mqtt relay
listener 1883 127.0.0.1
# each listener has its own limit: idle connections of strangers on one leave places on the others
max_connections 4000

# TLS for rigs and ops on the network: put your certificate in place and take the signs away
#listener 8883
#max_connections 4000
#certfile /etc/mosquitto/certs/server.crt
#keyfile /etc/mosquitto/certs/server.key

# WebSockets, for dashboards with small messages; Mosquitto 2.0 sends shards here 4 KB every 100 ms (upstream #1390),
# so browsers use the page server's /mqtt; from Mosquitto 2.1 on this listener is as good: `cairn doctor` measures it
listener 9001 127.0.0.1
max_connections 4000
protocol websockets
"""


def example_acl() -> str:
    """The ACL of one user of each role, to read and to test against."""
    users = [User.build(name, role, [_EXAMPLE_PROJECT]) for name, role in _EXAMPLE_USERS]
    head = "# Generated from broker/contract.py by `make generate`; do not edit. One user of each role in one project."
    return f"{head}\n\n{acl(users, TopicSpace())}"


def channel_table() -> str:
    """The channels as a Markdown table."""
    head = "| channel | topic below `{root}/{project}/` | payload | QoS | retained | writes | reads |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, *(_channel_row(channel) for channel in CHANNELS)])


def message_table() -> str:
    """The JSON messages as a Markdown table."""
    rows = [
        f"| `{name}` | {(model.__doc__ or '').partition(chr(10))[0]} | {', '.join(_fields(name))} |"
        for name, model in sorted(MESSAGES.items())
    ]
    return "\n".join(["| type | meaning | fields besides type, schema, sent_at, project |\n|---|---|---|", *rows])


def write() -> None:
    """Bring every generated file up to date."""
    for path, text in generated():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def check() -> None:
    """Compare every generated file with the contract.

    Raises:
        DriftError: names the files that differ.
    """
    drifted = [path for path, text in generated() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if drifted:
        names = ", ".join(str(path.relative_to(ROOT)) for path in drifted)
        raise DriftError(f"not what broker/contract.py says: {names}; run `make generate` and commit")


def _channel_row(channel: Channel) -> str:
    payload = ", ".join(f"`{model.message_type}`" for model in channel.messages) or "bytes"
    cells = [
        channel.name,
        f"`{channel.template.text}`",
        f"{payload}: {channel.meaning}",
        str(channel.qos),
        "yes" if channel.is_retained else "no",
        _writers(channel),
        ", ".join(sorted(channel.readers)),
    ]
    return f"| {' | '.join(cells)} |"


def _writers(channel: Channel) -> str:
    if not channel.writers_of_verb:
        return ", ".join(sorted(channel.writers))
    return "; ".join(f"`{verb}`: {', '.join(sorted(roles))}" for verb, roles in channel.writers_of_verb.items())


def _fields(name: str) -> list[str]:
    envelope = {"type", "schema_version", "sent_at", "project"}
    return [f"`{field}`" for field in MESSAGES[name].model_fields if field not in envelope]


def _with_tables(text: str) -> str:
    tables = (
        ("channels", channel_table()),
        ("messages", message_table()),
        ("errors", error_table(error_rows(ROOT))),
    )
    for name, table in tables:
        head, begin, rest = text.partition(f"<!-- generated: {name} -->\n")
        _, end, tail = rest.partition(f"<!-- end: {name} -->")
        text = f"{head}{begin}{table}\n{end}{tail}"
    return text


def main() -> int:
    """`python -m broker.generate [--check]`."""
    try:
        if sys.argv[1:] == ["--check"]:
            check()
        else:
            write()
    except CairnError as exc:
        sys.stderr.write(f"{exc.sentence}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`cairn rig PROJECT [RIG] status|shoot|pause|resume|cancel|restart|set`: an operator leads rigs from afar."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from admin.installation import Installation
from admin.rigs.commands import Answered, NoRigError, Rig, Verb, change_settings, command, rigs_of
from admin.system import System
from broker.config import Connection
from broker.ids import ProjectId
from broker.logs import LogLevel, configure
from broker.options import BrokerHost, BrokerPort, PasswordFile, User, broker_flags
from broker.printable import printable

app = typer.Typer(add_completion=False)

_VERB_BY_WORD: Final[dict[str, Verb]] = {
    "shoot": "capture",
    "pause": "pause",
    "resume": "resume",
    "cancel": "cancel",
    "restart": "reboot",
}
_WORDS: Final = ("status", "set", *_VERB_BY_WORD)


@app.command()
def rig(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="Whose rigs.")],
    words: Annotated[
        list[str],
        typer.Argument(metavar="[RIG] DO", help=f"All rigs, or one: {', '.join(_WORDS)}; set takes NAME=VALUE."),
    ],
    count: Annotated[int, typer.Option(min=1, max=10_000, help="How many photographs, of shoot.")] = 1,
    wait_s: Annotated[
        float,
        typer.Option("--in", min=0, max=3600, help="All rigs shoot at the same instant, so many seconds from now."),
    ] = 0.0,
    instant: Annotated[
        str | None,
        typer.Option("--at", metavar="INSTANT", help="Or at this instant, for example 2026-11-28T10:30:00+01:00."),
    ] = None,
    folder: Annotated[Path, typer.Option("--folder", help="Where cairn.toml and the data are.")] = Path(),
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """See the rigs of a project, let them photograph, or change their settings; exit 1 when one does not."""
    configure(level=LogLevel.ERROR)
    name, word, wishes = _understood(words)
    flags = broker_flags(broker, broker_port, user, password_file)
    connection = Connection.model_validate(flags) if flags else Installation.load(System(folder.resolve())).operator
    here = ProjectId(project)
    if word == "status":
        is_fine = asyncio.run(_show(connection, here, name))
    elif word == "set":
        is_fine = asyncio.run(_set(connection, here, name, wishes))
    else:
        at = datetime.now(UTC) + timedelta(seconds=wait_s) if wait_s else _read_instant(instant)
        is_fine = asyncio.run(_command(connection, here, name, word, count, at))
    raise typer.Exit(0 if is_fine else 1)


def _understood(words: list[str]) -> tuple[str | None, str, dict[str, str]]:
    """The rig, what it is to do, and NAME=VALUE."""
    name = None if words[0] in _WORDS else words[0]
    rest = words if name is None else words[1:]
    word, values = (rest[0], rest[1:]) if rest else ("status", [])
    pairs = [each.partition("=") for each in values]
    if word not in _WORDS or (values and word != "set") or not all(sign for _, sign, _ in pairs):
        raise typer.BadParameter(f"say [RIG] and one of {', '.join(_WORDS)}; set takes NAME=VALUE")
    return name, word, {left: right for left, _, right in pairs}


async def _show(connection: Connection, project: ProjectId, name: str | None) -> bool:
    rigs = [each for each in await rigs_of(connection, project) if name in {None, each.name}]
    if not rigs:
        raise NoRigError(f"{project} has no rig {name!r}" if name else f"{project} has no rig yet")
    for each in rigs:
        print(printable(_line(each)))
    return all(each.is_online for each in rigs)


def _line(each: Rig) -> str:
    parts = [f"{each.name:16} {each.state.presence if each.state else 'unknown'}"]
    if each.state is not None and each.is_online:
        parts.append("capturing" if each.state.is_capturing else "not capturing")
    if each.health is not None:
        parts += [f"{each.health.captured_count} captured", f"{each.health.spool_count} waiting"]
        if each.health.temperature_deg is not None:
            parts.append(f"{each.health.temperature_deg:.0f} °C")
        parts += each.health.alarms
        if each.health.last_error:
            parts.append(f"last error: {each.health.last_error}")
    if each.settings is not None:
        known = each.settings.settings.model_dump(exclude_none=True)
        parts += [f"{name}={value}" for name, value in known.items()]
    return "; ".join(parts)


async def _command(
    connection: Connection, project: ProjectId, name: str | None, word: str, count: int, at: datetime | None
) -> bool:
    verb = _VERB_BY_WORD[word]
    is_shot = verb == "capture"
    is_fine = True
    answers = command(
        connection,
        project,
        name,
        "capture_at" if is_shot and at is not None else verb,
        image_count=count if is_shot else None,
        at=at if is_shot else None,
    )
    async for answered in answers:
        reply = answered.reply
        is_fine &= reply is not None and reply.is_done
        print(f"{answered.rig}\t{printable(_words(answered))}", flush=True)
    return is_fine


def _words(answered: Answered) -> str:
    """What a rig said, for people."""
    reply = answered.reply
    if reply is None:
        return "accepted, but no report came" if answered.has_accepted else "no answer"
    why = f"{reply.reason or reply.code or 'no reason given'}"
    report = reply.report
    if report is None:
        return "done" if reply.is_done else f"refused: {why}"
    images = ", ".join(report.image_ids)
    if report.fired_at is None or report.deviation_s is None:
        return f"did not fire: {why}"
    fired = f"fired at {report.fired_at:%H:%M:%S.%f} UTC, {report.deviation_s * 1000:+.0f} ms from the instant"
    return f"{fired}: {images}" if reply.is_done else f"{fired}, but: {why}" + (f" ({images})" if images else "")


def _read_instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as exc:
        raise typer.BadParameter(f"{text!r} is no instant: write 2026-11-28T10:30:00+01:00") from exc
    if at.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no time zone: end it with Z for UTC, or with +01:00")
    return at


async def _set(connection: Connection, project: ProjectId, name: str | None, wishes: dict[str, str]) -> bool:
    is_fine = True
    async for rig_name, reported in change_settings(connection, project, name, wishes):
        if reported is None:
            is_fine = False
            print(f"{rig_name}\tno answer: it follows when it is online")
            continue
        known = reported.settings.model_dump(exclude_none=True)
        print(f"{rig_name}\t" + ", ".join(f"{key}={value}" for key, value in known.items()), flush=True)
        for refused in reported.refused:
            is_fine = False
            sys.stderr.write(printable(f"{rig_name} refuses {refused.field}: {refused.reason}") + "\n")
    return is_fine

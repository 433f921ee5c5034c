"""How does an operator lead the rigs of a project? By commands and settings over MQTT, each with the rig's answer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, get_args

from pydantic import ValidationError

from broker.channel import Match
from broker.config import Connection
from broker.contract import (
    AGENT_HEALTH,
    AGENT_STATE,
    COMMAND,
    COMMAND_REPLY,
    DESIRED_SETTINGS,
    REPORTED_SETTINGS,
    match,
)
from broker.envelope import BadMessageError, decode
from broker.errors import CairnError
from broker.ids import AgentId, ProjectId
from broker.live import Follower, follow, fresh_request_id
from broker.rig_messages import (
    AgentHealth,
    AgentPresence,
    AgentSettings,
    AgentState,
    Command,
    CommandReply,
    DesiredSettings,
    ReportedSettings,
)

Verb = Literal["capture", "capture_at", "pause", "resume", "cancel", "reboot"]
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
ANSWER_TIMEOUT_S: Final = 10.0
_SILENCE_S: Final = 1.0


class NoRigError(CairnError):
    """A rig that this project does not have, or no rig at all."""

    code = "no_rig"
    remedy = "See `cairn rig PROJECT status` for the names of the rigs."


class BadRigSettingError(CairnError):
    """A setting that rigs do not have, or a value that it cannot have."""

    code = "bad_rig_setting"
    remedy = "Use one of the settings that the message names."


@dataclass(slots=True, kw_only=True)
class Rig:
    """What the broker retains of one rig."""

    name: AgentId
    state: AgentState | None = None
    health: AgentHealth | None = None
    settings: ReportedSettings | None = None

    @property
    def is_online(self) -> bool:
        """Whether it can answer."""
        return self.state is not None and self.state.presence is AgentPresence.ONLINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What one rig said to a command; `reply` is None when it said nothing in time."""

    rig: AgentId
    reply: CommandReply | None


async def rigs_of(connection: Connection, project: ProjectId) -> list[Rig]:
    """All rigs that the broker knows in a project, by name.

    Raises:
        BrokerLostError: no broker, or it does not let us in.
    """
    async with follow(connection) as follower:
        return await _read(follower, connection, project)


async def command(
    connection: Connection,
    project: ProjectId,
    name: str | None,
    verb: Verb,
    *,
    image_count: int | None = None,
    at: datetime | None = None,
) -> AsyncIterator[Answered]:
    """Send a command to one rig, or to all that are online, and yield each answer.

    Args:
        connection: an operator's.
        project: whose rigs.
        name: of the rig; None for all.
        verb: what to do.
        image_count: how many photographs, of `capture` and `capture_at`.
        at: when, of `capture_at`.

    Raises:
        NoRigError: no such rig, or none is online.
        BrokerLostError: no broker, or it does not let us in.
    """
    space, request_id = connection.space, fresh_request_id()
    async with follow(connection) as follower:
        waiting = _chosen(await _read(follower, connection, project), project, name)
        await follower.subscribe(
            *(space.topic(project, COMMAND_REPLY.template, agent=rig, request_id=request_id) for rig in waiting)
        )
        deadline_at = datetime.now(UTC) + timedelta(seconds=ANSWER_TIMEOUT_S)
        message = Command(
            project=project, id=request_id, verb=verb, deadline_at=deadline_at, capture_at=at, image_count=image_count
        )
        for rig in waiting:
            await follower.publish(COMMAND.outgoing(space, project, message, agent=rig))
        while waiting:
            reply = await _next_reply(follower, (deadline_at - datetime.now(UTC)).total_seconds())
            if reply is None:
                break
            if reply.agent in waiting:
                waiting.remove(reply.agent)
                yield Answered(rig=reply.agent, reply=reply)
        for rig in waiting:
            yield Answered(rig=rig, reply=None)


async def change_settings(
    connection: Connection, project: ProjectId, name: str | None, wishes: Mapping[str, str]
) -> AsyncIterator[tuple[AgentId, ReportedSettings | None]]:
    """Change settings of one rig, or of all; yields what each reports then, None when it reports nothing in time.

    Raises:
        BadRigSettingError: an unknown setting, or a value that it cannot have.
        NoRigError, BrokerLostError: as `command`.
    """
    settings = read_wishes(wishes)
    space = connection.space
    async with follow(connection) as follower:
        rigs = await _read(follower, connection, project)
        versions = {rig.name: rig.settings.version + 1 if rig.settings else 1 for rig in rigs}
        waiting = _chosen(rigs, project, name)
        for rig in waiting:
            desired = DesiredSettings(project=project, version=versions[rig], settings=settings)
            await follower.publish(DESIRED_SETTINGS.outgoing(space, project, desired, agent=rig))
        until = datetime.now(UTC) + timedelta(seconds=ANSWER_TIMEOUT_S)
        while waiting and (left_s := (until - datetime.now(UTC)).total_seconds()) > 0:
            message = await follower.next_message(left_s)
            if message is None or not message.payload or match(space, message.topic).channel is not REPORTED_SETTINGS:
                continue
            reported = decode(message.payload, ReportedSettings)
            if reported.agent in waiting and reported.version >= versions[reported.agent]:
                waiting.remove(reported.agent)
                yield reported.agent, reported
        for rig in waiting:
            yield rig, None


def read_wishes(wishes: Mapping[str, str]) -> AgentSettings:
    """Read settings from text; raises BadRigSettingError."""
    unknown = sorted(set(wishes) - set(AgentSettings.model_fields))
    if unknown or not wishes:
        known = ", ".join(AgentSettings.model_fields)
        raise BadRigSettingError(f"{unknown[0] if unknown else 'nothing'} is no setting of a rig: use {known}")
    try:
        return AgentSettings.model_validate_strings(dict(wishes))
    except ValidationError as exc:
        first = exc.errors()[0]
        name = str(first["loc"][0])
        raise BadRigSettingError(f"{name}={wishes[name]}: {first['msg']}") from exc


async def _read(follower: Follower, connection: Connection, project: ProjectId) -> list[Rig]:
    space, rigs = connection.space, dict[AgentId, Rig]()
    channels = (AGENT_STATE, AGENT_HEALTH, REPORTED_SETTINGS)
    await follower.subscribe(*(space.filter(channel.template, project) for channel in channels))
    while (message := await follower.next_message(_SILENCE_S)) is not None:
        if not message.payload:
            continue
        with contextlib.suppress(BadMessageError):  # of a rig that speaks another version
            _note(rigs, match(space, message.topic), message.payload)
        if not message.is_retained and _is_complete(rigs.values()):
            break
    return [rigs[name] for name in sorted(rigs)]


def _note(rigs: dict[AgentId, Rig], found: Match, payload: bytes) -> None:
    rig = rigs.setdefault(found.agent, Rig(name=found.agent))
    if found.channel is AGENT_STATE:
        rig.state = decode(payload, AgentState)
    elif found.channel is AGENT_HEALTH:
        rig.health = decode(payload, AgentHealth)
    else:
        rig.settings = decode(payload, ReportedSettings)


def _is_complete(rigs: Collection[Rig]) -> bool:
    """Whether everything retained has come: live health of talkative rigs would else never let the silence begin."""
    return all(rig.state and rig.health for rig in rigs)


def _chosen(rigs: list[Rig], project: ProjectId, name: str | None) -> list[AgentId]:
    if name is None:
        chosen = [rig.name for rig in rigs if rig.is_online]
        if not chosen:
            raise NoRigError(f"no rig of {project} is online")
        return chosen
    if name not in {rig.name for rig in rigs}:
        known = ", ".join(rig.name for rig in rigs) or "it has none"
        raise NoRigError(f"{project} has no rig {name!r}: {known}")
    return [AgentId(name)]


async def _next_reply(follower: Follower, timeout_s: float) -> CommandReply | None:
    try:
        async with asyncio.timeout(max(0.0, timeout_s)):
            async for message in follower.messages():
                if "/reply/" in message.topic:
                    return decode(message.payload, CommandReply)
    except TimeoutError:
        return None
    return None

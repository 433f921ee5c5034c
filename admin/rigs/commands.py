"""How does an operator lead the rigs of a project? By commands and settings over MQTT, each with the rig's answer."""

import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping
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
from broker.envelope import BadMessageError, M, decode
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
REPORT_TIMEOUT_S: Final = 75.0  # after the instant: a camera that hangs is given up after 60 s
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
    """What the broker retains of one rig.

    Attributes:
        settings: what the rig says that it follows.
        desired: what it was told last; newer than `settings` while the rig has not answered.
    """

    name: AgentId
    state: AgentState | None = None
    health: AgentHealth | None = None
    settings: ReportedSettings | None = None
    desired: DesiredSettings | None = None

    @property
    def is_online(self) -> bool:
        """Whether it can answer."""
        return self.state is not None and self.state.presence is AgentPresence.ONLINE

    def next_settings(self, wishes: AgentSettings) -> tuple[int, AgentSettings]:
        """The version and the settings of the next change: what the rig has not followed yet goes along."""
        reported = self.settings.version if self.settings else 0
        if self.desired is None or self.desired.version <= reported:
            return reported + 1, wishes
        waiting = self.desired.settings.model_copy(update=wishes.model_dump(exclude_none=True))
        return self.desired.version + 1, waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What one rig said last to a command.

    Attributes:
        reply: None when it said nothing in time.
        has_accepted: whether it said before that it would photograph at the instant.
    """

    rig: AgentId
    reply: CommandReply | None
    has_accepted: bool = False


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
    """Send a command to one rig, or to all that are online, and yield each answer; of `capture_at` the report of it.

    Args:
        connection: an operator's.
        project: whose rigs.
        name: of the rig; None for all.
        verb: what to do.
        image_count: how many photographs, of `capture` and `capture_at`.
        at: when, of `capture_at`; all rigs get one capture id for it.

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
            project=project,
            id=request_id,
            verb=verb,
            deadline_at=deadline_at,
            capture_at=at,
            image_count=image_count,
            capture_id=None if at is None else request_id,
        )
        for rig in waiting:
            await follower.publish(COMMAND.outgoing(space, project, message, agent=rig))
        accepted = set[AgentId]()
        async for reply in _replies(follower, deadline_at, lambda: bool(set(waiting) - accepted)):
            if reply.agent in waiting and _is_acceptance(reply, at):
                accepted.add(reply.agent)
            elif reply.agent in waiting:
                waiting.remove(reply.agent)
                yield Answered(rig=reply.agent, reply=reply, has_accepted=reply.agent in accepted)
        if at is not None:
            async for reply in _replies(
                follower, at + timedelta(seconds=REPORT_TIMEOUT_S), lambda: bool(accepted & set(waiting))
            ):
                if reply.agent in waiting and not _is_acceptance(reply, at):
                    waiting.remove(reply.agent)
                    yield Answered(rig=reply.agent, reply=reply, has_accepted=True)
        for rig in waiting:
            yield Answered(rig=rig, reply=None, has_accepted=rig in accepted)


def _is_acceptance(reply: CommandReply, at: datetime | None) -> bool:
    """Whether a rig only says that it will photograph at the instant."""
    return at is not None and reply.is_done and reply.report is None


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
        changes = {rig.name: rig.next_settings(settings) for rig in rigs}
        waiting = _chosen(rigs, project, name)
        for rig in waiting:
            version, wanted = changes[rig]
            desired = DesiredSettings(project=project, version=version, settings=wanted)
            await follower.publish(DESIRED_SETTINGS.outgoing(space, project, desired, agent=rig))
        until = datetime.now(UTC) + timedelta(seconds=ANSWER_TIMEOUT_S)
        while waiting and (left_s := (until - datetime.now(UTC)).total_seconds()) > 0:
            message = await follower.next_message(left_s)
            if message is None or not message.payload or match(space, message.topic).channel is not REPORTED_SETTINGS:
                continue
            reported = _readable(message.payload, ReportedSettings)
            if reported is not None and reported.agent in waiting and reported.version >= changes[reported.agent][0]:
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
    space, rigs, told = connection.space, dict[AgentId, Rig](), dict[AgentId, DesiredSettings]()
    channels = (AGENT_STATE, AGENT_HEALTH, REPORTED_SETTINGS, DESIRED_SETTINGS)
    await follower.subscribe(*(space.filter(channel.template, project) for channel in channels))
    while (message := await follower.next_message(_SILENCE_S)) is not None:
        if not message.payload:
            continue
        with contextlib.suppress(BadMessageError):  # of a rig that speaks another version
            found = match(space, message.topic)
            if found.channel is DESIRED_SETTINGS:  # of a rig that may be gone
                told[found.agent] = decode(message.payload, DesiredSettings)
            else:
                _note(rigs, found, message.payload)
        if not message.is_retained and _is_complete(rigs.values()):
            break
    for name, rig in rigs.items():
        rig.desired = told.get(name)
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


async def _replies(follower: Follower, until: datetime, is_waiting: Callable[[], bool]) -> AsyncIterator[CommandReply]:
    """The replies that come until an instant, for as long as one is waited for."""
    while is_waiting() and (left_s := (until - datetime.now(UTC)).total_seconds()) > 0:
        message = await follower.next_message(left_s)
        if message is not None and "/reply/" in message.topic:
            reply = _readable(message.payload, CommandReply)
            if reply is not None:
                yield reply


def _readable(payload: bytes, kind: type[M]) -> M | None:
    """One rig's message; None of a rig that speaks another version, which hides the answers of no other."""
    with contextlib.suppress(BadMessageError):
        return decode(payload, kind)
    return None

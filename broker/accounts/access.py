"""Who is who, and what may each do? Users, and the ACL lines that follow from the contract."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from broker.accounts.passwords import fresh_password, hashed
from broker.channel import Channel, Role
from broker.contract import CHANNELS
from broker.errors import CairnError
from broker.ids import AgentId, ProjectId, SenderId, UserId
from broker.topics import LevelValue, TopicSpace, discovery_topic

HOME_ASSISTANT_PATTERN: Final = r"[A-Za-z0-9_-]{1,63}(/[A-Za-z0-9_-]{1,63}){0,3}"

_SEES_ALL: Final = frozenset({Role.OPERATOR, Role.OBSERVER})


class BadUserError(CairnError):
    """A user that cannot be."""

    code = "bad_user"
    remedy = "Choose another name: people and programs in lower case, rigs begin with `rig-`."


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A name on the broker, its role and the projects it belongs to."""

    name: SenderId | UserId
    role: Role
    projects: tuple[ProjectId, ...]
    home_assistant_prefix: str | None = None

    @classmethod
    def build(
        cls, name: str, role: str, projects: Iterable[str], *, home_assistant_prefix: str | None = None
    ) -> "User":
        """Check the parts; names of agents begin with `rig-`, other names do not.

        Raises:
            BadUserError: an unknown role, no project, or a prefix that is no topic.
            BadIdError: a name that does not fit its role.
        """
        if role not in list(Role):
            raise BadUserError(f"{role!r} is not a role: use one of {', '.join(Role)}")
        members = tuple(ProjectId(project) for project in projects)
        if not members:
            raise BadUserError(f"user {name!r} needs at least one project")
        prefix = home_assistant_prefix
        if prefix is not None and not re.fullmatch(HOME_ASSISTANT_PATTERN, prefix, re.ASCII):
            raise BadUserError(f"{prefix[:40]!r} is not a prefix for Home Assistant: it is usually 'homeassistant'")
        kind = AgentId if role == Role.AGENT else UserId
        return cls(name=kind(name), role=Role(role), projects=members, home_assistant_prefix=prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user as the broker knows it: with the hash of a password."""

    user: User
    password_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A user with a password in plain, which only its owner keeps."""

    user: User
    password: str

    @classmethod
    def fresh(cls, user: User) -> Self:
        """A user with a new random password."""
        return cls(user=user, password=fresh_password())

    @property
    def account(self) -> Account:
        """What the broker keeps of it."""
        return Account(user=self.user, password_hash=hashed(self.password))


def acl(users: Iterable[User], space: TopicSpace) -> str:
    """The whole ACL file: explicit lines per user, so that a `+` never stands for a project one is not part of."""
    return "\n".join(line for user in users for line in [*_lines(user, space), ""])


def _lines(user: User, space: TopicSpace) -> Iterator[str]:
    yield f"user {user.name}"
    for project in user.projects:
        for channel in CHANNELS:
            everybody = space.filter(channel.template, project)
            own = _own(channel, user)
            if user.role is Role.RECONSTRUCTOR:
                yield f"topic readwrite {everybody}"
                continue
            if user.role in channel.readers:
                is_of_all = user.role in _SEES_ALL or (channel.is_read_by_all and user.role is not Role.AGENT)
                yield f"topic read {everybody if is_of_all else space.filter(channel.template, project, **own)}"
            is_keeper = channel.is_kept_by_operators and user.role is Role.OPERATOR
            for levels in channel.writable(user.role):
                yield f"topic write {space.filter(channel.template, project, **({} if is_keeper else own), **levels)}"
    if user.role in {Role.OPERATOR, Role.OBSERVER}:
        yield "topic read $SYS/#"
    if user.home_assistant_prefix is not None:
        is_agent = user.role is Role.AGENT
        name = user.name if is_agent else "+"
        yield f"topic {'write' if is_agent else 'read'} {discovery_topic(user.home_assistant_prefix, name)}"


def _own(channel: Channel, user: User) -> dict[str, LevelValue]:
    """Return the level that must be the user's own name; nobody but a rig is an agent."""
    is_other_kind = channel.own_level == "agent" and user.role is not Role.AGENT
    if channel.own_level is None or is_other_kind:
        return {}
    return {channel.own_level: user.name}

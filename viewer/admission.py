"""Who may see which project over HTTP? Accounts that may read it on the broker: name and password are tried there."""

import asyncio
import base64
import hashlib
import time
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

from aiohttp import web
from pydantic import SecretStr

from broker.config import Connection
from broker.contract import RECONSTRUCTOR_STATE
from broker.errors import CairnError
from broker.ids import RIG_PREFIX, ProjectId, UserId
from broker.live import BrokerLostError, Follower, follow
from broker.logs import get_logger
from viewer.config import Settings
from viewer.network.brake import Attempt, Brake
from viewer.status import Board

REMEMBERED_S: Final = 3.0  # so long a new project stays unseen, and a user who was taken away is still let in
MAX_REMEMBERED: Final = 1000
MAX_ASKING: Final = 8
SILENCE_S: Final = 0.3  # retained messages come within milliseconds of the subscription
LONGEST_S: Final = 3.0
_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="cairn", charset="UTF-8"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody who asked: how they reach the broker, and what they may see.

    Attributes:
        projects: of a request about one project, that one at most.
    """

    connection: Connection
    projects: frozenset[ProjectId]


class Admission:
    """Answers for one page server."""

    def __init__(self, settings: Settings, board: Board, brake: Brake) -> None:
        self._settings, self._board, self._brake = settings, board, brake
        self._remembered: dict[bytes, tuple[float, Guest]] = {}
        self._asking = asyncio.Semaphore(MAX_ASKING)
        self._turns: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    @property
    def needs_login(self) -> bool:
        """Whether people come in with an account of their own."""
        return self._settings.needs_login

    async def admit(self, request: web.Request) -> Guest:
        """Who asks.

        Raises:
            web.HTTPException: 401 without right name and password, 429 after too many wrong ones, 502 without broker.
        """
        if not self._settings.needs_login:
            return Guest(connection=self._settings.broker, projects=frozenset(self._board.projects()))
        name, password = _credentials(request)
        project = self._project_of(request)
        key = hashlib.sha256(f"{name}\0{password}\0{project or ''}".encode()).digest()
        if (guest := self._known(key)) is not None:
            return guest
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn:  # a page asks for many shards at once: the broker is asked once
            if (guest := self._known(key)) is None:
                with self._brake.attempt(request.remote, name) as attempt:
                    guest = await self._ask_broker(name, password, project, attempt)
                self._remember(key, guest)
        return guest

    def _project_of(self, request: web.Request) -> ProjectId | None:
        """The project in the address, if there is one of this name."""
        asked = request.match_info.get("project")
        return next((project for project in self._board.projects() if project == asked), None)

    def _known(self, key: bytes) -> Guest | None:
        until_s, guest = self._remembered.get(key, (0.0, None))
        return guest if until_s >= time.monotonic() else None

    def _remember(self, key: bytes, guest: Guest) -> None:
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = (time.monotonic() + REMEMBERED_S, guest)

    async def _ask_broker(self, name: str, password: str, project: ProjectId | None, attempt: Attempt) -> Guest:
        changed = {"username": name, "password": SecretStr(password), "password_file": None}
        connection = self._settings.broker.model_copy(update=changed)
        try:
            async with self._asking, follow(connection) as follower:
                attempt.accepted()
                projects = await self._readable(follower, project)
        except BrokerLostError as exc:
            if self._board.is_connected:
                attempt.refused()
                get_logger().warning("login_refused", user=name, address=attempt.network)
                raise web.HTTPUnauthorized(text="wrong name or password\n", headers=_CHALLENGE) from exc
            raise web.HTTPBadGateway(text="the broker does not answer: try again soon\n") from exc
        return Guest(connection=connection, projects=projects)

    async def _readable(self, follower: Follower, project: ProjectId | None) -> frozenset[ProjectId]:
        """Projects whose retained state the broker hands to this user; the ACL silently keeps the others back.

        About one project the first message says it; the end of a list is seen by silence alone.
        """
        space = self._settings.broker.space
        wanted = (project,) if project is not None else self._board.chosen or (None,)
        await follower.subscribe(*(space.filter(RECONSTRUCTOR_STATE.template, project) for project in wanted))
        found: set[ProjectId] = set()
        deadline_s = time.monotonic() + LONGEST_S
        while time.monotonic() < deadline_s and (message := await follower.next_message(SILENCE_S)) is not None:
            found.add(space.split(message.topic)[0])
            if project in found:
                break
        return frozenset(found)


def _credentials(request: web.Request) -> tuple[str, str]:
    """Name and password of the request; an agent's account captures and does not look."""
    try:
        name, password = decode_basic(request.headers.get("Authorization", ""))
        if name.startswith(RIG_PREFIX):
            raise web.HTTPForbidden(text="an agent's account does not open the viewer: use a person's\n")
        return UserId(name), password
    except (ValueError, CairnError) as exc:
        raise web.HTTPUnauthorized(text="name and password of the broker, please\n", headers=_CHALLENGE) from exc


def decode_basic(header: str) -> tuple[str, str]:
    """Name and password of an Authorization header (RFC 7617).

    Raises:
        ValueError: another scheme, or not base64 of UTF-8.
    """
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise ValueError("not the Basic scheme")
    name, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    if not colon:
        raise ValueError("no password")
    return name, password

"""How does a shard of an earlier generation come? The reconstructor is asked over MQTT, in the name of the person who asks.

One request brings all shards of the generation. They are kept beside the others, by their digests.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final
from weakref import WeakValueDictionary

from aiohttp import web

from broker.clients.refusals import PublishRefusedError
from broker.config import Connection
from broker.contract import REQUEST, match
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import BadIdError, Generation, ProjectId, Verb, level_of_account
from broker.live import NoAnswerError, answer_topic, follow, fresh_connection_id, fresh_request_id
from broker.messages import Request, Response
from broker.shards import sha256
from broker.wire.history import MOST_EARLIER_SHARDS
from broker.wire.history_channels import EARLIER_SHARD
from viewer.shards.source import NoSuchShardError

MOST_WAITING: Final = 2 * MOST_EARLIER_SHARDS  # of one user: the shards of two generations
ANSWER_TIMEOUT_S: Final = 30.0  # behind photographs of others
_GONE: Final = "generation_not_kept"


class EarlierRefusedError(CairnError):
    """The reconstructor does not give an earlier generation, or the account may not ask for it."""

    code = "earlier_refused"
    remedy = "Read the reason; the present version is there all the same."


class EarlierShards:
    """Asks for earlier generations, one after the other for each user."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._waiting: Counter[str] = Counter()

    async def get(
        self,
        connection: Connection,
        project: ProjectId,
        generation: Generation,
        is_there: Callable[[], bool],
        keep: Callable[[str, bytes], Awaitable[None]],
    ) -> None:
        """Have the shards of a generation kept, for the user of this connection, who may see the project.

        Args:
            connection: the broker, and the user's account.
            project: whose generation.
            generation: which one.
            is_there: whether another request brought what is wanted meanwhile.
            keep: called with the digest and the bytes of each shard.

        Raises:
            web.HTTPTooManyRequests: the user waits for many already.
            NoSuchShardError: the reconstructor has no points of it any more.
            EarlierRefusedError, NoAnswerError, BrokerLostError: they do not come.
        """
        user = connection.username or ""
        if self._waiting[user] >= MOST_WAITING:
            raise web.HTTPTooManyRequests(text="you are waiting for many shards already\n")
        self._waiting[user] += 1
        turn = self._turns.setdefault(user, asyncio.Lock())
        try:
            async with turn:
                if not is_there():
                    for payload in await _ask(connection, project, generation):
                        await keep(sha256(payload), payload)
        finally:
            self._waiting[user] -= 1
            self._waiting += Counter()  # forgets who waits for none


def generation_in(request: web.Request) -> Generation | None:
    """The earlier generation that an address names: `…/shard/{sha256}?generation=3`; None: the present one.

    Raises:
        NoSuchShardError: there is no generation of this name.
    """
    named = request.query.get("generation")
    try:
        return None if named is None else Generation(named)
    except BadIdError as exc:
        raise NoSuchShardError(f"there is no such generation: {exc.sentence}") from exc


async def _ask(connection: Connection, project: ProjectId, generation: Generation) -> list[bytes]:
    user, space = level_of_account(connection.username or ""), connection.space
    request = Request(
        project=project,
        id=fresh_request_id(),
        verb=Verb.EARLIER,
        connection=fresh_connection_id(),
        generation=generation,
    )
    shards: dict[int, bytes] = {}
    async with follow(connection) as follower:
        filters = space.filter(EARLIER_SHARD.template, project, user=user, generation=generation)
        await follower.subscribe(filters, answer_topic(connection, project, request, user))
        try:
            await follower.publish(REQUEST.outgoing(space, project, request, user=user, verb=request.verb))
        except PublishRefusedError as exc:
            raise EarlierRefusedError(f"{user!r} may not ask for earlier versions of {project!r}") from exc
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                async for message in follower.messages():
                    found = match(space, message.topic)
                    if found.channel is EARLIER_SHARD:
                        if found.index < MOST_EARLIER_SHARDS and len(message.payload) <= EARLIER_SHARD.max_bytes:
                            shards[found.index] = message.payload
                    elif (said := decode(message.payload, Response)).id == request.id:
                        return _checked(generation, list(shards.values()), said)
        except TimeoutError as exc:
            raise NoAnswerError(
                f"no earlier version came in {ANSWER_TIMEOUT_S:.0f} s: is the reconstructor of {project!r} running?"
            ) from exc
    raise NoAnswerError(f"the connection ended before generation {generation} came")


def _checked(generation: Generation, shards: list[bytes], response: Response) -> list[bytes]:
    if not response.is_done:
        error = NoSuchShardError if response.code == _GONE else EarlierRefusedError
        raise error(f"no generation {generation}: {response.reason or response.code or 'no reason given'}")
    return shards

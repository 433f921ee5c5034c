"""What does the reconstructor answer a person? `ping` with its latencies, and whether the other verbs are done."""

import asyncio
import statistics
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from broker.clients.refusals import PublishRefusedError
from broker.config import Connection
from broker.errors import CairnError
from broker.ids import ConnectionId, ProjectId, Verb, level_of_account
from broker.live import answer_topic, ask, ask_on, follow, fresh_connection_id, fresh_request_id
from broker.messages import Request, Response
from broker.wire.channel_kinds import VERB_WRITERS

ANSWER_TIMEOUT_S = 10.0


class RefusedError(CairnError):
    """The reconstructor refused the request, or no user name is set to ask with."""

    code = "request_refused"
    remedy = "Read the reason; ask for an account that may."


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """One way there and back. The two halves compare clocks of two machines; the whole uses one."""

    round_trip_ms: float
    there_ms: float

    def __str__(self) -> str:
        """One line, as `ping` prints it."""
        back_ms = self.round_trip_ms - self.there_ms
        return f"round trip {self.round_trip_ms:.1f} ms (there {self.there_ms:.1f}, back {back_ms:.1f} by its clock)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Several of them."""

    round_trips_ms: tuple[float, ...]

    def __str__(self) -> str:
        """One line below the pongs."""
        times = self.round_trips_ms
        return f"{len(times)} pings: least {min(times):.1f} ms, median {statistics.median(times):.1f}, most {max(times):.1f}"


async def ask_once(connection: Connection, project: ProjectId, verb: Verb) -> Response:
    """Ask for one thing on a connection of its own.

    Raises:
        RefusedError: the answer is no, or we have no name.
        NoAnswerError, BrokerLostError: like `broker.live.ask`.
    """
    request = _request(project, verb, fresh_connection_id())
    try:
        response = await ask(connection, project, request, user=_user(connection), timeout_s=ANSWER_TIMEOUT_S)
    except PublishRefusedError as exc:
        who = " and ".join(f"{role}s" for role in sorted(VERB_WRITERS[verb]))
        raise RefusedError(
            f"{connection.username} may not ask for {verb} in {project!r}: {who} of the project may; use another --user"
        ) from exc
    if not response.is_done:
        raise RefusedError(f"the reconstructor refuses {verb}: {response.reason or response.code or 'no reason given'}")
    return response


async def pings(
    connection: Connection, project: ProjectId, count: int, interval_s: float
) -> AsyncIterator[Pong | Summary]:
    """So many pongs, then their summary; all on one standing connection. Raises like `ask_once`."""
    user, here = _user(connection), fresh_connection_id()
    times: list[float] = []
    async with follow(connection) as follower:
        await follower.subscribe(answer_topic(connection, project, _request(project, Verb.PING, here), user))
        for number in range(count):
            if number:
                await asyncio.sleep(interval_s)
            request = _request(project, Verb.PING, here)
            response = await ask_on(follower, connection, project, request, user=user, timeout_s=ANSWER_TIMEOUT_S)
            round_trip_ms = 1000 * (datetime.now(UTC) - request.sent_at).total_seconds()
            there_ms = 1000 * (response.received_at - request.sent_at).total_seconds()
            times.append(round_trip_ms)
            yield Pong(round_trip_ms=round_trip_ms, there_ms=there_ms)
    yield Summary(round_trips_ms=tuple(times))


def _request(project: ProjectId, verb: Verb, connection: ConnectionId) -> Request:
    return Request(project=project, id=fresh_request_id(), verb=verb, connection=connection)


def _user(connection: Connection) -> str:
    if connection.username is None:
        raise RefusedError("say who asks: --user NAME")
    return level_of_account(connection.username)

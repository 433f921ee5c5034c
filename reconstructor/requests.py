"""How are requests answered? Each with a response to its sender: `ping`, `resync`, `photograph` and the other verbs.

Who may ask for what is the broker's to enforce, by one line of its ACL for each verb: a message does not say the role
of its sender.
"""

import asyncio
import contextlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Self

from pydantic_core import from_json

from broker.accounts.audit import Action
from broker.channel import Match
from broker.contract import REQUEST, RESPONSE
from broker.delivery import Incoming
from broker.envelope import SCHEMA, BadMessageError, decode
from broker.errors import CairnError
from broker.ids import BadIdError, ConnectionId, Encoding, ProjectId, RequestId, SenderId, Verb
from broker.messages import ExportedFile, Request, Response
from reconstructor.context import BROKER_ERRORS, Context
from reconstructor.defects import translating_defects
from reconstructor.publishing.retained import ShardKey
from reconstructor.viewing.earlier import publish_earlier
from reconstructor.viewing.exports import ExportUnderWayError, export
from reconstructor.viewing.photographs import publish_photograph

MOST_WAITING: Final = 1000  # requests; but for photographs, they are answered in milliseconds
MOST_PHOTOGRAPHS: Final = 2  # of one user: under way, and behind it
_LARGE: Final = frozenset({Verb.PHOTOGRAPH, Verb.EARLIER})  # are answered with photographs or shards
_CHANGE_NOTHING: Final = _LARGE | {Verb.PING}  # and come from every page all the time


class WrongVerbError(CairnError):
    """The topic asks for one thing and the payload for another."""

    code = "wrong_verb"
    remedy = "Send the same verb in topic and payload."


class NoImagesError(CairnError):
    """There is no image to reconstruct from."""

    code = "no_images"
    remedy = "Upload a photograph first."


class GenerationGoneError(CairnError):
    """Shards of a generation that is not the present one."""

    code = "generation_gone"
    remedy = "Read the manifest again, then ask for its shards."


class TooManyPhotographsError(CairnError):
    """One user asks for many photographs, or earlier versions, at once."""

    code = "too_many_photographs"
    remedy = "Ask for one photograph after the other."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request as it arrived.

    Attributes:
        request: what is asked for; of a bad message no more than an answer needs.
        refusal: why it is not done, if that is known already.
    """

    user: SenderId
    request: Request
    refusal: CairnError | None
    received_at: datetime

    @classmethod
    def read(cls, project: ProjectId, message: Incoming, found: Match) -> Self:
        """A request that arrives now; a bad one is answered, too."""
        request, refusal = _addressed(project, found.verb, message.payload), None
        try:
            request = read_request(project, found.verb, message.payload)
        except CairnError as exc:
            refusal = exc
        return cls(user=found.user, request=request, refusal=refusal, received_at=datetime.now(UTC))


class RequestQueues:
    """What waits to be answered. Photographs have a queue of their own, so that a ping does not wait until one is decoded.

    The one export at a time has one, too.
    """

    def __init__(self) -> None:
        self._exports: asyncio.Queue[ReceivedRequest] = asyncio.Queue()
        self._exporting: ReceivedRequest | None = None
        self._quick: asyncio.Queue[ReceivedRequest] = asyncio.Queue(MOST_WAITING)
        self._photographs: asyncio.Queue[ReceivedRequest] = asyncio.Queue()
        self._waiting: Counter[SenderId] = Counter()

    def put(self, asked: ReceivedRequest) -> None:
        """Queue a request; raises asyncio.QueueFull."""
        if asked.request.verb is Verb.EXPORT and asked.refusal is None:
            self._put_export(asked)
        elif asked.request.verb not in _LARGE or asked.refusal is not None:
            self._quick.put_nowait(asked)
        elif self._waiting[asked.user] < MOST_PHOTOGRAPHS:
            self._waiting[asked.user] += 1
            self._photographs.put_nowait(asked)
        else:
            refusal = TooManyPhotographsError("you are waiting for others already: ask again when they are there")
            self._quick.put_nowait(replace(asked, refusal=refusal))

    def _put_export(self, asked: ReceivedRequest) -> None:
        if self._exporting is None:
            self._exporting = asked
            self._exports.put_nowait(asked)
            return
        other = self._exporting
        form = other.request.format.value if other.request.format is not None else "file"
        refusal = ExportUnderWayError(
            f"{other.user} exports a {form} of this project now: ask again when that is ready"
        )
        self._quick.put_nowait(replace(asked, refusal=refusal))

    async def answer(self, context: Context) -> None:
        """Answer requests until cancelled: photographs one by one, and beside them exports, and all others, one by one."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._answer_quick(context), name="quick requests")
            tasks.create_task(self._answer_photographs(context), name="photographs")
            tasks.create_task(self._answer_exports(context), name="exports")

    async def _answer_quick(self, context: Context) -> None:
        while True:
            await answer_request(context, await self._quick.get())

    async def _answer_photographs(self, context: Context) -> None:
        while True:
            asked = await self._photographs.get()
            await answer_request(context, asked)
            self._waiting[asked.user] -= 1
            self._waiting += Counter()  # forgets who waits for none

    async def _answer_exports(self, context: Context) -> None:
        while True:
            asked = await self._exports.get()
            try:
                await answer_request(context, asked)
            finally:
                self._exporting = None


async def answer_request(context: Context, asked: ReceivedRequest) -> None:
    """Execute a request and publish its response, to its sender alone."""
    request, refusal, done = asked.request, asked.refusal, _Done()
    try:
        if refusal is None:
            with translating_defects(context.log, verb=request.verb.value):
                done = await _do(context, asked.user, request)
    except CairnError as exc:
        refusal = exc
    code = refusal.code if refusal else None
    context.log.info("request_answered", user=asked.user, verb=request.verb.value, code=code)
    if request.verb not in _CHANGE_NOTHING:
        await context.note(Action.REQUESTED, asked.user, verb=request.verb, refused=code)
    await _respond(context, asked, done, refusal)


def read_request(project: ProjectId, verb: Verb, payload: bytes) -> Request:
    """Check a request; what its topic says already need not stand in it, so `{}` is one.

    Raises:
        BadMessageError, UnknownSchemaError: it is no request.
        WrongVerbError: it names another verb than its topic.
    """
    if len(payload) > REQUEST.max_bytes:
        raise BadMessageError(f"a request has at most {REQUEST.max_bytes} bytes")
    said = _object(payload)
    if said is None:
        raise BadMessageError("not a valid request message: send a JSON object, at least {}")
    known = {"type": Request.message_type, "schema": SCHEMA, "project": project}
    known |= {"id": verb, "verb": verb, "connection": verb}
    request = decode(json.dumps(known | said).encode(), Request)
    if request.verb is not verb:
        raise WrongVerbError(f"the topic asks for {verb} and the payload for {request.verb}")
    return request


def _addressed(project: ProjectId, verb: Verb, payload: bytes) -> Request:
    """The request of a topic, with as much of a bad payload as an answer needs."""
    said = (_object(payload) or {}) if len(payload) <= REQUEST.max_bytes else {}
    connection, request_id = ConnectionId(verb), RequestId(verb)
    with contextlib.suppress(BadIdError):
        connection = ConnectionId(said.get("connection", connection))
    with contextlib.suppress(BadIdError):
        request_id = RequestId(said.get("id", request_id))
    return Request(project=project, id=request_id, verb=verb, connection=connection)


def _object(payload: bytes) -> dict[str, Any] | None:
    try:
        said = from_json(payload)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What an answer says of a request that was executed."""

    republished_count: int = 0
    is_preview: bool = False
    export: ExportedFile | None = None


async def _do(context: Context, user: SenderId, request: Request) -> _Done:
    """Execute a request."""
    match request.verb:
        case Verb.PING:
            return _Done()
        case Verb.RESYNC:
            return _Done(republished_count=await _resync(context, request))
        case Verb.PHOTOGRAPH:
            return _Done(is_preview=await publish_photograph(context, user, request))
        case Verb.EARLIER:
            await publish_earlier(context, user, request)
            return _Done()
        case Verb.EXPORT:
            return _Done(export=await export(context, request))
        case Verb.REFETCH:
            if await asyncio.to_thread(context.store.request_refetch) is None:
                raise NoImagesError("there is no image yet: upload one first")
        case Verb.PAUSE | Verb.RESUME:
            await asyncio.to_thread(context.store.pause, is_paused=request.verb is Verb.PAUSE)
            await context.presence.publish()
    context.signals.work.notify()
    return _Done()


async def _resync(context: Context, request: Request) -> int:
    if not request.shards:
        return await context.publisher.resync()
    reference = await asyncio.to_thread(context.store.references.newest)
    if reference is None or reference.manifest.generation != request.generation:
        raise GenerationGoneError(f"generation {request.generation} is not the present one: read the manifest again")
    generation = reference.manifest.generation
    keys = [ShardKey(generation, encoding, index) for index in sorted(set(request.shards)) for encoding in Encoding]
    return await context.publisher.resync(keys)


async def _respond(context: Context, asked: ReceivedRequest, done: _Done, refusal: CairnError | None) -> None:
    request = asked.request
    response = Response(
        project=context.project,
        id=request.id,
        verb=request.verb,
        is_done=refusal is None,
        code=refusal.code if refusal else None,
        reason=refusal.sentence[:2000] if refusal else None,
        request_sent_at=request.sent_at,
        received_at=asked.received_at,
        republished_count=done.republished_count,
        is_preview=done.is_preview,
        export=done.export,
    )
    outgoing = RESPONSE.outgoing(
        context.space,
        context.project,
        response,
        correlation_data=request.id.encode(),
        user=asked.user,
        connection=request.connection,
    )
    try:
        await context.delivery.publish(outgoing)
    except BROKER_ERRORS as exc:
        context.log.warning("response_not_published", user=asked.user, reason=exc.sentence)

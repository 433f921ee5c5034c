"""How are requests answered? `ping`, `resync`, `refetch`, `pause`, `resume`, each with a response."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from broker.accounts.audit import Action
from broker.channel import Match
from broker.contract import RESPONSE
from broker.delivery import Incoming
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import Encoding, SenderId, Verb
from broker.messages import Request, Response
from reconstructor.context import BROKER_ERRORS, Context
from reconstructor.defects import translating_defects
from reconstructor.publishing.retained import ShardKey


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request as it arrived."""

    user: SenderId
    verb: Verb
    topic: str
    payload: bytes
    received_at: datetime

    @classmethod
    def now(cls, message: Incoming, found: Match) -> Self:
        """A request that arrives now."""
        return cls(
            user=found.user,
            verb=found.verb,
            topic=message.topic,
            payload=message.payload,
            received_at=datetime.now(UTC),
        )


async def answer_requests(context: Context, requests: asyncio.Queue[ReceivedRequest]) -> None:
    """Answer requests one by one until cancelled."""
    while True:
        asked = await requests.get()
        try:
            with translating_defects(context.log, topic=asked.topic):
                await answer_request(context, asked)
        except CairnError as exc:
            await context.publish_error(exc, topic=asked.topic)


async def answer_request(context: Context, asked: ReceivedRequest) -> None:
    """Execute a request and publish its response; a bad request becomes an `error` event."""
    try:
        request = decode(asked.payload, Request)
        if request.verb is not asked.verb:
            raise WrongVerbError(f"the topic asks for {asked.verb} and the payload for {request.verb}")
    except CairnError as exc:
        await context.publish_error(exc, topic=asked.topic)
        return
    count, refusal = 0, None
    try:
        count = await _do(context, request)
    except CairnError as exc:
        refusal = exc
    context.log.info(
        "request_answered", user=asked.user, verb=request.verb.value, code=refusal.code if refusal else None
    )
    if request.verb is not Verb.PING:  # which changes nothing, and comes from every page all the time
        await context.note(
            Action.REQUESTED, asked.user, verb=request.verb, refused=refusal.code if refusal is not None else None
        )
    await _respond(context, asked, request, count, refusal)


async def _do(context: Context, request: Request) -> int:
    """Execute a request; returns how many shards were published again."""
    match request.verb:
        case Verb.PING:
            return 0
        case Verb.RESYNC:
            return await _resync(context, request)
        case Verb.REFETCH:
            if await asyncio.to_thread(context.store.request_refetch) is None:
                raise NoImagesError("there is no image yet: upload one first")
        case Verb.PAUSE | Verb.RESUME:
            await asyncio.to_thread(context.store.pause, is_paused=request.verb is Verb.PAUSE)
            await context.presence.publish()
    context.signals.work.notify()
    return 0


async def _resync(context: Context, request: Request) -> int:
    if not request.shards:
        return await context.publisher.resync()
    reference = await asyncio.to_thread(context.store.references.newest)
    if reference is None or reference.manifest.generation != request.generation:
        raise GenerationGoneError(f"generation {request.generation} is not the present one: read the manifest again")
    generation = reference.manifest.generation
    keys = [ShardKey(generation, encoding, index) for index in sorted(set(request.shards)) for encoding in Encoding]
    return await context.publisher.resync(keys)


async def _respond(
    context: Context, asked: ReceivedRequest, request: Request, count: int, refusal: CairnError | None
) -> None:
    response = Response(
        project=context.project,
        id=request.id,
        verb=request.verb,
        is_done=refusal is None,
        code=refusal.code if refusal else None,
        reason=refusal.sentence[:2000] if refusal else None,
        request_sent_at=request.sent_at,
        received_at=asked.received_at,
        republished_count=count,
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

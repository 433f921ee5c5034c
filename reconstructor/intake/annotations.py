"""What happens when a person leaves a measure or a note? It is checked, stored, and kept in the present world.

People publish the retained messages themselves, so that everybody sees them at once. What this program does not accept
it clears, or puts the stored message back in its place.
"""

import asyncio
from typing import Final

from broker.channel import Channel, Match
from broker.contract import MEASURE, NOTE, match
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import Generation
from broker.manifest import Manifest
from broker.outgoing import Outgoing
from broker.wire.annotations import MAX_ANNOTATION_BYTES, MOST_ANNOTATIONS, MOST_REVISION
from reconstructor.context import BROKER_ERRORS, RETRY_S, Context
from reconstructor.publishing.retained_messages import retained_messages
from reconstructor.storage.annotations import MODELS, Annotation, AnnotationKey, moved

ANNOTATIONS: Final = (MEASURE, NOTE)
_CHANNEL: Final[dict[str, Channel]] = {channel.name: channel for channel in ANNOTATIONS}


class BadAnnotationError(CairnError):
    """A measure or note that does not belong to the present object."""

    code = "bad_annotation"
    remedy = "Set it again on the present cloud."


class TooManyAnnotationsError(CairnError):
    """An account left more measures and notes than one account may."""

    code = "too_many_annotations"
    remedy = "Delete measures and notes that nobody needs any more."


class AnnotationsTooFastError(CairnError):
    """An account leaves, changes or removes measures and notes faster than one account may."""

    code = "annotations_too_fast"
    remedy = "Wait a minute, or raise reconstructor.sender_annotations_per_minute."


async def receive_annotation(context: Context, found: Match, payload: bytes, *, is_retained: bool) -> None:
    """Store what a person left or changed, or forget what is taken away; our own messages come back and change nothing.

    Raises:
        BadMessageError: it is no such message, or larger than the channel allows.
        BadAnnotationError: it was set in a world that is gone, or somebody changed it meanwhile.
        TooManyAnnotationsError: the account has left its share.
        AnnotationsTooFastError: it changes too many at once; raised once a minute, the others are put back without a word.
        StoreError: the disk does not take it.
    """
    key = AnnotationKey(type=found.channel.name, user=found.user, annotation=found.annotation)
    stored = await asyncio.to_thread(context.store.annotations.find, key)
    if payload == (stored or b"") and (is_retained or not payload):
        return
    if not context.quotas.takes_annotation(key.user):
        await context.delivery.publish(_outgoing(context, key, stored or b""))
        if context.quotas.is_first_refusal(key.user):  # an event is stored, too: a flood must not become one of events
            raise AnnotationsTooFastError(
                f"{key.user} changes measures and notes too fast: some were put back; do it again in a minute"
            )
        return
    if not payload:
        await asyncio.to_thread(context.store.annotations.remove, key)
        await context.delivery.publish(_outgoing(context, key, b""))  # we may have published it since
        return
    try:
        kept = await _keep(context, key, payload)
    except CairnError:
        stored = await asyncio.to_thread(context.store.annotations.find, key)  # it may have changed meanwhile
        await context.delivery.publish(_outgoing(context, key, stored or b""))
        raise
    context.log.info("annotation_stored", type=key.type, user=key.user, id=key.annotation)
    if kept != payload or not is_retained:
        await context.delivery.publish(_outgoing(context, key, kept))


async def publish_annotations(context: Context) -> None:
    """Publish what the broker lost and what moved with the world, whenever that may have happened; never returns."""
    while True:
        await context.signals.annotations.wait()
        context.signals.annotations.clear()
        try:
            await _publish_missing(context)
        except BROKER_ERRORS as exc:
            context.log.warning("annotations_not_published", reason=exc.sentence)
            await asyncio.sleep(RETRY_S)
            context.signals.annotations.set()
        except CairnError as exc:
            await context.publish_error(exc)


async def _publish_missing(context: Context) -> None:
    """Publish every stored annotation that the broker lacks, or of which it retains an earlier state."""
    if not await asyncio.to_thread(context.store.annotations.all):
        return
    retained: dict[str, bytes] = {}
    async for message in retained_messages(context.settings.broker, context.project, MEASURE, NOTE):
        retained[message.topic] = message.payload
    for key, payload in await asyncio.to_thread(context.store.annotations.all):
        outgoing = _outgoing(context, key, payload)
        held = retained.get(outgoing.topic, b"")
        if held != payload and _state_of(context, outgoing.topic, held) < _state_of(context, outgoing.topic, payload):
            await context.delivery.publish(outgoing)


async def _keep(context: Context, key: AnnotationKey, payload: bytes) -> bytes:
    """Store an annotation in the present world; returns the message as it is stored."""
    annotation = _read(context, key, payload)
    annotations = context.store.annotations
    async with context.signals.changing:
        stored = await asyncio.to_thread(annotations.find, key)
        if stored is None and await asyncio.to_thread(annotations.count, key.user) >= MOST_ANNOTATIONS:
            raise TooManyAnnotationsError(
                f"{key.user} has left {MOST_ANNOTATIONS} measures and notes: delete some that nobody needs"
            )
        reference = await asyncio.to_thread(context.store.references.newest)
        present = in_present_world(annotation, reference.manifest if reference is not None else None)
        if stored is not None and not _may_replace(present, _read(context, key, stored)):
            raise BadAnnotationError(f"this {key.type} was changed meanwhile: look at it again, then change it")
        kept = payload if present is annotation else present.encode()
        await asyncio.to_thread(annotations.keep, key, present.generation, kept)
    return kept


def _may_replace(annotation: Annotation, stored: Annotation) -> bool:
    """Whether an annotation follows the stored one or says the same again; the highest revision cannot be followed."""
    if annotation.revision > stored.revision or annotation.revision == MOST_REVISION:
        return True
    return annotation.model_copy(update={"sent_at": stored.sent_at}) == stored


def in_present_world(annotation: Annotation, manifest: Manifest | None) -> Annotation:
    """An annotation in the world of a manifest: itself, or moved when it crossed with a complete reconstruction.

    Raises:
        BadAnnotationError: there are no points yet, or it was set in a generation that is gone.
    """
    kind = annotation.message_type
    if manifest is None or annotation.project != manifest.project:
        raise BadAnnotationError(f"there is nothing to set a {kind} on yet: wait for the first points")
    if annotation.generation == manifest.generation:
        return annotation
    if annotation.generation == manifest.previous_generation:
        return moved(annotation, manifest.frame.world_from_previous, Generation(manifest.generation))
    raise BadAnnotationError(f"generation {annotation.generation} is not the present one: set the {kind} again")


def _read(context: Context, key: AnnotationKey, payload: bytes) -> Annotation:
    if len(payload) > MAX_ANNOTATION_BYTES:
        raise BadAnnotationError(f"a {key.type} of {len(payload)} bytes is above the limit of {MAX_ANNOTATION_BYTES}")
    annotation = decode(payload, MODELS[key.type])
    if annotation.project != context.project:
        raise BadAnnotationError(f"this {key.type} belongs to project {annotation.project}: set it there")
    return annotation


def _state_of(context: Context, topic: str, payload: bytes) -> tuple[int, int]:
    """Generation and revision of a retained message, which only grow; zeros for one that nobody can read."""
    try:
        annotation = decode(payload, MODELS[match(context.space, topic).channel.name])
    except CairnError:
        return 0, 0
    return annotation.generation, annotation.revision


def _outgoing(context: Context, key: AnnotationKey, payload: bytes) -> Outgoing:
    """The message of an annotation; without a payload, the one that clears it."""
    channel, space, project = _CHANNEL[key.type], context.space, context.project
    if not payload:
        return channel.clearing(space, project, user=key.user, annotation=key.annotation)
    return channel.outgoing(space, project, payload, user=key.user, annotation=key.annotation)

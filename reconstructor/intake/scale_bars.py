"""What happens when a person sets a scale bar? It is checked, stored with its author, and published for everybody."""

import asyncio

from broker.accounts.audit import Action
from broker.contract import SCALE_BAR
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import SenderId, UserId
from broker.manifest import Manifest
from broker.messages import DesiredScaleBar, ScaleBar
from reconstructor.context import BROKER_ERRORS, Context
from reconstructor.defects import translating_defects
from reconstructor.metric_scale.estimate import estimate_scale
from reconstructor.metric_scale.scale import Scale, scale_of_bar, scaled
from reconstructor.storage.reference_set import ReferenceSet


async def receive_scale_bar(context: Context, user: SenderId, desired: bytes) -> None:
    """Store a person's scale bar, or remove the present one on an empty payload; the same one again changes nothing.

    Its author is the account that the topic names, which the broker has checked.

    Raises:
        BadMessageError: it is no scale bar.
        BadScaleBarError: it does not determine this object's size; the earlier one stays.
        StoreError: the disk does not take it.
    """
    store = context.store
    bar = _bar_of(user, decode(desired, DesiredScaleBar)) if desired else None
    payload = bar.encode() if bar else b""
    if payload == await asyncio.to_thread(store.scale_bar):
        return
    async with context.signals.changing:
        reference = await asyncio.to_thread(store.references.newest)
        manifest = reference.manifest if reference is not None else None
        scale = await asyncio.to_thread(_scale_after, context, bar, manifest)
        revised = _revised(reference, scale)
        await asyncio.to_thread(store.keep_scale_bar, payload, revised)
    context.log.info(
        "scale_changed",
        user=user,
        source=scale.source.value if scale else "none",
        metres_per_unit=scale and scale.metres_per_unit,
    )
    await context.note(Action.SET_SCALE, user, distance_m=bar.distance_m if bar else "taken back")
    context.signals.revised.set()


async def publish_revisions(context: Context) -> None:
    """Publish a scale bar and what it changed; never returns. Intake does not wait for it."""
    while True:
        await context.signals.revised.wait()
        context.signals.revised.clear()
        try:
            with translating_defects(context.log, task="revisions"):
                await context.reconcile()
                await publish_scale_bar(context)
        except CairnError as exc:
            await context.publish_error(exc)


async def publish_scale_bar(context: Context) -> None:
    """Publish, retained, the stored scale bar, or that there is none; at the next connection again."""
    payload = await asyncio.to_thread(context.store.scale_bar)
    space, project = context.space, context.project
    outgoing = SCALE_BAR.outgoing(space, project, payload) if payload else SCALE_BAR.clearing(space, project)
    try:
        await context.delivery.publish(outgoing)
    except BROKER_ERRORS as exc:
        context.log.warning("scale_bar_not_published", reason=exc.sentence)


def _bar_of(user: SenderId, desired: DesiredScaleBar) -> ScaleBar:
    return ScaleBar(
        project=desired.project,
        sent_at=desired.sent_at,
        generation=desired.generation,
        begin=desired.begin,
        end=desired.end,
        distance_m=desired.distance_m,
        user=UserId(user),
    )


def _scale_after(context: Context, bar: ScaleBar | None, manifest: Manifest | None) -> Scale | None:
    if bar is not None:
        return scale_of_bar(bar, manifest)
    cameras = context.store.references.cameras()
    return estimate_scale(None, cameras, context.store.images(), context.store, context.settings.baseline)


def _revised(reference: ReferenceSet | None, scale: Scale | None) -> ReferenceSet | None:
    """The reference set with this scale, one revision on; None without one, or when it says so already."""
    if reference is None or (frame := scaled(reference.manifest.frame, scale)) == reference.manifest.frame:
        return None
    return reference.with_manifest(frame=frame, revision=reference.manifest.revision + 1)

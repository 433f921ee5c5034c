"""What happens when a person sets a scale bar? It is checked and stored, and a new revision of the manifest has metres."""

import asyncio

from broker.accounts.audit import Action
from broker.envelope import decode
from broker.errors import CairnError
from broker.manifest import Manifest
from broker.messages import ScaleBar
from reconstructor.context import Context
from reconstructor.defects import translating_defects
from reconstructor.metric_scale.estimate import estimate_scale
from reconstructor.metric_scale.scale import Scale, scale_of_bar, scaled
from reconstructor.storage.reference_set import ReferenceSet


async def receive_scale_bar(context: Context, payload: bytes) -> None:
    """Store the retained scale bar, or remove it on an empty payload; the same one again changes nothing.

    Raises:
        BadMessageError: it is no scale bar.
        BadScaleBarError: it does not determine this object's size; the earlier one stays.
        StoreError: the disk does not take it.
    """
    store = context.store
    if payload == await asyncio.to_thread(store.scale_bar):
        return
    async with context.signals.changing:
        reference = await asyncio.to_thread(store.references.newest)
        manifest = reference.manifest if reference is not None else None
        scale = await asyncio.to_thread(_scale_after, context, payload, manifest)
        revised = _revised(reference, scale)
        await asyncio.to_thread(store.keep_scale_bar, payload, revised)
    context.log.info(
        "scale_changed", source=scale.source.value if scale else "none", metres_per_unit=scale and scale.metres_per_unit
    )
    bar = decode(payload, ScaleBar) if payload else None
    await context.note(Action.SET_SCALE, bar.user if bar else None, distance_m=bar.distance_m if bar else "taken back")
    context.signals.revised.set()


async def publish_revisions(context: Context) -> None:
    """Publish what a scale bar changed; never returns. Intake does not wait for it."""
    while True:
        await context.signals.revised.wait()
        context.signals.revised.clear()
        try:
            with translating_defects(context.log, task="revisions"):
                await context.reconcile()
        except CairnError as exc:
            await context.publish_error(exc)


def _scale_after(context: Context, payload: bytes, manifest: Manifest | None) -> Scale | None:
    if payload:
        return scale_of_bar(decode(payload, ScaleBar), manifest)
    cameras = context.store.references.cameras()
    return estimate_scale(None, cameras, context.store, context.settings.baseline)


def _revised(reference: ReferenceSet | None, scale: Scale | None) -> ReferenceSet | None:
    """The reference set with this scale, one revision on; None without one, or when it says so already."""
    if reference is None or (frame := scaled(reference.manifest.frame, scale)) == reference.manifest.frame:
        return None
    return reference.with_manifest(frame=frame, revision=reference.manifest.revision + 1)

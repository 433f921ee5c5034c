"""Of which parts does one project consist? Its store, its connection, its publisher and their settings, put together."""

import asyncio
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from broker.accounts.audit import AuditLog
from broker.delivery import Delivery
from broker.ids import ProjectId
from broker.logs import get_logger
from reconstructor.config import Settings
from reconstructor.context import Context
from reconstructor.decoders import Decoders
from reconstructor.decoders.inspection import PixelLimits
from reconstructor.decoders.protocol import Limits
from reconstructor.executors.slots import Slots
from reconstructor.intake.router import RECEIVE_MAXIMUM, subscriptions
from reconstructor.presence import Presence, last_will
from reconstructor.publishing.election import Election, client_id_of
from reconstructor.publishing.publisher import Publisher
from reconstructor.quotas import Quotas, start_of_day
from reconstructor.storage.reference_set import Claim
from reconstructor.storage.room import DiskUse, room_of
from reconstructor.storage.store import Store, StoreLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all projects of one service share.

    Attributes:
        decoders: the processes that decode images.
        slots: how many black boxes work at once.
        all_use: what all projects take on the disk.
        coverage_turn: held by the one project whose coverage is computed.
    """

    decoders: Decoders
    slots: Slots
    all_use: DiskUse
    coverage_turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    @classmethod
    def of(cls, settings: Settings, decoders: Decoders) -> "Shared":
        """What the projects of a service with these settings share."""
        return cls(
            decoders=decoders,
            slots=Slots(settings.black_boxes_at_work, settings.idle_memory_bytes),
            all_use=DiskUse(settings.data_dir),
        )


async def open_store(settings: Settings, project: ProjectId, all_use: DiskUse | None = None) -> Store:
    """Open the project's folder; raises StoreError.

    Args:
        settings: how the reconstructor is set.
        project: which one.
        all_use: what all projects take on the disk, measured once for all of them; None measures for this one alone.
    """
    folder = settings.data_dir / project
    room = room_of(
        folder,
        project,
        reserve_bytes=settings.disk_reserve_bytes,
        project_bytes=settings.disk_budget_of(project),
        all_bytes=settings.disk_budget_bytes,
        all_use=all_use or DiskUse(settings.data_dir),
    )
    return await asyncio.to_thread(
        Store,
        folder,
        refetch_every=settings.refetch_every,
        room=room,
        limits=StoreLimits(open_uploads=settings.sender_open_uploads, earlier_generations=settings.earlier_generations),
    )


def context_of(settings: Settings, project: ProjectId, store: Store, decoders: Decoders) -> Context:
    """Put the parts of a project together; nothing is connected yet."""
    run = store.identity.next(uuid.uuid4().hex)
    space = settings.broker.space
    delivery = Delivery(
        settings.broker,
        client_id=client_id_of(project, store.identity.session_token),
        subscriptions=subscriptions(space, project),
        will=last_will(settings, project, run),
        receive_maximum=RECEIVE_MAXIMUM,
    )
    presence = Presence(project=project, settings=settings, store=store, delivery=delivery, run=run)
    election = Election(
        project=project,
        connection=settings.broker,
        identity=store.identity,
        run=run,
        state=presence.outgoing,
        has_cloud=lambda: bool(store.references.kept()),
    )
    publisher = Publisher(
        project=project,
        connection=settings.broker,
        delivery=delivery,
        references=store.references,
        election=election,
        claim=Claim(store_id=run.store_id, epoch=run.epoch),
        grace_s=settings.grace_s,
        bytes_limit=settings.retained_bytes_limit,
    )
    return Context(
        project=project,
        settings=settings,
        store=store,
        delivery=delivery,
        election=election,
        publisher=publisher,
        decoders=decoders,
        quotas=Quotas(settings.quota_limits, store.senders.stored_since(start_of_day(datetime.now(UTC)))),
        presence=presence,
        log=get_logger(project=project),
        audit=AuditLog(settings.data_dir),
    )


def decoders_of(settings: Settings) -> Decoders:
    """The decoders that all projects share; they start when the context is entered."""
    pixels = PixelLimits(
        reduced=settings.image_pixels_limit,
        full=settings.full_decode_pixels_limit,
        side_px=settings.image_side_px_limit,
    )
    limits = Limits(memory_bytes=settings.decoder_memory_bytes, cpu_s=settings.decoder_cpu_s)
    return Decoders(count=settings.decoder_count, limits=limits, pixels=pixels)

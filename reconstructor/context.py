"""What do all tasks of one project need? Its store, its connection, its signals, and the events it publishes."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Final

from structlog.typing import FilteringBoundLogger

from broker.accounts.audit import Action, AuditLog
from broker.clients.refusals import BrokerRefusedError, DeliveryTimeoutError, PublishRefusedError
from broker.contract import EVENT
from broker.delivery import Delivery
from broker.errors import CairnError
from broker.ids import ImageId, ProjectId, SenderId
from broker.live import BrokerLostError
from broker.messages import Error, Event, ProcessingComplete, Progress
from broker.printable import printable
from broker.topics import TopicSpace
from reconstructor.config import Settings
from reconstructor.decoders import Decoders
from reconstructor.presence import Presence
from reconstructor.publishing.election import Election
from reconstructor.publishing.publisher import Publisher
from reconstructor.quotas import Quotas
from reconstructor.signals import Signals
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.generation_files import ShardGoneError
from reconstructor.storage.store import Store
from reconstructor.wanted import WantedLists

BROKER_ERRORS: Final = (DeliveryTimeoutError, PublishRefusedError, BrokerRefusedError, BrokerLostError)
RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One project at work: what its intake, its jobs and its requests share."""

    project: ProjectId
    settings: Settings
    store: Store
    delivery: Delivery
    election: Election
    publisher: Publisher
    presence: Presence
    decoders: Decoders
    quotas: Quotas
    log: FilteringBoundLogger
    audit: AuditLog
    signals: Signals = field(default_factory=Signals)
    wanted: WantedLists = field(default_factory=WantedLists)
    senders: set[SenderId] = field(default_factory=set)  # who has the flow limits

    @property
    def space(self) -> TopicSpace:
        """The topics of this broker."""
        return self.settings.broker.space

    @property
    def takes_previews(self) -> bool:
        """Whether the black box is loaded and declared that it takes previews."""
        return self.presence.takes_previews

    async def note(self, action: Action, account: str | None, **details: object) -> None:
        """Write a deed into the audit log."""
        await asyncio.to_thread(self.audit.note, action, account=account, project=self.project, **details)

    async def publish_event(self, event: Event) -> None:
        """Publish an event and keep it for the history; an event is not state, so work goes on when the broker is away."""
        if not isinstance(event, Progress):
            with contextlib.suppress(StoreError):  # a full disk prevents keeping, not publishing
                await asyncio.to_thread(self.store.past_events.add, event)
            self.signals.history.set()
        if isinstance(event, ProcessingComplete):
            self.signals.generations.set()
        try:
            await self.delivery.publish(EVENT.outgoing(self.space, self.project, event))
        except BROKER_ERRORS as exc:
            self.log.warning("event_not_published", type=event.message_type, reason=exc.sentence)

    async def publish_error(
        self, exc: CairnError, *, image_id: ImageId | None = None, topic: str | None = None
    ) -> None:
        """Log an error, count it and publish it as an `error` event."""
        reason, shown = exc.sentence[:2000], printable(topic)[:1024] if topic else None
        self.log.error("error", code=exc.code, reason=reason, image=image_id, topic=shown)
        # A full disk prevents counting, not publishing.
        with contextlib.suppress(StoreError):
            await asyncio.to_thread(self.store.count_error)
        event = Error(project=self.project, code=exc.code, reason=reason, image_id=image_id, topic=shown)
        await self.publish_event(event)

    async def publish_state(self) -> None:
        """Publish the presence; what the broker does not take now is published with the next statistics."""
        try:
            await self.presence.publish()
        except BROKER_ERRORS as exc:
            self.presence.telling.note(exc.code, exc.sentence)
        else:
            self.presence.telling.clear()

    async def reconcile(self) -> None:
        """Publish what the broker lacks; retry until the broker takes it, and leave out shards damaged on the disk."""
        publishing, pause_s = self.presence.publishing, RETRY_S
        while True:
            try:
                await self.publisher.reconcile()
            except PublishRefusedError as exc:  # a full broker, a low limit: it takes a person to change that
                if publishing.note(exc.code, exc.sentence):
                    await self.publish_state()
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_RETRY_S)
            except BROKER_ERRORS as exc:
                publishing.note(exc.code, exc.sentence)
                await asyncio.sleep(RETRY_S)
            except ShardGoneError as exc:
                await self.leave_out_damaged(exc)
            else:
                for remark in self.publisher.take_remarks():
                    await self.publish_error(remark)
                if publishing.clear():
                    await self.publish_state()
                return

    async def leave_out_damaged(self, exc: ShardGoneError) -> None:
        """Take damaged shards out of the manifest and queue a refetch that replaces them; once, if two tasks find them."""
        await self.publish_error(exc)
        async with self.signals.changing:
            lost_count = await asyncio.to_thread(self.store.references.leave_out_damaged)
        if lost_count:
            await asyncio.to_thread(self.store.request_refetch)
            self.log.warning("reference_mended", lost=lost_count)
        self.signals.work.notify()

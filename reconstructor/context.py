"""What do all tasks of one project share? Its store, its connection, and how it speaks."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any, Final

from broker.contract import EVENT, RECONSTRUCTOR_STATE
from broker.delivery import BrokerRefusedError, Delivery, DeliveryTimeoutError, PublishRefusedError
from broker.errors import CairnError
from broker.ids import ImageId, ProjectId
from broker.live import BrokerLostError
from broker.messages import Error, Event, ReconstructorPresence, ReconstructorState
from broker.outgoing import Outgoing
from broker.topics import TopicSpace
from reconstructor.config import Settings
from reconstructor.executors import Executor
from reconstructor.gaps import Gaps
from reconstructor.publishing.publisher import Publisher
from reconstructor.statistics import Figures
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.generation_files import ShardGoneError
from reconstructor.storage.store import Store

BROKER_ERRORS: Final = (DeliveryTimeoutError, PublishRefusedError, BrokerRefusedError, BrokerLostError)
RETRY_S: Final = 1.0


class Bell:
    """Wakes everybody who waits for it; who listens from a count on misses no ring, however many listen."""

    def __init__(self) -> None:
        self.count = 0
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody."""
        self.count += 1
        self._rung.set()
        self._rung = asyncio.Event()

    async def rung_since(self, count: int) -> None:
        """Wait until it has been rung more than `count` times."""
        while self.count == count:
            await self._rung.wait()


@dataclass(slots=True, kw_only=True)
class Context:
    """One project at work.

    `work` wakes the lanes of the jobs, `thumbnails` the lane of the thumbnails, `revised` says that a manifest waits to be
    published, `changing` is held while the next manifest is made from the present one, and `is_disk_full` is what the
    last intake found.
    """

    project: ProjectId
    settings: Settings
    store: Store
    delivery: Delivery
    publisher: Publisher
    executor: Executor
    boot_id: str
    log: Any
    gaps: Gaps = field(default_factory=Gaps)
    figures: Figures = field(default_factory=Figures)
    work: Bell = field(default_factory=Bell)
    thumbnails: asyncio.Event = field(default_factory=asyncio.Event)
    revised: asyncio.Event = field(default_factory=asyncio.Event)
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_disk_full: bool = False

    @property
    def space(self) -> TopicSpace:
        """The topics of this broker."""
        return self.settings.broker.space

    async def announce(self, event: Event) -> None:
        """Publish an event; it is news, not state, so that a broker that is away does not hold up the work."""
        try:
            await self.delivery.publish(EVENT.outgoing(self.space, self.project, event))
        except BROKER_ERRORS as exc:
            self.log.warning("event_not_published", type=event.message_type, reason=exc.sentence)

    async def tell_error(self, exc: CairnError, *, image_id: ImageId | None = None, topic: str | None = None) -> None:
        """Log an error, count it and publish it as an `error` event."""
        self.log.error("error", code=exc.code, reason=exc.sentence, image=image_id, topic=topic)
        with contextlib.suppress(StoreError):  # that the disk is full can be told, if not counted
            await asyncio.to_thread(self.store.count_error)
        reason, shown = exc.sentence[:2000], topic[:1024] if topic else None
        await self.announce(Error(project=self.project, code=exc.code, reason=reason, image_id=image_id, topic=shown))

    async def speak_state(self) -> None:
        """Publish the retained birth message again; raises what `Delivery.publish` raises."""
        presence = ReconstructorPresence.READY
        if self.is_disk_full:
            presence = ReconstructorPresence.DISK_FULL
        elif self.store.is_paused:
            presence = ReconstructorPresence.PAUSED
        await self.delivery.publish(self.state(presence))

    def state(self, presence: ReconstructorPresence) -> Outgoing:
        """The birth message, or a farewell."""
        message = ReconstructorState(
            project=self.project,
            presence=presence,
            boot_id=self.boot_id,
            black_box=self.settings.black_box,
            has_manifest=bool(self.store.references.kept()),
            image_count=self.store.image_count(),
            refetch_every=self.settings.refetch_every,
        )
        return state_message(self.space, message)

    async def settle(self) -> None:
        """Publish what the broker lacks, however long it stays away; what is damaged on the disk is left out."""
        began_s = time.monotonic()
        while True:
            try:
                await self.publisher.settle()
            except BROKER_ERRORS as exc:
                self.log.warning("publication_waits", reason=exc.sentence, since_s=round(time.monotonic() - began_s, 1))
                await asyncio.sleep(RETRY_S)
            except ShardGoneError as exc:
                await self.mend(exc)
            else:
                return

    async def mend(self, exc: ShardGoneError) -> None:
        """Go on without the shards that are damaged on the disk, and ask the black box for a complete set."""
        await self.tell_error(exc)
        async with self.changing:
            lost_count = await asyncio.to_thread(self.store.references.mend)
        await asyncio.to_thread(self.store.request_refetch)
        self.log.warning("reference_mended", lost=lost_count)
        self.work.ring()


def state_message(space: TopicSpace, message: ReconstructorState) -> Outgoing:
    """A state as it is retained, or as it stands in the last will."""
    return RECONSTRUCTOR_STATE.outgoing(space, message.project, message)

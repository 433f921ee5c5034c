"""What does the broker retain about this program? One presence message: ready, paused, disk full or offline."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from broker.clients.trouble import Trouble
from broker.contract import RECONSTRUCTOR_STATE
from broker.delivery import Delivery
from broker.ids import ProjectId
from broker.logs import get_logger
from broker.messages import ReconstructorPresence, ReconstructorState
from broker.outgoing import Outgoing
from broker.topics import TopicSpace
from reconstructor.config import Settings
from reconstructor.publishing.election import HOST
from reconstructor.storage.identity import Run
from reconstructor.storage.store import Store


@dataclass(slots=True, kw_only=True)
class Presence:
    """The retained presence of the reconstructor in one project.

    Attributes:
        run: tells this run of the store from others.
        is_serving: whether images are taken; before, the state only claims the project.
        takes_previews: whether the black box is loaded and declared that it takes previews.
        contested_since: since when another program takes our session over and over, or None.
        disk: why no image can be stored.
        publishing: why results do not reach the broker.
        telling: why the presence itself does not reach the broker; it is published again soon.
        disk_failed_at_s: when something could not be stored last, on the monotonic clock.
        told_title: the project's title in the state that was published last.
    """

    project: ProjectId
    settings: Settings
    store: Store
    delivery: Delivery
    run: Run
    is_serving: bool = False
    takes_previews: bool = False
    contested_since: datetime | None = None
    disk: Trouble = field(init=False)
    publishing: Trouble = field(init=False)
    telling: Trouble = field(init=False)
    disk_failed_at_s: float = 0.0
    told_title: str = ""

    def __post_init__(self) -> None:
        log = get_logger(project=self.project)
        self.disk = Trouble(log=log, event="storing_waits")
        self.publishing = Trouble(log=log, event="publication_waits")
        self.telling = Trouble(log=log, event="state_not_published")

    async def publish(self) -> None:
        """Publish the retained presence; raises what `Delivery.publish` raises."""
        await self.delivery.publish(await asyncio.to_thread(self.outgoing, self.run))

    async def publish_offline(self, timeout_s: float) -> None:
        """Publish that the program ends; raises what `Delivery.publish` raises."""
        self.is_serving = False
        await self.delivery.publish(await asyncio.to_thread(self.outgoing, self.run), timeout_s)

    def outgoing(self, run: Run) -> Outgoing:
        """The present state, which is also the claim of a run to be the project's one writer; reads the store."""
        self.told_title = self.store.identity.title
        trouble = self.disk if self.disk.code is not None else self.publishing
        message = ReconstructorState(
            project=self.project,
            presence=self._presence(),
            title=self.told_title,
            boot_id=run.boot_id,
            store_id=run.store_id,
            epoch=run.epoch,
            host=HOST,
            contested_since=self.contested_since,
            black_box=self.settings.black_box,
            has_manifest=bool(self.store.references.kept()),
            image_count=self.store.image_count(),
            refetch_every=self.settings.refetch_every,
            takes_previews=self.takes_previews,
            preview_max_side_px=self.settings.preview_max_side_px,
            code=trouble.code,
            reason=trouble.reason,
        )
        return state_message(self.settings.broker.space, message)

    def _presence(self) -> ReconstructorPresence:
        if not self.is_serving:
            return ReconstructorPresence.OFFLINE
        if self.disk.code is not None:
            return ReconstructorPresence.DISK_FULL
        return ReconstructorPresence.PAUSED if self.store.is_paused else ReconstructorPresence.READY


def last_will(settings: Settings, project: ProjectId, run: Run) -> Outgoing:
    """The presence that the broker publishes when the connection breaks."""
    offline = ReconstructorState(
        project=project,
        presence=ReconstructorPresence.OFFLINE,
        boot_id=run.boot_id,
        store_id=run.store_id,
        epoch=run.epoch,
        host=HOST,
        black_box=settings.black_box,
        refetch_every=settings.refetch_every,
        preview_max_side_px=settings.preview_max_side_px,
    )
    return state_message(settings.broker.space, offline)


def state_message(space: TopicSpace, message: ReconstructorState) -> Outgoing:
    """The retained message of a state."""
    return RECONSTRUCTOR_STATE.outgoing(space, message.project, message)

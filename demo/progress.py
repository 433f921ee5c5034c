"""How far is the demo? Counts followed on the wire, as any observer could."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from broker.channel import Match
from broker.config import Connection
from broker.contract import AGENT_HEALTH, EVENT, RECEIPT, RECONSTRUCTOR_STATISTICS, REFERENCE, match
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import EventType, ProjectId
from broker.live import BrokerLostError, LiveMessage, follow
from broker.manifest import Manifest
from broker.messages import (
    Error,
    ProcessingComplete,
    ReceiptStatus,
    ReconstructorStatistics,
    ShardUpdate,
    UploadAcknowledged,
)
from broker.rig_messages import AgentHealth
from demo.plan import RIG

_RETRY_S = 0.5


@dataclass(slots=True)
class DemoProgress:
    """What has been seen so far; later messages overwrite earlier ones, so a gap in the connection loses nothing."""

    health: AgentHealth | None = None
    statistics: ReconstructorStatistics | None = None
    manifest: Manifest | None = None
    capture_to_shard_s: list[float] = field(default_factory=list)
    receipt_to_first_dense_s: dict[str, float] = field(default_factory=dict)
    receipt_to_fine_s: dict[str, float] = field(default_factory=dict)
    received_at: dict[str, datetime] = field(default_factory=dict)
    processed: set[str] = field(default_factory=set)
    errors: list[Error] = field(default_factory=list)
    stored_of_others: set[str] = field(default_factory=set)
    refused_of_others: set[str] = field(default_factory=set)

    @property
    def captured(self) -> int:
        """Photographs taken by the rig."""
        return self.health.captured_count if self.health else 0

    @property
    def points(self) -> int:
        """Points of the present cloud."""
        return self.manifest.point_count if self.manifest else 0

    @property
    def shards(self) -> int:
        """Shards of the present cloud."""
        return self.manifest.shard_count if self.manifest else 0

    @property
    def generation(self) -> int:
        """The present reference set, 0 before the first."""
        return int(self.manifest.generation) if self.manifest else 0

    @property
    def is_settled(self) -> bool:
        """Whether every stored image has been through the black box."""
        figures = self.statistics
        return figures is not None and figures.stored_count > 0 and figures.queued_count == 0

    def is_settled_since(self, instant: datetime) -> bool:
        """Whether it was so at this instant or later: what was said before may not know of the last images."""
        return self.is_settled and self.statistics is not None and self.statistics.sent_at >= instant

    @property
    def line(self) -> str:
        """One line for people."""
        figures = self.statistics
        stored, placed = (figures.stored_count, figures.placed_count) if figures else (0, 0)
        return (
            f"captured {self.captured} · stored {stored} · placed {placed} · "
            f"generation {self.generation} · shards {self.shards} · points {self.points:,}"
        )

    def take(self, message: LiveMessage, found: Match) -> None:
        """Note one message.

        Raises:
            CairnError: it is not what its topic promises.
        """
        if found.channel is AGENT_HEALTH:
            self.health = decode(message.payload, AgentHealth)
        elif found.channel is RECONSTRUCTOR_STATISTICS:
            self.statistics = decode(message.payload, ReconstructorStatistics)
        elif found.channel is REFERENCE and message.payload:
            self.manifest = decode(message.payload, Manifest)
        elif found.channel is RECEIPT and message.payload:
            self._take_receipt(message.topic, decode(message.payload, UploadAcknowledged), is_ours=found.sender == RIG)
        elif found.channel is EVENT and found.event_type is EventType.ERROR:
            self.errors.append(decode(message.payload, Error))
        elif found.channel is EVENT and found.event_type is EventType.SHARD_UPDATE:
            update = decode(message.payload, ShardUpdate)
            received_at = self.received_at.get(update.image_id)
            if received_at is not None and update.image_id not in self.processed:  # afterwards, it is of a refetch
                self.receipt_to_first_dense_s.setdefault(update.image_id, _seconds(received_at, update.sent_at))
        elif found.channel is EVENT and found.event_type is EventType.PROCESSING_COMPLETE:
            self._take_end(decode(message.payload, ProcessingComplete))

    def _take_receipt(self, topic: str, receipt: UploadAcknowledged, *, is_ours: bool) -> None:
        if receipt.image_id is not None and receipt.status in {ReceiptStatus.PREVIEWED, ReceiptStatus.STORED}:
            self.received_at.setdefault(receipt.image_id, receipt.sent_at)
        if not is_ours:  # a person uploaded on the page
            is_refused = receipt.status is ReceiptStatus.REJECTED
            (self.refused_of_others if is_refused else self.stored_of_others).add(topic)

    def _take_end(self, done: ProcessingComplete) -> None:
        if done.is_refetch:
            return
        self.processed.add(done.image_id)
        if done.captured_to_shard_s is not None:
            self.capture_to_shard_s.append(done.captured_to_shard_s)
        if done.image_id in self.receipt_to_first_dense_s:
            self.receipt_to_fine_s[done.image_id] = _seconds(self.received_at[done.image_id], done.sent_at)


def _seconds(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds()


async def watch(
    connection: Connection, project: ProjectId, progress: DemoProgress, changed: Callable[[], None]
) -> None:
    """Follow a project until cancelled; a lost broker is waited for."""
    channels = (AGENT_HEALTH, RECONSTRUCTOR_STATISTICS, REFERENCE, EVENT, RECEIPT)
    while True:
        with contextlib.suppress(BrokerLostError):
            async with follow(connection) as follower:
                await follower.subscribe(*(connection.space.filter(each.template, project) for each in channels))
                async for message in follower.messages():
                    with contextlib.suppress(CairnError):  # a stranger's message does not stop the demo
                        progress.take(message, match(connection.space, message.topic))
                    changed()
        await asyncio.sleep(_RETRY_S)

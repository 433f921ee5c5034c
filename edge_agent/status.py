"""How is this rig, at a glance? Its spool, and whether the broker lets it in."""

import asyncio
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from broker.delivery import Delivery
from broker.errors import CairnError
from edge_agent.cameras.camera import now_utc
from edge_agent.config import Settings
from edge_agent.spool.index import Figures, ImageState, SpoolIndex

CONNECT_TIMEOUT_S: Final = 5.0
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What `cairn edge status` shows."""

    agent: str
    project: str
    spool: str
    captured_count: int
    waiting_count: int
    waiting_bytes: int
    stored_count: int
    rejected_count: int
    lost_count: int
    oldest_at: datetime | None
    broker: str
    is_connected: bool
    reason: str | None

    def text(self) -> str:
        """For people."""
        oldest = f", oldest {(now_utc() - self.oldest_at).total_seconds():.0f} s" if self.oldest_at else ""
        bad = f", {self.rejected_count} {ImageState.REJECTED}, {self.lost_count} {ImageState.LOST}"
        return "\n".join(
            [
                f"rig      {self.agent} of project {self.project}",
                f"spool    {self.spool}: {self.waiting_count} waiting ({self.waiting_bytes / MIB:.1f} MiB{oldest})",
                f"so far   {self.captured_count} captured, {self.stored_count} stored{bad}",
                f"broker   {self.broker}: {'connected' if self.is_connected else self.reason}",
            ]
        )


async def look(settings: Settings) -> Status:
    """Reads the spool's index beside a running agent, and knocks at the broker's door."""
    project, name = settings.named()
    figures = await asyncio.to_thread(_figures, settings)
    reason = await _knock(settings, f"{name}-status-{uuid.uuid4().hex[:8]}")
    return Status(
        agent=name,
        project=project,
        spool=str(settings.spool_dir),
        captured_count=figures.captured_count,
        waiting_count=figures.waiting_count,
        waiting_bytes=figures.waiting_bytes,
        stored_count=figures.stored_count,
        rejected_count=figures.rejected_count,
        lost_count=figures.lost_count,
        oldest_at=figures.oldest_at,
        broker=f"{settings.broker.host}:{settings.broker.port}",
        is_connected=reason is None,
        reason=reason,
    )


def _figures(settings: Settings) -> Figures:
    path = settings.spool_dir / "index.sqlite"
    if not path.exists():
        return Figures.nothing()
    index = SpoolIndex.look(path)
    try:
        return index.figures()
    finally:
        index.close()


async def _knock(settings: Settings, client_id: str) -> str | None:
    """Why the broker cannot be used, or None."""
    try:
        async with Delivery(settings.broker, client_id=client_id, session_expiry_s=0) as delivery:
            await delivery.wait_connected(CONNECT_TIMEOUT_S)
    except CairnError as exc:
        return exc.sentence
    return None

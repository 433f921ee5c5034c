"""How is this rig at a glance? The counts of its spool and a test connection to the broker."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from broker.delivery import Delivery
from broker.errors import CairnError
from broker.ids import fresh_client_id
from edge_agent.config import Settings
from edge_agent.photograph import now_utc
from edge_agent.spool.index import SpoolState
from edge_agent.spool.spool import Spool

CONNECT_TIMEOUT_S: Final = 5.0
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RigStatus:
    """The contents of `cairn edge status`."""

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
        """The status as text for people."""
        oldest = f", oldest {(now_utc() - self.oldest_at).total_seconds():.0f} s" if self.oldest_at else ""
        bad = f", {self.rejected_count} {SpoolState.REJECTED}, {self.lost_count} {SpoolState.LOST}"
        return "\n".join(
            [
                f"rig      {self.agent} of project {self.project}",
                f"spool    {self.spool}: {self.waiting_count} waiting ({self.waiting_bytes / MIB:.1f} MiB{oldest})",
                f"so far   {self.captured_count} captured, {self.stored_count} stored{bad}",
                f"broker   {self.broker}: {'connected' if self.is_connected else self.reason}",
            ]
        )


async def read_status(settings: Settings) -> RigStatus:
    """Read the spool's index beside a running agent, and try to connect to the broker."""
    project, name = settings.named()
    counts = await asyncio.to_thread(Spool.read_only(settings.spool_dir).counts)
    reason = await _try_to_connect(settings, fresh_client_id("edge-status", name))
    return RigStatus(
        agent=name,
        project=project,
        spool=str(settings.spool_dir),
        captured_count=counts.captured_count,
        waiting_count=counts.waiting_count,
        waiting_bytes=counts.waiting_bytes,
        stored_count=counts.stored_count,
        rejected_count=counts.rejected_count,
        lost_count=counts.lost_count,
        oldest_at=counts.oldest_at,
        broker=f"{settings.broker.host}:{settings.broker.port}",
        is_connected=reason is None,
        reason=reason,
    )


async def _try_to_connect(settings: Settings, client_id: str) -> str | None:
    """The reason why the broker cannot be used; None when it can."""
    try:
        async with Delivery(settings.broker, client_id=client_id, session_expiry_s=0) as delivery:
            await delivery.wait_connected(CONNECT_TIMEOUT_S)
    except CairnError as exc:
        return exc.sentence
    return None

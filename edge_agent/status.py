"""How is this rig at a glance? The counts of its spool, a test connection, and what the reconstructor says of itself."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from broker.contract import RECONSTRUCTOR_STATE
from broker.delivery import Delivery
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ProjectId, fresh_client_id
from broker.live import follow
from broker.messages import ReconstructorState
from edge_agent.config import Settings
from edge_agent.photograph import now_utc
from edge_agent.spool.index import SpoolKey, SpoolState
from edge_agent.spool.spool import Spool

CONNECT_TIMEOUT_S: Final = 5.0
STATE_SILENCE_S: Final = 2.0
MIB: Final = 1024 * 1024
MOST_LEFT_OUT: Final = 20  # files that are named


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
    left_out: tuple[str, ...]
    oldest_at: datetime | None
    broker: str
    is_connected: bool
    reason: str | None
    reconstructor: str

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
                f"project  the reconstructor is {self.reconstructor}",
                *(f"left out {each}" for each in self.left_out[:MOST_LEFT_OUT]),
                *([f"left out {len(self.left_out)} files in all"] if len(self.left_out) > MOST_LEFT_OUT else []),
            ]
        )


async def read_status(settings: Settings) -> RigStatus:
    """Read the spool's index beside a running agent, and try to connect to the broker."""
    project, name = settings.named()
    spool = Spool.read_only(settings.spool_dir)
    counts = await asyncio.to_thread(spool.counts)
    reason = await _try_to_connect(settings, fresh_client_id("edge-status", name))
    reconstructor = await _ask_reconstructor(settings, project) if reason is None else "unknown"
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
        left_out=tuple(json.loads(spool.recall(SpoolKey.LEFT_OUT) or "[]")),
        oldest_at=counts.oldest_at,
        broker=f"{settings.broker.host}:{settings.broker.port}",
        is_connected=reason is None,
        reason=reason,
        reconstructor=reconstructor,
    )


async def _try_to_connect(settings: Settings, client_id: str) -> str | None:
    """The reason why the broker cannot be used; None when it can."""
    try:
        async with Delivery(settings.broker, client_id=client_id, session_expiry_s=0) as delivery:
            await delivery.wait_connected(CONNECT_TIMEOUT_S, is_patient=False)
    except CairnError as exc:
        return exc.sentence
    return None


async def _ask_reconstructor(settings: Settings, project: ProjectId) -> str:
    """The state that the broker retains: ready, or what keeps the reconstructor from its work."""
    try:
        async with follow(settings.broker) as follower:
            await follower.subscribe(settings.broker.space.topic(project, RECONSTRUCTOR_STATE.template))
            message = await follower.next_message(STATE_SILENCE_S)
        if message is None:
            return "not known to this broker"
        state = decode(message.payload, ReconstructorState)
    except CairnError as exc:
        return f"unknown: {exc.sentence}"
    return f"{state.presence}: {state.reason or state.code}" if state.code is not None else state.presence

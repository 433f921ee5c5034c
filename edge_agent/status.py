"""How is this rig at a glance? The counts of its spool, a test connection, and what the reconstructor says of itself."""

import asyncio
import json
from dataclasses import dataclass
from typing import Final

from broker.delivery import Delivery
from broker.errors import CairnError
from broker.ids import fresh_client_id
from broker.messages import ReconstructorPresence
from edge_agent.config import Settings
from edge_agent.membership import NotInProjectError, check_membership, describe_reconstructor, read_reconstructor
from edge_agent.photograph import now_utc
from edge_agent.spool.index import SpoolKey, SpoolState
from edge_agent.spool.spool import Spool

CONNECT_TIMEOUT_S: Final = 5.0
MIB: Final = 1024 * 1024
MOST_LEFT_OUT: Final = 20  # files that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class RigStatus:
    """The contents of `cairn edge status`.

    Attributes:
        reconstructor: what is known of it, in words.
        is_taking: whether it takes photographs now.
    """

    agent: str
    project: str
    spool: str
    captured_count: int
    waiting_count: int
    waiting_bytes: int
    preview_count: int
    stored_count: int
    rejected_count: int
    lost_count: int
    left_out: tuple[str, ...]
    oldest_s: float | None
    broker: str
    is_connected: bool
    reason: str | None
    reconstructor: str
    is_taking: bool

    def text(self) -> str:
        """The status as text for people."""
        oldest = f", oldest {self.oldest_s:.0f} s" if self.oldest_s is not None else ""
        waiting = "1 photograph waits" if self.waiting_count == 1 else f"{self.waiting_count} photographs wait"
        bad = f", {self.rejected_count} {SpoolState.REJECTED}, {self.lost_count} {SpoolState.LOST}"
        return "\n".join(
            [
                f"rig      {self.agent} of project {self.project}",
                f"spool    {self.spool}: {self.waiting_count} waiting ({self.waiting_bytes / MIB:.1f} MiB{oldest})",
                *([f"         the previews of {self.preview_count} have arrived"] if self.preview_count else []),
                f"so far   {self.captured_count} captured, {self.stored_count} stored{bad}",
                f"broker   {self.broker}: {'connected' if self.is_connected else self.reason}",
                f"project  {self.reconstructor}",
                *([f"         {waiting} until it is ready; none is lost"] if self._is_held_up else []),
                *(f"left out {each}" for each in self.left_out[:MOST_LEFT_OUT]),
                *([f"left out {len(self.left_out)} files in all"] if len(self.left_out) > MOST_LEFT_OUT else []),
            ]
        )

    @property
    def _is_held_up(self) -> bool:
        return self.is_connected and not self.is_taking and self.waiting_count > 0


async def read_status(settings: Settings) -> RigStatus:
    """Read the spool's index beside a running agent, and try to connect to the broker."""
    project, name = settings.named()
    spool = Spool.read_only(settings.spool_dir)
    counts = await asyncio.to_thread(spool.counts)
    reason, reconstructor, is_taking = await _look(settings, fresh_client_id("edge-status", name))
    return RigStatus(
        agent=name,
        project=project,
        spool=str(settings.spool_dir),
        captured_count=counts.captured_count,
        waiting_count=counts.waiting_count,
        waiting_bytes=counts.waiting_bytes,
        preview_count=counts.previewed_count,
        stored_count=counts.stored_count,
        rejected_count=counts.rejected_count,
        lost_count=counts.lost_count,
        left_out=tuple(json.loads(spool.recall(SpoolKey.LEFT_OUT) or "[]")),
        oldest_s=counts.oldest_s(now_utc()),
        broker=f"{settings.broker.host}:{settings.broker.port}",
        is_connected=reason is None,
        reason=reason,
        reconstructor=reconstructor,
        is_taking=is_taking,
    )


async def _look(settings: Settings, client_id: str) -> tuple[str | None, str, bool]:
    """Why the broker cannot be used, what is known of the reconstructor, and whether it takes photographs from us."""
    try:
        async with Delivery(settings.broker, client_id=client_id, session_expiry_s=0) as delivery:
            await delivery.wait_connected(CONNECT_TIMEOUT_S, is_patient=False)
            await check_membership(delivery, settings)
        state = await read_reconstructor(settings)
    except NotInProjectError as exc:
        return None, exc.sentence, False
    except CairnError as exc:
        return exc.sentence, "unknown without the broker", False
    return None, describe_reconstructor(state), state is not None and state.presence is ReconstructorPresence.READY

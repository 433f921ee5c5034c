"""How is this rig at a glance? The counts of its spool, for whom they wait, a test connection, and who answers there."""

import asyncio
import json
from dataclasses import dataclass
from typing import Final

from broker.coverage.words import advice_sentences
from broker.delivery import Delivery
from broker.errors import CairnError
from broker.ids import AgentId, fresh_client_id
from broker.messages import ReconstructorPresence, ReconstructorState
from edge_agent.config import Settings
from edge_agent.membership import (
    NotInProjectError,
    check_membership,
    describe_reconstructor,
    read_advice,
    read_cameras,
    read_reconstructor,
)
from edge_agent.photograph import now_utc
from edge_agent.spool.destinations import Destination, Held
from edge_agent.spool.index import SpoolKey, SpoolState
from edge_agent.spool.sessions import own_placed, sessions_of
from edge_agent.spool.spool import Spool

CONNECT_TIMEOUT_S: Final = 5.0
CAMERAS_TIMEOUT_S: Final = 3.0  # a status must not wait long for figures that are only nice to have
MIB: Final = 1024 * 1024
MOST_LEFT_OUT: Final = 20  # files that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """How many of this rig's photographs have a place in the cloud.

    Attributes:
        preview_count: those of them of which only the preview has come.
    """

    count: int
    preview_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found at the broker.

    Attributes:
        reason: why the broker cannot be used.
        reconstructor: what is known of the reconstructor, in words.
        state: its retained state; None where it never was.
        placed: None while it is not known.
        advice: where to stand next, in sentences.
    """

    reason: str | None
    reconstructor: str
    state: ReconstructorState | None = None
    placed: Placed | None = None
    advice: tuple[str, ...] = ()

    @property
    def is_taking(self) -> bool:
        """Whether the reconstructor takes photographs now."""
        return self.state is not None and self.state.presence is ReconstructorPresence.READY


@dataclass(frozen=True, slots=True, kw_only=True)
class RigStatus:
    """The contents of `cairn edge status`.

    Attributes:
        held: what waits for another project or broker, and is not sent.
        reconstructor: what is known of it, in words.
        is_taking: whether it takes photographs now.
        placed: how many of this rig's photographs have a place in the cloud; None while it is not known.
        advice: where to stand next, in sentences.
    """

    agent: str
    project: str
    spool: str
    captured_count: int
    waiting_count: int
    waiting_bytes: int
    held: tuple[Held, ...]
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
    placed: Placed | None
    advice: tuple[str, ...]

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
                *(f"held     {each.sentence}" for each in self.held),
                f"so far   {self.captured_count} captured, {self.stored_count} stored{bad}",
                f"broker   {self.broker}: {'connected' if self.is_connected else self.reason}",
                f"project  {self.reconstructor}",
                *([f"         {waiting} until it is ready; none is lost"] if self._is_held_up else []),
                *([f"placed   {self._placed_words}"] if self.placed else []),
                *(f"next     {each}" for each in self.advice),
                *(f"left out {each}" for each in self.left_out[:MOST_LEFT_OUT]),
                *([f"left out {len(self.left_out)} files in all"] if len(self.left_out) > MOST_LEFT_OUT else []),
            ]
        )

    @property
    def _is_held_up(self) -> bool:
        return self.is_connected and not self.is_taking and self.waiting_count > 0

    @property
    def _placed_words(self) -> str:
        if self.placed is None:
            return "unknown"
        previews = f", {self.placed.preview_count} of them by their previews" if self.placed.preview_count else ""
        return f"{self.placed.count} of this rig's photographs{previews}"


async def read_status(settings: Settings) -> RigStatus:
    """Read the spool's index beside a running agent, and try to connect to the broker."""
    project, name = settings.named()
    spool = Spool.read_only(settings.spool_dir, Destination.of(project, settings.broker))
    counts = await asyncio.to_thread(spool.counts)
    answer = await _look(settings, name, sessions_of(name, spool.recall))
    return RigStatus(
        agent=name,
        project=project,
        spool=str(settings.spool_dir),
        captured_count=counts.captured_count,
        waiting_count=counts.waiting_count,
        waiting_bytes=counts.waiting_bytes,
        held=tuple(spool.held()),
        preview_count=counts.previewed_count,
        stored_count=counts.stored_count,
        rejected_count=counts.rejected_count,
        lost_count=counts.lost_count,
        left_out=tuple(json.loads(spool.recall(SpoolKey.LEFT_OUT) or "[]")),
        oldest_s=counts.oldest_s(now_utc()),
        broker=f"{settings.broker.host}:{settings.broker.port}",
        is_connected=answer.reason is None,
        reason=answer.reason,
        reconstructor=answer.reconstructor,
        is_taking=answer.is_taking,
        placed=answer.placed,
        advice=answer.advice,
    )


async def _look(settings: Settings, name: AgentId, sessions: set[str]) -> Answer:
    """Look whether the broker can be used, who reconstructs, and what is placed."""
    client_id = fresh_client_id("edge-status", name)
    try:
        async with Delivery(settings.broker, client_id=client_id, session_expiry_s=0) as delivery:
            await delivery.wait_connected(CONNECT_TIMEOUT_S, is_patient=False)
            await check_membership(delivery, settings)
        state = await read_reconstructor(settings)
        has_manifest = state is not None and state.has_manifest
        placed = await _placed(settings, sessions) if has_manifest else None
        advice = await read_advice(settings) if has_manifest else None
    except NotInProjectError as exc:
        return Answer(reason=None, reconstructor=exc.sentence)
    except CairnError as exc:
        return Answer(reason=exc.sentence, reconstructor="unknown without the broker")
    told = tuple(advice_sentences(advice)) if advice is not None else ()
    return Answer(reason=None, reconstructor=describe_reconstructor(state), state=state, placed=placed, advice=told)


async def _placed(settings: Settings, sessions: set[str]) -> Placed | None:
    cameras = await read_cameras(settings, CAMERAS_TIMEOUT_S)
    if cameras is None:
        return None
    ours = own_placed(cameras, sessions)
    return Placed(count=len(ours), preview_count=sum(not each.has_original for each in ours))

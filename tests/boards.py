"""What the page server has heard of a project and its rig, without a broker."""

from datetime import UTC, datetime
from typing import Any

from broker.contract import AGENT_HEALTH, AGENT_STATE, RECONSTRUCTOR_STATE, RECONSTRUCTOR_STATISTICS
from broker.ids import AgentId, ProjectId
from broker.live import LiveMessage
from broker.messages import ReconstructorPresence, ReconstructorState, ReconstructorStatistics
from broker.outgoing import Outgoing
from broker.rig_messages import AgentHealth, AgentPresence, AgentState
from viewer.config import Settings
from viewer.metrics.broker_figures import FIELDS, BrokerFigures
from viewer.metrics.exposition import render
from viewer.network.brake import Brake
from viewer.relay import Relay
from viewer.status import Board

CHAPEL, NORTH = ProjectId("chapel"), AgentId("rig-north")
SPACE = Settings().broker.space
RELAY = Relay(Settings(), Brake())


def figures(model: type[ReconstructorStatistics] | type[AgentHealth], **facts: object) -> dict[str, object]:
    """One for each figure that is required."""
    required = [name for name, field in model.model_fields.items() if field.is_required()]
    return dict.fromkeys(required, 1) | {"project": CHAPEL} | facts


def hear(board: Board, outgoing: Outgoing) -> None:
    board.take(LiveMessage(topic=outgoing.topic, payload=outgoing.payload, is_retained=True))


def board_with(
    presence: ReconstructorPresence = ReconstructorPresence.READY, code: str | None = None, **facts: object
) -> Board:
    board = Board(Settings())
    board.is_connected = True
    state = ReconstructorState(project=CHAPEL, presence=presence, boot_id="boot", code=code)
    hear(board, RECONSTRUCTOR_STATE.outgoing(SPACE, CHAPEL, state))
    statistics = ReconstructorStatistics.model_validate(figures(ReconstructorStatistics, **facts))
    hear(board, RECONSTRUCTOR_STATISTICS.outgoing(SPACE, CHAPEL, statistics))
    return board


def rig(board: Board, presence: AgentPresence, **facts: object) -> None:
    state = AgentState(project=CHAPEL, agent=NORTH, boot_id="boot", presence=presence)
    hear(board, AGENT_STATE.outgoing(SPACE, CHAPEL, state, agent=NORTH))
    health = AgentHealth.model_validate(figures(AgentHealth, agent=NORTH, **facts))
    hear(board, AGENT_HEALTH.outgoing(SPACE, CHAPEL, health, agent=NORTH))


def everything_told() -> bytes:
    """The answer to a scrape in which no metric is missing."""
    facts: dict[str, Any] = dict.fromkeys(("queued_since", "processed_at"), datetime.now(UTC))
    facts |= dict.fromkeys(("generation", "stored_to_shard_p50_s", "stored_to_shard_p95_s", "refetch_s"), 1)
    board = board_with(code="broker_full", **facts)
    of_rigs = {"temperature_deg": 40.0, "battery_ratio": 0.5, "spool_oldest_s": 1.0, "receipt_s": 0.1}
    rig(board, AgentPresence.ONLINE, alarms=("spool_full",), **of_rigs)
    broker = BrokerFigures(**dict.fromkeys(FIELDS.values(), 2.0))
    return render([status for each in board.projects() if (status := board.status(each))], board, RELAY, broker)

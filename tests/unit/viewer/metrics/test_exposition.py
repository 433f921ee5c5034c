"""Do the metrics say what holds now, of each project and each rig, and nothing of those who are away?"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from broker.messages import ReconstructorPresence
from broker.rig_messages import AgentPresence
from tests.boards import CHAPEL, RELAY, board_with, everything_told, rig
from viewer.config import Settings
from viewer.metrics.broker_figures import FIELDS, BrokerFigures
from viewer.metrics.exposition import render
from viewer.status import Board, ProjectStatus

PROMETHEUS = Path(__file__).parents[4] / "deploy/prometheus"
BROKER = BrokerFigures(client_count=4, dropped_count=1)
LONG, SHORT = timedelta(minutes=6), timedelta(0)


def samples(board: Board, broker: BrokerFigures = BROKER) -> dict[str, float]:
    """Each sample by its name and the values of its labels."""
    statuses: list[ProjectStatus] = [status for each in board.projects() if (status := board.status(each))]
    text = render(statuses, board, RELAY, broker).decode()
    families = text_string_to_metric_families(text)
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_project_and_its_rig_are_told_of() -> None:
    board = board_with(stored_count=7, error_count=2, queued_since=datetime.now(UTC) - LONG, memory_bytes=10)
    rig(board, AgentPresence.ONLINE, spool_count=3, spool_oldest_s=12.5, alarms=("disk_full",))
    told = samples(board)
    expected = {
        "cairn_images_stored chapel": 7,
        "cairn_errors_total chapel": 2,
        "cairn_black_box_memory_bytes chapel": 10,
        "cairn_reconstructor_up chapel": 1,
        "cairn_rig_up rig-north chapel": 1,
        "cairn_rig_spool_images rig-north chapel": 3,
        "cairn_rig_spool_oldest_seconds rig-north chapel": 12.5,
        "cairn_rig_alarm rig-north disk_full chapel": 1,
        "cairn_broker_connected": 1,
    }
    assert {name: told[name] for name in expected} == expected
    assert told["cairn_backlog_seconds chapel"] >= 360
    assert told["process_resident_memory_bytes"] > 1e6
    assert "cairn_since_processed_seconds chapel" not in told


def test_of_those_who_are_away_only_what_is_stored_is_told() -> None:
    board = board_with(ReconstructorPresence.OFFLINE, stored_count=7, memory_bytes=10, queued_since=datetime.now(UTC))
    rig(board, AgentPresence.OFFLINE, spool_count=3, alarms=("spool_full",))
    told = samples(board)
    assert (told["cairn_images_stored chapel"], told["cairn_reconstructor_up chapel"]) == (7, 0)
    assert told["cairn_rig_up rig-north chapel"] == 0
    names = {name.split()[0] for name in told}
    left_out = {"cairn_black_box_memory_bytes", "cairn_backlog_seconds", "cairn_rig_spool_images", "cairn_rig_alarm"}
    assert not left_out & names


def test_a_paused_project_says_so() -> None:
    told = samples(board_with(ReconstructorPresence.PAUSED))
    assert (told["cairn_reconstructor_up chapel"], told["cairn_project_paused chapel"]) == (0, 1)
    assert samples(board_with())["cairn_project_paused chapel"] == 0


def test_the_brokers_own_figures_are_told_as_far_as_they_are_known() -> None:
    told = samples(board_with())
    assert (told["cairn_broker_clients"], told["cairn_broker_messages_dropped_total"]) == (4, 1)
    assert "cairn_broker_heap_bytes" not in told
    whole = samples(board_with(), BrokerFigures(**dict.fromkeys(FIELDS.values(), 2.0)))
    assert sum(name.startswith("cairn_broker_") for name in whole) == len(FIELDS) + 1  # and whether it is connected


@pytest.mark.parametrize("name", ["alarms.yml", "dashboard.json"])
def test_every_alarm_and_panel_asks_for_a_metric_that_is_told_of(name: str) -> None:
    families = text_string_to_metric_families(everything_told().decode())
    told = {sample.name for family in families for sample in family.samples}
    asked = set(re.findall(r"(?:cairn|process)_\w+", (PROMETHEUS / name).read_text(encoding="utf-8")))
    assert len(asked) >= 8  # they were found
    assert asked <= told


@pytest.mark.parametrize(
    ("presence", "ages", "is_healthy"),
    [
        (ReconstructorPresence.READY, {}, True),
        (ReconstructorPresence.OFFLINE, {}, False),
        (ReconstructorPresence.READY, {"queued_since": LONG}, False),
        (ReconstructorPresence.READY, {"queued_since": LONG, "processed_at": LONG}, False),
        (ReconstructorPresence.READY, {"queued_since": LONG, "processed_at": SHORT}, True),
        (ReconstructorPresence.READY, {"queued_since": SHORT}, True),
        (ReconstructorPresence.PAUSED, {"queued_since": LONG}, True),
    ],
)
def test_healthy_is_where_photographs_can_become_points(
    presence: ReconstructorPresence, ages: dict[str, timedelta], is_healthy: bool
) -> None:
    facts: dict[str, Any] = {name: datetime.now(UTC) - age for name, age in ages.items()}
    assert board_with(presence, **facts).health(0).is_healthy is is_healthy


def test_a_server_without_any_project_is_healthy_and_one_whose_project_is_silent_is_not() -> None:
    for projects, is_healthy in (((), True), ((CHAPEL,), False)):
        board = Board(Settings(projects=projects))
        board.is_connected = True
        assert board.health(0).is_healthy is is_healthy

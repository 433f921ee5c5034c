"""The short form of `make month`: rigs whose day lasts a few seconds, with a fault of nearly every kind."""

from pathlib import Path

from benchmarks.month.__main__ import play
from benchmarks.month.course import Course
from benchmarks.month.faults import FaultKind as K

FAULTS = (
    *(K.CAMERA_KILLED, K.CAMERA_FAILS, K.BAD_FILE, K.RIG_DISK_FULL, K.NETWORK_CUT, K.NETWORK_HALF_OPEN),
    *(K.BROKER_EMPTIED, K.RECONSTRUCTOR_KILLED, K.POWER_CUT, K.CLOCK_FORWARDS, K.CLOCK_YEARS_OFF),
)
LEAST = 5


def test_rigs_that_are_left_alone_lose_nothing_and_need_no_hand(tmp_path: Path) -> None:
    course = Course(days=1.0, lasts_s=6.0, seed=9, by_phase=(FAULTS,), least_photographs=LEAST)
    story, ledger, figures = play(tmp_path / "month", course)
    assert story.hands == []
    assert (ledger.lost, ledger.twice, ledger.open_jobs, ledger.left) == (0, 0, 0, 0)
    assert ledger.photographs + ledger.rejected >= LEAST
    assert story.faults.total() >= len(FAULTS) // 2
    assert figures["supervised_restarts"] != 0

"""The short form of `make chaos`: real rigs, reconstructor and broker, killed at random."""

from pathlib import Path

from benchmarks.chaos.outcome import run

IMAGES, KILLS = 102, 8


def test_random_kills_of_rigs_broker_and_reconstructor_lose_no_image_and_number_none_twice(tmp_path: Path) -> None:
    outcome = run(tmp_path / "chaos", images=IMAGES, rigs=3, kills=KILLS, is_persistent=False, seed=4)
    assert (outcome.images, outcome.lost, outcome.numbered_twice) == (IMAGES, 0, 0)
    assert outcome.previews_left_behind == 0
    assert outcome.previews_taken > 0
    assert outcome.is_end_state_equal
    assert outcome.kills == KILLS

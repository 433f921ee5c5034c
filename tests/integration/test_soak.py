"""The short form of `make soak`: every program at work, watched; too short to be warm, so that growth is not judged."""

from pathlib import Path

from benchmarks.parts.growth import MAY_GROW_RATIO
from benchmarks.soak import RIG_COUNT, soak

IMAGES = 32


def test_no_image_is_lost_and_no_message_dropped_while_viewers_come_and_go(tmp_path: Path) -> None:
    soaked = soak(tmp_path / "soak", minutes=0.4, images=IMAGES)
    outcome, figures = soaked.outcome, soaked.figures()
    assert (outcome.images, outcome.lost, outcome.numbered_twice, outcome.is_end_state_equal) == (IMAGES, 0, 0, True)
    assert soaked.message_count > IMAGES
    assert figures["sys_dropped"] == 0
    assert soaked.broker.most_connected >= RIG_COUNT
    rigs = {f"rig_{number}" for number in range(RIG_COUNT)}
    assert set(soaked.growth.looks) == {"broker", "reconstructor", "page_server"} | rigs
    for name in soaked.growth.looks:
        warm_mb, last_mb = soaked.growth.memory_mb(name)
        is_named = f"{name} memory" in soaked.growth.grown()
        assert is_named is (last_mb > warm_mb * (1 + MAY_GROW_RATIO))

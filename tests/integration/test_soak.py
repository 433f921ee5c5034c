"""The short form of `make soak`: every program at work, its memory watched."""

from pathlib import Path

from benchmarks.soak import soak

IMAGES = 30


def test_nothing_grows_while_images_flow_and_viewers_come_and_go(tmp_path: Path) -> None:
    outcome, memory, message_count = soak(tmp_path / "soak", minutes=0.25, images=IMAGES)
    assert (outcome.images, outcome.lost, outcome.numbered_twice) == (IMAGES, 0, 0)
    assert message_count > IMAGES
    assert set(memory.looks) == {"broker", "reconstructor", "rig", "page_server"}
    assert [name for name in memory.looks if memory.has_grown(name)] == []

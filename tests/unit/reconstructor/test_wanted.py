"""Which lists of wanted originals are published, and when again."""

from collections.abc import Mapping

from broker.ids import ImageId, SenderId
from reconstructor.wanted import AGAIN_S, WantedLists

NORTH, SOUTH = SenderId("rig-north"), SenderId("rig-south")
ONE, TWO = (ImageId(f"walk-{number:06d}-{'0' * 16}") for number in (1, 2))


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def tell(
    lists: WantedLists, awaited: Mapping[SenderId, tuple[ImageId, ...]]
) -> list[tuple[SenderId, tuple[ImageId, ...]]]:
    due = list(lists.due(awaited))
    for sender, images in due:
        lists.note_told(sender, images)
    return due


def test_each_change_is_told_once_and_the_end_too() -> None:
    lists = WantedLists(Clock())
    assert tell(lists, {}) == []
    assert tell(lists, {NORTH: (ONE, TWO), SOUTH: (ONE,)}) == [(NORTH, (ONE, TWO)), (SOUTH, (ONE,))]
    assert tell(lists, {NORTH: (TWO, ONE), SOUTH: (ONE,)}) == [(NORTH, (TWO, ONE))]
    assert tell(lists, {NORTH: (TWO,)}) == [(NORTH, (TWO,)), (SOUTH, ())]
    assert tell(lists, {NORTH: (TWO,)}) == []
    assert tell(lists, {}) == [(NORTH, ())]
    assert tell(lists, {}) == []


def test_an_unchanged_list_is_told_again_only_to_a_sender_that_was_heard_meanwhile() -> None:
    clock = Clock()
    lists = WantedLists(clock)
    awaited: Mapping[SenderId, tuple[ImageId, ...]] = {NORTH: (ONE,), SOUTH: (TWO,)}
    tell(lists, awaited)
    lists.note_heard(NORTH)
    clock.now_s = AGAIN_S - 1
    assert tell(lists, awaited) == []
    clock.now_s = AGAIN_S
    assert tell(lists, awaited) == [(NORTH, (ONE,))]
    clock.now_s = 10 * AGAIN_S
    assert tell(lists, awaited) == []


def test_what_could_not_be_published_stays_due() -> None:
    lists = WantedLists(Clock())
    assert list(lists.due({NORTH: (ONE,)})) == list(lists.due({NORTH: (ONE,)})) == [(NORTH, (ONE,))]

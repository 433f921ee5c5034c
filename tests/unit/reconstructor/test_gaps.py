from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from broker.ids import ImageId, ImageName, SenderId
from reconstructor.gaps import FIRST_WAIT_S, LONGER_EACH_TIME, MOST_ASKS, MOST_NAMED, MOST_SESSIONS, Gaps

RIG = SenderId("rig-north")


@dataclass(slots=True)
class Clock:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


def name(sequence: int, session: str = "s") -> ImageName:
    return ImageId.build(session=session, sequence=sequence, sha256=f"{sequence:016x}" * 4)


def asked(gaps: Gaps) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(sender, each.session, each.sequences) for sender, each in gaps.due()]


def test_a_gap_is_named_when_it_stays() -> None:
    clock = Clock()
    gaps = Gaps(clock)
    for sequence in (3, 4, 7, 8):
        gaps.note(RIG, name(sequence))
    assert asked(gaps) == []
    clock.now_s = FIRST_WAIT_S
    assert asked(gaps) == [(RIG, "s", (5, 6))]


def test_images_that_overtake_each_other_are_no_gap() -> None:
    clock = Clock()
    gaps = Gaps(clock)
    for sequence in (1, 4, 3, 2, 5):
        gaps.note(RIG, name(sequence))
    clock.now_s = 1e6
    assert asked(gaps) == []


def test_nobody_is_asked_for_ever_and_later_each_time() -> None:
    clock = Clock()
    gaps = Gaps(clock)
    gaps.note(RIG, name(1))
    gaps.note(RIG, name(3))
    asks = []
    while clock.now_s < 1e5:
        clock.now_s += 1
        asks += [clock.now_s] * len(asked(gaps))
    assert len(asks) == MOST_ASKS
    assert asks[1] - asks[0] == FIRST_WAIT_S * LONGER_EACH_TIME
    assert asks[2] - asks[1] == FIRST_WAIT_S * LONGER_EACH_TIME**2


def test_what_comes_late_is_asked_for_no_more() -> None:
    clock = Clock()
    gaps = Gaps(clock)
    gaps.note(RIG, name(1))
    gaps.note(RIG, name(4))
    clock.now_s = FIRST_WAIT_S
    assert asked(gaps) == [(RIG, "s", (2, 3))]
    gaps.note(RIG, name(2))
    clock.now_s = 1e6
    assert asked(gaps) == [(RIG, "s", (3,))]


def test_sessions_and_senders_count_for_themselves_and_plain_names_not_at_all() -> None:
    clock = Clock()
    gaps = Gaps(clock)
    for sender, session, sequence in (("anna", "s", 1), ("anna", "t", 3), ("ben", "s", 3), ("ben", "s", 5)):
        gaps.note(SenderId(sender), name(sequence, session))
    gaps.note(SenderId("ben"), ImageName("door1"))
    clock.now_s = FIRST_WAIT_S
    assert asked(gaps) == [("ben", "s", (4,))]


def test_images_may_arrive_between_two_gaps_that_are_asked_for() -> None:
    clock = Clock()
    gaps = Gaps(clock)
    for session in ("s", "t"):
        gaps.note(RIG, name(1, session))
        gaps.note(RIG, name(3, session))
    clock.now_s = FIRST_WAIT_S
    found = []
    for number, (_, each) in enumerate(gaps.due()):
        found.append(each.session)
        gaps.note(RIG, name(1, f"new{number}"))  # as while the caller waits for the broker
    assert found == ["s", "t"]


@given(st.lists(st.tuples(st.integers(0, 999_999), st.integers(0, 2 * MOST_SESSIONS)), max_size=40))
def test_no_sender_can_make_it_large(images: list[tuple[int, int]]) -> None:
    clock = Clock()
    gaps = Gaps(clock)
    for sequence, session in images:
        gaps.note(RIG, name(sequence, f"s{session}"))
    clock.now_s = FIRST_WAIT_S
    assert len(gaps._sessions) <= MOST_SESSIONS
    assert all(len(sequences) <= MOST_NAMED for _, _, sequences in asked(gaps))

"""Messages at QoS 0 wait within a bound, which junk cannot take from small messages."""

from reconstructor.intake.router import MAX_WAITING_BYTES, SMALL_BYTES, has_room

MIB = 1024 * 1024


def test_junk_fills_the_room_and_small_messages_still_pass() -> None:
    waiting = 0
    while has_room(waiting, MIB):
        waiting += MIB
    assert waiting == MAX_WAITING_BYTES
    assert has_room(waiting, SMALL_BYTES)
    assert not has_room(waiting, SMALL_BYTES + 1)


def test_small_messages_have_a_bound_too() -> None:
    waiting = MAX_WAITING_BYTES
    while has_room(waiting, SMALL_BYTES):
        waiting += SMALL_BYTES
    assert waiting <= MAX_WAITING_BYTES + 8 * MIB

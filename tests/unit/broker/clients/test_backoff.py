"""Does the pause between two attempts grow, stay bounded and differ, and is a contested client id noticed?"""

import time

import pytest

from broker.clients import backoff
from broker.clients.backoff import CONTESTED_AFTER, FIRST_RETRY_S, LAST_RETRY_S, MOST_SHORT_BACKOFFS, Backoff


def test_the_pause_doubles_with_each_failure_up_to_its_bound() -> None:
    pauses = Backoff()
    for attempt in range(12):
        ceiling_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2**attempt)
        assert ceiling_s / 2 <= pauses.pause_s() <= ceiling_s
        pauses.note_failed()


def test_two_rigs_do_not_return_in_step() -> None:
    pauses = Backoff()
    assert len({pauses.pause_s() for _ in range(20)}) > 10


def test_connections_that_end_at_once_tell_that_the_name_is_contested(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    pauses = Backoff()
    for _ in range(CONTESTED_AFTER):
        assert not pauses.is_name_contested(is_connected=False)
        pauses.note_connected()
        pauses.note_disconnected(is_taken_over=False)
    assert pauses.is_name_contested(is_connected=False)
    assert pauses.pause_s() <= FIRST_RETRY_S * 2**MOST_SHORT_BACKOFFS
    pauses.note_connected()
    assert pauses.is_name_contested(is_connected=True)
    now_s += backoff.UNCONTESTED_AFTER_S + 1
    assert not pauses.is_name_contested(is_connected=True)


def test_a_session_that_the_broker_gave_away_is_contested_at_once() -> None:
    pauses = Backoff()
    pauses.note_connected()
    pauses.note_disconnected(is_taken_over=True)
    assert pauses.is_name_contested(is_connected=False)


def hang_up(pauses: Backoff) -> bool:
    """A connection that ends at a message; whether that is a habit by now."""
    pauses.note_connected()
    pauses.note_published()
    pauses.note_disconnected(is_taken_over=False, is_waiting=True)
    return pauses.is_hung_up_on


def test_a_broker_that_hangs_up_at_a_message_each_time_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    pauses = Backoff()
    assert [hang_up(pauses) for _ in range(backoff.HUNG_UP_AFTER)] == [False, False, True]
    pauses.note_dropped()
    assert not pauses.is_hung_up_on
    pauses.note_answered()
    assert hang_up(pauses)  # it was full a moment ago: once is enough
    now_s += backoff.FULL_FOR_S
    pauses.note_answered()
    assert not hang_up(pauses)


def test_connections_that_end_while_nothing_waits_or_after_an_answer_are_no_hang_ups() -> None:
    pauses = Backoff()
    for _ in range(2 * backoff.HUNG_UP_AFTER):
        pauses.note_connected()
        pauses.note_disconnected(is_taken_over=False, is_waiting=False)
        pauses.note_connected()
        pauses.note_published()
        pauses.note_answered()
        pauses.note_disconnected(is_taken_over=False, is_waiting=True)
    assert not pauses.is_hung_up_on

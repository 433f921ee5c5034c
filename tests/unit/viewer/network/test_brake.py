"""Guessing is braked by address, by name, and by name at one address; right logins and other addresses are not."""

import pytest
from aiohttp import web

from viewer.network.brake import FREE_TRIES, LONGEST_PAUSE_S, MOST_KNOWN, MOST_PENDING, MOST_WRONG, WINDOW_S, Brake

HERE, THERE = "10.0.0.1", "10.0.0.2"


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brake(clock: Clock) -> Brake:
    return Brake(clock)


def guess(brake: Brake, address: str, name: str) -> bool:
    """Whether a wrong password was put to the broker."""
    try:
        with brake.attempt(address, name) as attempt:
            attempt.refused()
    except web.HTTPTooManyRequests:
        return False
    return True


def log_in(brake: Brake, address: str, name: str) -> None:
    with brake.attempt(address, name) as attempt:
        attempt.accepted()


def wait_s(brake: Brake, address: str, name: str) -> int:
    with pytest.raises(web.HTTPTooManyRequests) as caught:
        brake.attempt(address, name)
    return int(caught.value.headers["Retry-After"])


def test_an_address_that_tries_many_names_is_held_back_for_a_while(brake: Brake, clock: Clock) -> None:
    assert sum(guess(brake, HERE, f"anna{number}") for number in range(3000)) == MOST_WRONG
    assert guess(brake, THERE, "carl")
    clock.now_s = WINDOW_S - 1
    assert wait_s(brake, HERE, "carl") == 2
    with pytest.raises(web.HTTPTooManyRequests):
        brake.check_address(HERE)
    clock.now_s = WINDOW_S + 1
    assert guess(brake, HERE, "carl")
    brake.check_address(HERE)


def test_a_name_waits_longer_after_each_wrong_password_up_to_a_minute(brake: Brake, clock: Clock) -> None:
    pauses = []
    for _ in range(12):
        assert guess(brake, HERE, "anna")
        begin_s = clock.now_s
        while not guess(brake, HERE, "anna"):
            clock.now_s += 0.25
        pauses.append(clock.now_s - begin_s)
        clock.now_s += LONGEST_PAUSE_S
    assert pauses[: FREE_TRIES - 1] == [0, 1]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_S


def test_in_a_minute_one_name_at_one_address_is_tried_a_few_times_only(brake: Brake, clock: Clock) -> None:
    tried = 0
    while clock.now_s < WINDOW_S:
        tried += guess(brake, HERE, "anna")
        clock.now_s += 0.02
    assert tried == FREE_TRIES + 5


def test_a_name_that_many_addresses_guess_at_is_held_back_except_where_it_has_logged_in(brake: Brake) -> None:
    log_in(brake, HERE, "anna")
    assert sum(guess(brake, f"10.1.0.{number}", "anna") for number in range(100)) == MOST_WRONG
    log_in(brake, HERE, "anna")
    assert not guess(brake, THERE, "anna")


def test_a_neighbour_behind_the_same_router_shuts_nobody_out_who_has_logged_in_before(brake: Brake) -> None:
    log_in(brake, HERE, "anna")
    assert sum(guess(brake, HERE, f"carl{number}") for number in range(2 * MOST_WRONG)) == MOST_WRONG
    brake.check_address(HERE)
    log_in(brake, HERE, "anna")
    assert sum(guess(brake, HERE, "anna") for _ in range(100)) == FREE_TRIES


def test_a_right_password_ends_the_pause(brake: Brake) -> None:
    for _ in range(20):
        guess(brake, HERE, "anna")
        log_in(brake, HERE, "anna")
    for number in range(10 * MOST_WRONG):
        log_in(brake, THERE, f"anna{number}")


def test_logins_at_the_same_time_are_bounded_until_they_are_answered(brake: Brake) -> None:
    attempts = [brake.attempt(HERE, f"anna{number}").__enter__() for number in range(MOST_PENDING)]
    assert wait_s(brake, HERE, "carl") == 2
    for attempt in attempts:
        attempt.accepted()
        attempt.refused()  # the first answer counts
    assert guess(brake, HERE, "carl")


def test_what_is_remembered_is_bounded(brake: Brake) -> None:
    for number in range(MOST_KNOWN + 10):
        brake.attempt(f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", f"anna{number}")
    assert {len(each) for each in (brake._addresses, brake._names, brake._accounts)} == {MOST_KNOWN}

"""Guessing is braked by address; right logins and other addresses are not."""

import pytest
from aiohttp import web

from viewer.brake import MOST_ADDRESSES, MOST_PENDING, MOST_WRONG, WINDOW_S, Brake, network_of


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def guess(brake: Brake, address: str) -> bool:
    """Whether a wrong password was put to the broker."""
    try:
        with brake.attempt(address) as attempt:
            attempt.end(is_wrong=True)
    except web.HTTPTooManyRequests:
        return False
    return True


def test_after_so_many_wrong_logins_nothing_is_put_to_the_broker_for_a_while() -> None:
    clock = Clock()
    brake = Brake(clock)
    assert sum(guess(brake, "10.0.0.1") for _ in range(3000)) == MOST_WRONG
    assert guess(brake, "10.0.0.2")
    clock.now_s = WINDOW_S - 1
    with pytest.raises(web.HTTPTooManyRequests) as caught:
        brake.attempt("10.0.0.1")
    assert caught.value.headers["Retry-After"] == "2"
    clock.now_s = WINDOW_S + 1
    assert guess(brake, "10.0.0.1")


def test_right_logins_are_not_counted() -> None:
    brake = Brake(Clock())
    for _ in range(10 * MOST_WRONG):
        with brake.attempt("10.0.0.1") as attempt:
            attempt.end()


def test_logins_at_the_same_time_are_bounded_until_they_are_answered() -> None:
    brake = Brake(Clock())
    attempts = [brake.attempt("10.0.0.1").__enter__() for _ in range(MOST_PENDING)]
    with pytest.raises(web.HTTPTooManyRequests):
        brake.attempt("10.0.0.1")
    for attempt in attempts:
        attempt.end()
        attempt.end(is_wrong=True)  # the first answer counts
    assert guess(brake, "10.0.0.1")


def test_the_list_of_addresses_is_bounded() -> None:
    brake = Brake(Clock())
    for number in range(MOST_ADDRESSES + 10):
        brake.attempt(f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")
    assert len(brake._addresses) == MOST_ADDRESSES


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.168.1.5", "192.168.1.5"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.168.1.5", "192.168.1.5"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
        ("socket", "unknown"),
    ],
)
def test_one_customer_is_one_address(address: str | None, network: str) -> None:
    assert network_of(address) == network

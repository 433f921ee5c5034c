"""Downloads have places in all and per address; a slow one gives its place up when somebody waits."""

from contextlib import ExitStack

import pytest
from aiohttp import web

from viewer.downloads import MOST, MOST_PER_ADDRESS, PATIENCE_S, SLOW_BYTES_PER_S, Downloads


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_an_address_has_its_share_and_gets_it_back(clock: Clock) -> None:
    downloads = Downloads(clock)
    with ExitStack() as stack:
        for _ in range(MOST_PER_ADDRESS):
            stack.enter_context(downloads.place("10.0.0.1", lambda: None))
        with pytest.raises(web.HTTPTooManyRequests), downloads.place("10.0.0.1", lambda: None):
            pass
        with downloads.place("10.0.0.2", lambda: None):
            pass
    with downloads.place("10.0.0.1", lambda: None):
        pass


def test_only_the_slowest_gives_way_and_only_when_it_is_slow(clock: Clock) -> None:
    downloads, ended = Downloads(clock), []
    with ExitStack() as stack:
        running = [
            stack.enter_context(downloads.place(str(number), lambda number=number: ended.append(number)))  # type: ignore[misc]
            for number in range(MOST)
        ]
        with pytest.raises(web.HTTPServiceUnavailable), downloads.place("new", lambda: None):
            pass
        clock.now_s = PATIENCE_S + 1
        for number, each in enumerate(running):
            each.sent_bytes = int(SLOW_BYTES_PER_S * clock.now_s) + 1 - (number in {3, 5}) * number * 1000
        with downloads.place("new", lambda: None):
            assert ended == [5]
            with downloads.place("newer", lambda: None):
                assert ended == [5, 3]
                with pytest.raises(web.HTTPServiceUnavailable), downloads.place("newest", lambda: None):
                    pass

"""Does a refetch stand back for an image, and not without end?"""

import threading

import pytest

from reconstructor.engine import priority
from reconstructor.engine.priority import EngineClosedError, Priority


def test_nobody_waits_while_no_image_is_added() -> None:
    # must not raise
    alone = Priority()
    alone.begin()
    alone.yield_to_images()


def test_a_refetch_goes_on_when_the_image_is_through() -> None:
    both = Priority()
    both.begin()
    waited: list[bool] = []

    def refetch() -> None:
        both.yield_to_images()
        waited.append(True)

    thread = threading.Thread(target=refetch)
    with both.adding():
        thread.start()
        thread.join(0.05)
        assert not waited
    thread.join(5)
    assert waited


def test_it_waits_no_longer_than_it_has_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    # must not raise
    monkeypatch.setattr(priority, "_PATIENCE_S", 0.01)
    both = Priority()
    both.begin()
    with both.adding():  # in this thread, so that nobody could end it
        both.yield_to_images()
        both.yield_to_images()


def test_closing_ends_the_wait_with_an_error() -> None:
    both = Priority()
    both.begin()
    closing = threading.Timer(0.05, both.close)
    closing.start()
    with both.adding(), pytest.raises(EngineClosedError):
        both.yield_to_images()
    closing.join()


def test_it_is_at_rest_a_minute_after_the_last_image(monkeypatch: pytest.MonkeyPatch) -> None:
    both = Priority()
    rests = [both.is_at_rest]
    with both.adding():
        rests.append(both.is_at_rest)
    rests.append(both.is_at_rest)
    monkeypatch.setattr(priority, "_REST_S", 0.0)
    assert [*rests, both.is_at_rest] == [True, False, False, True]

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


def test_it_waits_for_a_share_of_the_time_that_it_has_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    # must not raise
    monkeypatch.setattr(priority, "_PATIENCE_S", 0.01)
    both = Priority()
    both.begin()
    with both.adding():  # in this thread, so that nobody could end it
        both.yield_to_images()
        both.yield_to_images()


def test_a_refetch_goes_on_beside_an_image_whose_first_points_are_out() -> None:
    # must not wait
    both = Priority()
    both.begin()
    with both.adding():
        assert both.must_wait_within(0.01)
        both.note_first_points()
        assert not both.must_wait_within(0.01)
        both.yield_to_images()
        with both.adding():
            assert both.must_wait_within(0.01)
    assert both._waited_s < 1


def test_a_refetch_does_not_stand_back_for_images_of_a_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    both = Priority()
    both.begin()
    for gap_s, must_wait in ((60.0, False), (0.0, True)):
        monkeypatch.setattr(priority, "_BACKLOG_S", gap_s)
        with both.adding():
            pass
        with both.adding():
            assert both.must_wait_within(0.01) is must_wait
            if not must_wait:
                both.yield_to_images()
    assert both._waited_s < 1


@pytest.mark.parametrize("follows_at_once", [False, True])
def test_work_that_holds_the_interpreter_lets_one_image_of_a_backlog_through(
    monkeypatch: pytest.MonkeyPatch, *, follows_at_once: bool
) -> None:
    monkeypatch.setattr(priority, "_BACKLOG_S", 60.0)
    both, waited = Priority(), list[bool]()
    both.begin()
    with both.adding():
        pass

    def refetch() -> None:
        both.yield_interpreter()
        both.yield_interpreter()  # at once again: it must not wait
        waited.append(True)

    thread, next_image = threading.Thread(target=refetch), both.adding()
    with both.adding():
        thread.start()
        thread.join(0.05)
        assert not waited
        if follows_at_once:
            next_image.__enter__()
    thread.join(4)  # sooner than its patience ends
    assert waited


def test_threads_that_wait_together_use_up_patience_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(priority, "_PATIENCE_S", 0.2)
    both = Priority()
    both.begin()
    threads = [threading.Thread(target=both.yield_to_images) for _ in range(8)]
    with both.adding():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
    assert both._waited_s < 8 * 0.2


def test_a_refetch_is_told_that_it_has_to_wait_until_its_patience_ends() -> None:
    both = Priority()
    both.begin()
    assert not both.must_wait_within(0.01)
    with both.adding():
        assert both.must_wait_within(60)
        both._waited_s = 1e9
        assert not both.must_wait_within(0.01)
    assert not both.must_wait_within(0.01)


def test_a_closed_engine_is_not_looked_at_for_images() -> None:
    both = Priority()
    both.begin()
    both.close()
    assert not both.must_wait_within(60)


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

"""A report says when photographs were taken, and by which clock."""

from datetime import UTC, datetime, timedelta, timezone

from reconstructor.exports.report_times import Taken, first_and_last

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def words_of(in_photograph: datetime | None, said_at: float | None = NOON.timestamp()) -> str | None:
    taken = Taken.of(in_photograph, said_at)
    return None if taken is None else taken.words


def test_the_time_in_the_photograph_comes_before_its_senders_word() -> None:
    assert words_of(datetime(2026, 5, 3, 14, 22, tzinfo=timezone(timedelta(hours=2)))) == "2026-05-03 12:22"
    clock = NOON.replace(month=5, tzinfo=None)
    assert words_of(clock) == "2026-05-29 12:00 (by the camera's clock)"
    assert words_of(None) == "2026-11-29 12:00 (said by the sender)"
    assert words_of(None, None) is None


def test_a_year_that_no_clock_shows_is_passed_over() -> None:
    assert words_of(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))), None) is None


def test_the_first_and_the_last_are_in_order_of_time() -> None:
    times = [Taken.of(NOON.replace(day=day), None) for day in (20, 3, 11)]
    assert first_and_last([None, *times]) == ("2026-11-03 12:00", "2026-11-20 12:00")
    assert first_and_last([None]) is None

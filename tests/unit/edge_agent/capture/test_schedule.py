from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from edge_agent.capture.schedule import BadHoursError, Hours

DAY = Hours.parse("06:00-19:30")
NIGHT = Hours.parse("22:00-04:00")


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 24, hour, minute, tzinfo=UTC)


def test_a_day_is_open_from_its_first_minute_up_to_its_last() -> None:
    assert [DAY.is_open(at(*each)) for each in ((5, 59), (6, 0), (19, 29), (19, 30))] == [False, True, True, False]
    assert DAY.opens_in_s(at(5, 59)) == 60
    assert DAY.opens_in_s(at(20)) == 10 * 3600
    assert DAY.opens_in_s(at(7)) == 0


def test_a_night_crosses_midnight() -> None:
    assert [NIGHT.is_open(at(hour)) for hour in (21, 22, 0, 3, 4)] == [False, True, True, True, False]
    assert NIGHT.opens_in_s(at(4)) == 18 * 3600


def test_equal_ends_mean_all_day() -> None:
    assert Hours.parse("00:00-00:00").is_open(at(13))


@pytest.mark.parametrize("text", ["", "6-19", "06:00", "24:00-01:00", "06:60-07:00", "06:00 - 07:00"])
def test_other_texts_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadHoursError, match="write 06:00-19:30"):
        Hours.parse(text)


@given(some.datetimes(timezones=some.just(UTC)), some.times(), some.times())
def test_after_waiting_it_is_open(now: datetime, opens: time, closes: time) -> None:
    hours = Hours(opens=opens.replace(second=0, microsecond=0), closes=closes.replace(second=0, microsecond=0))
    if now.year < 9999:
        assert hours.is_open(now + timedelta(seconds=hours.opens_in_s(now)))

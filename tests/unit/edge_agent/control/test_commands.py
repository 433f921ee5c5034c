from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from broker.rig_messages import Command
from edge_agent.control.commands import (
    REMEMBERED,
    CommandRefusedError,
    CommandRetainedError,
    CommandTooLateError,
    Inbox,
    capture_id_of,
    check_instant,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def command(**fields: Any) -> Command:
    values = {
        "type": "command",
        "project": "chapel",
        "id": "c1",
        "verb": "capture",
        "deadline_at": NOW + timedelta(seconds=30),
    }
    return Command.model_validate({**values, **fields})


def test_a_command_in_time_is_followed_once() -> None:
    inbox = Inbox()
    assert inbox.admit(command(), is_retained=False, now=NOW)
    assert not inbox.admit(command(), is_retained=False, now=NOW)
    assert inbox.admit(command(id="c2"), is_retained=False, now=NOW)


def test_a_retained_command_is_refused() -> None:
    with pytest.raises(CommandRetainedError, match="without retain"):
        Inbox().admit(command(), is_retained=True, now=NOW)


def test_a_command_after_its_deadline_is_refused_with_its_lateness() -> None:
    with pytest.raises(CommandTooLateError, match="90 s after its deadline"):
        Inbox().admit(command(), is_retained=False, now=NOW + timedelta(seconds=120))


def test_a_command_that_restarted_the_agent_is_not_followed_again() -> None:
    assert not Inbox(already="c1").admit(command(), is_retained=False, now=NOW)


def test_the_inbox_forgets_the_oldest_ids_and_stays_small() -> None:
    inbox = Inbox()
    for number in range(REMEMBERED + 10):
        assert inbox.admit(command(id=f"n{number}"), is_retained=False, now=NOW)
    assert len(inbox._seen) == REMEMBERED
    assert not inbox.admit(command(id=f"n{REMEMBERED}"), is_retained=False, now=NOW)


def test_a_command_for_an_instant_needs_one_that_has_not_passed() -> None:
    at = NOW + timedelta(seconds=5)
    check_instant(command(verb="capture_at", capture_at=at), at + timedelta(seconds=1))
    with pytest.raises(CommandTooLateError, match="passed 60 s ago, by this rig's clock"):
        check_instant(command(verb="capture_at", capture_at=at), at + timedelta(seconds=60))
    with pytest.raises(CommandRefusedError, match="needs the field capture_at"):
        check_instant(command(verb="capture_at"), at)


@pytest.mark.parametrize("year_end", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00"])
def test_a_command_for_an_instant_that_no_clock_shows_is_no_command(year_end: str) -> None:
    with pytest.raises(ValidationError, match="the year is not from 1970 to 8999"):
        command(verb="capture_at", capture_at=year_end)


def test_rigs_that_get_the_same_instant_agree_on_a_capture_id() -> None:
    at = datetime(2026, 11, 24, 9, 0, 5, 250_000, tzinfo=UTC)
    elsewhere = at.astimezone(timezone(timedelta(hours=2)))
    plain = [command(id=name, verb="capture_at", capture_at=each) for name, each in (("c1", at), ("c2", elsewhere))]
    assert {capture_id_of(each) for each in plain} == {"at-20261124t090005250000"}
    named = command(verb="capture_at", capture_at=at, capture_id="front-1")
    assert capture_id_of(named) == "front-1"

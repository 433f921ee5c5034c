"""What a sender says of an image's time is taken only when it is an instant."""

from datetime import UTC, datetime

import pytest

from broker.contract import CAPTURED_AT_PROPERTY
from broker.delivery import Incoming
from reconstructor.intake.receipts import captured_at


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2026-11-24T10:00:00+02:00", datetime(2026, 11, 24, 8, tzinfo=UTC)),
        ("2026-11-24T10:00:00", None),
        ("yesterday", None),
        ("", None),
        ("0001-01-01T00:00:00+05:00", None),  # Python cannot say these two in UTC
        ("9999-12-31T23:59:59-05:00", None),
    ],
)
def test_an_instant_is_a_time_that_a_clock_shows(said: str, at: datetime | None) -> None:
    properties = ((CAPTURED_AT_PROPERTY, said),)
    message = Incoming(topic="t", payload=b"", qos=1, is_retained=False, user_properties=properties)
    assert captured_at(message) == at

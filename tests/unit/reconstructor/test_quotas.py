"""What one sender may send, and when it may again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broker.ids import SenderId
from reconstructor.quotas import QuotaExceededError, QuotaLimits, Quotas

ANNA, BERT = SenderId("anna"), SenderId("bert")
LIMITS = QuotaLimits(images_per_day=3, bytes_per_day=1000, images_per_minute=2)


class Clock:
    now = datetime(2026, 11, 28, 23, 58, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def send(quotas: Quotas, sender: SenderId, size_bytes: int = 10) -> None:
    quotas.check(sender, size_bytes)
    quotas.note_tried(sender)
    quotas.note_stored(sender, size_bytes)


def test_images_of_a_minute_are_counted_good_or_bad() -> None:
    clock = Clock()
    quotas = Quotas(LIMITS, now=clock)
    for _ in range(2):
        quotas.check(ANNA, 10)
        quotas.note_tried(ANNA)
        clock.pass_s(5)
    with pytest.raises(QuotaExceededError, match="anna has sent 2 photographs within a minute") as caught:
        quotas.check(ANNA, 10)
    assert caught.value.retry_at == Clock.now + timedelta(seconds=65)
    quotas.check(BERT, 10)
    clock.now = caught.value.retry_at
    quotas.check(ANNA, 10)


def test_annotations_of_a_minute_are_counted_and_a_flood_is_said_once_a_minute() -> None:
    clock = Clock()
    quotas = Quotas(replace(LIMITS, annotations_per_minute=2), now=clock)
    assert [quotas.takes_annotation(ANNA) for _ in range(4)] == [True, True, False, False]
    assert [quotas.is_first_refusal(ANNA) for _ in range(2)] == [True, False]
    assert quotas.takes_annotation(BERT)
    quotas.check(ANNA, 10)  # photographs are counted for themselves
    clock.pass_s(60)
    assert quotas.takes_annotation(ANNA)
    assert quotas.is_first_refusal(ANNA)


def test_a_clock_that_is_set_back_does_not_make_a_minute_longer() -> None:
    clock = Clock()
    quotas = Quotas(LIMITS, now=clock)
    for _ in range(2):
        quotas.note_tried(ANNA)
    clock.pass_s(-86_400 * 365)
    quotas.check(ANNA, 10)


def test_images_of_a_day_are_counted_until_midnight() -> None:
    clock = Clock()
    quotas = Quotas(LIMITS, [(ANNA, 10), (BERT, 10), (ANNA, 10)], now=clock)  # after a restart
    send(quotas, ANNA)
    with pytest.raises(QuotaExceededError, match=r"3 photographs today, .* from 2026-11-29 00:00 UTC on") as caught:
        quotas.check(ANNA, 10)
    send(quotas, BERT)
    clock.now = caught.value.retry_at
    send(quotas, ANNA)


def test_bytes_of_a_day_are_counted() -> None:
    quotas = Quotas(LIMITS, [(ANNA, 900)], now=Clock())
    quotas.check(ANNA, 100)
    with pytest.raises(QuotaExceededError, match="GiB today"):
        quotas.check(ANNA, 101)


def test_the_original_of_a_preview_counts_with_its_bytes_and_is_no_new_image() -> None:
    quotas = Quotas(LIMITS, now=Clock())
    for _ in range(3):
        quotas.note_stored(ANNA, 10)
    with pytest.raises(QuotaExceededError, match="3 photographs today"):
        quotas.check(ANNA, 10)
    quotas.check(ANNA, 900, is_new=False)
    quotas.note_stored(ANNA, 900, is_new=False)
    with pytest.raises(QuotaExceededError, match="GiB today"):
        quotas.check(ANNA, 100, is_new=False)

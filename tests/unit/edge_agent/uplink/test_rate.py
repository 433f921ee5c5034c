import asyncio
import time
from datetime import timedelta
from typing import Any, cast

import pytest

from broker.delivery import Delivery
from broker.ids import ImageName, ProjectId
from broker.messages import Flow, ReceiptStatus, ReconstructorPresence, ReconstructorState, UploadAcknowledged
from edge_agent.photograph import now_utc
from edge_agent.uplink.rate import LEAST_RECEIPT_WAIT_S, Uplink, Window

PROJECT = ProjectId("chapel")


class Standing:
    """As much of a connection as an uplink looks at."""

    is_connected = True
    connect_count = 1


@pytest.fixture
def standing() -> Standing:
    return Standing()


@pytest.fixture
def uplink(standing: Standing) -> Uplink:
    made = Uplink(Window(image_count=2, size_bytes=100))
    made.attach(cast("Delivery", standing))
    return made


def state(presence: ReconstructorPresence) -> ReconstructorState:
    return ReconstructorState(project=PROJECT, presence=presence, boot_id="b")


def flow(**fields: Any) -> Flow:
    return Flow(project=PROJECT, **fields)


def opens(uplink: Uplink) -> bool:
    """Asked again each time: a type checker would take the last answer for granted."""
    return uplink.is_open


async def test_it_opens_when_the_reconstructor_is_ready_and_closes_when_it_is_not(uplink: Uplink) -> None:
    assert not opens(uplink)
    uplink.take_state(state(ReconstructorPresence.READY))
    assert opens(uplink)
    for presence in set(ReconstructorPresence) - {ReconstructorPresence.READY}:
        uplink.take_state(state(presence))
        assert not opens(uplink)


async def test_what_an_earlier_broker_said_does_not_count(uplink: Uplink, standing: Standing) -> None:
    uplink.take_state(state(ReconstructorPresence.READY))
    standing.connect_count = 2
    assert not opens(uplink)
    uplink.take_state(state(ReconstructorPresence.READY))
    assert opens(uplink)


async def test_a_used_up_quota_closes_it_for_as_long_as_the_reconstructor_says(
    uplink: Uplink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rig's own wall clock does not matter."""
    uplink.take_state(state(ReconstructorPresence.READY))
    now_s = time.monotonic()
    receipt = UploadAcknowledged(project=PROJECT, status=ReceiptStatus.REJECTED, image_name=ImageName("door"))
    assert not uplink.take_receipt(receipt)
    assert opens(uplink)
    at = now_utc() - timedelta(days=900)
    told = receipt.model_copy(update={"sent_at": at, "retry_at": at + timedelta(minutes=5), "code": "quota"})
    assert uplink.take_receipt(told)
    assert not opens(uplink)
    assert uplink.quota.code == "quota"
    monkeypatch.setattr(time, "monotonic", lambda: now_s + 301)
    assert opens(uplink)


async def test_it_is_closed_without_connection_and_after_a_hold(uplink: Uplink, standing: Standing) -> None:
    uplink.take_state(state(ReconstructorPresence.READY))
    standing.is_connected = False
    without_connection = opens(uplink)
    standing.is_connected = True
    again = opens(uplink)
    uplink.hold()
    assert (without_connection, again, opens(uplink)) == (False, True, False)


async def test_flow_changes_the_window_and_pauses(uplink: Uplink) -> None:
    uplink.take_state(state(ReconstructorPresence.READY))
    uplink.take_flow(flow(image_count=7, size_bytes=10**6, pause_until=now_utc() + timedelta(seconds=60)))
    assert uplink.window == Window(image_count=7, size_bytes=10**6)
    assert not opens(uplink)
    uplink.take_flow(flow(image_count=1, size_bytes=1))
    assert opens(uplink)


@pytest.mark.parametrize("years", [-40, 40])
async def test_a_pause_lasts_as_long_as_the_reconstructor_says_however_wrong_our_clock_is(
    uplink: Uplink, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    uplink.take_state(state(ReconstructorPresence.READY))
    now_s, sent_at = time.monotonic(), now_utc() + timedelta(days=365 * years)
    uplink.take_flow(flow(image_count=1, size_bytes=1, sent_at=sent_at, pause_until=sent_at + timedelta(seconds=60)))
    assert not opens(uplink)
    monkeypatch.setattr(time, "monotonic", lambda: now_s + 61)
    assert opens(uplink)


async def test_a_message_without_bytes_leaves_a_rate_by_which_one_can_divide(uplink: Uplink) -> None:
    uplink.note_sent(0, time.monotonic() - 0.1)
    assert uplink.rate_bytes_per_s > 0
    assert uplink.receipt_wait_s(0) >= LEAST_RECEIPT_WAIT_S


async def test_everybody_who_waits_is_woken(uplink: Uplink) -> None:
    waiting = [asyncio.create_task(uplink.wait_change(10.0)) for _ in range(3)]
    await asyncio.sleep(0)
    uplink.take_state(state(ReconstructorPresence.READY))
    await asyncio.wait_for(asyncio.gather(*waiting), 1)  # must not raise


def test_the_window_counts_images_and_bytes_but_always_lets_one_through() -> None:
    window = Window(image_count=2, size_bytes=100)
    assert window.has_room(0, 0, 10**9)
    assert window.has_room(1, 50, 50)
    assert not window.has_room(1, 50, 51)
    assert not window.has_room(2, 0, 1)


async def test_a_receipt_is_waited_for_longer_on_a_slow_link(uplink: Uplink) -> None:
    assert uplink.receipt_wait_s(1000) == LEAST_RECEIPT_WAIT_S
    uplink.note_sent(10_000_000, time.monotonic() - 1.0)
    uplink.note_sent(20_000, time.monotonic() - 1.0)  # bad news is believed at once
    assert uplink.rate_bytes_per_s == pytest.approx(20_000, rel=0.1)
    assert uplink.receipt_wait_s(6_000_000) > 500


async def test_answers_that_come_in_a_burst_after_a_stall_make_no_fast_link(uplink: Uplink) -> None:
    uplink.note_sent(200_000, 0.0, 1.0)
    for _ in range(2):
        uplink.note_sent(200_000, 1.0, 1.001)
    assert uplink.rate_bytes_per_s < 400_000
    for _ in range(20):
        uplink.note_sent(200_000, 1.0, 1.1)
    assert uplink.rate_bytes_per_s == pytest.approx(2_000_000, rel=0.1)


async def test_previews_are_taken_while_a_ready_reconstructor_says_so(uplink: Uplink, standing: Standing) -> None:
    assert uplink.preview_side_px is None
    ready = state(ReconstructorPresence.READY).model_copy(
        update={"takes_previews": True, "preview_max_side_px": 800, "store_id": "0123456789abcdef"}
    )
    for told, expected in (
        (ready, 800),
        (ready.model_copy(update={"presence": ReconstructorPresence.PAUSED}), None),
        (ready.model_copy(update={"preview_max_side_px": 1600}), 1600),
        (state(ReconstructorPresence.READY), None),
        (ready, 800),
    ):
        uplink.take_state(told)
        assert uplink.preview_side_px == expected
    assert uplink.store_id == "0123456789abcdef"
    uplink.attach(cast("Delivery", standing))
    assert (uplink.preview_side_px, uplink.store_id) == (None, "")


async def test_originals_wait_until_the_previews_are_handed_over(uplink: Uplink) -> None:
    await asyncio.wait_for(uplink.wait_previews(), 5)
    uplink.is_preview_due = True
    waiting = asyncio.create_task(uplink.wait_previews())
    await asyncio.sleep(0)
    uplink.wake()
    await asyncio.sleep(0)
    assert not waiting.done()
    uplink.is_preview_due = False
    uplink.wake()
    await asyncio.wait_for(waiting, 5)

"""A signal wakes all its waiters, and one that comes late misses nothing."""

import asyncio

from reconstructor.signals import Signal


async def test_every_waiter_is_woken() -> None:
    # must not raise
    signal = Signal()
    waiting = [asyncio.create_task(signal.wait_past(signal.count)) for _ in range(3)]
    await asyncio.sleep(0)
    signal.notify()
    async with asyncio.timeout(1):
        await asyncio.gather(*waiting)  # must not raise


async def test_a_notification_before_the_wait_is_not_missed() -> None:
    # must not raise
    signal = Signal()
    count = signal.count
    signal.notify()
    async with asyncio.timeout(1):
        await signal.wait_past(count)  # must not raise

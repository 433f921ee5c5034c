import asyncio
import time

import pytest

from edge_agent.control import health
from edge_agent.control.health import HealthTimer


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SOONEST_S", 0.05)


async def waited_s(health_timer: HealthTimer) -> float:
    began_s = time.monotonic()
    await asyncio.wait_for(health_timer.wait(), 10)
    return time.monotonic() - began_s


async def test_health_is_told_regularly() -> None:
    assert 0.28 < await waited_s(HealthTimer(0.3)) < 3


async def test_a_change_is_told_soon_but_not_at_once() -> None:
    health_timer = HealthTimer(30.0)
    health_timer.notify_change()
    assert 0.04 < await waited_s(health_timer) < 3


async def test_one_change_is_told_once() -> None:
    health_timer = HealthTimer(0.4)
    health_timer.notify_change()
    await health_timer.wait()
    assert await waited_s(health_timer) > 0.35

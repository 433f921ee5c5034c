import asyncio
import time

import pytest

from edge_agent.control import health
from edge_agent.control.health import Pulse


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SOONEST_S", 0.05)


async def waited_s(pulse: Pulse) -> float:
    began_s = time.monotonic()
    await asyncio.wait_for(pulse.wait(), 10)
    return time.monotonic() - began_s


async def test_health_is_told_regularly() -> None:
    assert 0.28 < await waited_s(Pulse(0.3)) < 3


async def test_a_change_is_told_soon_but_not_at_once() -> None:
    pulse = Pulse(30.0)
    pulse.quicken()
    assert 0.04 < await waited_s(pulse) < 3


async def test_one_change_is_told_once() -> None:
    pulse = Pulse(0.4)
    pulse.quicken()
    await pulse.wait()
    assert await waited_s(pulse) > 0.35

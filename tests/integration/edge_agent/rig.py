"""A rig for tests: its settings, its photographs, its running agent, and waiting for what its health says."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from PIL import Image

from broker.contract import AGENT_HEALTH, AGENT_STATE
from broker.envelope import decode
from broker.ids import AgentId
from broker.live import follow
from broker.mosquitto import Mosquitto
from broker.rig_messages import AgentHealth, AgentPresence, AgentState
from edge_agent import agent
from edge_agent.cameras.folder import SETTLE_S
from edge_agent.config import Settings
from tests.integration.edge_agent.receiver import PROJECT

RIG = AgentId("rig-north")


def settings_for(mosquitto: Mosquitto, tmp_path: Path, **changes: Any) -> Settings:
    values = {
        "broker": mosquitto.connection(RIG),
        "project": PROJECT,
        "spool_dir": tmp_path / "spool",
        "camera": "folder",
        "folder": tmp_path / "photos",
        "interval_s": 0.0,
        "health_interval_s": 0.5,
        "reserve_bytes": 0,
        **changes,
    }
    return Settings.load(**values)


def write_photographs(folder: Path, count: int, *, first: int = 0, size_bytes: int = 0) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(first, first + count):
        path = folder / f"img_{number}.jpg"
        Image.new("RGB", (64, 48), (number * 9 % 256, 120, 40)).save(path)
        with path.open("ab") as file:
            file.write(os.urandom(max(0, size_bytes - path.stat().st_size)))


async def until_settled(folder: Path) -> None:
    """Wait until a camera takes every photograph of a folder: a younger file may still be growing."""
    while not _has_settled(folder):
        await asyncio.sleep(0.05)


def _has_settled(folder: Path) -> bool:
    return all(time.time() - path.stat().st_ctime > 1.5 * SETTLE_S for path in folder.iterdir())


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[asyncio.Task[tuple[str, ...]]]:
    stop = asyncio.Event()
    task = asyncio.create_task(agent.run(settings, stop))
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


async def until_online(mosquitto: Mosquitto) -> None:
    """Wait for the rig's birth message: it has subscribed, so no command to it is lost."""
    topic = mosquitto.plan.space.topic(PROJECT, AGENT_STATE.template, agent=RIG)
    async with asyncio.timeout(30.0), follow(mosquitto.connection("ops")) as follower:
        await follower.subscribe(topic)
        async for message in follower.messages():
            if decode(message.payload, AgentState).presence is AgentPresence.ONLINE:
                return


async def until(mosquitto: Mosquitto, model: type[AgentHealth], is_so: Any, timeout_s: float = 30.0) -> AgentHealth:
    """The first health message of which something is so."""
    topic = mosquitto.plan.space.topic(PROJECT, AGENT_HEALTH.template, agent=RIG)
    async with asyncio.timeout(timeout_s), follow(mosquitto.connection("ops")) as follower:
        await follower.subscribe(topic)
        async for message in follower.messages():
            health = decode(message.payload, model)
            if is_so(health):
                return health
    raise AssertionError("the connection ended")

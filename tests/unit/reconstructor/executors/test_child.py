"""Does a black box's process get what it is given, nothing about the broker, and end when it is asked to?"""

import asyncio
from pathlib import Path

import pytest

from broker.logs import get_logger
from reconstructor.executors.child import Child, environment


def test_a_given_variable_is_passed_on_unless_ours_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_ENGINE_QUALITY", "high")
    monkeypatch.setenv("CAIRN_RECONSTRUCTOR_BROKER__PASSWORD", "secret")
    found = environment({"CAIRN_ENGINE_QUALITY": "standard", "CAIRN_ENGINE_LEARNED_CAMERAS": "/data/cameras.json"})
    assert found["CAIRN_ENGINE_QUALITY"] == "high"
    assert found["CAIRN_ENGINE_LEARNED_CAMERAS"] == "/data/cameras.json"
    assert "secret" not in found.values()


async def test_an_idle_black_box_ends_without_waiting_for_the_next_look_at_its_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconstructor.executors.child._IDLE_WATCH_INTERVAL_S", 3600.0)
    child = await Child.spawn("tests.black_boxes:instant", tmp_path, 1 << 30, get_logger(project="chapel"), {})
    await child.first_reply()
    async with asyncio.timeout(60):
        while not child.memory_bytes:
            await asyncio.sleep(0.01)
        await child.close()

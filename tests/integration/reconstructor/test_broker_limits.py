"""A broker that is full or takes small packets costs no image: it is said once, and all goes on when there is room."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from broker.messages import ReconstructorPresence
from broker.mosquitto import Mosquitto
from broker.rig_messages import AgentHealth
from tests.brokers import set_directives, set_memory
from tests.integration.edge_agent.rig import running, settings_for, until, write_photographs
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import Rig, Watcher, retained_manifest

FULL_BYTES = 1_500_000


async def test_a_full_broker_is_told_once_and_results_come_when_it_has_memory_again(
    mosquitto: Mosquitto, start_program: StartProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    mosquitto.stop()
    with monkeypatch.context() as little:
        set_memory(little, FULL_BYTES)
        mosquitto.start()
    program = start_program("many_points", refetch_every=100)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(3))
        await seen.until(lambda each: each.state is not None and each.state.code == "broker_full")
        assert seen.state is not None
        assert seen.presence is ReconstructorPresence.READY
        assert "memory_limit" in (seen.state.reason or "")
        sending = asyncio.create_task(rig.send_many(range(3, 5)))  # now where there is room, otherwise later
        await asyncio.sleep(5)
        assert len(program.logged("publication_waits", code="broker_full")) == 1
        assert len(program.logged("publication_waits")) <= 2  # the hang-up itself may be named, too
        assert len(program.logged("connected")) <= 6
        mosquitto.stop()
        mosquitto.start()
        await sending
        await seen.until_complete(5, 90)
        await seen.until(lambda each: each.state is not None and each.state.code is None)
    manifest = await retained_manifest(mosquitto)
    assert manifest.image_count == 5


async def test_images_above_the_packet_limit_go_in_pieces_and_shards_above_it_are_told_in_words(
    mosquitto: Mosquitto, start_program: StartProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mosquitto.stop()
    with monkeypatch.context() as small:
        set_directives(small, max_packet_size=60_000)
        mosquitto.start()
    program = start_program("many_points", refetch_every=100)
    write_photographs(tmp_path / "photos", 2, size_bytes=150_000)
    async with Watcher.of(mosquitto.connection("viewer")) as seen:
        await seen.until_ready()
        with capture_logs() as logs:
            async with running(settings_for(mosquitto, tmp_path, camera="watch")):
                await until(mosquitto, AgentHealth, lambda health: health.stored_count == 2)
                await seen.until(lambda each: each.state is not None and each.state.code == "packet_too_large")
                told = await until(mosquitto, AgentHealth, lambda health: health.last_error is not None)
                assert "takes 60000: raise its limit (Mosquitto: max_packet_size)" in (told.last_error or "")
        assert [each["code"] for each in logs if each["event"] == "reconstructor_waits"] == ["packet_too_large"]
        assert len(program.logged("packet_limit_low")) == 1
        assert program.logged("disconnected") == []
        mosquitto.stop()
        mosquitto.start()
        await seen.until_complete(2, 90)
    assert (await retained_manifest(mosquitto)).image_count == 2

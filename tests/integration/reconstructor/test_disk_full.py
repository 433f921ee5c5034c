"""A full disk costs no image: it is said aloud, the sender keeps what has no receipt, and it mends by itself."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from broker.contract import FLOW
from broker.envelope import decode
from broker.live import follow
from broker.messages import Error, Flow, ReceiptStatus, ReconstructorPresence
from broker.mosquitto import Mosquitto
from broker.rig_messages import AgentHealth
from edge_agent.status import read_status
from tests.integration.edge_agent.rig import running, settings_for, until, write_photographs
from tests.integration.reconstructor.programs import PROJECT, SPACE, Program, Rig, Watcher
from tests.photographs import image_id, photograph

DISK_BYTES = 16 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB in memory; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system can only be mounted by root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_images_wait_while_the_disk_is_full_and_are_taken_when_it_is_not(
    mosquitto: Mosquitto, small_disk: Path
) -> None:
    program = Program(mosquitto.connection("reconstructor"), small_disk, "instant", disk_reserve_bytes=0)
    program.start()
    try:
        async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
            await seen.until_ready()
            await rig.send_many(range(1))
            await seen.until_complete(1)
            filler = small_disk / "filler"
            filler.write_bytes(bytes(os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize - 64 * 1024))
            payload = photograph(1, width_px=600, height_px=400)
            sending = asyncio.create_task(rig.send(payload, image_id(payload, 1)))
            await seen.until(lambda each: each.presence is ReconstructorPresence.DISK_FULL)
            assert [each.code for each in seen.of_type(Error)] == ["disk_full"]
            assert not sending.done()
            filler.unlink()
            receipt = await sending
            assert (receipt.status, receipt.image_number) in {(ReceiptStatus.STORED, 2), (ReceiptStatus.DUPLICATE, 2)}
            await seen.until_ready()
            await seen.until_complete(2)
        assert (small_disk / "data" / PROJECT / "images").is_dir()
    finally:
        program.kill()


def fill(folder: Path, left_bytes: int) -> Path:
    """A file that leaves so much room."""
    filler = folder / "filler"
    filler.write_bytes(bytes(os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize - left_bytes))
    return filler


async def flow_with(mosquitto: Mosquitto, sender: str, code: str | None) -> Flow:
    """The flow message of a sender with this code; the state is published before it."""
    async with follow(mosquitto.connection("ops")) as follower, asyncio.timeout(30):
        await follower.subscribe(SPACE.topic(PROJECT, FLOW.template, sender=sender))
        async for message in follower.messages():
            flow = decode(message.payload, Flow)
            if flow.code == code:
                return flow
    raise AssertionError("the connection ended")


async def test_a_rig_keeps_its_photographs_and_hears_why_until_there_is_room(
    mosquitto: Mosquitto, small_disk: Path, tmp_path: Path
) -> None:
    program = Program(mosquitto.connection("reconstructor"), small_disk, "instant", disk_reserve_bytes=1024 * 1024)
    program.start()
    write_photographs(tmp_path / "photos", 2)
    try:
        async with Watcher.of(mosquitto.connection("viewer")) as seen:
            await seen.until_ready()
            with capture_logs() as logs:
                async with running(settings_for(mosquitto, tmp_path, camera="watch")) as agent:
                    await until(mosquitto, AgentHealth, lambda health: health.stored_count == 2)
                    filler = fill(small_disk, 512 * 1024)
                    # It is noticed before any image comes.
                    await seen.until(lambda each: each.presence is ReconstructorPresence.DISK_FULL)
                    assert seen.state is not None
                    assert (seen.state.code, "MiB are free" in (seen.state.reason or "")) == ("disk_full", True)
                    flow = await flow_with(mosquitto, "rig-north", "disk_full")
                    assert flow.reason == seen.state.reason
                    assert flow.pause_until is not None
                    shown = (await read_status(settings_for(mosquitto, tmp_path))).text()
                    assert f"the reconstructor is disk_full: {flow.reason}" in shown
                    write_photographs(tmp_path / "photos", 3, first=2)
                    health = await until(
                        mosquitto, AgentHealth, lambda each: (each.spool_count, each.last_error) == (3, flow.reason)
                    )
                    assert health.stored_count == 2
                    await asyncio.sleep(2)
                    filler.unlink()
                    await seen.until_ready()
                    await until(mosquitto, AgentHealth, lambda health: health.stored_count == 5)
                    await flow_with(mosquitto, "rig-north", None)
                    assert not agent.done()
        assert [each["code"] for each in logs if each["event"] == "reconstructor_waits"] == ["disk_full"]
        assert [each.code for each in seen.of_type(Error)] == ["disk_full"]
        assert len(program.logged("storing_waits")) == 1
    finally:
        program.kill()

"""A full disk costs no image: it is said aloud, the sender keeps what has no receipt, and it mends by itself."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.messages import Error, ReceiptStatus, ReconstructorPresence
from broker.mosquitto import Mosquitto
from tests.integration.reconstructor.programs import PROJECT, Program, Rig, Watcher
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

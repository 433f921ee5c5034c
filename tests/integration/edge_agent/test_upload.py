"""Files sent by hand, against a real broker."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from broker.contract import MISSING
from broker.ids import ImageId
from broker.messages import Missing, MissingSequences, ReconstructorPresence
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from edge_agent.photograph import Photograph
from edge_agent.spool.spool import Spool
from edge_agent.uplink.outbox import NotAPhotographError
from edge_agent.upload import send_files
from tests.integration.edge_agent.receiver import PROJECT, receiving
from tests.integration.edge_agent.rig import RIG, settings_for

ROOT = Path(__file__).parents[3]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.jpg" for number in range(3)]
    for number, path in enumerate(paths):
        Image.new("RGB", (32, 24), (number * 60, 10, 10)).save(path)
    return paths


def environment(mosquitto: Mosquitto, tmp_path: Path) -> dict[str, str]:
    connection = mosquitto.connection(RIG)
    return {
        **os.environ,
        "CAIRN_EDGE_BROKER__PORT": str(connection.port),
        "CAIRN_EDGE_BROKER__USERNAME": RIG,
        "CAIRN_EDGE_BROKER__PASSWORD": connection.secret() or "",
        "CAIRN_EDGE_PROJECT": PROJECT,
        "CAIRN_EDGE_SPOOL_DIR": str(tmp_path / "spool"),
    }


async def cairn_edge(mosquitto: Mosquitto, tmp_path: Path, *words: str) -> tuple[int, str, str]:
    """Runs the real command; exit code, stdout, stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "cairn.py",
        "edge",
        *words,
        cwd=ROOT,
        env=environment(mosquitto, tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 40)
    return process.returncode or 0, out.decode(), err.decode()


async def test_files_are_stored_and_the_command_says_so(
    mosquitto: Mosquitto, tmp_path: Path, files: list[Path]
) -> None:
    async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
        code, out, err = await cairn_edge(mosquitto, tmp_path, "upload", *map(str, files))
        assert (code, out) == (0, "")
        assert "3 of 3 stored" in err
        assert sorted(receiver.content_by_id.values()) == sorted(path.read_bytes() for path in files)
        code, _, _ = await cairn_edge(mosquitto, tmp_path, "upload", *map(str, files))
        assert code == 0
        assert len(receiver.content_by_id) == 3


async def test_what_a_quota_refuses_is_sent_again_when_the_quota_ends(
    mosquitto: Mosquitto, tmp_path: Path, files: list[Path]
) -> None:
    async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
        receiver.quota_count = 2
        assert await asyncio.wait_for(send_files(settings_for(mosquitto, tmp_path), files), 40)
        assert len(receiver.content_by_id) == 3
        assert len(receiver.arrivals) == 5


async def test_a_rejected_file_is_said_in_one_line_and_fails_the_command(
    mosquitto: Mosquitto, tmp_path: Path, files: list[Path]
) -> None:
    async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
        receiver.is_rejecting = True
        code, _, err = await cairn_edge(mosquitto, tmp_path, "upload", str(files[0]))
    assert code == 1
    assert err.splitlines() == ["0.jpg: rejected: the bytes are not an image", "0 of 1 stored"]


async def test_a_missing_file_is_said_before_anything_is_sent(
    mosquitto: Mosquitto, tmp_path: Path, files: list[Path]
) -> None:
    async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
        with pytest.raises(NotAPhotographError, match=r"cannot read .*nowhere\.jpg"):
            await send_files(settings_for(mosquitto, tmp_path), [files[0], tmp_path / "nowhere.jpg"])
        assert receiver.arrivals == []


async def test_an_image_without_receipt_is_sent_again(
    mosquitto: Mosquitto, tmp_path: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.uplink.rate.LEAST_RECEIPT_WAIT_S", 0.5)
    async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
        receiver.is_mute = True
        sending = asyncio.create_task(send_files(settings_for(mosquitto, tmp_path), files[:1]))
        async with asyncio.timeout(30):
            while len(receiver.arrivals) < 2:
                await asyncio.sleep(0.05)
        receiver.is_mute = False
        assert await asyncio.wait_for(sending, 60)
        assert len(set(receiver.arrivals)) == 1


async def test_an_image_that_the_reconstructor_misses_is_sent_again_at_once(
    mosquitto: Mosquitto, tmp_path: Path, files: list[Path]
) -> None:
    async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
        receiver.is_mute = True
        sending = asyncio.create_task(send_files(settings_for(mosquitto, tmp_path), files[:1]))
        async with asyncio.timeout(9):  # before the uploader would send it again by itself
            while not receiver.arrivals:
                await asyncio.sleep(0.05)
            session = ImageId(receiver.arrivals[0]).session
            gaps = MissingSequences(session=session, sequences=(1, 77)), MissingSequences(session="s", sequences=(1,))
            topic = receiver.connection.space.topic(PROJECT, MISSING.template, sender=RIG)
            message = Missing(project=PROJECT, sequences=gaps)
            await receiver.delivery.publish(Outgoing(topic=topic, payload=message.encode()))
            while len(receiver.arrivals) < 2:
                await asyncio.sleep(0.05)
        await asyncio.sleep(3)
        assert len(receiver.arrivals) == 2  # asked once, sent once; 77 and another's session cost nothing
        receiver.is_mute = False
        await receiver.delivery.publish(Outgoing(topic=topic, payload=message.encode()))
        assert await asyncio.wait_for(sending, 60)


async def test_status_shows_spool_and_connection_at_a_glance(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", RIG) as spool:
        spool.add(Photograph(content=b"x" * 2**20, content_type="image/jpeg"))
        code, out, _ = await cairn_edge(mosquitto, tmp_path, "status")  # beside a running agent
    assert code == 0
    assert "1 waiting (1.0 MiB, oldest" in out
    assert "connected" in out
    mosquitto.stop()
    code, out, _ = await cairn_edge(mosquitto, tmp_path, "status", "--json")
    found = json.loads(out)
    assert (code, found["waiting_count"], found["is_connected"]) == (0, 1, False)
    assert found["reason"].startswith("nobody listens at 127.0.0.1:")

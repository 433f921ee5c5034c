"""`cairn view …` as people run it: a process, a real broker, exit codes and what is printed where."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.config import Connection
from broker.contract import IMAGE, RECEIPT, RECONSTRUCTOR_STATE, REQUEST, RESPONSE, match
from broker.delivery import Delivery, Incoming
from broker.envelope import decode
from broker.ids import ImageId
from broker.messages import (
    ReceiptStatus,
    ReconstructorPresence,
    ReconstructorState,
    Request,
    Response,
    UploadAcknowledged,
)
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from tests.integration.edge_agent.receiver import receiving
from tests.integration.viewer.conftest import credentials_of
from tests.integration.viewer.publisher import CHAPEL, Publisher, random_cloud

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


async def start(connection: Connection, *words: str) -> asyncio.subprocess.Process:
    name, password = credentials_of(connection)
    variables = {
        "CAIRN_VIEW_BROKER__PORT": str(connection.port),
        "CAIRN_VIEW_BROKER__USERNAME": name,
        "CAIRN_VIEW_BROKER__PASSWORD": password,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "cairn.py"),
        "view",
        *words,
        env=os.environ | variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process) -> Ended:
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(code=process.returncode, out=out.decode(), err=err.decode())


async def run(connection: Connection, *words: str) -> Ended:
    return await ended(await start(connection, *words))


@contextlib.asynccontextmanager
async def reconstructing(mosquitto: Mosquitto, answer: Callable[[Incoming], Outgoing | None]) -> AsyncIterator[None]:
    """Answer images and requests as the reconstructor would, one message for one."""
    connection = mosquitto.connection("reconstructor")
    filters = tuple(connection.space.filter(channel.template, CHAPEL) for channel in (IMAGE, REQUEST))

    async def work(delivery: Delivery) -> None:
        async for incoming in delivery.messages():
            outgoing = answer(incoming)
            if outgoing is not None:
                await delivery.publish(outgoing)
            incoming.acknowledge()

    async with Delivery(connection, client_id="stand-in", subscriptions=filters, session_expiry_s=0) as delivery:
        await delivery.wait_connected(30)
        ready = ReconstructorState(project=CHAPEL, presence=ReconstructorPresence.READY, boot_id="b")
        await delivery.publish(RECONSTRUCTOR_STATE.outgoing(connection.space, CHAPEL, ready))
        task = asyncio.create_task(work(delivery))
        try:
            yield
        finally:
            task.cancel()


def acknowledge(mosquitto: Mosquitto, incoming: Incoming) -> Outgoing:
    """A receipt: images that begin with JPEG's magic are stored, others rejected."""
    space = mosquitto.plan.space
    found = match(space, incoming.topic)
    is_image = incoming.payload.startswith(b"\xff\xd8\xff")
    receipt = UploadAcknowledged(
        project=CHAPEL,
        status=ReceiptStatus.STORED if is_image else ReceiptStatus.REJECTED,
        image_name=found.image_name,
        code=None if is_image else "not_an_image",
        reason=None if is_image else "these bytes are no JPEG, PNG, WebP or TIFF",
    )
    return RECEIPT.outgoing(space, CHAPEL, receipt, sender=found.sender, image_name=found.image_name)


def respond(mosquitto: Mosquitto, incoming: Incoming) -> Outgoing:
    """The answer to a request: 12 messages were published again."""
    space = mosquitto.plan.space
    request = decode(incoming.payload, Request)
    response = Response(
        project=CHAPEL,
        id=request.id,
        verb=request.verb,
        is_done=True,
        request_sent_at=request.sent_at,
        received_at=datetime.now(UTC),
        republished_count=12,
    )
    user = match(space, incoming.topic).user
    topic = space.topic(CHAPEL, RESPONSE.template, user=user, connection=request.connection)
    return Outgoing(topic=topic, payload=response.encode())


async def test_pull_writes_one_ply_with_the_manifests_point_count(
    mosquitto: Mosquitto, publisher: Publisher, tmp_path: Path
) -> None:
    manifest = await publisher.reference_set([random_cloud(700, seed) for seed in range(11)])
    out = tmp_path / "chapel.ply"
    done = await run(mosquitto.connection("viewer"), "pull", "-p", "chapel", "--out", str(out))
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{out}\t{manifest.point_count} points\tgeneration 1.0\n"
    header, _, rows = out.read_bytes().partition(b"end_header\n")
    assert f"element vertex {manifest.point_count}\n".encode() in header
    assert len(rows) == 15 * manifest.point_count


async def test_pull_of_an_unknown_project_is_one_line_and_exit_code_1(mosquitto: Mosquitto, tmp_path: Path) -> None:
    out = tmp_path / "none.ply"
    done = await run(mosquitto.connection("viewer"), "pull", "-p", "nowhere", "-o", str(out))
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("cairn view: no manifest of 'nowhere' after 5 s")
    assert done.err.count("\n") == 1
    assert not out.exists()


async def test_watch_prints_a_line_for_each_manifest_event_and_state(
    mosquitto: Mosquitto, publisher: Publisher
) -> None:
    await publisher.state()
    manifest = await publisher.reference_set([random_cloud(100)])
    watching = await start(mosquitto.connection("viewer"), "watch", "-p", "chapel", "--count", "5")
    assert watching.stdout is not None
    async with asyncio.timeout(30):
        retained = [(await watching.stdout.readline()).decode() for _ in range(2)]
    await publisher.shard_update(manifest)
    for preview_count in (2, 2, 0):
        await publisher.statistics(preview_count)
    done = await ended(watching)
    assert done.code == 0
    assert any("manifest" in line and "generation 1 revision 0: 100 points in 1 shards" in line for line in retained)
    assert any("reconstructor_state" in line and "ready, 7 images" in line for line in retained)
    assert "shard_update" in done.out
    assert "image 7: 1 new shards, 100 points" in done.out
    assert [line[9:] for line in done.out.splitlines()[-2:]] == [
        f"reconstructor_statistics {count} of 7 images are only previews so far" for count in (2, 0)
    ]


async def test_upload_waits_for_every_receipt_and_keeps_the_order(mosquitto: Mosquitto, tmp_path: Path) -> None:
    photographs = [tmp_path / f"{number}.jpg" for number in range(12)]
    for number, photograph in enumerate(photographs):  # a small file after each large one
        photograph.write_bytes(b"\xff\xd8\xff" + bytes([number]) * (100 if number % 2 else 4_000_000))
    async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
        done = await run(mosquitto.connection("anna"), "upload", "-p", "chapel", *map(str, photographs))
    assert done.code == 0, done.err
    assert sorted(done.out.splitlines()) == sorted(f"{photograph}\tstored" for photograph in photographs)
    assert [ImageId(name).sequence for name in receiver.arrivals] == list(range(1, 13))
    assert list(receiver.content_by_id.values()) == [photograph.read_bytes() for photograph in photographs]


async def test_upload_ends_with_1_when_one_is_rejected_or_cannot_be_read(mosquitto: Mosquitto, tmp_path: Path) -> None:
    good, bad, empty = tmp_path / "good.jpg", tmp_path / "bad.jpg", tmp_path / "empty.jpg"
    good.write_bytes(b"\xff\xd8\xff")
    bad.write_bytes(b"not an image")
    empty.touch()
    missing = tmp_path / "missing.jpg"
    async with reconstructing(mosquitto, lambda incoming: acknowledge(mosquitto, incoming)):
        files = map(str, (good, bad, empty, missing))
        done = await run(mosquitto.connection("anna"), "upload", "-p", "chapel", *files)
    assert done.code == 1
    assert sorted(done.out.splitlines()) == [
        f"{bad}\trejected\tthese bytes are no JPEG, PNG, WebP or TIFF",
        f"{empty}\tfailed\t{empty} has 0 bytes: an image has 1 to 31457280",
        f"{good}\tstored",
        f"{missing}\tfailed\tcannot read {missing}: No such file or directory",
    ]


async def test_upload_without_receipt_ends_in_words_in_time(mosquitto: Mosquitto, tmp_path: Path) -> None:
    photograph = tmp_path / "a.jpg"
    photograph.write_bytes(b"\xff\xd8\xff")
    done = await run(mosquitto.connection("anna"), "upload", "-p", "chapel", "--timeout", "0.5", str(photograph))
    assert done.code == 1
    assert "failed\tno receipt in 0.5 s: is the reconstructor of 'chapel' running?" in done.out


async def test_upload_by_a_viewer_is_refused_by_the_broker(mosquitto: Mosquitto, tmp_path: Path) -> None:
    photograph = tmp_path / "a.jpg"
    photograph.write_bytes(b"\xff\xd8\xff")
    done = await run(mosquitto.connection("viewer"), "upload", "-p", "chapel", str(photograph))
    assert done.code == 1
    assert "failed\tthe broker refused" in done.out


async def test_ping_prints_the_latency_of_each_and_a_summary(mosquitto: Mosquitto) -> None:
    async with reconstructing(mosquitto, lambda incoming: respond(mosquitto, incoming)):
        viewer = mosquitto.connection("viewer")
        done = await run(viewer, "ping", "-p", "chapel", "--count", "3", "--interval", "0.01")
    lines = done.out.splitlines()
    assert done.code == 0, done.err
    assert [line.split(" ms ")[0].rsplit(" ", 1)[0] for line in lines[:3]] == ["round trip"] * 3
    assert lines[3].startswith("3 pings: least ")


async def test_resync_tells_how_much_was_published_again(mosquitto: Mosquitto) -> None:
    async with reconstructing(mosquitto, lambda incoming: respond(mosquitto, incoming)):
        done = await run(mosquitto.connection("viewer"), "resync", "-p", "chapel")
    assert (done.code, done.out) == (0, "12 messages published again\n")


async def test_an_operator_pauses_and_others_are_told_who_may(mosquitto: Mosquitto) -> None:
    async with reconstructing(mosquitto, lambda incoming: respond(mosquitto, incoming)):
        done = await run(mosquitto.connection("ops"), "pause", "-p", "chapel")
        assert (done.code, done.out.split(":")[0], done.err) == (0, "chapel is paused", "")
        refused = await run(mosquitto.connection("viewer"), "refetch", "-p", "chapel")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == (
        "cairn view: viewer may not ask for refetch in 'chapel': operators of the project may; use another --user\n"
    )


@pytest.mark.parametrize("command", ["watch", "pull", "ping", "resync"])
async def test_a_broker_that_is_down_is_one_line_and_exit_code_1(mosquitto: Mosquitto, command: str) -> None:
    connection = mosquitto.connection("viewer")
    mosquitto.stop()
    done = await run(connection, command, "-p", "chapel")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("cairn view: nobody listens at 127.0.0.1:")
    assert done.err.count("\n") == 1


async def test_a_bad_project_name_is_one_line(mosquitto: Mosquitto) -> None:
    done = await run(mosquitto.connection("viewer"), "pull", "-p", "../etc")
    assert done.code == 1
    assert "'../etc' is not a valid ProjectId" in done.err


async def test_doctor_says_in_words_which_address_to_use(mosquitto: Mosquitto, page: str) -> None:
    viewer = mosquitto.connection("viewer")
    url = f"ws://{page.removeprefix('http://')}/mqtt"
    done = await run(viewer, "doctor", "-p", "chapel", "--url", url)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{url} carries 1 MiB in ")
    assert "keep this address" in done.out
    absent = await run(viewer, "doctor", "-p", "chapel", "--url", "ws://127.0.0.1:1/mqtt")
    assert absent.code == 1
    assert "start the page server" in absent.out

"""Several projects in one service: each has its own images, numbers, cloud and black box."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from broker.accounts.access import Credential, User
from broker.contract import MANIFEST_PAGE
from broker.envelope import BadMessageError, decode
from broker.ids import ProjectId
from broker.manifest import Manifest, ManifestPage, shards_of
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from reconstructor.publishing.retained import list_retained
from tests.black_boxes import POINTS_PER_IMAGE
from tests.integration.reconstructor.programs import PATIENCE_S, Program, Rig, retained_pages

CHAPEL, TOWER = ProjectId("chapel"), ProjectId("tower")
COUNTS = {CHAPEL: 3, TOWER: 2}


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker whose users belong to both projects."""
    people = (("reconstructor", "reconstructor"), ("rig-north", "agent"))
    users = [Credential.fresh(User.build(name, role, [CHAPEL, TOWER])) for name, role in people]
    with Mosquitto(BrokerPlan(data_dir=tmp_path / "broker", port=free_port()), users) as broker:
        yield broker


async def manifest_of(mosquitto: Mosquitto, project: ProjectId, point_count: int) -> tuple[Manifest, set[int | None]]:
    """The project's manifest once it names that many points, and the images of its increments."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            connection = mosquitto.connection("reconstructor")
            retained = await list_retained(connection, project)
            with suppress(BadMessageError):
                manifest = decode(retained.manifest, Manifest)
                if manifest.point_count == point_count:
                    digests = manifest.shard_pages
                    pages = await retained_pages(connection, MANIFEST_PAGE, ManifestPage, digests, project)
                    entries = shards_of(pages)
                    return manifest, {entry.image_number for entry in entries if entry.kind == "incremental"}
            await asyncio.sleep(0.1)


async def test_two_projects_grow_beside_each_other_also_after_a_kill(mosquitto: Mosquitto, tmp_path: Path) -> None:
    program = Program(mosquitto.connection("reconstructor"), tmp_path, "instant", projects=json.dumps([CHAPEL, TOWER]))
    program.start()
    connection = mosquitto.connection("rig-north")
    try:
        async with Rig.of(connection, project=CHAPEL) as chapel, Rig.of(connection, project=TOWER) as tower:
            await chapel.send_many(range(1))  # the same photograph may belong to both
            await tower.send_many(range(1))
            program.kill()
            program.start()
            await chapel.send_many(range(1, COUNTS[CHAPEL]))
            await tower.send_many(range(1, COUNTS[TOWER]))
        for project, count in COUNTS.items():
            manifest, numbers = await manifest_of(mosquitto, project, count * POINTS_PER_IMAGE)
            assert (manifest.project, manifest.image_count) == (project, count)
            assert numbers == set(range(2, count + 1))
    finally:
        program.kill()


async def test_a_damaged_database_is_named_and_disturbs_no_other_project(mosquitto: Mosquitto, tmp_path: Path) -> None:
    connection = mosquitto.connection("reconstructor")
    program = Program(connection, tmp_path, "instant", projects=json.dumps([CHAPEL, TOWER]), retry_s=0.5)
    database = program.folder / CHAPEL / "store.sqlite"
    database.parent.mkdir(parents=True)
    database.write_bytes(b"no database at all" * 100)
    program.start()
    try:
        async with Rig.of(mosquitto.connection("rig-north"), project=TOWER) as tower:
            await tower.send_many(range(COUNTS[TOWER]))
            await manifest_of(mosquitto, TOWER, COUNTS[TOWER] * POINTS_PER_IMAGE)
            async with asyncio.timeout(PATIENCE_S):
                while not (failed := program.logged("project_failed", project=CHAPEL)):
                    await asyncio.sleep(0.05)
            assert f"{database}: file is not a database" in failed[0]
            database.unlink()  # somebody puts it right
            async with Rig.of(mosquitto.connection("rig-north"), project=CHAPEL) as chapel:
                await chapel.send_many(range(1))
        assert not program.logged("project_failed", project=TOWER)
    finally:
        assert program.stop() == 0


async def test_a_contested_folder_and_a_defect_end_only_their_own_project(mosquitto: Mosquitto, tmp_path: Path) -> None:
    connection = mosquitto.connection("reconstructor")
    first = Program(connection, tmp_path, "instant", projects=json.dumps([CHAPEL]))
    second = Program(connection, tmp_path, "instant", projects=json.dumps([CHAPEL, TOWER]), retry_s=0.5)
    second.log = tmp_path / "second.log"
    (first.folder / TOWER / "merged-1-1.ply").mkdir(
        parents=True
    )  # its removal fails with an exception that is not ours
    first.start()
    try:
        async with Rig.of(mosquitto.connection("rig-north"), project=CHAPEL) as chapel:
            await chapel.send_many(range(1))
            second.start()
            async with asyncio.timeout(PATIENCE_S):
                while not second.logged("project_failed", code="store_in_use"):
                    await asyncio.sleep(0.1)
                while not second.logged("project_failed", project=TOWER, code="project_failed"):
                    await asyncio.sleep(0.1)
            (first.folder / TOWER / "merged-1-1.ply").rmdir()
            async with Rig.of(mosquitto.connection("rig-north"), project=TOWER) as tower:
                await tower.send_many(range(1))
            await chapel.send_many(range(1, 2))
            assert second.is_running
    finally:
        first.kill()
        assert second.stop() == 0

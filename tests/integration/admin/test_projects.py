"""An operator backs a project up beside the running service, archives it, brings it back, and deletes it."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from admin.projects.cli import app
from broker.accounts.access import Credential, User
from broker.accounts.audit import Action, AuditLog
from broker.contract import NOTE
from broker.delivery import Delivery
from broker.ids import ProjectId
from broker.manifest import Manifest
from broker.messages import ReconstructorPresence
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from broker.projects.project_list import ProjectList
from broker.wire.annotations import Note
from reconstructor.publishing.retained import list_retained
from reconstructor.publishing.retained_messages import retained_messages
from reconstructor.storage.store import Store
from tests.integration.reconstructor.programs import PROJECT, SPACE, Program, Rig, Watcher, retained_manifest

OTHER = ProjectId("abbey")
SECOND = ProjectId("crypt")
TITLE = "Kapelle St. Märgen · 聖堂"
START_S = 90.0
CRACK = Note.model_validate({"project": PROJECT, "generation": 1, "point": (0.0, 0.0, 0.0), "text": "crack"}).encode()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker whose users belong to all projects."""
    people = (("reconstructor", "reconstructor"), ("rig-north", "agent"), ("viewer", "viewer"), ("anna", "contributor"))
    users = [Credential.fresh(User.build(name, role, [PROJECT, OTHER, SECOND])) for name, role in people]
    with Mosquitto(BrokerPlan(data_dir=tmp_path / "broker", port=free_port()), users) as broker:
        yield broker


def settings_of(mosquitto: Mosquitto, folder: Path, *projects: ProjectId) -> Path:
    """A cairn.toml for a reconstructor that serves these projects."""
    folder.mkdir(exist_ok=True)
    connection = mosquitto.connection("reconstructor")
    (folder / "password").write_text(str(connection.secret()), encoding="ascii")
    (folder / "password").chmod(0o600)
    file = folder / "cairn.toml"
    file.write_text(
        f'[reconstructor]\nprojects = {json.dumps(projects)}\ndata_dir = "{folder / "data"}"\n'
        f'broker = {{port = {connection.port}, username = "reconstructor", password_file = "{folder / "password"}"}}\n',
        encoding="utf-8",
    )
    return file


async def until_noted(mosquitto: Mosquitto, note: bytes | None) -> None:
    """Wait until the broker retains this note of the project, or none."""
    connection, wanted = mosquitto.connection("reconstructor"), [] if note is None else [note]
    async with asyncio.timeout(60):
        while [each.payload async for each in retained_messages(connection, PROJECT, NOTE)] != wanted:
            await asyncio.sleep(0.2)


async def leave_note(mosquitto: Mosquitto) -> None:
    """Anna leaves a note on the object."""
    async with Delivery(mosquitto.connection("anna"), client_id="page", session_expiry_s=0) as page:
        await page.wait_connected(START_S)
        await page.publish(NOTE.outgoing(SPACE, PROJECT, CRACK, user="anna", annotation="a1"))
    await until_noted(mosquitto, CRACK)


async def until_published(mosquitto: Mosquitto) -> Manifest:
    """The manifest of the project, once the broker retains one."""
    connection = mosquitto.connection("reconstructor")
    async with asyncio.timeout(60):
        while not (await list_retained(connection, PROJECT)).manifest:
            await asyncio.sleep(0.2)
    return await retained_manifest(mosquitto)


def cairn(*words: str) -> str:
    """The output of `cairn project …`, which must end well."""
    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


async def test_a_project_is_backed_up_archived_restored_and_deleted(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = settings_of(mosquitto, tmp_path, PROJECT, OTHER)
    monkeypatch.setenv("CAIRN_SETTINGS", str(file))
    program = Program(mosquitto.connection("reconstructor"), tmp_path, "instant", projects=None)  # the file says which
    program.start()
    at = ("--folder", str(tmp_path))
    backup, archive = str(tmp_path / "backup.cairn"), str(tmp_path / "archive.cairn")
    try:
        async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
            await seen.until_ready()
            await rig.send_many(range(3))
            await seen.until_complete(3)
            manifest = await retained_manifest(mosquitto)
            await leave_note(mosquitto)
            await asyncio.to_thread(cairn, "title", PROJECT, TITLE, *at)
            await seen.until(lambda each: each.state is not None and each.state.title == TITLE)
            await asyncio.to_thread(cairn, "backup", PROJECT, backup, *at)
            overview = json.loads(await asyncio.to_thread(cairn, "status", PROJECT, *at))
            assert (overview["stored"]["images"], overview["is_served"], overview["backlog_s"]) == (3, True, None)

        assert "is archived" in await asyncio.to_thread(cairn, "archive", PROJECT, archive, *at)
        assert not (tmp_path / "data" / PROJECT).exists()
        assert not ProjectList.read(file).has(PROJECT)
        retained = await list_retained(mosquitto.connection("reconstructor"), PROJECT)
        assert (retained.digests, retained.manifest) == ({}, b"")
        await until_noted(mosquitto, None)

        await asyncio.to_thread(cairn, "restore", archive, *at)
        listed = ProjectList.read(file)
        listed.add(PROJECT)
        listed.write()
        again = await until_published(mosquitto)
        assert again.shard_pages == manifest.shard_pages  # the same cloud, byte for byte
        assert again.revision >= manifest.revision
        await until_noted(mosquitto, CRACK)

        assert json.loads(await asyncio.to_thread(cairn, "status", PROJECT, *at))["title"] == TITLE
        refused = CliRunner().invoke(app, ["delete", PROJECT, "--confirm", OTHER, *at])
        assert refused.exit_code == 1
        assert (tmp_path / "data" / PROJECT).exists()
        await asyncio.to_thread(cairn, "delete", PROJECT, "--confirm", PROJECT, *at)
        assert not (tmp_path / "data" / PROJECT).exists()
        await until_noted(mosquitto, None)
        images = str(tmp_path / "images")
        await asyncio.to_thread(cairn, "restore", backup, "--as", "copy", "--without-black-box", *at)
        os.rename(tmp_path / "data" / "copy" / "images", images)  # noqa: PTH104 - of a project that nobody serves
        assert "3 images taken" in await asyncio.to_thread(cairn, "import", "third", images, *at)
    finally:
        program.stop()
    actions = [deed.action for deed in AuditLog(tmp_path / "data").deeds()]
    wanted = [Action.PROJECT_ARCHIVED, Action.PROJECT_RESTORED, Action.PROJECT_DELETED]
    assert [each for each in actions if each in wanted][:3] == wanted


def test_leftovers_are_listed_and_removed_on_request(tmp_path: Path) -> None:
    at = ("--folder", str(tmp_path), "--data", str(tmp_path / "data"))
    Store(tmp_path / "data" / PROJECT, refetch_every=10).close()
    old = tmp_path / "data" / PROJECT / "merged-99-0.ply"
    old.write_bytes(bytes(2_000_000))
    os.utime(old, (0, 0))
    shown = cairn("clean", PROJECT, *at)
    assert f"{old}\tan older cloud in one file, 2.0 MB, " in shown
    assert "photographs stay" in shown
    assert "nothing is left over" in cairn("clean", PROJECT, "--days", "100000", *at)
    assert "2.0 MB removed" in cairn("clean", PROJECT, "--remove", *at)
    assert not old.exists()


async def test_a_project_moves_to_another_service_during_capture(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    north, south = tmp_path / "north", tmp_path / "south"
    programs = []
    for folder, projects in ((south, (SECOND,)), (north, (PROJECT, OTHER))):
        monkeypatch.setenv("CAIRN_SETTINGS", str(settings_of(mosquitto, folder, *projects)))
        programs.append(Program(mosquitto.connection("reconstructor"), folder, "instant", projects=None))
    for program in programs:
        program.start()
    try:
        async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
            await seen.until(lambda watched: watched.presence is ReconstructorPresence.READY, START_S)  # two services
            await rig.send_many(range(3))
            await seen.until_complete(3)
            async with asyncio.TaskGroup() as tasks:
                moving = tasks.create_task(
                    asyncio.to_thread(cairn, "move", PROJECT, str(south / "data"), "--folder", str(north))
                )
                sent = 3
                while not moving.done():
                    await rig.send_many(range(sent, sent + 1))
                    sent += 1
                await rig.send_many(range(sent, sent + 3))
                sent += 3
            await seen.until_complete(sent, START_S)
            assert set(seen.completed) == set(range(1, sent + 1))  # nothing lost, and no number twice
            revisions = [(each.generation or 0, each.revision) for each in seen.completed.values()]
            assert revisions == sorted(revisions)
            assert (await retained_manifest(mosquitto)).image_count == sent
    finally:
        for program in programs:
            program.stop()
    assert not (north / "data" / PROJECT).exists()
    assert not [path for path in (south / "data").iterdir() if path.name.startswith(".moving")]
    assert ProjectList.read(south / "cairn.toml").has(PROJECT)
    assert ProjectList.read(north / "cairn.toml").document["reconstructor"]["projects"] == [OTHER]

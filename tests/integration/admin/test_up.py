"""From an empty folder to a system that runs: `cairn init`, `cairn up`, a rig over TLS, Ctrl-C."""

import asyncio
import base64
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from admin.system import System
from broker.accounts.access import User
from broker.clients.refusals import DeliveryTimeoutError
from broker.config import Connection
from broker.delivery import Delivery
from broker.ids import ProjectId
from tests.photographs import photograph
from viewer.uploads import upload_files

ROOT = Path(__file__).parents[3]


def cairn(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CAIRN_")}
    return subprocess.run(
        [sys.executable, "-m", "cairn", *words],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@contextmanager
def up(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A system that runs; ended by Ctrl-C."""
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "cairn", "up"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "CAIRN_RECONSTRUCTOR_BLACK_BOX": "tests.black_boxes:instant"},
            stdout=said,
            stderr=said,
            text=True,
            umask=0o022,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def wait_for(folder: Path, text: str, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while text not in (folder / "said").read_text():
        assert time.monotonic() < deadline, (folder / "said").read_text()
        time.sleep(0.2)


def test_up_without_init_says_what_to_do(tmp_path: Path) -> None:
    done = cairn(tmp_path, "up")
    assert done.returncode == 1
    assert "run `cairn init PROJECT` first" in done.stderr
    assert done.stderr.count("\n") == 1


def test_init_says_what_to_open_and_which_ports_it_needs(tmp_path: Path) -> None:
    done = cairn(tmp_path, "init", "chapel")
    settings = tomllib.loads((tmp_path / "cairn.toml").read_text())
    page, tls = settings["viewer"]["port"], settings["broker"]["tls_port"]
    assert done.returncode == 0
    assert "cairn up" in done.stdout
    assert f"sudo ufw allow {page},{tls}/tcp" in done.stdout
    again = cairn(tmp_path, "init", "castle")
    assert "project castle is set up" in again.stdout
    assert cairn(tmp_path, "init", "No Such Name").returncode == 1


async def test_a_rig_comes_in_over_tls_and_everything_ends_in_order(tmp_path: Path) -> None:
    cairn(tmp_path, "init", "chapel")
    settings = System(tmp_path).settings()
    with up(tmp_path) as process:
        await asyncio.to_thread(wait_for, tmp_path, "chapel         ready: 0 photographs")
        invited = await asyncio.to_thread(cairn, tmp_path, "invite", "rig-1", "--role", "agent")
        assert invited.returncode == 0, invited.stderr
        link = shlex.split(invited.stdout)[-1]
        rig_folder = tmp_path / "rig"
        rig_folder.mkdir()
        joined = await asyncio.to_thread(cairn, rig_folder, "edge", "join", link, "--camera", "simulated")
        assert joined.returncode == 0, joined.stderr
        assert "rig-1 is in project chapel" in joined.stderr
        again = await asyncio.to_thread(cairn, rig_folder, "edge", "join", link, "--settings", "other.toml")
        assert (again.returncode, again.stderr.count("\n")) == (1, 1)
        assert "used up" in again.stderr
        written = tomllib.loads((rig_folder / "cairn.toml").read_text())["edge"]["broker"]
        connection = Connection.model_validate(written)
        assert connection.port == settings["broker"]["tls_port"]
        async with Delivery(connection, client_id="rig-1-test", session_expiry_s=0) as rig:
            await rig.wait_connected(30)
        invited = await asyncio.to_thread(cairn, tmp_path, "invite", "rig-1", "--role", "agent")
        link = shlex.split(invited.stdout)[-1]
        refused = await asyncio.to_thread(cairn, rig_folder, "edge", "join", link)
        assert (refused.returncode, "add --again" in refused.stderr) == (1, True)
        rejoined = await asyncio.to_thread(cairn, rig_folder, "edge", "join", link, "--again")
        assert rejoined.returncode == 0, rejoined.stderr
        assert "kept below [edge]: camera\n" in rejoined.stderr
        again_written = tomllib.loads((rig_folder / "cairn.toml").read_text())["edge"]
        assert (again_written["camera"], again_written["broker"]) == ("simulated", written)
        async with Delivery(connection, client_id="rig-1-again", session_expiry_s=0) as rig:
            await rig.wait_connected(30)  # with the new password
        plain = connection.model_copy(update={"ca_file": None})
        async with Delivery(plain, client_id="rig-1-plain", session_expiry_s=0) as rig:
            with pytest.raises(DeliveryTimeoutError):
                await rig.wait_connected(2)
        address = f"http://127.0.0.1:{settings['viewer']['port']}/health"
        assert (await asyncio.to_thread(urllib.request.urlopen, address, timeout=30)).status == 200
        programs = psutil.Process(process.pid).children(recursive=True)
    assert process.returncode == 0
    assert not any(each.is_running() for each in programs)


async def test_a_project_comes_and_goes_while_everything_runs(tmp_path: Path) -> None:
    system, photo, castle = System(tmp_path), tmp_path / "photo.jpg", ProjectId("castle")
    system.add_project(ProjectId("chapel"), system.ports(is_open=False))
    photo.write_bytes(photograph(1))
    settings = system.settings()
    password = system.password_file("ops").read_text().strip()
    ops = Connection(port=settings["broker"]["port"], username="ops", password=SecretStr(password))
    page = f"http://127.0.0.1:{settings['viewer']['port']}"
    with up(tmp_path):
        await asyncio.to_thread(wait_for, tmp_path, "chapel         ")
        async with Delivery(ops, client_id="ops-watching", session_expiry_s=0) as watching:
            await watching.wait_connected(30)
            added = await asyncio.to_thread(cairn, tmp_path, "init", "castle")
            assert "served       in a few seconds" in added.stdout
            anna = system.book.add(User.build("anna", "contributor", ["castle"])).password
            await shown(page, password, "castle", within_s=30)
            await asyncio.to_thread(wait_for, tmp_path, "castle         ready")
            person = ops.model_copy(update={"username": "anna", "password": SecretStr(anna)})
            sent = await upload_files(person, castle, [photo], 10, lambda _uploaded: None)
            assert [each.is_safe for each in sent] == [True]
            assert readable_by_others(system.data) == []
            removed = await asyncio.to_thread(cairn, tmp_path, "broker", "project", "remove", "castle")
            assert removed.stdout == "removed anna\n"
            assert "castle is served no longer" in removed.stderr
            await shown(page, password, "castle", within_s=30, is_there=False)
            assert (watching.connect_count, watching.is_connected) == (1, True)
        log = await written(system.data / "logs" / "reconstructor.log", "event=project_removed project=castle")
        assert "client_id=reconstructor-chapel" not in "".join(
            line for line in log.splitlines() if "disconnected" in line
        )
    assert list((system.data / "reconstructor" / "castle" / "images").iterdir())


def test_a_project_that_is_there_is_set_up_once_and_the_only_one_stays(tmp_path: Path) -> None:
    system = System(tmp_path)
    system.add_project(ProjectId("chapel"), system.ports(is_open=False))
    before = system.settings_file.read_text()
    assert "project chapel is set up already in" in cairn(tmp_path, "init", "chapel").stdout
    assert system.settings_file.read_text() == before
    refused = cairn(tmp_path, "broker", "project", "remove", "chapel")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "the only project" in refused.stderr
    joined = cairn(tmp_path, "broker", "project", "add", "castle")
    assert joined.returncode == 0, joined.stderr
    assert system.settings()["viewer"]["projects"] == ["chapel", "castle"]
    assert [str(each.name) for each in system.book.users() if "castle" in each.projects] == ["page", "reconstructor"]


async def shown(page: str, password: str, project: str, *, within_s: float, is_there: bool = True) -> None:
    """Wait until the page server lists a project, or does not."""
    headers = {"Authorization": f"Basic {base64.b64encode(f'ops:{password}'.encode()).decode()}"}
    request = urllib.request.Request(f"{page}/projects", headers=headers)  # noqa: S310 - http
    async with asyncio.timeout(within_s):
        while True:
            with await asyncio.to_thread(urllib.request.urlopen, request, timeout=30) as answer:
                names = {each["project"] for each in json.load(answer)["projects"]}
            if (project in names) is is_there:
                return
            await asyncio.sleep(0.1)


def readable_by_others(folder: Path) -> list[str]:
    """Files and folders that not only their owner may read; the keeper's socket lies in a folder that is closed."""
    found = []
    for parent, folders, files in os.walk(folder):
        for each in (Path(parent), *(Path(parent, name) for name in (*folders, *files))):
            with contextlib.suppress(FileNotFoundError):  # the service has removed it meanwhile
                if each.stat().st_mode & 0o077 and each.name != "keeper.sock":
                    found.append(str(each))
    return found


def test_a_program_that_is_killed_comes_back(tmp_path: Path) -> None:
    cairn(tmp_path, "init", "chapel", "--this-machine-only")
    with up(tmp_path) as process:
        wait_for(tmp_path, "chapel         ready")
        again = cairn(tmp_path, "up")
        assert (again.returncode, again.stderr.count("\n")) == (1, 1)
        assert "is taken: the system runs already" in again.stderr
        page = next(each for each in psutil.Process(process.pid).children() if "view" in each.cmdline())
        page.kill()
        wait_for(tmp_path, "page           running, started again 1 time:")


async def written(path: Path, words: str, *, within_s: float = 30) -> str:
    """The log once it holds these words."""
    async with asyncio.timeout(within_s):
        while words not in (log := await asyncio.to_thread(path.read_text)):
            await asyncio.sleep(0.1)
    return log

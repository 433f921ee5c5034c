"""From an empty folder to a system that runs: `cairn init`, `cairn up`, a rig over TLS, Ctrl-C."""

import asyncio
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

from admin.system import System
from broker.clients.refusals import DeliveryTimeoutError
from broker.config import Connection
from broker.delivery import Delivery

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
            await rig.wait_connected(10)
        plain = connection.model_copy(update={"ca_file": None})
        async with Delivery(plain, client_id="rig-1-plain", session_expiry_s=0) as rig:
            with pytest.raises(DeliveryTimeoutError):
                await rig.wait_connected(2)
        address = f"http://127.0.0.1:{settings['viewer']['port']}/health"
        assert (await asyncio.to_thread(urllib.request.urlopen, address, timeout=5)).status == 200
        programs = psutil.Process(process.pid).children(recursive=True)
    assert process.returncode == 0
    assert not any(each.is_running() for each in programs)


def test_a_program_that_is_killed_comes_back(tmp_path: Path) -> None:
    cairn(tmp_path, "init", "chapel", "--this-machine-only")
    with up(tmp_path) as process:
        wait_for(tmp_path, "chapel         ready")
        page = next(each for each in psutil.Process(process.pid).children() if "view" in each.cmdline())
        page.kill()
        wait_for(tmp_path, "page           running, started again 1 times")

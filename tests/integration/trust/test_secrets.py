"""No password is seen by other users of the machine: not in `ps`, not in an environment, not on the broker's disk."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Self

import psutil
import pytest

from admin.audit import Wanted, deeds_of, line_of
from admin.invite import invite_user
from admin.system import Ports, System
from broker.channel import Role
from broker.ids import ProjectId
from broker.mosquitto import free_port
from tests.photographs import photograph

ROOT = Path(__file__).parents[3]
PAUSE_S = 0.05
WAIT_S = 60.0
WORKING = ("broker start", "reconstructor run", "view serve", "edge join", "edge upload", "view pull")

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")


class Watch:
    """Reads command line and environment of every process that this test starts, twenty times a second."""

    def __init__(self) -> None:
        self.command_lines: set[bytes] = set()
        self.environments: set[bytes] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        me = psutil.Process()
        while not self._stop.wait(PAUSE_S):
            for each in me.children(recursive=True):
                for name, seen in (("cmdline", self.command_lines), ("environ", self.environments)):
                    try:
                        seen.add(Path(f"/proc/{each.pid}/{name}").read_bytes())
                    except OSError:  # it has ended
                        continue


def cairn(folder: Path, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cairn", *words],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_S,
    )
    assert done.returncode == 0, done.stderr


def environment() -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CAIRN_")}
    return ours | {"PYTHONPATH": str(ROOT), "CAIRN_RECONSTRUCTOR_BLACK_BOX": "tests.black_boxes:instant"}


@contextmanager
def up(folder: Path) -> Iterator[None]:
    """A system that runs, ended by Ctrl-C."""
    said = folder / "said"
    with said.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "cairn", "up"], cwd=folder, env=environment(), stdout=file, stderr=file
        )
    try:
        deadline = time.monotonic() + WAIT_S
        while "ready: 0 photographs" not in said.read_text():
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(WAIT_S)


def pulled(folder: Path, port: int) -> None:
    """Write the cloud of the first photograph, as soon as there is one."""
    deadline = time.monotonic() + WAIT_S
    words = ["view", "pull", "-p", "chapel", "--broker-port", str(port), "--user", "page"]
    words += ["--password-file", "data/secrets/page.password", "--out", "chapel.ply"]
    while True:
        try:
            cairn(folder, *words)
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        else:
            return


def test_no_password_is_seen_while_people_join_upload_and_pull(tmp_path: Path) -> None:
    rig, system = tmp_path / "rig", System(tmp_path)
    rig.mkdir()
    (rig / "a.jpg").write_bytes(photograph(1))
    ports = Ports(mqtt=free_port(), tls=None, page=free_port())
    system.add_project(ProjectId("chapel"), ports)
    link = invite_user(system, "rig-1", Role.AGENT, None, lasts=timedelta(hours=1), uses=1, host=None)
    with Watch() as watch, up(tmp_path):
        cairn(rig, "edge", "join", str(link), "--camera", "simulated")
        cairn(rig, "edge", "upload", "a.jpg")
        pulled(tmp_path, ports.mqtt)
    deeds = "\n".join(map(line_of, deeds_of(system, Wanted())))
    files = [*(tmp_path / "data/secrets").glob("*.password"), rig / "rig-1.password"]
    passwords = [file.read_text().strip().encode() for file in files]
    assert len(passwords) == 4
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    shown = b"\n".join(line.replace(b"\0", b" ") for line in watch.command_lines)
    for words in WORKING:  # the watch saw them at work
        assert words.encode() in shown
    for password in passwords:
        assert password not in shown
        assert not any(password in each for each in watch.environments)
        assert password.decode() not in deeds
    assert_nothing_on_the_brokers_disk(tmp_path, [*passwords, link.secret.text.encode()])
    for deed in ("rig-1  joined", "rig-1  uploaded  chapel", "rig-1  redeemed  chapel"):
        assert deed in deeds


def assert_nothing_on_the_brokers_disk(folder: Path, secrets: list[bytes]) -> None:
    for path in (folder / "data").rglob("*"):
        if path.is_file() and path.parent.name != "secrets":
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), path
            assert path.stat().st_size == 0 or path.stat().st_mode & 0o077 == 0 or "broker" not in path.parts, path

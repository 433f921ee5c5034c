"""Which programs are under siege? The real ones: Mosquitto, the reconstructor of two projects, a page server, a rig."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from broker.accounts.access import Credential, User
from broker.config import Connection
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from broker.shards import encode_ply
from tests.siege.black_boxes import CANARY_ENVIRONMENT, CANARY_POINTS, points

ROOT: Final = Path(__file__).parents[2]
CHAPEL, CASTLE = "chapel", "castle"  # the project under attack, and the one that must not notice
PEOPLE: Final = (
    ("reconstructor", "reconstructor", (CHAPEL, CASTLE)),
    ("vera", "viewer", (CHAPEL, CASTLE)),
    ("ops", "operator", (CHAPEL, CASTLE)),
    ("boss", "operator", (CHAPEL,)),
    ("mallory", "contributor", (CHAPEL,)),
    ("rig-south", "agent", (CHAPEL,)),
    ("rig-west", "agent", (CHAPEL,)),
    ("rig-north", "agent", (CASTLE,)),
)
BLACK_BOX: Final = "tests.siege.black_boxes:siege"
STOP_S: Final = 15.0


class Program:
    """One `cairn …` as a child process; what it prints goes into a log file."""

    def __init__(self, name: str, words: list[str], environment: dict[str, str], folder: Path) -> None:
        self.name, self.log = name, folder / f"{name}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cairn", *words],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Exit status, or None while it runs."""
        return self._process.poll()

    def end(self) -> None:
        """Stop it in order; kill it if it does not listen."""
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_S)


class Programs:
    """All programs of one siege, in one folder. Use as a context manager."""

    def __init__(self, folder: Path, black_box: str = BLACK_BOX) -> None:
        self.folder, self.data, self.photographs = folder, folder / "data", folder / "photographs"
        self._black_box = black_box
        users = [Credential.fresh(User.build(*person)) for person in PEOPLE]
        self.broker = Mosquitto(BrokerPlan(data_dir=folder / "broker", port=free_port()), users)
        self.page_port = free_port()
        self._children: dict[str, Program] = {}

    def __enter__(self) -> Self:
        for folder in (self.folder / "outside", self.photographs, self.data):
            folder.mkdir(parents=True)
        self.canary.write_bytes(encode_ply(points("canary", CANARY_POINTS)))
        self.broker.start()
        for start in (self._reconstructor, self._page, self._watch, self._rig):
            child = start()
            self._children[child.name] = child
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self._children.values()):
            child.end()
        self.broker.stop()

    @property
    def canary(self) -> Path:
        """A cloud that lies outside of every project."""
        return self.folder / "outside" / "canary.ply"

    @property
    def service_pid(self) -> int:
        """The reconstructor's own process."""
        return self._children["reconstructor"].pid

    @property
    def logs(self) -> list[Path]:
        """What the programs printed; Mosquitto's own log is not ours."""
        return [child.log for child in self._children.values()]

    def connection(self, name: str) -> Connection:
        """How one of the accounts reaches the broker."""
        return self.broker.connection(name)

    def login(self, name: str) -> tuple[str, str]:
        """An account's name and password."""
        return name, self.connection(name).secret() or ""

    def ended(self) -> Iterator[str]:
        """Name programs that ended by themselves."""
        if self.broker.pid is None:
            yield "mosquitto"
        for name, child in self._children.items():
            if child.status is not None:
                yield f"{name} with status {child.status}"

    def _reconstructor(self) -> Program:
        wishes = {
            "PROJECTS": json.dumps([CHAPEL, CASTLE]),
            "DATA_DIR": str(self.data),
            "BLACK_BOX": self._black_box,
            "TIMEOUT_S": "5",
            "REFETCH_TIMEOUT_S": "20",
            "MEMORY_LIMIT_BYTES": str(400 * 1024 * 1024),
            "REFETCH_EVERY": "40",
            "GRACE_S": "5",
            "LOAD_TIMEOUT_S": "5",
            "RETRY_S": "1",
        }
        canary = {CANARY_ENVIRONMENT: str(self.canary)}
        return self._program(
            "reconstructor",
            prefix="RECONSTRUCTOR",
            user="reconstructor",
            words=["reconstructor", "run"],
            wishes=wishes,
            others=canary,
        )

    def _page(self) -> Program:
        wishes = {"PORT": str(self.page_port)}
        return self._program("page", prefix="VIEW", user="vera", words=["view", "serve"], wishes=wishes)

    def _watch(self) -> Program:
        return self._program(
            "watch", prefix="VIEW", user="vera", words=["view", "watch", "--project", CHAPEL], wishes={}
        )

    def _rig(self) -> Program:
        wishes = {
            "PROJECT": CHAPEL,
            "SPOOL_DIR": str(self.folder / "rig"),
            "CAMERA": "watch",
            "FOLDER": str(self.photographs),
            "INTERVAL_S": "0.1",
            "RESERVE_BYTES": "0",
        }
        return self._program("rig", prefix="EDGE", user="rig-west", words=["edge", "run"], wishes=wishes)

    def _program(
        self,
        name: str,
        *,
        prefix: str,
        user: str,
        words: list[str],
        wishes: dict[str, str],
        others: dict[str, str] | None = None,
    ) -> Program:
        connection = self.connection(user)
        access = {
            "BROKER__PORT": str(connection.port),
            "BROKER__USERNAME": user,
            "BROKER__PASSWORD": connection.secret() or "",
        }
        environment = {f"CAIRN_{prefix}_{key}": value for key, value in (access | wishes).items()}
        return Program(name, words, environment | (others or {}), self.folder)


def wait_listening(port: int, timeout_s: float) -> None:
    """Wait until something listens on a port of this machine.

    Raises:
        TimeoutError: nothing does.
    """
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")

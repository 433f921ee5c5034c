"""ejabberd as a second MQTT 5 broker: Debian's package, started by us on a free port with a configuration of ours.

It is a single Erlang node without a name, so that no port mapper is started beside it, and it ends by its process id.
Every account is let in, whatever its password: it listens on loopback, and no rule of access is measured on it.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

from pydantic import SecretStr

from benchmarks.parts.debian import root_of
from broker.config import Connection
from broker.errors import CairnError
from broker.mosquitto import BrokerProcess, answers
from broker.topics import TopicSpace

READY_TIMEOUT_S: Final = 60.0
EXECUTABLE: Final = "usr/sbin/ejabberdctl"
# What our broker.conf says of Mosquitto, in ejabberd's words. By default a wildcard brings 1,000 retained messages at
# most, a session ends after 5 minutes, and 5,000 messages are queued for one.
CONFIGURATION: Final = """\
hosts: [localhost]
loglevel: warning
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: mod_mqtt
    backlog: 1000
auth_method: [anonymous]
anonymous_protocol: login_anon
allow_multiple_connections: true
modules:
  mod_mqtt:
    match_retained_limit: infinity
    max_queue: 100000
    session_expiry: 14 days
"""


class EjabberdError(CairnError):
    """ejabberd did not come up."""

    code = "ejabberd_failed"
    remedy = "Read its own words in the message; free its port or folder."


@dataclass(kw_only=True)
class Ejabberd(BrokerProcess):
    """One ejabberd of ours; it has the methods of `Mosquitto` that chaos needs.

    Attributes:
        folder: holds its configuration, log and database.
        port: of its MQTT listener on loopback.
        is_persistent: whether its database outlives a kill.
        space: the topics under which programs meet.
    """

    stop_timeout_s: ClassVar[float] = 20.0
    folder: Path
    port: int
    is_persistent: bool = True
    space: TopicSpace = field(default_factory=TopicSpace)

    def start(self) -> None:
        """Start it and wait until it answers an MQTT CONNECT; raises EjabberdError, PackageMissingError."""
        root = root_of("ejabberd", EXECUTABLE)
        database = self.folder / "database"
        if not self.is_persistent:
            shutil.rmtree(database, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "ejabberd.yml").write_text(CONFIGURATION.format(port=self.port), encoding="utf-8")
        environment = os.environ | dict(self._environment(root))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    f"{environment['BINDIR']}/erlexec",
                    *("-noinput", "-mnesia", "dir", f'"{database.resolve()}"', "-s", "ejabberd"),
                ],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_until_ready()

    def connection(self, name: str) -> Connection:
        """The address and login with which an account connects."""
        return Connection(port=self.port, username=name, password=SecretStr("any"), root=self.space.root)

    @property
    def _log(self) -> Path:
        return self.folder / "ejabberd.out"

    def _environment(self, root: Path) -> Iterator[tuple[str, str]]:
        erlang = root / "usr/lib/erlang"
        libraries = next(root.glob("usr/lib/*/ejabberd-*")).parent
        yield "ROOTDIR", str(erlang)
        yield "BINDIR", str(next(erlang.glob("erts-*/bin")))
        yield "EMU", "beam"
        yield "PROGNAME", "erl"
        yield "ERL_LIBS", str(libraries)
        yield "LD_LIBRARY_PATH", str(libraries)
        yield "HOME", str(self.folder)  # for its cookie
        yield "EJABBERD_CONFIG_PATH", str(self.folder.resolve() / "ejabberd.yml")
        yield "EJABBERD_LOG_PATH", str(self.folder.resolve() / "ejabberd.log")

    def _wait_until_ready(self) -> None:
        deadline_s = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline_s:
            if self.pid is None:
                raise EjabberdError(f"ejabberd ended at once: {self._last_words()}")
            if answers(self.port):
                return
            time.sleep(0.05)
        self.kill()
        raise EjabberdError(f"ejabberd does not answer on port {self.port}: {self._last_words()}")

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return f"{lines[-1] if lines else 'it said nothing'} (see {self._log})"

"""How does the Mosquitto of the system serve us? Conf, passwords and ACL are written where Debian's service reads them.

Debian's own mosquitto.conf sets persistence, log and process id, and includes conf.d. Everything else is ours.
"""

import os
import shlex
import signal
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from broker.accounts.access import Account, acl
from broker.clients.descriptors import MOST_DESCRIPTORS
from broker.files import write_durably
from broker.mosquitto import BrokerPlan, limit_lines, listener_lines
from broker.service.install import Run, ServiceFailedError, run_command

ETC: Final = Path("/etc/mosquitto")
MOSQUITTO_USER: Final = "mosquitto"
_SERVICE: Final = "mosquitto"
_DROP_IN: Final = f"""\
# Written by `cairn broker install`, and again with each call.
[Service]
# Each connection is a file descriptor, and those of strangers must not use up the default of 1024.
LimitNOFILE={MOST_DESCRIPTORS}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemMosquitto:
    """The system's Mosquitto with our accounts.

    Attributes:
        plan: where it listens, and the certificate that it is given a copy of.
        folder: the folder of its settings, /etc/mosquitto.
        units: the folder of systemd's units and their drop-ins.
        pid_file: where it keeps its process id.
        run: runs one command as root.
    """

    plan: BrokerPlan
    folder: Path = ETC
    units: Path = Path("/etc/systemd/system")
    pid_file: Path = Path("/run/mosquitto/mosquitto.pid")
    run: Run = run_command

    @property
    def conf(self) -> Path:
        """Our part of its settings."""
        return self.folder / "conf.d" / "cairn.conf"

    @property
    def private(self) -> Path:
        """What only Mosquitto itself may read: passwords, ACL, certificate and key."""
        return self.folder / "cairn"

    @property
    def drop_in(self) -> Path:
        """What systemd gives it besides Debian's unit."""
        return self.units / f"{_SERVICE}.service.d" / "cairn.conf"

    def install(self, accounts: Iterable[Account]) -> None:
        """Write everything as root, and make the service use it: a restart when its settings changed, else a reload.

        Raises:
            ServiceFailedError: there is no such folder, it cannot be written, or the service does not come up.
        """
        if not self.conf.parent.is_dir():
            raise ServiceFailedError(f"there is no {self.conf.parent}: install Mosquitto, `apt-get install mosquitto`")
        self.run(["install", "-d", "-o", MOSQUITTO_USER, "-g", MOSQUITTO_USER, "-m", "0700", str(self.private)])
        plan = replace(self.plan, certificate=self._certificate, key=self._key) if self.plan.certificate else self.plan
        text = "".join(f"{line}\n" for line in self._lines(plan))
        self._write_private(accounts)
        is_changed = self._write_open(self.conf, text)
        if self._write_open(self.drop_in, _DROP_IN):
            self.run(["systemctl", "daemon-reload"])
            is_changed = True
        self.run(["systemctl", "restart" if is_changed else "reload", _SERVICE])

    def reload(self, accounts: Iterable[Account]) -> None:
        """Put other accounts and a renewed certificate in force at once; nobody else notices.

        It needs no root, but Mosquitto's own user.

        Raises:
            ServiceFailedError: the files cannot be written, or Mosquitto does not run.
        """
        self._write_private(accounts)
        try:
            os.kill(int(self.pid_file.read_text(encoding="ascii")), signal.SIGHUP)
        except (OSError, ValueError) as exc:
            raise ServiceFailedError(f"cannot reload the system's Mosquitto ({self.pid_file}): {exc}") from exc

    @property
    def _certificate(self) -> Path:
        return self.private / "server.pem"

    @property
    def _key(self) -> Path:
        return self.private / "server.key"

    def _lines(self, plan: BrokerPlan) -> Iterable[str]:
        yield "# Written by `cairn broker install`, and again with each call."
        yield from limit_lines()
        yield f"password_file {self.private / 'passwords'}"
        yield f"acl_file {self.private / 'acl.conf'}"
        yield from listener_lines(plan, MOST_DESCRIPTORS)

    def _write_private(self, accounts: Iterable[Account]) -> None:
        everybody = list(accounts)
        files = {
            "passwords": "".join(f"{each.user.name}:{each.password_hash}\n" for each in everybody),
            "acl.conf": acl((each.user for each in everybody), self.plan.space),
        }
        try:
            if self.plan.certificate is not None and self.plan.key is not None:
                files[self._certificate.name] = self.plan.certificate.read_text(encoding="ascii")
                files[self._key.name] = self.plan.key.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as exc:
            raise ServiceFailedError(f"cannot read the certificate or its key: {exc}") from exc
        self._write(self.private, files)

    @classmethod
    def _write_open(cls, file: Path, text: str) -> bool:
        """Write a file that everybody may read, unless it says that already; returns whether it was written."""
        if file.exists() and file.read_text(encoding="utf-8") == text:
            return False
        try:
            if not file.parent.exists():
                file.parent.mkdir(parents=True)
                file.parent.chmod(0o755)
        except OSError as exc:
            raise ServiceFailedError(f"cannot write {file}: {exc.strerror}") from exc
        cls._write(file.parent, {file.name: text}, mode=0o644)
        file.chmod(0o644)  # whatever our umask is: at a reload Mosquitto's user reads it
        return True

    @staticmethod
    def _write(folder: Path, files: dict[str, str], mode: int = 0o600) -> None:
        """Write files; those of root get the owner of the folder."""
        try:
            write_durably(folder, {name: text.encode() for name, text in files.items()}, mode=mode)
        except OSError as exc:
            raise ServiceFailedError(f"cannot write {shlex.join(files)} in {folder}: {exc.strerror}") from exc

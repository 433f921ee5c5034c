"""Where does the password of an account stand that a program of this machine uses? Beside the broker's folder, or by settings."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.accounts.access import BadUserError
from broker.accounts.mosquitto_clients import PROGRAMS
from broker.files import write_durably
from broker.projects.project_list import ProjectList

SECRETS: Final = "secrets"  # the folder of password files, beside the broker's
_NONE: Final = "/nonexistent"  # a connection that names no file
_PASSWORD_LINE: Final = re.compile(r"^-P .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPassword:
    """The files with the password of one account.

    Attributes:
        data_dir: the broker's folder.
        name: the account.
    """

    data_dir: Path
    name: str

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of the password alone: a system's, a demo's, and those that the settings in use name."""
        secrets = self._secrets
        found = (secrets / f"{self.name}.password", secrets / self.name, *self._named())
        return tuple(dict.fromkeys(each.resolve() for each in found if each.is_file()))

    def check_writable(self) -> None:
        """Raises BadUserError when this user may not replace one of the files."""
        for file in (*self.files, *self._options()):
            if not os.access(file.parent, os.W_OK | os.X_OK):
                raise BadUserError(f"{file} has the password, too, and you may not write it: use sudo")

    def write(self, password: str) -> None:
        """Put a new password into every file, each with the owner and the mode that it has; raises BadUserError."""
        for file in self.files:
            self._replace(file, password + "\n")
        for file in self._options():
            self._replace(file, _PASSWORD_LINE.sub(f"-P {password}", file.read_text(encoding="utf-8")))

    def remove(self) -> tuple[Path, ...]:
        """Remove the files of a system or a demo, whose password is worth nothing; those of settings stay. Returns them."""
        mine = (*(each for each in self.files if each.parent == self._secrets), *self._options())
        for file in mine:
            try:
                file.unlink()
            except OSError as exc:
                raise BadUserError(f"cannot remove {file}, whose password is worth nothing: {exc.strerror}") from exc
        return mine

    @property
    def _secrets(self) -> Path:
        return self.data_dir.resolve().parent / SECRETS

    def _options(self) -> tuple[Path, ...]:
        """The option files of Mosquitto's clients that log in as this account."""
        folder = self._secrets / f"{self.name}.mosquitto"
        return tuple(folder / program for program in PROGRAMS if (folder / program).is_file())

    def _named(self) -> Iterator[Path]:
        settings = ProjectList.of_broker(self.data_dir)
        for table in settings.document.unwrap().values() if settings is not None else ():
            connection = table.get("broker") if isinstance(table, dict) else None
            if isinstance(connection, dict) and connection.get("username") == self.name:
                yield Path(connection.get("password_file", _NONE))

    @staticmethod
    def _replace(file: Path, text: str) -> None:
        try:
            before = file.stat()
            write_durably(file.parent, {file.name: text.encode()}, mode=0o600)
            if os.geteuid() == 0:
                os.chown(file, before.st_uid, before.st_gid)
            file.chmod(stat.S_IMODE(before.st_mode))
        except OSError as exc:
            raise BadUserError(f"cannot write the new password into {file}: {exc.strerror}") from exc

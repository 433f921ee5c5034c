"""How does a unit become a service that runs? Users by systemd-sysusers, owners of folders, unit files, systemctl."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.errors import CairnError
from broker.files import write_durably
from broker.service.units import PROGRAM, Unit

Run = Callable[[Sequence[str]], None]
OUR_USERS: Final = "cairn-"
_TIMEOUT_S: Final = 120.0


class ServiceFailedError(CairnError):
    """A step of the installation did not work."""

    code = "service_failed"
    remedy = "Read the words of the command that the message names."


class ServiceTakenError(CairnError):
    """The machine's services belong to another folder."""

    code = "service_taken"
    remedy = "Disable the units of the other folder first: `systemctl disable --now UNIT`, and remove the unit files."


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whom a file or folder belongs to while services run.

    Attributes:
        user: a name or a number.
        group: a name or a number.
        mode: permissions of the path itself.
        is_deep: whether everything below it changes its owner, too.
    """

    path: Path
    user: str
    group: str
    mode: int
    is_deep: bool = False

    def commands(self) -> list[list[str]]:
        """The commands that make it so."""
        owner = f"{self.user}:{self.group}"
        deep = ["--recursive"] if self.is_deep else []
        return [
            ["chown", *deep, "--no-dereference", owner, str(self.path)],
            ["chmod", f"{self.mode:04o}", str(self.path)],
        ]


def run_command(words: Sequence[str]) -> None:
    """Run one command as root; raises ServiceFailedError with its words."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise ServiceFailedError(f"{shlex.join(words)}: {exc}") from exc
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise ServiceFailedError(f"{shlex.join(words)}: {lines[-1] if lines else f'exit code {done.returncode}'}")


def sudo_line() -> str | None:
    """The line that runs this command as root; None when we are root. sudo does not search a user's PATH."""
    if os.geteuid() == 0:
        return None
    return shlex.join(["sudo", str(PROGRAM), *sys.argv[1:]])


def check_not_taken(units: Sequence[Unit], root: Path = Path("/")) -> None:
    """Check that no unit of this machine runs another system; raises ServiceTakenError."""
    for unit in units:
        file = _unit_folder(root) / unit.file_name
        if file.exists() and unit.settings_line not in (lines := file.read_text(encoding="utf-8").splitlines()):
            other = next((line for line in lines if line.startswith("Environment=CAIRN_SETTINGS=")), "another program")
            raise ServiceTakenError(f"{unit.file_name} is there already, for {other.rpartition('=')[2]}")


def install(
    units: Sequence[Unit],
    owners: Sequence[Owner],
    *,
    run: Run = run_command,
    root: Path = Path("/"),
    is_changed: bool = False,
) -> None:
    """Make users, hand folders over to them, write the units, and start what does not run or has changed.

    Args:
        units: the services.
        owners: what their users own; parents first.
        run: runs one command as root.
        root: where /etc is.
        is_changed: whether settings changed that programs read only when they start; all are started again then.

    Raises:
        BadServicePathError: another user could not read what a program needs; nothing was changed.
        ServiceTakenError: the units of this machine belong to another folder; nothing was changed.
        ServiceFailedError: a step did not work.
    """
    check_not_taken(units, root)
    files = {unit: unit.files() for unit in units}
    for unit in units:
        unit.check_access()
    for user in dict.fromkeys(unit.user for unit in units if unit.user.startswith(OUR_USERS)):
        users = root / "etc" / "sysusers.d"
        _write(users, f"{user}.conf", f'u {user} - "{user.replace("-", " ")}"\n')
        run(["systemd-sysusers", str(users / f"{user}.conf")])
    for owner in owners:
        for command in owner.commands():
            run(command)
    written = {unit: [_write(_unit_folder(root), *file) for file in files[unit].items()] for unit in units}
    started = [unit.started for unit in units]
    run(["systemctl", "daemon-reload"])
    run(["systemctl", "enable", *started])
    if changed := [unit.started for unit in units if is_changed or any(written[unit])]:
        run(["systemctl", "restart", *changed])
    run(["systemctl", "start", *started])


def _unit_folder(root: Path) -> Path:
    return root / "etc" / "systemd" / "system"


def _write(folder: Path, name: str, text: str) -> bool:
    """Write a file unless it says that already; returns whether it was written."""
    file = folder / name
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_durably(folder, {name: text.encode()})
        file.chmod(0o644)  # whatever the umask of root is
    except OSError as exc:
        raise ServiceFailedError(f"cannot write {file}: {exc.strerror}") from exc
    return True

"""What stands in a systemd unit of ours? A program, its user and its folders, in a sandbox that is the same for all.

Each program has a static system user of its own. DynamicUser would hide the data below /var/lib/private, but here the data
lie in the folder of the system, where the command lines look after them. `systemd-analyze security` rates every unit at
2.0 or better.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.config import SETTINGS_VARIABLE
from broker.errors import CairnError

_HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))
PROGRAM: Final = Path(sys.executable).with_name("cairn")
_CODE: Final = Path(__file__).resolve().parents[2]
_PLAIN_PATH: Final = re.compile(r"/[\w/.,@+=~-]*")

_SANDBOX: Final = """\
# The program can write into its own folders only.
ProtectSystem=strict
# Home folders are empty, except for the paths above. So a checkout below /home works and nothing else there is seen.
ProtectHome=tmpfs
PrivateTmp=yes
PrivateMounts=yes
UMask=0077
# It cannot get more rights than it has.
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
RemoveIPC=yes
# It cannot change the machine.
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM"""


class BadServicePathError(CairnError):
    """A folder from which no service can be run."""

    code = "bad_service_path"
    remedy = "Change the permissions or move the folder, as the message says."


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One program as a service.

    Attributes:
        name: the unit is `cairn-{name}.service`.
        user: the system user that it runs as.
        purpose: for people.
        words: what stands after `cairn`.
        settings_file: the file that the program reads; its folder is the working directory.
        writable: folders that the program may change.
        readable: what else it reads, for example a folder of photographs.
        unit_lines: further lines of the section [Unit].
        service_lines: further lines of the section [Service].
        schedule: when a timer starts it (systemd.time), for a program that ends by itself; else it runs all the time.
        program: the `cairn` command; by default that of the Python that runs.
    """

    name: str
    user: str
    purpose: str
    words: tuple[str, ...]
    settings_file: Path
    writable: tuple[Path, ...]
    readable: tuple[Path, ...] = ()
    unit_lines: str = "StartLimitIntervalSec=0"
    service_lines: str = ""
    schedule: str | None = None
    program: Path = PROGRAM

    @property
    def file_name(self) -> str:
        """The name of its file."""
        return f"cairn-{self.name}.service"

    @property
    def started(self) -> str:
        """What systemctl starts: the service, or its timer."""
        return f"cairn-{self.name}.{'service' if self.schedule is None else 'timer'}"

    @property
    def settings_line(self) -> str:
        """The line that says which system the unit belongs to."""
        return f"Environment={SETTINGS_VARIABLE}={self.settings_file}"

    def files(self) -> dict[str, str]:
        """The unit files by their names; raises like `render`."""
        files = {self.file_name: self.render()}
        if self.schedule is not None:
            files[self.started] = _TIMER.format(head="\n".join(self._head()), schedule=self.schedule)
        return files

    def render(self) -> str:
        """The text of the service.

        Raises:
            BadServicePathError: a path has characters that mean something to systemd.
        """
        for path in (self.program, self.settings_file, *self.writable, *self.readable):
            if not _PLAIN_PATH.fullmatch(str(path)):
                raise BadServicePathError(f"a service cannot use {path}: choose a path without blanks and signs")
        target = _INSTALL if self.schedule is None else ()
        return "\n".join([*self._head(), *self._unit_section(), *self._service_section(), *target]) + "\n"

    def seen_in_homes(self) -> list[Path]:
        """What the unit must see below home folders: Python, the code, the settings and what it reads."""
        wanted = {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve(), _CODE, self.settings_file.parent}
        below = sorted(each for each in {*wanted, self.program.parent.parent, *self.readable} if _is_in_home(each))
        return [each for each in below if not any(each != other and each.is_relative_to(other) for other in below)]

    def check_access(self) -> None:
        """Check that another user can read what the program needs; raises BadServicePathError."""
        for path in (
            self.settings_file,
            *self.seen_in_homes(),
            self.settings_file.parent,
            self.program,
            *self.readable,
        ):
            # systemd itself makes the folders above a bound path: permissions in the home folder do not count.
            parents = [] if _is_in_home(path) else path.parents
            try:
                closed = next((each for each in parents if not each.stat().st_mode & 0o001), None)
                if closed is None and not path.stat().st_mode & 0o004:
                    closed = path
            except OSError as exc:
                raise BadServicePathError(f"a service needs {path}: {exc.strerror}") from exc
            if closed is not None:
                raise BadServicePathError(
                    f"services have users of their own and cannot read {path}: chmod o+rX {closed}"
                )

    def _head(self) -> Iterator[str]:
        yield "# Written by cairn, and again with each installation."
        yield f"# Put changes into a drop-in: systemctl edit cairn-{self.name}"
        yield "[Unit]"
        yield f"Description=cairn {self.purpose}"

    def _unit_section(self) -> Iterator[str]:
        yield "Wants=network-online.target"
        yield "After=network-online.target time-sync.target" + (
            "" if self.name == "broker" else " cairn-broker.service"
        )
        yield "# A disk that is mounted late, for example by the network, is waited for."
        yield f"RequiresMountsFor={' '.join(map(str, (self.settings_file.parent, *self.writable)))}"
        yield self.unit_lines
        yield ""

    def _service_section(self) -> Iterator[str]:
        yield "[Service]"
        yield f"ExecStart={self.program} {' '.join(self.words)}"
        yield self.settings_line
        yield f"WorkingDirectory={self.settings_file.parent}"
        yield f"User={self.user}"
        if self.schedule is None:
            yield "Restart=always"
            yield "RestartSec=5"
        yield "# Each connection is a file descriptor, and those of strangers must not use up the default of 1024."
        yield "LimitNOFILE=65536"
        yield "# A child process that the kernel kills for its memory does not end the program, which starts it again."
        yield "OOMPolicy=continue"
        yield ""
        yield from (f"BindReadOnlyPaths={path}" for path in self.seen_in_homes())
        yield from (f"BindPaths={path}" for path in self.writable)
        yield _SANDBOX
        yield ""
        yield self.service_lines
        yield ""


_TIMER: Final = """\
{head}

[Timer]
OnBootSec=1min
OnCalendar={schedule}
RandomizedDelaySec=5min

[Install]
WantedBy=timers.target
"""
_INSTALL: Final = ("[Install]", "WantedBy=multi-user.target")


def _is_in_home(path: Path) -> bool:
    return any(path.is_relative_to(home) for home in _HOMES)

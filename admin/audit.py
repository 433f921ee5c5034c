"""Who did what in this system? The audit logs of broker and reconstructor and Mosquitto's own log, merged by time."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from admin.system import System
from broker.accounts.access import User
from broker.accounts.audit import Action, AuditLog, Deed
from broker.accounts.users import UserBook
from broker.config import BadSettingsError
from broker.files import earlier
from broker.mosquitto import LOG_NAME
from broker.printable import printable

# From the end of the line: a client id may contain anything, also what looks like a name.
_JOINED: Final = re.compile(
    r"^(\d+): New client connected from (\S+):\d+ as (.*) \(p\d, c\d, k\d+, u'([a-z0-9-]+)'\)\.$", re.ASCII
)
_OPERATORS_ONLY: Final = frozenset({Action.COMMANDED, Action.SET_SETTINGS})  # their topic names the rig, not them
_MAX_CLIENT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which deeds are listed; None: all."""

    project: str | None = None
    account: str | None = None
    since: datetime | None = None

    def takes(self, deed: Deed) -> bool:
        """Whether this deed is listed. A deed that concerns the whole broker belongs to each project."""
        return (
            (self.project is None or deed.project in {None, self.project})
            and (self.account is None or deed.account == self.account)
            and (self.since is None or deed.at >= self.since)
        )


def deeds_of(system: System, wanted: Wanted) -> list[Deed]:
    """Every deed that is wanted, oldest first.

    Raises:
        BadSettingsError: the system is not set up, or a log cannot be read.
    """
    system.check_set_up()
    settings = system.settings()
    broker, reconstructor = (
        system.folder / settings.get(table, {}).get("data_dir", f"data/{table}")
        for table in ("broker", "reconstructor")
    )
    users = {str(user.name): user for user in UserBook(broker).users()}
    try:
        found = [*AuditLog(broker).deeds(), *AuditLog(reconstructor).deeds(), *_joins(broker, users, wanted.project)]
    except OSError as exc:
        raise BadSettingsError(f"cannot read {exc.filename}: {exc.strerror}: are you the system's user?") from exc
    return sorted((deed for deed in found if wanted.takes(deed)), key=lambda deed: deed.at)


def line_of(deed: Deed) -> str:
    """One line for people: time in UTC, account, deed, project, details."""
    unnamed = "an operator" if deed.action in _OPERATORS_ONLY else "-"
    details = " ".join(f"{name}={value}" for name, value in deed.details.items())
    words = (f"{deed.at:%Y-%m-%d %H:%M:%S}", deed.account or unnamed, deed.action, deed.project or "-", details)
    return printable("  ".join(words))


def _joins(folder: Path, users: Mapping[str, User], project: str | None) -> Iterator[Deed]:
    """Who came in, as Mosquitto's log says it; of one project, its present members."""
    for path in (earlier(folder / LOG_NAME), folder / LOG_NAME):
        if not path.exists():
            continue
        with path.open(encoding="utf-8", errors="replace") as file:
            for found in filter(None, (_JOINED.match(line.rstrip("\n")) for line in file)):
                at, address, client, account = found.groups()
                user = users.get(account)
                if project is None or (user is not None and project in user.projects):
                    details = {"role": user.role if user else "", "address": address, "client": client[:_MAX_CLIENT]}
                    when = datetime.fromtimestamp(int(at), UTC)
                    yield Deed(at=when, action=Action.JOINED, account=account, details=details)

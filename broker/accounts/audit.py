"""Who did what, and when? An audit log: one JSON line for each deed, appended to a file of its owner, of bounded size."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from broker.files import append, locked
from broker.logs import get_logger
from broker.printable import printable

FILE_NAME: Final = "audit.log"
LOCK_NAME: Final = "audit.lock"
MAX_BYTES: Final = 8 * 1024 * 1024  # about 50,000 deeds a file
EARLIER_COUNT: Final = 4
_MAX_TEXT: Final = 200


class Action(StrEnum):
    """What is written down."""

    JOINED = "joined"
    UPLOADED = "uploaded"
    REQUESTED = "requested"
    COMMANDED = "commanded"
    SET_SETTINGS = "set_settings"
    SET_SCALE = "set_scale"
    INVITED = "invited"
    REDEEMED = "redeemed"
    REVOKED = "revoked"
    ACCOUNT_ADDED = "account_added"
    ACCOUNT_CHANGED = "account_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name
    ACCOUNT_REMOVED = "account_removed"
    PROJECT_ARCHIVED = "project_archived"
    PROJECT_RESTORED = "project_restored"
    PROJECT_IMPORTED = "project_imported"
    PROJECT_DELETED = "project_deleted"
    PROJECT_MOVED = "project_moved"
    PROJECT_CLEANED = "project_cleaned"
    PROJECT_TITLED = "project_titled"


class Deed(BaseModel):
    """One line of the log.

    Attributes:
        account: whose name it bears; None when the wire does not say, as for a command to a rig.
        project: None for what concerns the whole broker.
        details: what was done, in words that are safe to show.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: AwareDatetime
    action: Action
    account: str | None = None
    project: str | None = None
    details: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The audit log of one program's folder; several processes may append to it. No credential belongs into it."""

    folder: Path

    def note(self, action: Action, *, account: str | None, project: str | None = None, **details: object) -> None:
        """Append one deed; a disk that does not take it is logged and stops no work."""
        deed = Deed(
            at=datetime.now(UTC),
            action=action,
            account=_shown(account) if account is not None else None,
            project=_shown(project) if project is not None else None,
            details={name: _shown(value) for name, value in details.items() if value is not None},
        )
        line = deed.model_dump(mode="json", exclude_none=True)
        try:
            self._append((json.dumps(line, ensure_ascii=False) + "\n").encode())
        except OSError as exc:
            get_logger().warning("audit_not_written", reason=str(exc), action=action)

    def deeds(self) -> Iterator[Deed]:
        """Every deed that is kept, oldest first; a damaged line is left out. Raises OSError."""
        for path in [*reversed(_earlier(self._file)), self._file]:
            if path.exists():
                with path.open("rb") as file:
                    for line in file:
                        try:
                            yield Deed.model_validate_json(line)
                        except ValidationError:
                            continue

    @property
    def _file(self) -> Path:
        return self.folder / FILE_NAME

    def _append(self, line: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(self.folder / LOCK_NAME):
            if self._file.exists() and self._file.stat().st_size + len(line) > MAX_BYTES:
                for older, newer in pairwise([*reversed(_earlier(self._file)), self._file]):
                    if newer.exists():
                        newer.replace(older)
            append(self._file, line)


def _earlier(file: Path) -> list[Path]:
    """The files that hold earlier deeds, newest first."""
    return [file.with_name(f"{file.name}.{number}") for number in range(1, EARLIER_COUNT + 1)]


def _shown(value: object) -> str:
    return printable(str(value))[:_MAX_TEXT]

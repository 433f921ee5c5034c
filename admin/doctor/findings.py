"""What does `cairn doctor` report? Findings: what was looked at, how it stands, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from broker.errors import CairnError
from broker.printable import printable

AS_ROOT: Final = "run `sudo cairn doctor`: this account may not read everything"


class Level(StrEnum):
    """How bad a finding is; only a fault makes the exit code 1."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check.

    Attributes:
        subject: one word for the group of checks, for example `certificates`.
        found: what is the case.
        advice: what to do; empty when all is well.
    """

    subject: str
    level: Level
    found: str
    advice: str = ""

    def line(self) -> str:
        """The finding as one line for people."""
        text = f"{self.level:<8} {self.subject:<14} {self.found}"
        return printable(f"{text}. To do: {self.advice}" if self.advice else text)


def ok(subject: str, found: str) -> Finding:
    """All is well."""
    return Finding(subject=subject, level=Level.OK, found=found)


def warning(subject: str, found: str, advice: str) -> Finding:
    """The system works, but somebody should look at this."""
    return Finding(subject=subject, level=Level.WARNING, found=found, advice=advice)


def fault(subject: str, found: str, advice: str) -> Finding:
    """Something does not work, or is open to strangers."""
    return Finding(subject=subject, level=Level.FAULT, found=found, advice=advice)


def fault_of(subject: str, error: CairnError) -> Finding:
    """A check ended with this error."""
    is_closed = isinstance(error.__cause__, PermissionError)
    return fault(subject, error.sentence, AS_ROOT if is_closed else error.remedy)


def has_fault(findings: Iterable[Finding]) -> bool:
    """Whether anything must be repaired."""
    return any(each.level is Level.FAULT for each in findings)


def as_json(folder: Path, findings: Iterable[Finding]) -> dict[str, Any]:
    """All findings as one JSON object for programs."""
    rows = list(findings)
    return {
        "folder": str(folder),
        "is_fine": not has_fault(rows),
        "findings": [
            {"subject": each.subject, "level": each.level, "found": each.found, "advice": each.advice} for each in rows
        ],
    }

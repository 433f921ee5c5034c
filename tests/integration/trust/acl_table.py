"""The hand-written table of `acl_table.md`: which role may write and read which topic."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TABLE: Final = Path(__file__).with_suffix(".md")
NO_CHANNEL: Final = "nothing"
_LETTERS: Final = frozenset("wWrR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One topic, and the letters of each role: w or r with its own name, W or R with any name."""

    channel: str
    topic: str
    letters_by_role: dict[str, frozenset[str]]

    @property
    def has_name(self) -> bool:
        """Whether a level of the topic is a person's or rig's name."""
        return "{name}" in self.topic

    def may(self, role: str, letter: str, *, is_own: bool) -> bool:
        """Whether a member with this role may write (w) or read (r); `is_own`: the topic bears its own name."""
        letters = self.letters_by_role[role]
        return letter.upper() in letters or (is_own and letter in letters)


def read_table(path: Path = TABLE) -> list[Row]:
    """Every row of the table; raises ValueError at a line that cannot be read."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    (_, _, *roles), _, *rows = (list(_cells(line)) for line in lines)
    return [_row(roles, cells) for cells in rows]


def _cells(line: str) -> Iterator[str]:
    yield from (cell.strip().strip("`") for cell in line.strip("|").split("|"))


def _row(roles: list[str], cells: list[str]) -> Row:
    channel, topic, *said = cells
    letters = [frozenset(each.replace("-", "")) for each in said]
    if len(letters) != len(roles) or any(each - _LETTERS for each in letters):
        raise ValueError(f"a row of the table cannot be read: {cells}")
    row = Row(channel=channel, topic=topic, letters_by_role=dict(zip(roles, letters, strict=True)))
    if not row.has_name and any(each & {"w", "r"} for each in letters):
        raise ValueError(f"{topic} bears no name, so nobody has an own one: write W and R")
    return row

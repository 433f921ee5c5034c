"""Which commands and examples do the documents show? Every code block, with what its marks say about running it.

The words after the language of a fenced block are its marks; nobody sees them in a rendered page:

    ```sh in=rig until="connected"

in=MACHINE    where it runs: `server` (the default), or `rig`, a second clone with a home of its own
needs=WHAT    it cannot run on any machine: root, systemd, docker, camera, machine (another one); it is checked by other means and listed
until=REGEX   it runs until it is stopped; the next block begins when its output matches
gives=NAME=REGEX   a part of its output that stands for NAME in later blocks
with=TEXT=OTHER    a part of the block that is replaced when it runs
env=NAME=VALUE     a variable that it runs with
within=SECONDS     how long it may take; 300 without this mark
photographs=COUNT   so many more reach the folder that the rig's camera watches, before the block runs
file=NAME     the block is a file of this name in the machine's folder
path          it is a part of the way from nothing to the first point of a rig
"""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt

ROOT: Final = Path(__file__).parents[2]
LANGUAGES: Final = frozenset({"sh", "toml", "json", "python", "html", "nginx", "caddy", "ini", "text", "yaml"})
NEEDS: Final = frozenset({"root", "systemd", "docker", "camera", "machine"})
MACHINES: Final = frozenset({"server", "rig"})
_MANY: Final = frozenset({"with", "env"})
_ONE: Final = frozenset({"in", "needs", "until", "gives", "within", "photographs", "file"})
_ORDER: Final = (
    "README.md",
    "docs/capture.md",
    "docs/operations.md",
    "docs/troubleshooting.md",
    "docs/deploy.md",  # its last parts change how the system is reached
    "docs/black_box.md",
    "CONTRIBUTING.md",
)


class BadBlockError(ValueError):
    """A code block whose marks cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One code block of a document."""

    document: Path
    line: int
    language: str
    text: str
    machine: str = "server"
    needs: str | None = None
    until: str | None = None
    gives: tuple[str, str] | None = None
    replaced: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    within_s: float = 300.0
    photograph_count: int = 0
    file: str | None = None
    is_path: bool = False

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.document.relative_to(ROOT)}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """Its lines without blank lines and comments."""
        return [line for line in self.text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def documents() -> list[Path]:
    """All documents, those that a newcomer reads first in front."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "benchmarks/README.md", ROOT / "tests/EYES.md"]
    first = [ROOT / name for name in _ORDER]
    return first + sorted(set(found) - set(first))


def blocks_of(document: Path) -> list[Block]:
    """Read the blocks of one document; raises BadBlockError."""
    return read_blocks(document, document.read_text(encoding="utf-8"))


def read_blocks(document: Path, text: str) -> list[Block]:
    """Read the blocks of a document's text; raises BadBlockError."""
    tokens = MarkdownIt().parse(text)
    return [
        _block(document, token.map[0] + 1 if token.map else 0, token.info, token.content)
        for token in tokens
        if token.type in {"fence", "code_block"}
    ]


def _block(document: Path, line: int, info: str, text: str) -> Block:
    place = f"{document.relative_to(ROOT)}:{line}"
    language, *marks = shlex.split(info) or [""]
    if language not in LANGUAGES:
        raise BadBlockError(f"{place}: a block begins with ```LANGUAGE, one of {', '.join(sorted(LANGUAGES))}")
    one: dict[str, str] = {}
    many: dict[str, list[tuple[str, str]]] = {name: [] for name in _MANY}
    for mark in marks:
        name, sign, value = mark.partition("=")
        if name in _MANY:
            left, _, right = value.partition("=")
            many[name].append((left, right))
        elif (name in _ONE and sign) or mark == "path":
            one[name] = value
        else:
            raise BadBlockError(f"{place}: {mark!r} is no mark of a block")
    for name, known in (("needs", NEEDS), ("in", MACHINES)):
        if one.get(name, next(iter(known))) not in known:
            raise BadBlockError(f"{place}: {name}={one[name]} is unknown: use one of {', '.join(sorted(known))}")
    given = one.get("gives", "").partition("=")
    return Block(
        document=document,
        line=line,
        language=language,
        text=text,
        machine=one.get("in", "server"),
        needs=one.get("needs"),
        until=one.get("until"),
        gives=(given[0], given[2]) if given[2] else None,
        replaced=tuple(many["with"]),
        environment=tuple(many["env"]),
        within_s=float(one.get("within", "300")),
        photograph_count=int(one.get("photographs", "0")),
        file=one.get("file"),
        is_path="path" in one,
    )

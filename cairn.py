"""The `cairn` command: the programs' command lines, `demo` and `doctor` under one roof.

Each is imported only when it is called, so that a rig needs nothing of the others' libraries.
"""

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import Final

from broker.errors import CairnError


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One word after `cairn`."""

    module: str
    purpose: str
    extra: str | None = None


PROGRAMS: Final[Mapping[str, Program]] = MappingProxyType(
    {
        "demo": Program(
            module="demo.cli", purpose="the whole path on this machine", extra="viewer,reconstructor,simulation"
        ),
        "doctor": Program(module="viewer.doctor", purpose="is the browsers' endpoint fast enough", extra="viewer"),
        "broker": Program(module="broker.cli", purpose="run our own Mosquitto and keep its accounts"),
        "edge": Program(module="edge_agent.cli", purpose="the agent on a camera rig"),
        "reconstructor": Program(module="reconstructor.cli", purpose="from images to shards", extra="reconstructor"),
        "export": Program(
            module="reconstructor.exports.cli",
            purpose="a reconstruction as COLMAP, PLY, LAZ or glTF",
            extra="reconstructor",
        ),
        "view": Program(module="viewer.cli", purpose="the page server and the command-line viewer", extra="viewer"),
    }
)


def usage() -> str:
    """What `cairn --help` prints."""
    lines = [f"  {name:<14} {program.purpose}" for name, program in PROGRAMS.items()]
    return "\n".join(["usage: cairn PROGRAM …", "", *lines, "", "cairn PROGRAM --help tells more", ""])


def main() -> None:
    """Run one program; an error of ours is one line and exit code 1, bad usage exit code 2."""
    words = sys.argv[1:]
    if not words or words[0] in {"-h", "--help"}:
        sys.stdout.write(usage())
        sys.exit(0 if words else 2)
    if words[0] == "--version":
        sys.stdout.write(f"cairn {version('cairn')}\n")
        return
    if words[0] not in PROGRAMS:
        sys.stderr.write(f"cairn: there is no program {words[0]!r}\n{usage()}")
        sys.exit(2)
    _run(words[0], PROGRAMS[words[0]], words[1:])


def _run(name: str, program: Program, words: list[str]) -> None:
    try:
        app = importlib.import_module(program.module).app
    except ModuleNotFoundError as exc:
        missing = str(exc.name)
        if missing.partition(".")[0] in {"broker", "edge_agent", "reconstructor", "viewer", "demo"}:
            raise
        hint = f": pip install 'cairn[{program.extra}]'" if program.extra else ""
        sys.stderr.write(f"cairn {name} needs the Python package {missing!r}{hint}\n")
        sys.exit(1)
    try:
        app(words, prog_name=f"cairn {name}")
    except CairnError as exc:
        sys.stderr.write(f"cairn {name}: {exc.sentence}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()

"""The `cairn` command: the command lines as one tree; each program is imported when it is called, so a rig needs no other."""

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from broker.clients.descriptors import raise_descriptor_limit
from broker.errors import CairnError, one_line

OURS: Final = frozenset({"broker", "edge_agent", "reconstructor", "viewer", "admin", "demo"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One word after `cairn`: `module` or `module:app`; `setup` is the part of deploy/setup.sh that installs its libraries."""

    place: str
    purpose: str
    setup: str


PROGRAMS: Final[Mapping[str, Entry]] = {
    "init": Entry("admin.cli:init_app", "Set up broker, reconstructor and page for a project.", "server"),
    "invite": Entry("admin.cli:invite_app", "Invite a rig or a person: link and QR code.", "server"),
    "renew": Entry("admin.cli:renew_app", "Renew the broker's certificate in time.", "server"),
    "up": Entry("admin.cli:up_app", "Run them with one status screen.", "server"),
    "audit": Entry("admin.cli:audit_app", "List who did what.", "server"),
    "demo": Entry("demo.cli", "Run the whole path on this machine.", "demo"),
    "status": Entry("admin.cli:status_app", "Show what runs, the projects and the rigs.", "server"),
    "open": Entry("admin.cli:open_app", "Open the page in the browser.", "server"),
    "doctor": Entry("admin.doctor.cli", "Find what is wrong with a system, and what to do.", "server"),
    "ops": Entry("admin.ops.cli", "Watch all projects in one table.", "server"),
    "rig": Entry("admin.rigs.cli", "See and lead the rigs of a project.", "server"),
    "project": Entry("admin.projects.cli", "See, lead, keep and end whole projects.", "server"),
    "broker": Entry("broker.cli", "Run our own Mosquitto and keep its accounts.", "rig"),
    "edge": Entry("edge_agent.cli", "Run the agent on a camera rig.", "rig"),
    "reconstructor": Entry("reconstructor.cli", "Turn images into shards.", "server"),
    "export": Entry("reconstructor.exports.cli", "Write a reconstruction as COLMAP, PLY, LAZ or glTF.", "server"),
    "view": Entry("viewer.cli", "Serve the page; view from the command line.", "server"),
}


class MissingPackageError(CairnError):
    """A program's libraries are not installed on this machine."""

    code = "package_missing"
    remedy = "Run the part of `deploy/setup.sh` that the message names."


class ProgramTree(TyperGroup):
    """A group whose commands are imported when they are called or completed, not when they are listed."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # What the help lists and what a typing mistake is compared with: names and purposes, nothing imported.
        self.commands = {name: TyperCommand(name, help=each.purpose) for name, each in PROGRAMS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the program that is called or completed; a word cut short is answered with the whole one."""
        begun = [each for each in self.commands if args[0] and each.startswith(args[0])]
        if begun and args[0] not in begun and not ctx.resilient_parsing:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {' or '.join(map(repr, begun))}?")
        name, command, rest = super().resolve_command(ctx, args)
        return name, _load(str(name)) if command is not None else None, rest


app = typer.Typer(cls=ProgramTree, no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        sys.stdout.write(f"cairn {version('cairn')}\n")
        raise typer.Exit


@app.callback()
def root(
    *,
    is_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Photographs of a heritage site become a 3-D reconstruction while the team is still there."""
    del is_version  # its callback has answered it


def _load(name: str) -> Any:
    program = PROGRAMS[name]
    module, _, attribute = program.place.partition(":")
    try:
        return typer.main.get_command(getattr(importlib.import_module(module), attribute or "app"))
    except ModuleNotFoundError as exc:
        missing = str(exc.name)
        if missing.partition(".")[0] in OURS:
            raise
        raise MissingPackageError(
            f"the Python package {missing!r} is missing: run `deploy/setup.sh {program.setup}`"
        ) from exc


def main() -> None:
    """Run one program; an error of ours is one line and exit code 1, bad usage exit code 2."""
    raise_descriptor_limit()
    try:
        app(prog_name="cairn")
    except (CairnError, PermissionError) as exc:
        sys.stderr.write(f"cairn {sys.argv[1]}: {one_line(exc)}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()

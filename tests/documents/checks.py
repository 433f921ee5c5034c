"""Is a block right, as far as that can be seen without running it? Its syntax, and whether its commands and settings exist."""

import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Final

import typer
from typer._click import ClickException, Command, Context  # typer has its own copy of click since 0.20

import broker.settings
import cairn
import edge_agent.config
import reconstructor.config
import viewer.config
from tests.documents.blocks import ROOT, Block

_SETTINGS: Final = {
    each.table: each
    for each in (
        broker.settings.Settings,
        edge_agent.config.Settings,
        reconstructor.config.Settings,
        viewer.config.Settings,
    )
}
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]*=.*", re.DOTALL)


def faults(block: Block) -> list[str]:
    """Say what is wrong with a block; an empty list when nothing is."""
    return [f"{block.place}: {fault}" for fault in _CHECKS.get(block.language, _nothing)(block.text)]


def shell_commands(text: str) -> Iterator[list[str]]:
    """Each command of a block as words, without the variables before it and the comment behind it."""
    for line in re.split(r"(?<!\\)\n", text):
        words = shlex.split(line.replace("\\\n", " "), comments=True)
        while words and (_VARIABLE.fullmatch(words[0]) or words[0] in {"sudo", "exec"}):
            words.pop(0)
        if words:
            yield words


def _shell(text: str) -> Iterator[str]:
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        yield done.stderr.strip()
        return
    for words in shell_commands(text):
        program, rest = words[0], words[1:]
        if program.rpartition("/")[2] == "cairn":
            yield from _cairn(rest)
        elif program == "make":
            yield from _make(rest)
        elif "/" in program and not (ROOT / program).exists() and not program.startswith((".venv/", "/")):
            yield f"{program} does not exist"


def _cairn(words: list[str]) -> Iterator[str]:
    """Parse a command line of ours with the parser that the program uses; nothing is called."""
    command: Command = typer.main.get_command(cairn.app)
    parent: Context | None = None
    arguments = words
    try:
        while True:
            context = command.make_context(command.name or "cairn", list(arguments), parent=parent)
            rest = [*context._protected_args, *context.args]
            if not hasattr(command, "resolve_command") or not rest:
                return
            _, found, arguments = command.resolve_command(context, rest)
            command, parent = found, context
    except typer.Exit:  # --help and --version
        return
    except ClickException as exc:
        yield f"cairn {' '.join(words)}: {exc.format_message()}"


def _make(words: list[str]) -> Iterator[str]:
    targets = [word for word in words if "=" not in word and not word.startswith("-")]
    known = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    yield from (f"make {target}: the Makefile has no such target" for target in targets if target not in known)


def _toml(text: str) -> Iterator[str]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        yield str(exc)
        return
    for name, table in tables.items():
        if name not in _SETTINGS:
            yield f"[{name}] is no table of cairn.toml"
        else:
            unknown = set(table) - set(_SETTINGS[name].model_fields)
            yield from (f"[{name}] has no setting {each}" for each in sorted(unknown))


def _json(text: str) -> Iterator[str]:
    try:
        json.loads(text)
    except json.JSONDecodeError as exc:
        yield str(exc)


def _python(text: str) -> Iterator[str]:
    try:
        compile(text, "block", "exec")
    except SyntaxError as exc:
        yield str(exc)


def _nothing(text: str) -> Iterator[str]:
    del text
    yield from ()


_CHECKS: Final = {"sh": _shell, "toml": _toml, "json": _json, "python": _python}

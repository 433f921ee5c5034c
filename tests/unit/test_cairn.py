"""Is `cairn` one tree: lazy, completed by one script in each shell, and helpful after a typing mistake?"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cairn import PROGRAMS, _load

ROOT = Path(__file__).parents[2]
HEAVY = {"numpy", "torch", "aiohttp", "open3d", "pycolmap"}


def cairn(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cairn", *words],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def complete(shell: str, line: str) -> list[str]:
    """Ask as the shell's script does, and take the first word of each answer."""
    words = line.split(" ")
    asked = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    done = cairn(_CAIRN_COMPLETE=f"complete_{shell}", **asked)
    return [each for each in ("acl", "broker", "view") if each in done.stdout]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_programs_and_their_commands_are_completed(shell: str) -> None:
    assert complete(shell, "cairn bro") == ["broker"]
    assert complete(shell, "cairn broker a") == ["acl"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_the_root(shell: str) -> None:
    done = cairn("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == 0, done.stderr
    assert f"complete_{shell}" in done.stdout
    assert "_CAIRN_COMPLETE" in done.stdout


def test_bash_completes_with_the_script(tmp_path: Path) -> None:
    script = tmp_path / "completion.sh"
    script.write_text(
        cairn("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1").stdout, encoding="utf-8"
    )
    (tmp_path / "cairn").write_text(f'#!/bin/sh\nexec {sys.executable} -m cairn "$@"\n', encoding="utf-8")
    (tmp_path / "cairn").chmod(0o755)
    asked = f'. {script}; COMP_WORDS=(cairn reco); COMP_CWORD=1; _cairn_completion cairn; echo "${{COMPREPLY[@]}}"'
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", asked], cwd=ROOT, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "reconstructor", done.stderr


def test_the_list_of_programs_imports_none_of_them() -> None:
    probe = (
        "import json, sys, cairn\n"
        "try:\n    cairn.app(['--help'], prog_name='cairn')\n"
        f"except SystemExit:\n    print(json.dumps(sorted({HEAVY!r} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout.splitlines()[-1]) == []
    assert "reconstructor" in done.stdout


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("brokr",), "Did you mean 'broker'?"),
        (("recon",), "Did you mean 'reconstructor'?"),
        (("view", "pul"), "Did you mean 'pull'?"),
    ],
)
def test_a_typing_mistake_is_answered_with_the_nearest_word(words: tuple[str, ...], hint: str) -> None:
    done = cairn(*words)
    assert done.returncode == 2
    assert hint in done.stderr


def test_an_error_of_ours_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    done = cairn("reconstructor", "status", "--project", "chapel", "--data", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("cairn reconstructor: no project 'chapel'")
    assert len(done.stderr.splitlines()) == 1


def test_without_a_program_the_list_is_shown_and_the_exit_code_is_2() -> None:
    done = cairn()
    assert done.returncode == 2
    assert "Turn images into shards." in done.stdout + done.stderr


def test_the_version_is_told() -> None:
    assert cairn("--version").stdout.startswith("cairn 0.")


def commands(command: Any, *words: str) -> Iterator[tuple[str, Any]]:
    """Every command below one, with the words that call it."""
    yield " ".join(words), command
    for name, each in getattr(command, "commands", {}).items():
        yield from commands(each, *words, name)


def test_the_help_of_every_command_names_arguments_in_capitals_and_bounds_every_port() -> None:
    found = [each for name in PROGRAMS for each in commands(_load(name), name)]
    parameters = [(words, each) for words, command in found for each in command.params]
    arguments = {(words, each.name): each.metavar for words, each in parameters if each.param_type_name == "argument"}
    assert {where: metavar for where, metavar in arguments.items() if metavar is None or metavar.islower()} == {}
    assert ("export", "out") in arguments
    ports = {(words, each.name): each.max for words, each in parameters if "port" in each.name}
    del ports[("demo", "report")]  # a file
    assert set(ports.values()) == {65_535}, ports
    assert ("broker start", "port") in ports

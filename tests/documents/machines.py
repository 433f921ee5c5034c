"""Where do the blocks of the documents run? On machines of their own: a fresh clone, a home, and nothing activated."""

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.documents.blocks import ROOT, Block
from tests.documents.checks import shell_commands

PATIENCE_S: Final = 60.0  # for a program that was asked to stop
_POLL_S: Final = 0.2
_SHOWN_LINES: Final = 30


class BlockFailedError(Exception):
    """A block that did not do what the document says."""


@dataclass(slots=True)
class Running:
    """A block that runs until it is stopped."""

    block: Block
    process: subprocess.Popen[bytes]
    output: Path

    def stop(self) -> None:
        """Stop it as Ctrl-C does, with everything that it started; raises BlockFailedError when it does not end well."""
        has_ended = self.process.poll() is not None
        if not has_ended:
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise BlockFailedError(f"{self.block.place}: does not stop in {PATIENCE_S:.0f} s at Ctrl-C") from None
        if status not in {0, 130, -signal.SIGINT}:
            raise BlockFailedError(f"{self.block.place}: ended with status {status}\n{_end_of(self.output)}")


@dataclass(slots=True)
class Machine:
    """One machine of a newcomer: a folder with a home and a clone."""

    folder: Path
    known: dict[str, str] = field(default_factory=dict)
    running: dict[str, Running] = field(default_factory=dict)

    @property
    def clone(self) -> Path:
        """Where the blocks run."""
        return self.folder / "cairn"

    def prepare(self) -> None:
        """Clone what is committed."""
        (self.folder / "home").mkdir(parents=True)
        subprocess.run(["git", "clone", "--quiet", f"file://{ROOT}", str(self.clone)], check=True)

    def run(self, block: Block, log: Path) -> str:
        """Run a block as a person would type it; returns what it printed.

        Raises:
            BlockFailedError: an exit status that is not 0, too slow, or without the output that was announced.
        """
        text = block.text
        for name, value in [*self.known.items(), *block.replaced]:
            text = text.replace(name, value)
        key = " ".join(list(shell_commands(block.text))[-1])
        if key in self.running:
            self.running.pop(key).stop()
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", text],
                cwd=self.clone,
                env=self._environment() | dict(block.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        running = Running(block, process, log)
        if block.until is None:
            self._wait_for_end(running)
        else:
            self.running[key] = running
            self._wait_for_text(running, block.until)
        return log.read_text("utf-8", errors="replace")

    def stop(self) -> list[str]:
        """Stop what runs, the last one first; says what did not end well."""
        failed = []
        while self.running:
            try:
                self.running.popitem()[1].stop()
            except BlockFailedError as exc:
                failed.append(str(exc))
        return failed

    def _environment(self) -> dict[str, str]:
        home = self.folder / "home"
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "LANG", "LC_", "SSL_"))}
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        return kept | {
            "HOME": str(home),
            "PATH": f"{home}/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PIP_CACHE_DIR": str(cache / "pip"),  # what was downloaded once is not downloaded again
            "npm_config_cache": str(Path.home() / ".npm"),
            "CAIRN_BIN_DIR": f"{home}/.local/bin",  # set-up as root would put every machine's command into one folder
            "BROWSER": "true",  # a page that opens by itself opens nowhere
        }

    def _wait_for_end(self, running: Running) -> None:
        try:
            status = running.process.wait(running.block.within_s)
        except subprocess.TimeoutExpired:
            os.killpg(running.process.pid, signal.SIGKILL)
            raise self._failed(running, f"still runs after {running.block.within_s:.0f} s") from None
        if status != 0:
            raise self._failed(running, f"ended with status {status}")

    def _wait_for_text(self, running: Running, pattern: str) -> None:
        deadline = time.monotonic() + running.block.within_s
        while re.search(pattern, running.output.read_text("utf-8", errors="replace")) is None:
            if running.process.poll() is not None:
                raise self._failed(running, f"ended before it printed {pattern!r}")
            if time.monotonic() > deadline:
                raise self._failed(running, f"did not print {pattern!r} in {running.block.within_s:.0f} s")
            time.sleep(_POLL_S)

    def _failed(self, running: Running, what: str) -> BlockFailedError:
        return BlockFailedError(f"{running.block.place}: {what}\n{_end_of(running.output)}")


def _end_of(output: Path) -> str:
    lines = output.read_text("utf-8", errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-_SHOWN_LINES:])

"""How are the programs of a system kept alive? Started, restarted when they die, and stopped in order."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from broker.accounts.users import UserBook
from broker.errors import CairnError
from broker.logs import get_logger
from broker.mosquitto import Mosquitto
from broker.printable import printable

RESTART_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
MOST_RESTARTS: Final = 20
STOP_TIMEOUT_S: Final = 15.0
ACCOUNTS_PAUSE_S: Final = 0.2
_LAST_WORDS_BYTES: Final = 4096


class ProgramFailedError(CairnError):
    """A program of the system ends again and again."""

    code = "program_failed"
    remedy = "Read the program's log that the message names."


@dataclass(slots=True, kw_only=True)
class Program:
    """One `cairn …` process.

    Attributes:
        name: for logs; its output goes to `{log_dir}/{name}.log`.
        words: what stands after `cairn`.
        environment: its settings, on top of ours.
        log_dir: where its output goes.
        most_restarts: how often it may be started again; None for a system that runs for months.
        may_end: whether exit code 0 means that its work is done; else it is started again.
    """

    name: str
    words: tuple[str, ...]
    environment: Mapping[str, str]
    log_dir: Path
    may_end: bool = False
    most_restarts: int | None = MOST_RESTARTS
    restart_count: int = 0
    is_done: bool = False
    _process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        """Where it writes."""
        return self.log_dir / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def keep_running(self) -> None:
        """Run until it is done; start it again when it dies.

        Raises:
            ProgramFailedError: it died too often; the message carries its last line.
        """
        logger = get_logger(program=self.name)
        while True:
            code = await self._run_once()
            if code == 0 and self.may_end:
                self.is_done = True
                return
            self.restart_count += 1
            logger.warning("program_restarted", exit_code=code, restart_count=self.restart_count)
            is_hopeless = self.most_restarts is not None and self.restart_count > self.most_restarts
            if is_hopeless or code == _USAGE_ERROR:
                raise ProgramFailedError(f"{self.name} ended with code {code}: {self.last_words()} (see {self.log})")
            await asyncio.sleep(min(RESTART_PAUSE_S * 1.5 ** min(self.restart_count, 10), LONGEST_PAUSE_S))

    async def stop(self) -> None:
        """Ask it to end; after a while insist."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _run_once(self) -> int:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "cairn",
                *self.words,
                env={**os.environ, **self.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches us alone, and we stop the programs in order
            )
        return await self._process.wait()

    def last_words(self) -> str:
        """The last line that it wrote, for as long as nobody removes the log."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - _LAST_WORDS_BYTES))
                lines = log.read().decode(errors="replace").strip().splitlines()
        except FileNotFoundError:
            lines = []
        return printable(lines[-1]) if lines else "it said nothing"


async def keep_broker(broker: Mosquitto) -> None:
    """Start the broker again whenever it has died."""
    logger = get_logger(program="broker")
    while True:
        await asyncio.sleep(RESTART_PAUSE_S)
        if broker.pid is None:
            logger.warning("program_restarted")
            await asyncio.to_thread(broker.start)


async def keep_accounts(broker: Mosquitto, book: UserBook) -> None:
    """Put every change of the accounts in force."""
    stamp = book.stamp()
    while True:
        await asyncio.sleep(ACCOUNTS_PAUSE_S)
        if stamp != book.stamp():
            stamp = book.stamp()
            broker.reload(await asyncio.to_thread(book.accounts))


_USAGE_ERROR: Final = 2

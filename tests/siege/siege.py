"""Can anything that comes from outside stop a project? Hundreds of hostile inputs on the real programs, one after the other.

`python -m tests.siege.siege` (also `make siege`): after each input a good image of another sender and one of the other
project must be placed. One line of JSON last; exit code 1 when a bound is broken or something could not be measured.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from broker.logs import LogLevel, configure
from tests.siege.assault import UNDISTURBED_S, Assault, Attack, EscapeError, HangError
from tests.siege.memory_watch import MemoryWatch
from tests.siege.mutations import drawn
from tests.siege.programs import CASTLE, CHAPEL, Programs
from tests.siege.report import LEAST_INPUTS, Report
from tests.siege.strikes import KINDS, corpus

LONGEST_S: Final = 20 * 60.0
DRAWN_COUNT: Final = 60
LONGEST_TOLD: Final = 300


class Siege:
    """Runs attacks and reports; what an attack broke is replaced by fresh programs in a fresh folder."""

    def __init__(self, folder: Path, report: Report, tell: Callable[[str], None]) -> None:
        self._folder, self._report, self._tell = folder, report, tell
        self._ends_s = time.monotonic() + LONGEST_S
        self._round = 0

    async def run(self, choose: Callable[[Programs], list[Attack]]) -> None:
        """Every chosen attack, one after the other."""
        struck: set[str] = set()
        is_done = False
        while not is_done and not self._is_late():
            self._round += 1
            with (
                Programs(self._folder / f"round-{self._round}") as programs,
                MemoryWatch(programs.service_pid) as memory,
            ):
                left = [attack for attack in choose(programs) if attack.name not in struck]
                async with Assault.of(programs) as assault:
                    await assault.good_image(CHAPEL, "rig-south")
                    is_done = await self._strike_all(assault, left, struck, memory)
        if not is_done:
            self._report.hangs.append(f"the siege itself: not done in {LONGEST_S / 60:.0f} minutes")

    async def _strike_all(self, assault: Assault, attacks: list[Attack], struck: set[str], memory: MemoryWatch) -> bool:
        """Strike until the programs must be replaced; True when nothing is left."""
        for attack in attacks:
            if self._is_late():
                return False
            struck.add(attack.name)
            is_well = await self._is_withstood(assault, attack)
            self._report.note_memory(memory.service_mb, memory.decoder_mb, attack.name)
            if not is_well:
                return attack is attacks[-1]
        return True

    def _is_late(self) -> bool:
        return time.monotonic() > self._ends_s

    async def _is_withstood(self, assault: Assault, attack: Attack) -> bool:
        """Strike once and look whether all goes on; False when the programs must be replaced."""
        report, name = self._report, f"{attack.kind} {attack.name}"
        report.inputs.append(name)
        castle = asyncio.create_task(assault.good_image(CASTLE, "rig-north"), name="castle")
        is_well = True
        try:
            seconds = await attack.strike(assault)
            if seconds is not None:
                report.note_receipt(seconds, name)
        except EscapeError as exc:
            self._note(report.escapes, name, exc)
        except (HangError, OSError) as exc:  # OSError: nothing listens any more
            is_well = self._note(report.hangs, name, exc)
        for seconds in assault.beside_s:
            report.note_other_sender(seconds, name)
        assault.beside_s.clear()
        return await self._goes_on(assault, castle, name) and is_well

    async def _goes_on(self, assault: Assault, castle: asyncio.Task[tuple[float, float]], name: str) -> bool:
        """Whether the next good images are placed and every program lives; escapes are noted, too."""
        report = self._report
        is_well = True
        report.checked_count += 1
        try:
            await assault.good_image(CHAPEL, "rig-south")
        except HangError as exc:
            is_well = self._note(report.not_placed, name, exc)
        try:
            _, placed_s = await castle
            if placed_s > UNDISTURBED_S:
                self._note(report.disturbed, name, HangError(f"its image took {placed_s:.1f} s"))
        except HangError as exc:
            is_well = self._note(report.disturbed, name, exc)
        for program in assault.programs.ended():
            is_well = self._note(report.crashes, name, HangError(f"{program} ended"))
        for line in (*assault.logs.found(), *assault.files.found(assault.castle_digests)):
            self._note(report.escapes, name, EscapeError(line))
        return is_well

    def _note(self, kept: list[str], name: str, exc: Exception) -> bool:
        """Keep what went wrong; always False."""
        line = f"{name}: {exc}"[:LONGEST_TOLD]
        if line not in kept:
            kept.append(line)
            self._tell(line)
        return False


def run(folder: Path, kinds: Iterable[str] = KINDS, *, drawn_count: int = DRAWN_COUNT, every: int = 1) -> Report:
    """One siege in a folder of its own, with every n-th attack of these kinds."""
    wanted, random_ones = set(kinds), drawn(drawn_count)

    def choose(programs: Programs) -> list[Attack]:
        return [attack for attack in (*corpus(programs), *random_ones) if attack.kind in wanted][::every]

    report = Report()
    asyncio.run(Siege(folder, report, _tell).run(choose))
    return report


def _tell(line: str) -> None:
    sys.stderr.write(f"{ascii(line)[1:-1]}\n")


def main() -> None:
    """Run the whole siege and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help="only these kinds of input")
    parser.add_argument("--drawn", type=int, default=DRAWN_COUNT, help="inputs that hypothesis draws")
    parser.add_argument("--keep", type=Path, help="a new folder in which the programs' logs and data stay")
    wishes = parser.parse_args()
    configure(level=LogLevel.ERROR)
    with contextlib.ExitStack() as stack:
        folder = wishes.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cairn-siege-")))
        report = run(folder, wishes.kinds or KINDS, drawn_count=wishes.drawn)
    breaches = report.breaches()
    if not wishes.kinds and len(report.inputs) < LEAST_INPUTS:
        breaches.append(f"only {len(report.inputs)} inputs of at least {LEAST_INPUTS}")
    if breaches and (load := os.getloadavg()[0]) > (count := os.cpu_count() or 1):
        _tell(f"the machine is busy: times may be its own (load average {load:.1f} on {count} processors)")
    for line in breaches:
        _tell(line)
    sys.stdout.write(json.dumps(report.figures()) + "\n")
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()

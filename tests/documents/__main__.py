"""Do the documents tell the truth? Every command of README and docs runs on fresh clones, as a newcomer types them.

    make docs-test
    make docs-test ARGS="README.md docs/operations.md"     # README always runs: it sets up what the others use

A block that needs what this machine lacks is checked by its own means, listed and counted. The last line is one JSON object.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from edge_agent.cameras.simulated.camera import write_photographs
from tests.documents.blocks import ROOT, Block, blocks_of, documents
from tests.documents.checks import faults
from tests.documents.machines import BlockFailedError, Machine
from tests.documents.means import check_by_own_means
from tests.documents.newcomer import MOST_COMMANDS, count_commands, wait_for_first_point

PHOTO_COUNT: Final = 6  # in each machine's folder at the start
_PHOTOGRAPHS: Final = Path("my") / "photos"  # of a machine's clone


def main() -> int:
    """Run and check everything; 1 when something is wrong."""
    parser = argparse.ArgumentParser(description="Run every command of README and docs on fresh clones.")
    parser.add_argument("documents", nargs="*", help="README.md docs/capture.md …; default: all")
    parser.add_argument("--keep", action="store_true", help="keep the folder of the machines")
    wishes = parser.parse_args()
    chosen = {ROOT / "README.md", *(ROOT / name for name in wishes.documents)} if wishes.documents else None
    blocks = [block for each in documents() if chosen is None or each in chosen for block in blocks_of(each)]
    folder = Path(tempfile.mkdtemp(prefix="cairn-documents-"))
    print(f"machines and logs are in {folder}", flush=True)
    try:
        report = _run_all(blocks, folder)
    finally:
        if not wishes.keep:
            shutil.rmtree(folder, ignore_errors=True)
    report.show(blocks)
    return 1 if report.failed else 0


@dataclass(slots=True, kw_only=True)
class Report:
    """What was seen."""

    failed: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    command_count: int = 0
    first_point_s: float | None = None

    def show(self, blocks: list[Block]) -> None:
        """Print it; the last line is one JSON object."""
        for line in self.failed:
            print(f"WRONG {line}", file=sys.stderr)
        for line in self.not_run:
            print(f"not run, checked by its own means: {line}")
        figures = {
            "blocks": len(blocks),
            "commands_run": self.command_count,
            "not_run": len(self.not_run),
            "commands_to_first_point": count_commands(blocks),
            "first_point_s": self.first_point_s,
            "failed": len(self.failed),
        }
        print(json.dumps(figures))


def _run_all(blocks: list[Block], folder: Path) -> Report:
    report = Report(failed=[fault for block in blocks for fault in faults(block)])
    if count_commands(blocks) > MOST_COMMANDS:
        report.failed.append(f"README's way to the first point has more than {MOST_COMMANDS} commands")
    machines = {name: Machine(folder / name) for name in ("server", "rig")}
    more = sum(block.photograph_count for block in blocks)
    (folder / "photographs").mkdir()
    paths = write_photographs("facade", folder / "photographs", count=PHOTO_COUNT + more)
    for machine in machines.values():
        machine.prepare()
        (machine.clone / _PHOTOGRAPHS).mkdir(parents=True)
        _add_photographs(paths[:PHOTO_COUNT], machine)
        shutil.copy(paths[0], machine.clone / "IMG_0001.JPG")
    unseen = iter(paths[PHOTO_COUNT:])
    last_of_path = next((block for block in reversed(blocks) if block.is_path), None)
    began = time.monotonic()
    try:
        for number, block in enumerate(blocks):
            if number == 0 or block.document != blocks[number - 1].document:
                _write_files(block.document, blocks, machines)
            _add_photographs(list(islice(unseen, block.photograph_count)), machines["rig"])
            try:
                _do(block, machines, folder / f"{number:02}.log", report)
                if block is last_of_path:
                    wait_for_first_point(machines["server"].clone)
                    report.first_point_s = round(time.monotonic() - began, 1)
            except BlockFailedError as exc:
                report.failed.append(str(exc))
    finally:
        for machine in machines.values():
            report.failed += machine.stop()
    report.failed += check_by_own_means(blocks)
    return report


def _add_photographs(paths: list[Path], machine: Machine) -> None:
    for path in paths:
        shutil.copy(path, machine.clone / _PHOTOGRAPHS)


def _write_files(document: Path, blocks: list[Block], machines: dict[str, Machine]) -> None:
    """Write the files of a document, and remove those of the others: a clone is clean again for the next one."""
    for block in blocks:
        if block.file is not None:
            path = machines[block.machine].clone / block.file
            if block.document == document:
                path.write_text(block.text, encoding="utf-8")
            else:
                path.unlink(missing_ok=True)


def _do(block: Block, machines: dict[str, Machine], log: Path, report: Report) -> None:
    """Run a block, or note that it needs more than is here; raises BlockFailedError."""
    if block.needs is not None:
        report.not_run.append(f"{block.place} needs {block.needs}")
    elif block.language == "sh":
        print(f"==> {block.place}: {'; '.join(block.commands)}", flush=True)
        output = machines[block.machine].run(block, log)
        report.command_count += len(block.commands)
        if block.gives is not None:
            name, pattern = block.gives
            found = re.findall(pattern, output)
            if not found:
                raise BlockFailedError(f"{block.place}: printed nothing like {pattern!r}\n{output}")
            for machine in machines.values():
                machine.known[name] = found[-1]


if __name__ == "__main__":
    sys.exit(main())

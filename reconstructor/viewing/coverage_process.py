"""The process that computes a project's coverage: run as `python -m reconstructor.viewing.coverage_process`.

It is a process of its own, with the lowest priority, so that neither images nor the service's messages wait for it.
"""

import struct
import sys
from pathlib import Path
from typing import BinaryIO, Final

from broker.errors import CairnError
from broker.ids import ProjectId
from reconstructor.exports.coverage_report import report_coverage
from reconstructor.exports.origins import NothingToExportError, origin_of
from reconstructor.processes.background import end_with_parent, yield_to_images

NOTHING_YET: Final = 3  # the exit status where fewer than three photographs are placed
_NICENESS: Final = 19
_LENGTH: Final = struct.Struct("<I")


def main(project: str, data_dir: str) -> int:
    """Write three parts to standard output: both messages as JSON, and the grid's bytes."""
    try:
        told = report_coverage(origin_of(Path(data_dir) / ProjectId(project))).told
    except NothingToExportError as exc:
        sys.stderr.write(exc.sentence)
        return NOTHING_YET
    except CairnError as exc:
        sys.stderr.write(exc.sentence)
        return 1
    for part in (told.coverage.encode(), told.advice.encode(), told.grid):
        _write(sys.stdout.buffer, part)
    return 0


def read_parts(output: bytes) -> list[bytes]:
    """The parts of the process's output; those that are cut are left out."""
    parts, start = [], 0
    while start + _LENGTH.size <= len(output):
        (length,) = _LENGTH.unpack_from(output, start)
        start += _LENGTH.size
        if start + length > len(output):
            break
        parts.append(output[start : start + length])
        start += length
    return parts


def _write(stream: BinaryIO, part: bytes) -> None:
    stream.write(_LENGTH.pack(len(part)) + part)


if __name__ == "__main__":
    end_with_parent(int(sys.argv[3]))
    yield_to_images(_NICENESS)
    sys.exit(main(*sys.argv[1:3]))

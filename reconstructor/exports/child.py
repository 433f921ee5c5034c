"""How is an export made beside the images that come? In a process of its own at low priority, which ends with its parent.

The reconstructor starts `python -m reconstructor.exports.child`, writes one `Order` as a line of JSON and keeps the pipe
open. The process answers with lines of `Progress`, then with one `Done` or one `Refusal`. When the pipe closes, because the
reconstructor has ended, it removes what it wrote.
"""

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Annotated, Final, Literal, TextIO

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from broker.envelope import Count, Word
from broker.errors import CairnError
from broker.files import keep_private
from broker.ids import ExportFormat
from broker.logs import LogLevel, configure
from reconstructor.exports.origins import origin_of
from reconstructor.processes.background import yield_to_images

NICENESS: Final = 15
INTERVAL_S: Final = 0.5
_PATIENCE_S: Final = 5.0  # a native library may not look at signals


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True)


class Order(_Line):
    """What is to be made.

    Attributes:
        store: the project's folder.
        out: the file to write, in a folder that is the export's own.
    """

    store: Path
    form: ExportFormat
    out: Path
    has_names: bool


class Progress(_Line):
    """How far it is."""

    kind: Literal["progress"] = "progress"
    stage: Word
    done_ratio: Annotated[float, Field(ge=0, le=1)]


class Done(_Line):
    """The file is complete."""

    kind: Literal["done"] = "done"
    point_count: Count
    is_metric: bool


class Refusal(_Line):
    """Why there is no file."""

    kind: Literal["refusal"] = "refusal"
    code: Word
    reason: str


Answer = Progress | Done | Refusal
ANSWERS: Final[TypeAdapter[Answer]] = TypeAdapter(Annotated[Answer, Field(discriminator="kind")])


def main() -> None:
    """Make what the first line of standard input says."""
    keep_private()
    yield_to_images(NICENESS)
    configure(level=LogLevel.WARNING)
    answers = _take_stdout()
    order = Order.model_validate_json(sys.stdin.buffer.readline())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # context managers then remove what they made
    threading.Thread(target=_end_with_parent, args=(order.out.parent,), daemon=True).start()
    try:
        done = _make(order, answers)
    except CairnError as exc:
        _say(answers, Refusal(code=exc.code, reason=exc.sentence))
    else:
        _say(answers, done)


def _make(order: Order, answers: TextIO) -> Done:
    from reconstructor.exports.exporting import export_to  # noqa: PLC0415 - a bad order is found without the engine

    said_s = 0.0

    def report(stage: str, done: int, total: int) -> None:
        nonlocal said_s
        now_s = time.monotonic()
        if now_s - said_s >= INTERVAL_S:
            said_s = now_s
            _say(answers, Progress(stage=stage, done_ratio=min(1.0, done / max(total, 1))))

    report("reading", 0, 1)
    made = export_to(origin_of(order.store), order.form, order.out, report, has_names=order.has_names)
    return Done(point_count=made.point_count, is_metric=made.unit == "metres")


def _say(answers: TextIO, answer: Answer) -> None:
    with contextlib.suppress(BrokenPipeError):  # the parent has ended
        print(answer.model_dump_json(), file=answers, flush=True)


def _take_stdout() -> TextIO:
    """Standard output for answers alone: what libraries print goes to standard error."""
    ours = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return os.fdopen(ours, "w", encoding="utf-8")


def _end_with_parent(folder: Path) -> None:
    """Wait until the pipe from the parent closes, then end and leave nothing behind."""
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 4096):
            pass
    shutil.rmtree(folder, ignore_errors=True)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE_S)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()

"""How does a failing black box leave the service alive? Process isolation: it runs in this child process.

Calls come as lines of JSON on stdin, replies go as lines of JSON to what was stdout, each with its call's number;
whatever the black box prints goes to stderr. The process ends when its parent does.

Calls run one after the other in the main thread. Only refetches of a black box that was declared concurrent have a
thread of their own, beside which images are added.
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO, Final, Literal

from pydantic import BaseModel, ConfigDict

from broker.errors import CairnError
from reconstructor.black_box import BlackBox, BlackBoxNotFoundError, is_concurrent, load

MAX_LINE_BYTES: Final = 64 * 1024
_MAX_REASON: Final = 1500
_PR_SET_PDEATHSIG: Final = 1

Problem = Literal["", "not_found", "failed", "out_of_memory"]


class Call(BaseModel):
    """One call: the three arguments of a black box, the call's number, and whether it is a refetch."""

    model_config = ConfigDict(frozen=True)

    number: int = 0
    is_refetch: bool = False
    input_img_path: str
    old_point_cloud: str
    new_img_id: str


class Reply(BaseModel):
    """The folder that a call returned, or what went wrong; the first reply says that the black box is loaded."""

    model_config = ConfigDict(frozen=True)

    number: int = 0
    folder: str = ""
    problem: Problem = ""
    reason: str = ""
    is_concurrent: bool = False  # in the first reply: whether images can be added while a refetch runs


def main() -> None:
    """Load the black box that the first argument names, then answer calls until stdin ends."""
    _die_with_parent()
    replies = Replies(os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        black_box = load(sys.argv[1])
    except BlackBoxNotFoundError as exc:
        replies.send(Reply(problem="not_found", reason=exc.sentence))
        return
    replies.send(Reply(is_concurrent=is_concurrent(black_box)))
    calls: SimpleQueue[Call] = SimpleQueue()
    threading.Thread(target=_read_calls, args=(calls,), name="calls", daemon=True).start()
    while True:
        serve(black_box, calls.get(), replies)


class Replies:
    """Send one reply line at a time, from any thread."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()

    def send(self, reply: Reply) -> None:
        with self._lock:
            self._file.write(reply.model_dump_json().encode() + b"\n")
            self._file.flush()


def serve(black_box: BlackBox, call: Call, replies: Replies) -> None:
    """Answer a call, now or, if another may come meanwhile, in a thread of its own."""

    def run() -> None:
        replies.send(answer(black_box, call))

    def run_or_end() -> None:
        with contextlib.ExitStack() as unless_answered:
            unless_answered.callback(os._exit, 1)  # SystemExit would end the thread only, without a reply
            run()
            unless_answered.pop_all()

    if call.is_refetch and is_concurrent(black_box):
        threading.Thread(target=run_or_end, name="refetch", daemon=True).start()
    else:
        run()


def answer(black_box: BlackBox, call: Call) -> Reply:
    """Call the black box; an exception becomes a reply, too."""
    return _answer(black_box, call).model_copy(update={"number": call.number})


def _answer(black_box: BlackBox, call: Call) -> Reply:
    try:
        folder: object = black_box(call.input_img_path, call.old_point_cloud, call.new_img_id)
    except CairnError as exc:
        return Reply(problem="failed", reason=f"{exc.code}: {exc.sentence}"[:_MAX_REASON])
    except MemoryError:
        return Reply(problem="out_of_memory", reason="the black box found no more memory")
    except Exception as exc:  # noqa: BLE001 - foreign code: the one place that must outlive anything
        sys.excepthook(type(exc), exc, exc.__traceback__)
        return Reply(problem="failed", reason=f"{type(exc).__name__}: {exc}"[:_MAX_REASON])
    if not isinstance(folder, str | Path):
        return Reply(problem="failed", reason=f"the black box returned a {type(folder).__name__}, not a folder's path")
    return Reply(folder=str(Path(folder).absolute()))


def _read_calls(calls: SimpleQueue[Call]) -> None:
    for line in sys.stdin.buffer:
        calls.put(Call.model_validate_json(line))
    os._exit(0)  # the parent closed the pipe or is gone; the black box may be busy in a call that never ends


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")  # when memory ends, we go first


if __name__ == "__main__":
    main()

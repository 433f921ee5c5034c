"""How does a failing black box leave the service alive? Process isolation: it runs in this child process.

Calls and replies are lines of JSON on a socket of their own, each with its call's number. Standard input is empty;
standard output and standard error belong to the black box, and the parent logs their lines. The process ends when its
parent does.

Calls run one after the other in the main thread, and no other thread of ours exists, so that a black box may fork. Only
refetches of a black box that was declared concurrent have a thread of their own, beside which images are added.
"""

import faulthandler
import io
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from broker.errors import CairnError
from reconstructor.black_box import BlackBox, BlackBoxNotFoundError, is_concurrent, load, reads_cloud, takes_previews
from reconstructor.foreign_errors import describe, print_traceback
from reconstructor.processes.background import ask_to_end_with_parent

MAX_LINE_BYTES: Final = 64 * 1024
_MAX_REASON: Final = 1500
_MAX_PATH: Final = 4096
_PROCESS: Final = os.getpid()
_LOWEST_PRIORITY: Final = 19

Problem = Literal["", "not_found", "not_loaded", "failed", "out_of_memory"]


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
    takes_previews: bool = False  # in the first reply, too
    reads_cloud: bool = True  # in the first reply, too


def main() -> None:
    """Load the black box that the first argument names, then answer calls on the socket that the second one numbers."""
    _end_first()
    faulthandler.enable()  # a segmentation fault says in which line
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    connection = socket.socket(fileno=int(sys.argv[2]))
    connection.set_inheritable(False)
    os.register_at_fork(after_in_child=connection.close)  # a fork must not keep the connection open after our end
    replies = Replies(connection)
    loaded: list[BlackBox] = []

    def loading() -> Reply:
        loaded.append(load(sys.argv[1]))
        return Reply(
            is_concurrent=is_concurrent(loaded[0]),
            takes_previews=takes_previews(loaded[0]),
            reads_cloud=reads_cloud(loaded[0]),
        )

    replies.send(guarded(loading, "not_loaded"))
    for black_box in loaded:
        for call in calls(connection):
            serve(black_box, call, replies)
    os._exit(0)  # the parent closed the connection or is gone; a refetch may be busy in a call that never ends


class Replies:
    """Send one reply line at a time, from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, reply: Reply) -> None:
        if os.getpid() != _PROCESS:
            os._exit(1)  # the black box forked and returned twice: only the first process answers
        with self._lock:
            self._connection.sendall(reply.model_dump_json().encode() + b"\n")


def calls(connection: socket.socket) -> Iterator[Call]:
    """Every call until the parent closes the connection.

    Reads without a buffered file: its lock would be held while foreign code forks.
    """
    pending = b""
    while chunk := connection.recv(MAX_LINE_BYTES):
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            yield Call.model_validate_json(line)


def serve(black_box: BlackBox, call: Call, replies: Replies) -> None:
    """Answer a call, now or, if another may come meanwhile, in a thread of its own."""

    def run() -> None:
        replies.send(answer(black_box, call))

    def run_beside_images() -> None:
        # Of this thread alone. The threads and processes that it starts inherit it: an image that is added meanwhile
        # took 0.38 s of depth beside a refetch of the same priority, 0.20 s beside one of the lowest (2026-11-28).
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
        run()

    if call.is_refetch and is_concurrent(black_box):
        threading.Thread(target=run_beside_images, name="refetch", daemon=True).start()
    else:
        run()


def answer(black_box: BlackBox, call: Call) -> Reply:
    """Call the black box; whatever it raises becomes a reply, too."""

    def calling() -> Reply:
        folder: object = black_box(call.input_img_path, call.old_point_cloud, call.new_img_id)
        return _returned(folder)

    return guarded(calling, "failed").model_copy(update={"number": call.number})


def guarded(work: Callable[[], Reply], problem: Problem) -> Reply:
    """The reply of foreign code, or a reply with what it raised; `problem` names what has no name of its own."""
    try:
        return work()
    except BlackBoxNotFoundError as exc:
        return Reply(problem="not_found", reason=exc.sentence)
    except CairnError as exc:
        return Reply(problem=problem, reason=f"{exc.code}: {exc.sentence}"[:_MAX_REASON])
    except MemoryError as exc:
        return Reply(problem="out_of_memory", reason=f"the black box found no more memory: {describe(exc)}")
    except BaseException as exc:  # foreign code, also its sys.exit: the one place that must outlive anything
        if os.getpid() != _PROCESS:
            raise  # a fork of the black box ends as it likes
        print_traceback(exc)
        lead = "the black box cannot be loaded: " if problem == "not_loaded" else ""
        return Reply(problem=problem, reason=lead + describe(exc))


def _returned(folder: object) -> Reply:
    if not isinstance(folder, str | Path):
        return Reply(problem="failed", reason=f"the black box returned a {type(folder).__name__}, not a folder's path")
    path = str(Path(folder).absolute())
    if len(path) > _MAX_PATH or "\0" in path or path != path.encode(errors="replace").decode():
        reason = f"the black box returned {len(path)} signs that are no path: return a folder's path in UTF-8"
        return Reply(problem="failed", reason=reason)
    return Reply(folder=path)


def _end_first() -> None:
    """End with the parent, and before it when memory ends."""
    ask_to_end_with_parent()
    if sys.platform == "linux":
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


if __name__ == "__main__":
    main()

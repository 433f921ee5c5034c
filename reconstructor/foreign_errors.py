"""What does an exception of foreign code say, and where was it raised? Its last line, with file and line number."""

import contextlib
import importlib
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType
from typing import Final

from broker.printable import printable

_MOST_SIGNS: Final = 1400
_LIBRARIES: Final = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_CALLERS: Final = (
    "<frozen importlib",
    str(Path(importlib.__file__).parent),
    *(str(Path(__file__).with_name(name)) for name in ("worker.py", "black_box.py")),
)


def describe(exc: BaseException) -> str:
    """The exception's type and words on one line, then the place: `KeyError: 'lens' (colleague.py, line 12)`."""
    words = " ".join("".join(traceback.format_exception_only(exc)).split())
    place = _place(_own_part(exc.__traceback__))
    return printable(words[:_MOST_SIGNS]) + (f" ({place})" if place else "")


def print_traceback(exc: BaseException) -> None:
    """Print the traceback from the foreign code on, also when it has replaced or closed `sys.stderr`."""
    lines = traceback.format_exception(type(exc), exc, _own_part(exc.__traceback__))
    with contextlib.suppress(OSError), open(2, "wb", closefd=False) as file:  # it may have closed the descriptor, too
        file.write("".join(lines).encode(errors="backslashreplace"))


def _own_part(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames that called or imported the foreign code."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_CALLERS):
        trace = trace.tb_next
    return trace


def _place(trace: TracebackType | None) -> str:
    """The innermost line of the author's own code; without one, the innermost line."""
    places = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace)]
    own = [each for each in places if not each[0].startswith(_LIBRARIES)]
    last = (own or places)[-1:]
    return f"{printable(Path(last[0][0]).name)}, line {last[0][1]}" if last else ""

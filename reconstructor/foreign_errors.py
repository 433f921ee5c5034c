"""What does an exception of foreign code say, and where was it raised? Its last line, with file and line number."""

import sysconfig
import traceback
from pathlib import Path
from types import TracebackType
from typing import Final

from broker.printable import printable

_MOST_SIGNS: Final = 1400
_LIBRARIES: Final = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_OURS: Final = tuple(str(Path(__file__).with_name(name)) for name in ("worker.py", "black_box.py"))


def describe(exc: BaseException) -> str:
    """The exception's type and words on one line, then the place: `KeyError: 'lens' (colleague.py, line 12)`."""
    words = " ".join("".join(traceback.format_exception_only(exc)).split())
    place = _place(exc.__traceback__)
    return printable(words[:_MOST_SIGNS]) + (f" ({place})" if place else "")


def print_traceback(exc: BaseException) -> None:
    """Print the whole traceback, also when foreign code has replaced or closed standard error."""
    text = "".join(traceback.format_exception(exc)).encode(errors="backslashreplace")
    with open(2, "wb", closefd=False) as file:
        file.write(text)


def _place(trace: TracebackType | None) -> str:
    """The innermost line of the author's own code; without one, the innermost line."""
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace)]
    theirs = [each for each in frames if not each[0].startswith(("<frozen", *_OURS))]
    own = [each for each in theirs if not each[0].startswith(_LIBRARIES)]
    last = (own or theirs)[-1:]
    return f"{printable(Path(last[0][0]).name)}, line {last[0][1]}" if last else ""

"""How is a file opened that foreign code left? Without following links, and never waiting for a pipe or a device."""

import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

from broker.errors import CairnError

_KINDS: Final = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


class NotPlainFileError(CairnError):
    """A black box left a link, pipe, socket, device or folder under the name of a file."""

    code = "not_a_plain_file"
    remedy = "Let the function write the file itself into its folder, and no link to it."


def open_plain_file(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        NotPlainFileError: anything else has this name.
        OSError: it is not there, or cannot be read.
    """
    _check(path.lstat().st_mode, path.name)
    # Foreign code may put another file in its place meanwhile: then neither a link nor a pipe holds us.
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _check(os.fstat(file).st_mode, path.name)
        return os.fdopen(file, "rb")
    except CairnError:
        os.close(file)
        raise


def _check(mode: int, name: str) -> None:
    if not stat.S_ISREG(mode):
        kind = next((words for is_kind, words in _KINDS if is_kind(mode)), "no regular file")
        raise NotPlainFileError(f"{name} is {kind}: write a regular file")

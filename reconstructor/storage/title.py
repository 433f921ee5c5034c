"""What do people call a project? A title in any script beside its id, kept in the store so that it moves with it.

`cairn project title` writes it beside a service that may be running; SQLite lets both in, one after the other.
"""

import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path
from typing import Final

from broker.envelope import MAX_TITLE_LENGTH
from broker.errors import CairnError
from broker.printable import printable
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.identity import TITLE
from reconstructor.storage.read_only import DATABASE_NAME, ReadOnlyStore

_JOINERS: Final = frozenset("\u200c\u200d")  # Persian, Indic scripts and emoji need them
_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # controls, invisible signs, and what is no character
_BUSY_TIMEOUT_S: Final = 10.0


class BadTitleError(CairnError):
    """A title that cannot be shown as one line."""

    code = "bad_title"
    remedy = "Use one line of visible signs, at most 120."


def checked_title(text: str) -> str:
    """A title in Unicode's composed form without spaces around it; an empty one is none. Raises BadTitleError."""
    title = unicodedata.normalize("NFC", text).strip()
    if len(title) > MAX_TITLE_LENGTH:
        raise BadTitleError(f"a title has at most {MAX_TITLE_LENGTH} signs, this one has {len(title)}: shorten it")
    for sign in title:
        if sign not in _JOINERS and (unicodedata.category(sign) in _REFUSED or printable(sign) != sign):
            raise BadTitleError(
                f"a title has no control or invisible signs, this one has U+{ord(sign):04X}: leave that out"
            )
    return title


def write_title(folder: Path, title: str) -> None:
    """Keep a checked title in a project's store, also beside the service; raises StoreError."""
    path = ReadOnlyStore(folder=folder).folder / DATABASE_NAME  # its version is known
    uri = f"{path.resolve().as_uri()}?mode=rw"
    try:
        with (
            closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None)) as connection,
        ):
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (TITLE, title))
    except sqlite3.Error as exc:
        raise StoreError(f"the title cannot be written into {path}: {exc}") from exc


def is_title(value: object) -> bool:
    """Whether a value of a database that somebody else wrote is a title as `checked_title` returns it."""
    try:
        return isinstance(value, str) and checked_title(value) == value
    except BadTitleError:
        return False

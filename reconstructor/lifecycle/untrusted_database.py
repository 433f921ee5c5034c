"""How is a database taken over that anybody may have written? Row by row, into a new one, each value checked.

The file itself is never used: a database can hold triggers and views that run when it is read or written. What the new
one accepts (its types, its checks, its references) and what the messages' models accept is taken, nothing else.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from broker.envelope import LAST_YEAR, decode
from broker.errors import CairnError
from broker.ids import BadIdError, RequestId
from broker.wire.annotations import MAX_ANNOTATION_BYTES
from reconstructor.lifecycle.listing import BadBackupError
from reconstructor.schedule import JobKind, JobState
from reconstructor.storage.annotations import MODELS, Annotations
from reconstructor.storage.database import Database
from reconstructor.storage.images import StoredImage
from reconstructor.storage.title import is_title

_TABLES: Final = ("images", "jobs", "facts", "generations", "shard_pages", "camera_pages", "annotations")
_MOST_STEPS: Final = 200_000_000  # of SQLite's machine: a million images take a fiftieth
_MOST_FACT_BYTES: Final = 64 * 1024
_SAID: Final = "captured_at"  # by a sender; a scan may bear the date of a historic picture, before 1970
_END_S: Final = datetime(LAST_YEAR, 1, 1, tzinfo=UTC).timestamp()
_HEX: Final = re.compile(r"[0-9a-f]{16}")
_BOOT: Final = re.compile(r"[0-9a-f]{32}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and 0 <= value < 2**53


def _is_small(value: object) -> bool:
    return isinstance(value, bytes) and len(value) <= _MOST_FACT_BYTES


def _is_instant(value: object) -> bool:
    """Whether a number counts seconds since 1970 of a clock; in this program's tables every REAL does."""
    return isinstance(value, int | float) and 0 <= value < _END_S


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


_FACTS: Final[Mapping[str, Callable[[object], bool]]] = {
    "store_id": _matches(_HEX),
    "session_token": _matches(_HEX),
    "epoch": _is_count,
    "epoch_boot_id": _matches(_BOOT),
    "is_paused": _is_count,
    "rejected_count": _is_count,
    "error_count": _is_count,
    "solution": _is_count,
    "generation_floor": _is_count,
    "completed_count": _is_count,
    "refetched_count": _is_count,
    "scale_bar": _is_small,
    "title": is_title,
    "past_events": _is_small,  # read by a model, and again by everybody who gets them
    "earlier_generations": _is_small,  # the same
}


def take_over(theirs: Path, ours: Path) -> list[StoredImage]:
    """Write a new database with what is right in theirs; returns its images.

    Raises:
        BadBackupError: something in it is not as this program writes it.
        StoreError: the disk fails.
    """
    with closing(Database(ours)) as new:
        try:
            with closing(sqlite3.connect(f"{theirs.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as old:
                _check_kind(old, new)
                with new.transaction():
                    for table in _TABLES:
                        _copy(old, new, table)
                    _check_annotations(new)
        except (sqlite3.Error, CairnError) as exc:
            reason = exc.sentence if isinstance(exc, CairnError) else str(exc)
            raise BadBackupError(f"its database is not one of this program's: {reason}") from exc
        return _checked_images(new)


def _check_kind(old: sqlite3.Connection, new: Database) -> None:
    old.execute("PRAGMA trusted_schema = OFF")
    old.execute("PRAGMA cell_size_check = ON")
    old.set_progress_handler(lambda: 1, _MOST_STEPS)  # ends a query that would never end
    version = old.execute("PRAGMA user_version").fetchone()[0]
    if version != (wanted := new.number("PRAGMA user_version")):
        what = "update cairn" if version > wanted else "restore it with the version that wrote it, and back it up again"
        raise BadBackupError(f"its store has version {version}, this program's has {wanted}: {what}")
    kinds = dict(old.execute("SELECT name, type FROM sqlite_master WHERE type <> 'index'"))
    if any(kinds.get(table) != "table" for table in _TABLES) or "trigger" in kinds.values():
        raise BadBackupError("its tables are others")


def _copy(old: sqlite3.Connection, new: Database, table: str) -> None:
    types = {row["name"]: row["type"] for row in new.rows(f"PRAGMA table_info({table})")}
    columns = list(types)
    instants = [place for place, name in enumerate(types) if types[name] == "REAL" and name != _SAID]
    said = columns.index(_SAID) if _SAID in columns else None
    named = ", ".join(columns)
    statement = f"INSERT OR REPLACE INTO {table} ({named}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - ours
    for row in old.execute(f"SELECT {named} FROM {table} ORDER BY 1"):  # noqa: S608 - names of our own schema
        if table == "facts" and not _is_known_fact(*row):
            raise BadBackupError(f"{str(row[0])[:80]!r} is no fact of a project, or not such a value")
        if not all(row[place] is None or _is_instant(row[place]) for place in instants):
            raise BadBackupError(f"{table} {str(row[0])[:80]!r} has an instant that no clock shows")
        if said is not None and not _is_instant(row[said]):
            row = (*row[:said], None, *row[said + 1 :])  # noqa: PLW2901
        new.change(statement, *row)


def _is_known_fact(name: object, value: object) -> bool:
    check = _FACTS.get(name) if isinstance(name, str) else None
    return check is not None and check(value)


def _checked_images(new: Database) -> list[StoredImage]:
    images = []
    try:
        for number, row in enumerate(new.rows("SELECT * FROM images ORDER BY number"), 1):
            image = StoredImage.from_row(row)
            _check_image(image, number)
            images.append(image)
        for row in new.rows("SELECT kind, state FROM jobs"):
            JobKind(row["kind"]), JobState(row["state"])
    except (BadIdError, ValueError) as exc:
        raise BadBackupError(f"its database holds what this program does not write: {exc}") from exc
    return images


def _check_annotations(new: Database) -> None:
    for row in new.rows("SELECT type, generation, payload FROM annotations"):
        if row["type"] not in MODELS or len(row["payload"]) > MAX_ANNOTATION_BYTES:
            raise BadBackupError(f"{str(row['type'])[:80]!r} is no measure or note, or too large for one")
        if decode(row["payload"], MODELS[row["type"]]).generation != row["generation"]:
            raise BadBackupError("a measure or note has another generation than its row says")
    Annotations(new).all()  # raises for a name that may not stand in a topic


def _check_image(image: StoredImage, number: int) -> None:
    if image.number != number:
        raise BadBackupError(f"image {number} is missing")
    if image.sha256 is not None and not (
        re.fullmatch(r"[0-9a-f]{64}", image.sha256) and image.sha256.startswith(image.image_id.digest)
    ):
        raise BadBackupError(f"{image.image_id} has another digest than it says")
    for name in _names(image):
        if not re.fullmatch(rf"{re.escape(image.image_id)}\.[a-z0-9]{{1,8}}", name):
            raise BadBackupError(f"{image.image_id} has a file with another name")
    if image.capture_id is not None:
        RequestId(image.capture_id)


def _names(image: StoredImage) -> Iterator[str]:
    names: tuple[Any, ...] = (image.file_name, image.preview_name)
    return (name for name in names if name is not None)

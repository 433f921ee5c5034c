"""Which photographs went through the spool? A SQLite table; rows of waiting images can be rebuilt from files."""

import os
import sqlite3
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from broker.ids import DIGEST_LENGTH, ImageId
from broker.logs import get_logger
from broker.messages import ReceiptStatus
from edge_agent.spool.previews import PreviewTable
from edge_agent.spool.schema import connect, has_word_table, lacking_columns
from edge_agent.spool.state_counts import read_counts

RECALL: Final = "SELECT value FROM setting WHERE name = ?"
RECALL_FROM_WORD: Final = "SELECT value FROM word WHERE name = ?"  # the table's name until 2026-11-28
SETTLING: Final = frozenset({ReceiptStatus.STORED, ReceiptStatus.DUPLICATE, ReceiptStatus.REJECTED})
CLOCK_SET_SINCE: Final = datetime(2020, 1, 1, tzinfo=UTC)  # before there was this program
LOG = get_logger()


class SpoolKey(StrEnum):
    """Names of the values that a spool keeps over restarts."""

    # What the images of this spool are called by, until the numbers below this name are used up.
    SESSION = "session"
    # The sessions before it, with spaces between them.
    EARLIER_SESSIONS = "earlier_sessions"
    # Names the rig's sessions on the broker; as secret as a password.
    SESSION_TOKEN = "session_token"  # noqa: S105 - the name of the row
    # What EXIF called the camera lately.
    CAMERA_MODEL = "camera_model"
    # The settings that ops changed last and the broker confirmed.
    LAST_GOOD_SETTINGS = "settings"
    # Changed settings that run and are not confirmed yet.
    TRIAL_SETTINGS = "settings_on_trial"
    # Files of the camera's folder that are not taken, each with its reason; a JSON list.
    LEFT_OUT = "left_out"
    # The id of the last reboot command: the broker may deliver it again after the restart.
    REBOOTED_BY = "rebooted_by"
    # Commands for an instant, and reports of them that the broker does not have yet; JSON.
    APPOINTMENTS = "appointments"
    # A paused rig is paused after a reboot, too.
    IS_PAUSED = "is_paused"
    # The entry of `destinations.json` that photographs are taken for.
    DESTINATION = "destination"
    # The hardware on which the spool was made.
    MACHINE = "machine"
    # The agent whose card this one is a copy of.
    CLONE_OF = "is_clone_of"


class SpoolState(StrEnum):
    """State of a photograph in the spool."""

    WAITING = "waiting"
    STORED = "stored"
    REJECTED = "rejected"
    # The gate turned it down: kept while there is room, never sent by itself.
    QUARANTINED = "quarantined"
    # Deleted without being sent, because room was needed.
    EVICTED = "evicted"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledImage:
    """One row of the index: a photograph and its state.

    Attributes:
        sequence: place in the order in which the spool's photographs were taken; that of the id counts within a session.
    """

    image_id: ImageId
    sequence: int
    sha256: str
    size_bytes: int
    content_type: str
    captured_at: datetime
    file_name: str
    source: str | None
    state: SpoolState
    image_number: int | None = None
    reason: str | None = None
    destination_id: int | None = None
    capture_id: str | None = None

    @classmethod
    def from_file(cls, image_id: ImageId, sha256: str, *, content_type: str, status: os.stat_result) -> Self:
        """Describe a photograph whose row was lost in a crash, from its file."""
        return cls(
            image_id=image_id,
            sequence=image_id.sequence,
            sha256=sha256,
            size_bytes=status.st_size,
            content_type=content_type,
            captured_at=datetime.fromtimestamp(status.st_mtime, UTC),
            file_name="",
            source=None,
            state=SpoolState.WAITING,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The photographs without receipt that wait for one destination; None: taken before any was known."""

    destination_id: int | None
    count: int
    size_bytes: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolCounts:
    """Counts over the whole life of a spool.

    Attributes:
        waiting_count: photographs without receipt that wait for the present destination.
        held_count: photographs without receipt that wait for another project or broker, and are not sent.
    """

    captured_count: int
    waiting_count: int
    waiting_bytes: int
    held_count: int
    held_bytes: int
    stored_count: int
    rejected_count: int
    quarantined_count: int
    evicted_count: int
    lost_count: int
    previewed_count: int  # of those that wait
    oldest_at: datetime | None

    def oldest_s(self, now: datetime) -> float | None:
        """How long the oldest photograph waits, seconds; None when none waits, or its date is one of a clock never set."""
        if self.oldest_at is None or self.oldest_at < CLOCK_SET_SINCE:
            return None
        return max(0.0, (now - self.oldest_at).total_seconds())

    @classmethod
    def nothing(cls) -> Self:
        """The counts of a rig that never ran."""
        return cls(
            captured_count=0,
            waiting_count=0,
            waiting_bytes=0,
            held_count=0,
            held_bytes=0,
            stored_count=0,
            rejected_count=0,
            quarantined_count=0,
            evicted_count=0,
            lost_count=0,
            previewed_count=0,
            oldest_at=None,
        )


class SpoolIndex:
    """The tables of the index. It has no lock of its own: the spool holds one.

    Attributes:
        destination_id: whom new photographs are taken for; only its photographs are offered.
    """

    def __init__(self, connection: sqlite3.Connection, *, is_old: bool = False) -> None:
        self._connection, self.previews = connection, PreviewTable(connection)
        self._recall_query = RECALL_FROM_WORD if is_old else RECALL
        self.destination_id: int | None = None

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the index; a damaged one is renamed, and the spool indexes its files again."""
        try:
            return cls(connect(path))
        except sqlite3.DatabaseError as exc:
            if isinstance(exc, sqlite3.OperationalError) or not path.exists():
                raise
            LOG.warning("index_damaged", path=str(path), reason=str(exc))
            for part in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
                if part.exists():
                    part.replace(part.with_name(part.name + ".damaged"))
            return cls(connect(path))

    @classmethod
    def open_read_only(cls, path: Path) -> Self:
        """Open the index beside a running agent; raise sqlite3.Error when there is none."""
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        connection.row_factory = sqlite3.Row
        try:
            is_old = has_word_table(connection)
            if lacking := lacking_columns(connection):
                columns = ", ".join(f"NULL AS {name}" for name in lacking)
                connection.execute(f"CREATE TEMP VIEW image AS SELECT *, {columns} FROM main.image")  # noqa: S608
        except sqlite3.Error:
            connection.close()
            raise
        return cls(connection, is_old=is_old)

    def insert(self, image: SpooledImage) -> None:
        values = {name: getattr(image, name) for name in image.__slots__}
        values.update(captured_at=image.captured_at.isoformat(), image_id=str(image.image_id), state=image.state.value)
        with self._connection:
            self._connection.execute(
                "INSERT INTO image VALUES (:image_id, :sequence, :sha256, :size_bytes, :content_type, :captured_at,"
                " :file_name, :source, :state, :image_number, :reason, :destination_id, :capture_id)",
                values,
            )

    def change_state(
        self, image_id: ImageId, state: SpoolState, *, number: int | None = None, reason: str | None = None
    ) -> None:
        with self._connection:
            self._connection.execute(
                "UPDATE image SET state = ?, image_number = ?, reason = ? WHERE image_id = ?",
                (state.value, number, reason, str(image_id)),
            )
            self.previews.forget(image_id)

    def rename(self, image_id: ImageId, new_id: ImageId) -> None:
        """Give an image another id."""
        with self._connection:
            self._connection.execute("UPDATE image SET image_id = ? WHERE image_id = ?", (str(new_id), str(image_id)))

    def find(self, image_id: ImageId) -> SpooledImage | None:
        return self._first("SELECT * FROM image WHERE image_id = ?", str(image_id))

    def newest_of(self, session: str) -> SpooledImage | None:
        """The image with the largest number in a session; found by the primary key, as the number has six digits."""
        return self._first(
            "SELECT * FROM image WHERE image_id BETWEEN ? AND ? AND LENGTH(image_id) = ? ORDER BY image_id DESC LIMIT 1",
            f"{session}-000000-",
            f"{session}-999999-~",
            len(session) + len("-000000-") + DIGEST_LENGTH,
        )

    def find_digest(self, digest: str) -> SpooledImage | None:
        """The newest image of these bytes that was taken for the present destination."""
        return self._first(
            "SELECT * FROM image WHERE sha256 = ? AND destination_id IS ? ORDER BY sequence DESC LIMIT 1",
            digest,
            self.destination_id,
        )

    def waiting(self, limit: int) -> list[SpooledImage]:
        """The oldest images without receipt for the present destination; a negative limit means all."""
        rows = self._connection.execute(
            "SELECT * FROM image WHERE state = 'waiting' AND destination_id IS ? ORDER BY sequence LIMIT ?",
            (self.destination_id, limit),
        )
        return [_image(row) for row in rows]

    def waiting_for_all(self) -> list[SpooledImage]:
        """The images without receipt for every destination, oldest first."""
        rows = self._connection.execute("SELECT * FROM image WHERE state = 'waiting' ORDER BY sequence")
        return [_image(row) for row in rows]

    def waiting_by_destination(self) -> list[Waiting]:
        """What waits for whom."""
        rows = self._connection.execute(
            "SELECT destination_id, COUNT(*), SUM(size_bytes), MIN(captured_at) FROM image WHERE state = 'waiting'"
            " GROUP BY destination_id ORDER BY destination_id"
        )
        return [
            Waiting(destination_id=each, count=count, size_bytes=size, oldest_at=datetime.fromisoformat(oldest))
            for each, count, size, oldest in rows
        ]

    def redirect(self, old: int | None, new: int, *, is_waiting_only: bool = False) -> int:
        """Let the images of one destination belong to another; the number of images."""
        which = " AND state = 'waiting'" if is_waiting_only else ""
        with self._connection:
            changed = self._connection.execute(
                f"UPDATE image SET destination_id = ? WHERE destination_id IS ?{which}",  # noqa: S608 - our own words
                (new, old),
            )
        return changed.rowcount

    def evictable(self) -> list[SpooledImage]:
        """Photographs with a file that will not be sent: quarantined ones first, then rejected ones."""
        rows = self._connection.execute(
            "SELECT * FROM image WHERE state IN ('quarantined', 'rejected') ORDER BY state, sequence"
        )
        return [_image(row) for row in rows]

    def next_sequence(self) -> int:
        """One more than the largest; asked for each state by itself, which the index answers without reading the table."""
        newest = "SELECT MAX(sequence) FROM image WHERE state = ?"
        found = [self._connection.execute(newest, (state.value,)).fetchone()[0] for state in SpoolState]
        return max((each for each in found if each is not None), default=0) + 1

    def sources(self) -> tuple[str, ...]:
        rows = self._connection.execute("SELECT source FROM image WHERE source IS NOT NULL AND state != 'lost'")
        return tuple(row[0] for row in rows)

    def counts(self) -> SpoolCounts:
        by_state = Counter({state: count for state, (count, _) in read_counts(self._connection).items()})
        waiting = self.waiting_by_destination()
        ours = next((each for each in waiting if each.destination_id == self.destination_id), None)
        held = [each for each in waiting if each is not ours]
        return SpoolCounts(
            captured_count=by_state.total(),
            waiting_count=ours.count if ours else 0,
            waiting_bytes=ours.size_bytes if ours else 0,
            held_count=sum(each.count for each in held),
            held_bytes=sum(each.size_bytes for each in held),
            stored_count=by_state[SpoolState.STORED],
            rejected_count=by_state[SpoolState.REJECTED],
            quarantined_count=by_state[SpoolState.QUARANTINED],
            evicted_count=by_state[SpoolState.EVICTED],
            lost_count=by_state[SpoolState.LOST],
            previewed_count=self.previews.count(self.destination_id),
            oldest_at=ours.oldest_at if ours else None,
        )

    def remember(self, name: SpoolKey, value: str) -> None:
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def remember_once(self, name: SpoolKey, value: str) -> str:
        """Keep the first value under this name; return the value that is kept."""
        with self._connection:
            self._connection.execute("INSERT OR IGNORE INTO setting VALUES (?, ?)", (name, value))
        return self.recall(name) or value

    def recall(self, name: SpoolKey) -> str | None:
        row = self._connection.execute(self._recall_query, (name,)).fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        self._connection.close()

    def _first(self, query: str, *values: str | int | None) -> SpooledImage | None:
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else _image(row)


def _image(row: sqlite3.Row) -> SpooledImage:
    return SpooledImage(
        image_id=ImageId(row["image_id"]),
        sequence=row["sequence"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        content_type=row["content_type"],
        captured_at=datetime.fromisoformat(row["captured_at"]),
        file_name=row["file_name"],
        source=row["source"],
        state=SpoolState(row["state"]),
        image_number=row["image_number"],
        reason=row["reason"],
        destination_id=row["destination_id"],
        capture_id=row["capture_id"],
    )

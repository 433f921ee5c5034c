"""How does a photograph survive a power cut? Write, fsync, rename, fsync of the folder, then an index row."""

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from broker.errors import WRONG_DIGEST
from broker.files import write_durably
from broker.ids import SEQUENCE_LIMIT, AgentId, ImageId, fresh_token, is_session_of_rig
from broker.logs import get_logger
from broker.messages import ReceiptStatus, UploadAcknowledged
from edge_agent.photograph import Photograph
from edge_agent.spool.ballast import Ballast
from edge_agent.spool.destinations import Destination, SpoolDestinations
from edge_agent.spool.errors import (
    UNREADABLE,
    PhotographLostError,
    PhotographSettledError,
    SpoolBusyError,
    SpoolError,
    SpoolFullError,
    translated,
    translated_index,
)
from edge_agent.spool.files import file_name
from edge_agent.spool.index import SETTLING, SpoolCounts, SpooledImage, SpoolIndex, SpoolKey, SpoolState
from edge_agent.spool.previews import SpoolPreviews
from edge_agent.spool.read_only import ReadOnlySpool
from edge_agent.spool.repair import rename_waiting, repair
from edge_agent.spool.sessions import begin_session, fresh_session

LOG = get_logger()


class Spool:
    """The only door to the rig's disk. A photograph that `add` returned survives a power cut.

    Order of every change: a new photograph gets its file first and its row second; a deleted one changes its row
    first and loses its file second. So a crash leaves only two traces: a file without a row, which is indexed, and a
    stored row with a file, which is deleted. Methods block and may be called from any thread.
    """

    def __init__(
        self, folder: Path, agent: AgentId, *, reserve_bytes: int = 0, destination: Destination | None = None
    ) -> None:
        self._folder, self._images, self._reserve_bytes = folder, folder / "images", reserve_bytes
        self._agent = agent
        self._lock = threading.RLock()
        self._fresh: set[ImageId] = set()  # written by this process
        self._ballast = Ballast(folder, SpoolFullError)
        try:
            self._images.mkdir(parents=True, exist_ok=True)
            self._busy = _hold(folder / "lock")
            self._ballast.drop()
            self._index = SpoolIndex.open(folder / "index.sqlite")
            self.destinations = SpoolDestinations(folder, self._index, self._guarded)
            fresh = fresh_session(agent)
            self.previews = SpoolPreviews(self._index, self._guarded)
            self.session = self._index.remember_once(SpoolKey.SESSION, fresh)
            if not is_session_of_rig(self.session, agent):
                rename_waiting(self._images, self._index, fresh)
                self.session = fresh
            self.session_token = self._index.remember_once(SpoolKey.SESSION_TOKEN, fresh_token())
            repair(self._images, self._index)
            if destination is not None:
                self.destinations.use(destination)
            self._ballast.keep(self.room_bytes())
        except OSError as exc:
            raise translated(exc) from exc
        except sqlite3.Error as exc:
            raise SpoolError(f"cannot use the index in {folder}: {exc}; check the disk") from exc

    @staticmethod
    def read_only(folder: Path, destination: Destination | None = None) -> ReadOnlySpool:
        """A look into the spool of a folder; neither takes its lock nor changes anything."""
        return ReadOnlySpool(folder, destination)

    def add(
        self, photograph: Photograph, *, state: SpoolState = SpoolState.WAITING, reason: str | None = None
    ) -> SpooledImage:
        """Keep a photograph; once this returns it survives a power cut.

        The same bytes again, for the same destination, give the same image.

        Raises:
            SpoolFullError: there is no room; the photograph may be added again later.
            SpoolError: the disk fails otherwise.
        """
        digest = sha256(photograph.content).hexdigest()
        with self._guarded():
            known = self._index.find_digest(digest)
            if known is not None and known.state is not SpoolState.LOST:
                return known
            self.check_room(len(photograph.content))
            image = SpooledImage(
                image_id=self._next_id(digest),
                sequence=self._index.next_sequence(),
                sha256=digest,
                size_bytes=len(photograph.content),
                content_type=photograph.content_type,
                captured_at=photograph.captured_at,
                file_name=photograph.file_name,
                source=photograph.source,
                state=state,
                reason=reason,
                destination_id=self._index.destination_id,
                capture_id=photograph.capture_id,
            )
            write_durably(self._images, {self._path(image).name: photograph.content})
            self._index.insert(image)
            self._fresh.add(image.image_id)
            return image

    def _next_id(self, digest: str) -> ImageId:
        """The next id of the session; the first of another session when this one's numbers are used up."""
        newest = self._index.newest_of(self.session)
        sequence = newest.image_id.sequence + 1 if newest else 1
        if sequence == SEQUENCE_LIMIT:
            self.session, sequence = begin_session(self._index, self._agent, self.session), 1
        return ImageId.build(session=self.session, sequence=sequence, sha256=digest)

    def read(self, image: SpooledImage) -> bytes:
        """Read a photograph back. One that an earlier process wrote is checked, as there may have been a power cut.

        Raises:
            PhotographSettledError: it waits no more since the look into the index, as a receipt came; the file is gone.
            PhotographLostError: its file is gone, damaged or unreadable; the index notes that.
        """
        try:
            # Files never change: several may be read at once, without the lock.
            content = self._path(image).read_bytes()
        except FileNotFoundError:
            content = b""
        except OSError as exc:
            if exc.errno not in UNREADABLE:
                raise translated(exc) from exc
            self._note_lost(image, "the disk cannot read its file")
            raise PhotographLostError(
                f"the disk cannot read the file of {image.image_id}: {exc.strerror}; it is tried again at the next start"
            ) from exc
        is_whole = image.image_id in self._fresh and len(content) == image.size_bytes
        if not is_whole and sha256(content).hexdigest() != image.sha256:
            self._note_lost(image, "file missing or damaged")
            raise PhotographLostError(f"the file of {image.image_id} is missing or damaged: photograph it again")
        return content

    def _note_lost(self, image: SpooledImage, reason: str) -> None:
        """Offer a photograph no more, so that the others go on; raise PhotographSettledError when it waits no more."""
        with self._guarded():
            now = self._index.find(image.image_id)
            if now is not None and now.state is not SpoolState.WAITING:
                raise PhotographSettledError(f"{image.image_id} is {now.state}")
            self._index.change_state(image.image_id, SpoolState.LOST, reason=reason)

    def waiting(
        self, limit: int, *, without: frozenset[ImageId] = frozenset(), first: Sequence[ImageId] = ()
    ) -> list[SpooledImage]:
        """Photographs without receipt for the present destination: those named in `first`, then the oldest."""
        with self._guarded():
            known = (each for each in map(self._index.find, first) if each and each.state is SpoolState.WAITING)
            named = [each for each in known if each.destination_id == self._index.destination_id]
            without_named = {each.image_id for each in named}
            oldest = self._index.waiting(limit + len(without) + len(named))
            ordered = [*named, *(each for each in oldest if each.image_id not in without_named)]
            return [each for each in ordered if each.image_id not in without][:limit]

    def settle(self, receipt: UploadAcknowledged, image_id: ImageId) -> SpooledImage | None:
        """Note a receipt and delete the file of a stored image; None when the image is not ours.

        An image that arrived with other bytes than were written is offered once more. A receipt of a preview settles
        nothing: the photograph itself has not come.
        """
        image = self._ballast.even_when_full(lambda: self._settle(receipt, image_id))
        self._ballast.keep(self.room_bytes())
        return image

    def _settle(self, receipt: UploadAcknowledged, image_id: ImageId) -> SpooledImage | None:
        with self._guarded():
            image = self._index.find(image_id)
            if image is None or image.state is not SpoolState.WAITING or receipt.status not in SETTLING:
                return image
            is_fresh = image_id in self._fresh
            self._fresh.discard(image_id)
            if receipt.code == WRONG_DIGEST and is_fresh:  # damaged on the way or on the card: the next read finds out
                return image
            is_safe = receipt.status is not ReceiptStatus.REJECTED
            state = SpoolState.STORED if is_safe else SpoolState.REJECTED
            self._index.change_state(image_id, state, number=receipt.image_number, reason=receipt.reason)
            if is_safe:
                self._path(image).unlink(missing_ok=True)
            return replace(image, state=state, image_number=receipt.image_number, reason=receipt.reason)

    def lacking(self, session: str, sequences: Iterable[int]) -> list[int]:
        """The sequence numbers of a session under which no photograph waits here."""
        with self._guarded():
            ids = [each.image_id for each in self._index.waiting(-1)]
        waiting = {each.sequence for each in ids if each.session == session}
        return [each for each in sequences if each not in waiting]

    def meet(self, store_id: str | None) -> None:
        """Learn which store answers: see `SpoolDestinations.meet`."""
        self.destinations.meet(store_id)

    def counts(self) -> SpoolCounts:
        """Counts of everything that went through."""
        with self._guarded():
            return self._index.counts()

    def sources(self) -> tuple[str, ...]:
        """The sources of the photographs of all destinations, for cameras that must not take one twice."""
        with self._guarded():
            return self._index.sources()

    def recall(self, name: SpoolKey) -> str | None:
        """The value that `remember` kept; None without one."""
        with self._guarded():
            return self._index.recall(name)

    def remember(self, name: SpoolKey, value: str) -> None:
        """Keep a value over restarts, such as the last good settings."""
        self._ballast.even_when_full(lambda: self._remember(name, value))

    def _remember(self, name: SpoolKey, value: str) -> None:
        with self._guarded():
            self._index.remember(name, value)

    def free_bytes(self) -> int:
        """Free bytes of the spool's disk."""
        return int(psutil.disk_usage(str(self._folder)).free)

    def room_bytes(self) -> int:
        """Bytes that may still be written before capturing must wait."""
        return max(0, self.free_bytes() - self._reserve_bytes)

    def has_room(self, size_bytes: int) -> bool:
        """Whether a photograph of this size would fit above the reserve."""
        return self.free_bytes() - size_bytes >= self._reserve_bytes

    def evict(self, size_bytes: int) -> int:
        """Make room by deleting photographs that will not be sent, quarantined ones first; the number deleted."""
        gone = 0
        with self._guarded():
            for image in self._index.evictable():
                if self.has_room(size_bytes):
                    break
                path = self._path(image)
                gone += path.exists()
                self._index.change_state(image.image_id, SpoolState.EVICTED, reason=image.reason)
                path.unlink(missing_ok=True)
        return gone

    def check_room(self, size_bytes: int) -> None:
        """Raise `SpoolFullError` when a photograph of this size would use up the reserve."""
        if not self.has_room(size_bytes):
            raise SpoolFullError(
                f"less than {self._reserve_bytes // 2**20} MiB would stay free on {self._folder}: capturing waits"
            )

    def close(self) -> None:
        """Close the index and release the folder."""
        with self._lock:
            self._index.close()
            os.close(self._busy)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except OSError as exc:
                raise translated(exc) from exc
            except sqlite3.Error as exc:
                raise translated_index(exc) from exc

    def _path(self, image: SpooledImage) -> Path:
        return self._images / file_name(image)


def _hold(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        os.close(descriptor)
        raise SpoolBusyError(f"another agent uses {path.parent}: stop it, or name another folder with --data") from exc
    return descriptor

"""For whom does a photograph wait? A list of projects, each at its broker; each row of the index names one of them.

The list is a small file beside the index, so that a rig whose index is damaged still knows for whom its files wait.

A destination is found again by project, address and pinned authority: all of them are known without a connection. The
`store_id` of the reconstructor that answers is learnt later. It finds a destination again whose address has changed. At
the same address and authority, another `store_id` is the same destination: its store was lost, or adopted by another.
"""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from broker.config import Connection
from broker.files import write_durably
from broker.ids import ProjectId
from broker.logs import get_logger
from edge_agent.spool.files import file_name
from edge_agent.spool.index import SpooledImage, SpoolIndex, SpoolKey, SpoolState

FILE_NAME: Final = "destinations.json"
# Of photographs whose destination is lost.
UNKNOWN_ID: Final = 0
# Of settings that no photograph was taken with.
_NOT_USED_YET: Final = -1
LOG = get_logger()


class Destination(BaseModel):
    """A project on a broker.

    Attributes:
        address: host and port of the broker, as they were set last.
        authority: digest of the certificate authority that was pinned; empty without TLS.
        store_id: of the reconstructor that answered there last.
    """

    model_config = ConfigDict(frozen=True)

    project: ProjectId
    root: str
    address: str
    authority: str = ""
    store_id: str | None = None

    @classmethod
    def of(cls, project: ProjectId, broker: Connection) -> Self:
        """What these settings name."""
        try:
            pinned = broker.ca_file.read_bytes() if broker.ca_file else b""
        except OSError:  # connecting says why
            pinned = b""
        authority = hashlib.sha256(pinned).hexdigest()[:16] if pinned else ""
        address = f"{broker.host}:{broker.port}"
        return cls(project=project, root=broker.root, address=address, authority=authority)

    @property
    def place(self) -> tuple[str, str, str, str]:
        """All that is known of it without a connection."""
        return self.project, self.root, self.address, self.authority

    @property
    def words(self) -> str:
        """It in a few words."""
        return f"project {self.project} at {self.address}"


_BOOK: Final = TypeAdapter(dict[int, Destination])


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Photographs that wait for another project or broker than the present one; they are kept and not sent."""

    destination_id: int
    destination: Destination | None
    count: int
    size_bytes: int
    oldest_at: datetime

    @property
    def words(self) -> str:
        """For whom they wait."""
        return self.destination.words if self.destination else "a project that is no longer known"

    @property
    def sentence(self) -> str:
        """How many wait for whom, and what to do."""
        waiting = "1 photograph waits" if self.count == 1 else f"{self.count} photographs wait"
        return (
            f"{waiting} for {self.words} and will not be sent to another: join this rig to it again,"
            " or see `cairn edge spool list`"
        )


class DestinationBook:
    """The file with the list. A spool may be read beside the agent that writes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.entries: dict[int, Destination] = {}
        try:
            self.entries = _BOOK.validate_json((folder / FILE_NAME).read_bytes())
        except FileNotFoundError:
            pass
        except ValidationError:
            LOG.exception("destinations_damaged", path=str(folder / FILE_NAME))

    def find(self, place: Destination, *, preferred: int | None) -> int | None:
        """The number of the entry for these settings; of several, the one that was used last."""
        fitting = [each for each, known in self.entries.items() if known.place == place.place]
        return preferred if preferred in fitting else max(fitting, default=None)

    def read_beside(self, place: Destination | None, index: SpoolIndex) -> None:
        """Let an index that is only read tell apart what waits for these settings, or for those used last."""
        kept = index.recall(SpoolKey.DESTINATION)
        last = int(kept) if kept else None
        if place is None:
            index.destination_id = last
        else:
            index.destination_id = self.find(place, preferred=last) or (_NOT_USED_YET if self.entries else None)

    def save(self, entries: dict[int, Destination]) -> None:
        """Replace the list."""
        self.entries = dict(entries)
        write_durably(self._folder, {FILE_NAME: _BOOK.dump_json(self.entries, indent=1)})

    def held(self, index: SpoolIndex) -> list[Held]:
        """What waits for others than the index's present destination."""
        return [
            Held(
                destination_id=each.destination_id or UNKNOWN_ID,
                destination=self.entries.get(each.destination_id or UNKNOWN_ID),
                count=each.count,
                size_bytes=each.size_bytes,
                oldest_at=each.oldest_at,
            )
            for each in index.waiting_by_destination()
            if each.destination_id != index.destination_id
        ]


class SpoolDestinations:
    """For whom the photographs of a spool wait. Methods block and may be called from any thread."""

    def __init__(self, folder: Path, index: SpoolIndex, guarded: Callable[[], AbstractContextManager[None]]) -> None:
        self._folder, self._book, self._index, self._guarded = folder, DestinationBook(folder), index, guarded
        index.destination_id = self._last_used()

    def use(self, place: Destination) -> None:
        """Take and offer photographs for this destination from now on. What was taken before any was known is its, too."""
        with self._guarded():
            entries = self._book.entries
            found = self._book.find(place, preferred=self._index.destination_id)
            if found is None:
                found = self._fresh_id()
                self._book.save(entries | {found: place})
            last = self._index.destination_id  # where a crash has kept an earlier call from its end
            self._index.redirect(None, found if last is None else last)
            self._select(found)

    def meet(self, store_id: str | None) -> None:
        """Learn which store answers at the present destination, before anything is sent there."""
        with self._guarded():
            entries, here = self._book.entries, self._index.destination_id
            present = entries.get(here) if here is not None else None
            if here is None or present is None or store_id is None or present.store_id == store_id:
                return
            same = [each for each, known in entries.items() if _is_same(known, present, store_id)]
            if not same:
                self._book.save(entries | {here: present.model_copy(update={"store_id": store_id})})
                return
            known = same[-1]
            entries = entries | {known: present.model_copy(update={"store_id": store_id})}
            if present.store_id is None:  # all that was taken since the address changed is for the same store
                self._index.redirect(here, known)
                del entries[here]
            self._book.save(entries)
            self._select(known)
            LOG.info("destination_found_again", destination=present.words, store_id=store_id)

    def held(self) -> list[Held]:
        """What waits for another project or broker."""
        with self._guarded():
            return self._book.held(self._index)

    def send_here(self, destination_id: int) -> int:
        """Let what waits for another destination wait for the present one; the number of photographs."""
        with self._guarded():
            here = self._index.destination_id
            if here is None or destination_id == here:
                return 0
            return self._index.redirect(destination_id, here, is_waiting_only=True)

    def remove(self, images: Iterable[SpooledImage]) -> None:
        """Delete photographs that were copied elsewhere; the index keeps that they were."""
        with self._guarded():
            for image in images:
                self._index.change_state(image.image_id, SpoolState.EVICTED, reason="exported and removed by hand")
                (self._folder / "images" / file_name(image)).unlink(missing_ok=True)

    def _select(self, destination_id: int) -> None:
        self._index.remember(SpoolKey.DESTINATION, str(destination_id))
        self._index.destination_id = destination_id

    def _last_used(self) -> int | None:
        """The present destination; where the index was made again, the only one, else unknown."""
        if (kept := self._index.recall(SpoolKey.DESTINATION)) is not None:
            return int(kept)
        if len(self._book.entries) > 1:
            return UNKNOWN_ID
        return next(iter(self._book.entries), None)

    def _fresh_id(self) -> int:
        used = [each.destination_id or UNKNOWN_ID for each in self._index.waiting_by_destination()]
        return max([UNKNOWN_ID, *self._book.entries, *used]) + 1


def _is_same(known: Destination, present: Destination, store_id: str) -> bool:
    return known.store_id == store_id and (known.project, known.root) == (present.project, present.root)

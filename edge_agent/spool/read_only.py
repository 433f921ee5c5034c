"""How does a command look into the spool of a running agent? Read only: without its lock, and changing nothing."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from edge_agent.spool.destinations import UNKNOWN_ID, Destination, DestinationBook, Held
from edge_agent.spool.errors import translated_index
from edge_agent.spool.files import file_name
from edge_agent.spool.index import SpoolCounts, SpooledImage, SpoolIndex, SpoolKey


class ReadOnlySpool:
    """A look into a spool that an agent may be using at the same time; a folder without a spool reads as empty.

    Args:
        destination: whom photographs are taken for by the settings in use; without it, the one used last.
    """

    def __init__(self, folder: Path, destination: Destination | None = None) -> None:
        self._folder, self._path, self._destination = folder, folder / "index.sqlite", destination

    def counts(self) -> SpoolCounts:
        """Counts of everything that went through.

        Raises:
            SpoolError: the index cannot be read.
        """
        with self._opened() as index:
            return index.counts() if index else SpoolCounts.nothing()

    def held(self) -> list[Held]:
        """What waits for another project or broker.

        Raises:
            SpoolError: the index cannot be read.
        """
        with self._opened() as index:
            return DestinationBook(self._folder).held(index) if index else []

    def files_for(self, destination_id: int) -> list[tuple[SpooledImage, Path]]:
        """The photographs that wait for one destination, each with its file.

        Raises:
            SpoolError: the index cannot be read.
        """
        with self._opened() as index:
            waiting = index.waiting_for_all() if index else []
        ours = [each for each in waiting if (each.destination_id or UNKNOWN_ID) == destination_id]
        return [(each, self._folder / "images" / file_name(each)) for each in ours]

    def recall(self, key: SpoolKey) -> str | None:
        """A value that `Spool.remember` kept.

        Raises:
            SpoolError: the index cannot be read.
        """
        with self._opened() as index:
            return index.recall(key) if index else None

    @contextlib.contextmanager
    def _opened(self) -> Iterator[SpoolIndex | None]:
        if not self._path.exists():
            yield None
            return
        try:
            with contextlib.closing(SpoolIndex.open_read_only(self._path)) as index:
                DestinationBook(self._folder).read_beside(self._destination, index)
                yield index
        except sqlite3.Error as exc:
            raise translated_index(exc) from exc

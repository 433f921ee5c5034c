"""How is a project moved into another service's data folder? Copied beside the running service, then the rest in a moment.

What is copied while the service works may be half of a change; the last pass runs when nobody has the folder, takes what
differs by size or time, and removes what is gone. The store's id and the client id lie in the database and go along, so
that the broker keeps queueing for the same session. Never two folders of one store: the old one is put away before the new
one gets its name.
"""

import contextlib
import os
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from broker.files import sync
from reconstructor.lifecycle.backup import copy_database
from reconstructor.lifecycle.removal import taken
from reconstructor.storage.durable_files import StoreError, translate
from reconstructor.storage.interrupted import MOVED, MOVING, REOPENED, note_progress, note_target
from reconstructor.storage.read_only import DATABASE_NAME

_NOT_COPIED: Final = ("lock", DATABASE_NAME, f"{DATABASE_NAME}-wal", f"{DATABASE_NAME}-shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One move of a project's folder.

    Attributes:
        source: the project's folder.
        data_dir: the other service's data folder.
    """

    source: Path
    data_dir: Path
    _staged: Path = field(init=False)

    def __post_init__(self) -> None:
        if not (self.source / DATABASE_NAME).is_file():
            raise StoreError(f"no project {self.source.name!r} below {self.source.parent}: check --data")
        if not self.data_dir.is_dir():
            raise StoreError(f"{self.data_dir} is no folder: name the data folder of the other service")
        if self.target.exists():
            raise StoreError(f"{self.target} exists: the other service has a project of this name")
        name = f"{MOVING}{self.source.name}-{secrets.token_hex(4)}"
        object.__setattr__(self, "_staged", self.data_dir / name)

    @property
    def target(self) -> Path:
        """Where the project will be."""
        return self.data_dir / self.source.name

    def copy(self) -> None:
        """Copy what differs, also while the service works on it; raises StoreError."""
        try:
            self._staged.mkdir(mode=0o700, exist_ok=True)
            for path in self._files(self.source):
                note_progress(self._staged)
                with contextlib.suppress(FileNotFoundError):  # gone by now
                    _copy(path, self._staged / path.relative_to(self.source))
        except OSError as exc:
            raise translate(exc) from exc

    def finish(self) -> None:
        """Copy the rest of a project that nobody serves, and put it in place.

        Raises:
            StoreError: the disk fails, or a service has the project; the project is where it was.
        """
        with taken(self.source):
            self.copy()
            try:
                for path in self._files(self._staged):
                    if not (self.source / path.relative_to(self._staged)).exists():
                        path.unlink()
                copy_database(self.source / DATABASE_NAME, self._staged / DATABASE_NAME)
                sync(self._staged / DATABASE_NAME)
                for path in (*self._staged.rglob("*"), self._staged):
                    if path.is_dir():
                        sync(path)
                put_away = self._swap()
            except OSError as exc:
                raise translate(exc) from exc
        shutil.rmtree(put_away, ignore_errors=True)

    def give_up(self) -> None:
        """Remove what was copied of a move that failed."""
        shutil.rmtree(self._staged, ignore_errors=True)

    def _swap(self) -> Path:
        put_away = self.source.with_name(f"{MOVED}{self.source.name}-{secrets.token_hex(4)}")
        self.source.rename(put_away)
        with contextlib.ExitStack() as undo:
            undo.callback(put_away.rename, self.source)
            self._staged.rename(self.target)
            undo.pop_all()
        sync(self.source.parent)
        sync(self.data_dir)
        note_target(put_away, self.target)
        note_progress(put_away)
        return put_away

    @staticmethod
    def _files(folder: Path) -> list[Path]:
        ours = {folder / name for name in _NOT_COPIED}
        return [
            path
            for path in folder.rglob("*")
            if path.is_file()
            and not path.is_symlink()
            and path not in ours
            and not path.relative_to(folder).parts[0].startswith(REOPENED)
        ]


def _copy(path: Path, place: Path) -> None:
    """Copy a file unless it is there with the same size and time; the time is read first, so that a later change shows."""
    seen = path.stat()
    with contextlib.suppress(FileNotFoundError):
        known = place.stat()
        if (known.st_size, known.st_mtime_ns) == (seen.st_size, seen.st_mtime_ns):
            return
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(path, place)
    sync(place)
    os.utime(place, ns=(seen.st_atime_ns, seen.st_mtime_ns))

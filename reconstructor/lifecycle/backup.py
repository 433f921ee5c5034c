"""How is a project backed up beside a service that works on it? First the database, then the files that it names.

SQLite copies a database that is written meanwhile. Every other file is written once and never changed, so that hard links
hold it at no cost; the tar is made of the links, at its leisure. The database comes first: what is stored after it is not
in the backup, and what the black box did after it is done again, as after a crash. Only previews are linked before it, too:
the service removes a preview when its original comes. At the end each file that the copied database names must be there.
"""

import contextlib
import io
import os
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO, Final, cast

from broker.files import UNFINISHED, sync
from broker.ids import ProjectId
from reconstructor.lifecycle.listing import BLACK_BOX, LISTING_NAME, ListedFile, Listing, is_place
from reconstructor.lifecycle.named_files import home_of, named_files
from reconstructor.storage.durable_files import DiskFullError, StoreError, translate
from reconstructor.storage.interrupted import BACKUP, note_progress
from reconstructor.storage.past.generations import EARLIER
from reconstructor.storage.read_only import DATABASE_NAME, ReadOnlyStore
from reconstructor.storage.room import size_of

_TRIES: Final = 3
_BLOCK_BYTES: Final = 512  # of a tar: a file takes one for its name, and whole ones for its content
_FIRST: Final = "steps"  # of the built-in engine: what its steps refer to is written before them


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMade:
    """What a backup holds."""

    file: Path
    file_count: int
    image_count: int
    size_bytes: int


class _GoneError(StoreError):
    """A file that the project's database names was not there when a backup was made."""

    code = "backup_incomplete"
    remedy = "Make the backup again; a photograph that stays missing is in an earlier backup or on its camera's card."


def write_backup(folder: Path, project: ProjectId, out: Path, *, reserve_bytes: int = 0) -> BackupMade:
    """Write the backup of a project's folder into a new file, also while the service works on it.

    Args:
        folder: the project's.
        project: its id.
        out: the file; what an attempt that failed wrote of it is removed.
        reserve_bytes: what stays free on the disk of the project, where photographs come meanwhile.

    Raises:
        DiskFullError: there is no room for it, or the disk became full.
        StoreError: there is no such project, the file exists, or the disk fails.
    """
    source = ReadOnlyStore(folder=folder)
    check_out(out)
    try:
        # Beside the project: hard links need the same disk.
        with tempfile.TemporaryDirectory(prefix=BACKUP, dir=folder.parent) as name:
            staged = Path(name)
            for attempt in range(_TRIES):
                try:
                    _stage(source, staged)
                    break
                except _GoneError:
                    if attempt == _TRIES - 1:
                        raise
                    shutil.rmtree(staged / "generations", ignore_errors=True)
            images = ReadOnlyStore(folder=staged).images_by_state()  # the service's own may have more by now
            for _ in range(_TRIES):
                listing = _listing_of(staged, project)
                _check_room(folder, _tar_bytes(listing), out, reserve_bytes)
                changed = _write_tar(staged, listing, out)
                if not changed:
                    break
                for place in changed:
                    _make_own(staged / place)
            else:
                raise _GoneError(f"{len(changed)} files change again and again, {changed[0]} for one")
    except OSError as exc:
        raise translate(exc) from exc
    return BackupMade(
        file=out,
        file_count=len(listing.files),
        image_count=sum(images.values()),
        size_bytes=out.stat().st_size,
    )


def check_out(out: Path) -> None:
    """Check that a backup may be written there; raises StoreError."""
    if out.exists():
        raise StoreError(f"{out} exists: name another file")
    if not out.parent.is_dir():
        raise StoreError(f"{out.parent} is no folder: make it first, or name another file")
    if not os.access(out.parent, os.W_OK):
        raise StoreError(f"{out.parent} cannot be written: name a file in a folder of your own")


def check_before(folder: Path, out: Path, *, reserve_bytes: int = 0) -> None:
    """Check before a project is taken from its service that its backup may be written; raises like `write_backup`."""
    ReadOnlyStore(folder=folder)
    check_out(out)
    _check_room(folder, sum(size_of(folder / each) for each in ("images", "previews", BLACK_BOX)), out, reserve_bytes)


def _check_room(folder: Path, size_bytes: int, out: Path, reserve_bytes: int) -> None:
    """Check that the file fits, and on the project's own disk leaves the reserve; raises DiskFullError."""
    if out.parent.stat().st_dev != folder.stat().st_dev:
        reserve_bytes = 0
    free_bytes = shutil.disk_usage(out.parent).free
    if free_bytes < size_bytes + reserve_bytes:
        raise DiskFullError(
            f"the backup takes {size_bytes / 1e6:.1f} MB, but {max(0, free_bytes - reserve_bytes) / 1e6:.1f} MB are left "
            f"in {out.parent} beside the reserve of {reserve_bytes / 1e6:.1f} MB: free some, or name a file on another disk"
        )


def _stage(source: ReadOnlyStore, staged: Path) -> None:
    """Bring a consistent state of everything together in one folder."""
    _link_all(source.folder / "previews", staged / "previews")  # those that go while the database is copied
    copy_database(source.folder / DATABASE_NAME, staged / DATABASE_NAME)
    copied = ReadOnlyStore(folder=staged)
    for each in ("images", "previews", EARLIER):
        _link_all(source.folder / each, staged / each)
    _link_all(source.folder / BLACK_BOX / _FIRST, staged / BLACK_BOX / _FIRST)
    _link_all(source.folder / BLACK_BOX, staged / BLACK_BOX)
    reference = copied.reference()
    if reference is not None:
        home = home_of(reference.manifest.generation)
        _link_all(source.folder / home, staged / home)
    missing = [place for place in named_files(copied) if not (staged / place).is_file()]
    if missing:
        raise _GoneError(
            f"the project's folder lacks {len(missing)} files that its database names, {missing[0]} for one"
        )


def copy_database(source: Path, target: Path) -> None:
    """Copy a database, also while it is written; raises StoreError."""
    target.unlink(missing_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as theirs,
            closing(sqlite3.connect(target)) as ours,
        ):
            theirs.backup(ours)
            ours.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    except sqlite3.Error as exc:
        raise StoreError(f"the store in {source.parent} cannot be copied: {exc}") from exc


def _link_all(source: Path, target: Path) -> None:
    """Link every plain file below a folder that may be in a backup; what is there already stays."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_symlink() or not path.is_file() or path.suffix == UNFINISHED or place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # a preview, or a file of the black box, that is gone by now
            try:
                os.link(path, place)
            except FileNotFoundError:
                raise
            except OSError:  # a disk without links, or another owner
                shutil.copyfile(path, place)


def _listing_of(staged: Path, project: ProjectId) -> Listing:
    files: dict[str, ListedFile] = {}
    for path in sorted(staged.rglob("*")):
        place = path.relative_to(staged).as_posix()
        if path.is_file() and is_place(place):
            with path.open("rb") as file:
                digest = file_digest(file, "sha256").hexdigest()
                files[place] = ListedFile(size_bytes=file.tell(), sha256=digest)
    return Listing(project=project, made_at=datetime.now(UTC), files=files)


def _tar_bytes(listing: Listing) -> int:
    return sum(_BLOCK_BYTES + -(-each.size_bytes // _BLOCK_BYTES) * _BLOCK_BYTES for each in listing.files.values())


class _Digested:
    """Reads a file and computes the SHA-256 digest of the bytes that were read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest = file, sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._digest.update(piece)
        return piece

    @property
    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def _make_own(path: Path) -> None:
    """Replace a link to a file that its black box writes over by a copy."""
    copy = path.with_name(path.name + UNFINISHED)
    shutil.copyfile(path, copy)
    copy.replace(path)


def _write_tar(staged: Path, listing: Listing, out: Path) -> list[str]:
    """Write the file beside its name and rename it: a backup that has its name is whole, and of another nothing stays.

    Returns:
        The places of files that are no longer as they were listed, because a black box wrote over them; then there is no file.
    """
    changed: list[str] = []
    unfinished = out.with_name(out.name + UNFINISHED)
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
            said = listing.model_dump_json().encode()
            tar.addfile(_member(LISTING_NAME, len(said)), io.BytesIO(said))
            for place, listed in listing.files.items():
                note_progress(staged)
                with (staged / place).open("rb") as content:
                    if (staged / place).stat().st_size < listed.size_bytes:
                        return [place]
                    read = _Digested(content)
                    tar.addfile(_member(place, listed.size_bytes), cast("IO[bytes]", read))
                if read.hexdigest != listed.sha256:
                    changed.append(place)
        if changed:
            return changed
        sync(unfinished)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    sync(out.parent)
    return []


def _member(name: str, size_bytes: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size_bytes, 0o600
    return member

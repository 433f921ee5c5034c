"""How does a project come back from a backup? Everything is checked first, in a folder beside; then that folder gets its name.

A backup is untrusted when it comes back: names, sizes and digests are checked, every photograph is inspected as when it
was uploaded, every shard is read, and the database is written again. Only the black box's own folder cannot be checked by
anybody but the black box; without it the photographs are reconstructed again.
"""

import asyncio
import shutil
import tarfile
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from broker.contract import MAX_IMAGE_BYTES
from broker.errors import CairnError
from broker.files import sync
from broker.ids import ProjectId
from broker.shards import decode
from broker.wire.history_channels import EARLIER_SHARD
from reconstructor.decoders import ImageRefusedError, Inspected
from reconstructor.lifecycle.listing import (
    BLACK_BOX,
    LISTING_BYTES,
    LISTING_NAME,
    BadBackupError,
    ListedFile,
    Listing,
    check_place,
)
from reconstructor.lifecycle.named_files import named_files
from reconstructor.lifecycle.untrusted_database import take_over
from reconstructor.storage.database import Database
from reconstructor.storage.durable_files import StoreError, translate
from reconstructor.storage.generation_files import GenerationFiles
from reconstructor.storage.images import StoredImage
from reconstructor.storage.interrupted import RESTORE, note_progress
from reconstructor.storage.past.generations import EARLIER, EarlierGenerations
from reconstructor.storage.read_only import DATABASE_NAME, ReadOnlyStore

_PIECE: Final = 1024 * 1024
_THEIRS: Final = "untrusted.sqlite"
Inspect = Callable[[bytes], Awaitable[Inspected]]  # raises ImageRefusedError; see `reconstructor.decoders`
_MOST_BYTES: Final = {
    "images": MAX_IMAGE_BYTES,
    "previews": MAX_IMAGE_BYTES,
    "generations": 16 * 1024 * 1024,
    EARLIER: EARLIER_SHARD.max_bytes,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came back.

    Attributes:
        left_out_count: measures and notes without a place, because everything is reconstructed again in another world.
    """

    project: ProjectId
    folder: Path
    image_count: int
    left_out_count: int
    has_black_box: bool


async def restore_backup(
    backup: Path, data_dir: Path, inspect: Inspect, *, project: ProjectId | None, with_black_box: bool
) -> Restored:
    """Restore a project that is not there, under its own name or another one.

    Raises:
        BadBackupError: something in it is not right; nothing was restored.
        StoreError: there is such a project, or the disk fails.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=RESTORE, dir=data_dir) as name:
            staged = Path(name) / "project"
            listing = await asyncio.to_thread(_unpack, backup, staged, with_black_box=with_black_box)
            target = data_dir / (project or listing.project)
            if target.exists():
                raise StoreError(f"{target} exists: give the project another name, or delete that one first")
            images = await asyncio.to_thread(take_over, staged / _THEIRS, staged / DATABASE_NAME)
            (staged / _THEIRS).unlink()
            await _check_images(staged, images, inspect)
            left_out_count = 0
            if with_black_box:
                await asyncio.to_thread(_check_reference, staged, project or listing.project)
                await asyncio.to_thread(_check_earlier, staged)
            else:
                left_out_count = await asyncio.to_thread(_start_again, staged)
            staged.rename(target)
            sync(data_dir)
    except OSError as exc:
        raise translate(exc) from exc
    return Restored(
        project=ProjectId(target.name),
        folder=target,
        image_count=len(images),
        left_out_count=left_out_count,
        has_black_box=with_black_box and (target / BLACK_BOX).exists(),
    )


def _unpack(backup: Path, staged: Path, *, with_black_box: bool) -> Listing:
    """Write the files that the listing names, each with the size and the digest that it says, and nothing else."""
    left = shutil.disk_usage(staged.parent).free
    try:
        with tarfile.open(backup, "r:") as tar:
            listing = _listing_in(tar)
            if sum(each.size_bytes for each in listing.files.values()) > left:
                raise StoreError(f"the backup needs more room than is free below {staged.parent.parent}")
            unseen = dict(listing.files)
            for member in iter(tar.next, None):
                check_place(member.name)
                listed = unseen.pop(member.name, None)
                content = tar.extractfile(member) if member.isreg() else None
                if listed is None or content is None or member.size != listed.size_bytes:
                    raise BadBackupError(f"{member.name[:200]!r} is not as its listing says")
                if with_black_box or not member.name.startswith(f"{BLACK_BOX}/"):
                    place = _THEIRS if member.name == DATABASE_NAME else member.name
                    _write(content, listed, staged / place, _MOST_BYTES.get(member.name.partition("/")[0]))
    except tarfile.TarError as exc:
        raise BadBackupError(f"{backup} is no backup of a project: {exc}") from exc
    if unseen:
        raise BadBackupError(f"{len(unseen)} files are missing in it, {next(iter(unseen))} for one")
    return listing


def check_backup(backup: Path) -> Listing:
    """Read a backup to its end; compare each file with the listing, and the listing with what the database names.

    Raises:
        BadBackupError: it is damaged, or `restore_backup` would miss a file in it.
    """
    try:
        with tarfile.open(backup, "r:") as tar:
            listing = _listing_in(tar)
            found = {
                member.name: ListedFile(size_bytes=member.size, sha256=_digest_of(content))
                for member in iter(tar.next, None)
                if member.isreg() and (content := tar.extractfile(member)) is not None
            }
    except tarfile.TarError as exc:
        raise BadBackupError(f"{backup} is no backup of a project: {exc}") from exc
    except OSError as exc:
        raise translate(exc) from exc
    if found != listing.files:
        raise BadBackupError(f"{backup} is not as its listing says")
    try:
        missing = [place for place in _named_in(backup) if place not in listing.files]
    except OSError as exc:
        raise translate(exc) from exc
    if missing:
        raise BadBackupError(f"{len(missing)} files that its database names are missing in it, {missing[0]} for one")
    return listing


def _named_in(backup: Path) -> list[str]:
    """The places of the files that a backup's database names; raises BadBackupError."""
    with tempfile.TemporaryDirectory(prefix=".check-", dir=backup.parent) as name:
        folder = Path(name)
        with tarfile.open(backup, "r:") as tar, (folder / _THEIRS).open("xb") as file:
            content = tar.extractfile(DATABASE_NAME)
            if content is None:
                raise BadBackupError(f"{DATABASE_NAME} is no file in it")
            shutil.copyfileobj(content, file)
        take_over(folder / _THEIRS, folder / DATABASE_NAME)
        try:
            return list(named_files(ReadOnlyStore(folder=folder)))
        except CairnError as exc:
            raise BadBackupError(f"its manifest does not read: {exc.sentence}") from exc


def _digest_of(content: IO[bytes]) -> str:
    digest = sha256()
    while piece := content.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _listing_in(tar: tarfile.TarFile) -> Listing:
    first = tar.next()
    content = tar.extractfile(first) if first is not None and first.isreg() else None
    if first is None or content is None or first.name != LISTING_NAME or first.size > LISTING_BYTES:
        raise BadBackupError(f"it does not begin with {LISTING_NAME}")
    return Listing.read(content.read())


def _write(content: IO[bytes], listed: ListedFile, path: Path, most_bytes: int | None) -> None:
    if most_bytes is not None and listed.size_bytes > most_bytes:
        raise BadBackupError(f"{path.name} has {listed.size_bytes} bytes, more than such a file may have")
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = sha256()
    with path.open("xb") as file:
        while piece := content.read(_PIECE):
            digest.update(piece)
            file.write(piece)
        file.flush()
    sync(path)
    if digest.hexdigest() != listed.sha256:
        raise BadBackupError(f"{path.name} is damaged: it does not have the digest that the listing says")


async def _check_images(staged: Path, images: Iterable[StoredImage], inspect: Inspect) -> None:
    """Inspect each photograph as if it were uploaded, and each preview."""
    for image in images:
        note_progress(staged.parent)
        for folder, name in (("images", image.file_name), ("previews", image.preview_name)):
            if name is None:
                continue
            path = staged / folder / name
            if not path.is_file():
                raise BadBackupError(f"the file of image {image.number} is not in it")
            content = await asyncio.to_thread(path.read_bytes)
            try:
                await inspect(content)
            except ImageRefusedError as exc:
                raise BadBackupError(f"image {image.number} would be refused: {exc.sentence}") from exc
        if image.sha256 is not None and not await asyncio.to_thread(_has_original, staged, image):
            raise BadBackupError(f"image {image.number} does not have the digest of its original")


def _has_original(staged: Path, image: StoredImage) -> bool:
    """Whether a file of the image has the digest: of a format that is converted, both are kept."""
    return any(
        sha256(path.read_bytes()).hexdigest() == image.sha256
        for path in (staged / "images").glob(f"{image.image_id}.*")
        if path.suffix != ".json"
    )


def _check_reference(staged: Path, project: ProjectId) -> None:
    """Read every shard that the newest manifest names."""
    try:
        reference = ReadOnlyStore(folder=staged).reference()
    except CairnError as exc:
        raise BadBackupError(f"its manifest does not read: {exc.sentence}") from exc
    if reference is None:
        return
    if reference.manifest.project != project:
        raise BadBackupError(f"its cloud is of project {reference.manifest.project}: restore it under that name")
    files = GenerationFiles(folder=staged / "generations")
    for entry in reference.shards:
        for each in entry.encodings:
            try:
                decode(files.payload(reference.manifest.generation, entry, each.encoding), each.encoding)
            except CairnError as exc:
                raise BadBackupError(f"shard {entry.index} does not read: {exc.sentence}") from exc


def _check_earlier(staged: Path) -> None:
    """Read the copies of earlier generations, and remove what nothing names."""
    with closing(Database(staged / DATABASE_NAME)) as database:
        try:
            EarlierGenerations(database, staged, kept_count=0).check()
        except CairnError as exc:
            raise BadBackupError(f"an earlier version does not read: {exc.sentence}") from exc


def _start_again(staged: Path) -> int:
    """Let the black box see every image again: without its own files it knows none, and the old cloud is not its own.

    Returns:
        How many measures and notes were left out: nothing says where they are in the world that is made next.
    """
    with closing(Database(staged / DATABASE_NAME)) as database, database.transaction():
        newest = database.number("SELECT max(generation) FROM generations")
        annotation_count = database.number("SELECT count(*) FROM annotations")
        for table in ("shard_pages", "camera_pages", "generations", "jobs", "annotations"):
            database.change(f"DELETE FROM {table}")  # noqa: S608 - names of our own
        database.set_fact("generation_floor", max(newest, int(database.fact("generation_floor") or 0)))
        database.set_fact("solution", 0)
        database.change("DELETE FROM facts WHERE name IN ('past_events', 'earlier_generations')")
        database.change("UPDATE images SET state = 'queued'")
        database.change(
            "INSERT INTO jobs (image_number, kind, state) SELECT number, 'add', 'queued' FROM images ORDER BY number"
        )
    for folder in ("generations", EARLIER):
        shutil.rmtree(staged / folder, ignore_errors=True)
    return annotation_count

"""How is a project made again from nothing but its images? Each is taken in as if it were uploaded, in the order it came.

The record beside an image says who sent it and when it came. A file without a record is taken like one of a card: by the
order of its name.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from broker.contract import MAX_IMAGE_BYTES
from broker.errors import CairnError
from broker.ids import BadIdError, ImageName, SenderId
from broker.images.formats import FORMAT_BY_SUFFIX
from broker.messages import ReceiptStatus
from reconstructor.decoders import ImageRefusedError, Inspected
from reconstructor.intake.validation import Upload, take_in
from reconstructor.lifecycle.restoring import Inspect
from reconstructor.storage.images import ImageRecord, record_beside
from reconstructor.storage.store import Store

IMPORTER: Final = SenderId("import")


class NoImagesToImportError(CairnError):
    """A folder without an image."""

    code = "no_images_to_import"
    remedy = "Give a folder of photographs, such as `images` in a project's folder."


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a folder's files."""

    taken: int
    known: int
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    path: Path
    record: ImageRecord | None

    @property
    def place(self) -> tuple[bool, float, str]:
        """Its place in the order: as they came, then by name."""
        at = self.record.received_at.timestamp() if self.record is not None else 0.0
        return self.record is None, at, self.path.name


async def import_images(folder: Path, store: Store, inspect: Inspect) -> Imported:
    """Take the images of a folder into a store that nobody serves.

    Raises:
        NoImagesToImportError: there is none.
        StoreError: the disk does not take them.
    """
    sources = await asyncio.to_thread(lambda: sorted(_sources(folder), key=lambda each: each.place))
    if not sources:
        raise NoImagesToImportError(f"{folder} holds no photograph")

    async def inspect_any(content: bytes, _is_new: bool) -> Inspected:
        return await inspect(content)

    taken = known = 0
    refused: list[str] = []
    for source in sources:
        try:
            status = (await take_in(await asyncio.to_thread(_upload, source), store, inspect_any)).status
        except (ImageRefusedError, BadIdError) as exc:
            refused.append(f"{source.path.name}: {exc.sentence}")
        else:
            taken, known = taken + (status is ReceiptStatus.STORED), known + (status is not ReceiptStatus.STORED)
    return Imported(taken=taken, known=known, refused=tuple(refused))


def _sources(folder: Path) -> Iterable[_Source]:
    """The photographs of a folder; of a format that was converted only the original, which has the record's digest."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.suffix.lower() not in FORMAT_BY_SUFFIX or path.is_symlink() or not path.is_file():
            continue
        record = record_beside(path)
        if record is None or record.sha256 is None or _digest(path) == record.sha256:
            yield _Source(path=path, record=record)


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.stat().st_size <= MAX_IMAGE_BYTES else ""


def _upload(source: _Source) -> Upload:
    record, payload = source.record, source.path.read_bytes()
    if record is None:
        return Upload(sender=IMPORTER, name=ImageName(source.path.name), payload=payload)
    return Upload(
        sender=record.sender,
        name=record.image_id,
        payload=payload,
        captured_at=record.captured_at,
        file_name=record.photographers_name,
        capture_id=record.capture_id,
    )

"""What is recorded about one image? Three records: before it has a number, beside its file, and in the database."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from broker.envelope import Instant
from broker.ids import ImageId, RequestId, SenderId

_MOST_RECORD_BYTES: Final = 64 * 1024


class ImageState(StrEnum):
    """What became of an image."""

    QUEUED = "queued"
    PLACED = "placed"
    WAITING = "waiting"
    REJECTED = "rejected"
    UNKNOWN = "unknown"  # its black box does not speak of cameras
    FAILED = "failed"  # its black box failed on it


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImage:
    """An image, or its preview, that was checked and is not stored yet; of a preview the original's digest is unknown.

    Attributes:
        captured_at: when it was taken, by its sender's word.
        taken_at: the same by its own EXIF; without a time zone where the camera says none.
    """

    image_id: ImageId
    sender: SenderId
    name: str
    sha256: str | None
    suffix: str
    content_type: str
    width_px: int
    height_px: int
    received_at: datetime
    captured_at: datetime | None = None
    taken_at: datetime | None = None
    photographers_name: str | None = None  # what the photographer's file is called
    capture_id: RequestId | None = None  # shared by images that several rigs took at one instant
    readable_suffix: str | None = None  # of the copy that everybody reads, if that is another file than the one sent
    readable: bytes = b""

    @property
    def file_name(self) -> str:
        """Its file below `images/`, or `previews/`, that thumbnails, black box and exports read."""
        return f"{self.image_id}{self.readable_suffix or self.suffix}"


class ImageRecord(BaseModel):
    """The JSON beside an image's file: what a new database could be made from."""

    model_config = ConfigDict(frozen=True)

    image_id: ImageId
    sender: SenderId
    name: str
    sha256: str | None
    content_type: str
    size_bytes: int
    width_px: int
    height_px: int
    received_at: AwareDatetime
    captured_at: Instant | None = None
    taken_at: datetime | None = None
    photographers_name: str | None = None
    capture_id: RequestId | None = None

    @classmethod
    def of(cls, image: NewImage, *, size_bytes: int) -> Self:
        """The record of one image."""
        return cls(
            image_id=image.image_id,
            sender=image.sender,
            name=image.name,
            sha256=image.sha256,
            content_type=image.content_type,
            size_bytes=size_bytes,
            width_px=image.width_px,
            height_px=image.height_px,
            received_at=image.received_at,
            captured_at=image.captured_at,
            taken_at=image.taken_at,
            photographers_name=image.photographers_name,
            capture_id=image.capture_id,
        )


def record_beside(path: Path) -> ImageRecord | None:
    """What the store wrote beside an image; None without a record of this very file's name."""
    beside = path.with_suffix(".json")
    try:
        if beside.is_symlink() or beside.stat().st_size > _MOST_RECORD_BYTES:
            return None
        record = ImageRecord.model_validate_json(beside.read_bytes())
    except (OSError, ValidationError):
        return None
    return record if record.image_id == path.stem else None


def files_of(image: NewImage, payload: bytes) -> dict[str, bytes]:
    """The files of an image below `images/`, or of its preview below `previews/`.

    As it was sent, what is read of it, its record, and the black box's metadata.
    """
    record = ImageRecord.of(image, size_bytes=len(payload)).model_dump_json(indent=1)
    files = {f"{image.image_id}{image.suffix}": payload, f"{image.image_id}.json": record.encode()}
    if image.readable_suffix is not None:
        files[image.file_name] = image.readable
    if image.photographers_name is not None:
        files[f"{image.file_name}.json"] = json.dumps({"file_name": image.photographers_name}).encode()
    return files


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """An image that is safe, itself or its preview: a row of the database.

    Attributes:
        sha256: of the original; None while only the preview is there.
        file_name: the original's file below `images/`; None while only the preview is there.
        preview_name: the preview's file below `previews/`; None once it is dropped, and for an image that had none.
        refused_code: why the original was refused after its preview was taken.
    """

    number: int
    image_id: ImageId
    sender: SenderId
    sha256: str | None
    file_name: str | None
    stored_at: float
    captured_at: float | None
    state: ImageState
    preview_name: str | None = None
    photographers_name: str | None = None
    capture_id: RequestId | None = None
    refused_code: str | None = None

    @property
    def has_original(self) -> bool:
        """Whether the photograph itself is there, and not only its preview."""
        return self.file_name is not None

    @classmethod
    def from_row(cls, row: Any) -> Self:
        """From a row of the table `images`."""
        capture_id = row["capture_id"]
        return cls(
            number=row["number"],
            image_id=ImageId(row["image_id"]),
            sender=SenderId(row["sender"]),
            sha256=row["sha256"],
            file_name=row["file_name"],
            stored_at=row["stored_at"],
            captured_at=row["captured_at"],
            state=ImageState(row["state"]),
            preview_name=row["preview_name"],
            photographers_name=row["photographers_name"],
            capture_id=RequestId(capture_id) if capture_id is not None else None,
            refused_code=row["refused_code"],
        )

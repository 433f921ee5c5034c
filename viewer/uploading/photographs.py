"""What is uploaded? Files as people name them, each with an id made of its content."""

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from broker.contract import FILE_NAME_PROPERTY, IMAGE
from broker.errors import CairnError
from broker.ids import ImageId
from broker.messages import ReceiptStatus, UploadAcknowledged
from broker.printable import printable
from viewer.receipts import describe_receipt

LONGEST_NAME: Final = 120


class BadUploadError(CairnError):
    """A file that cannot be uploaded, or no user name to upload with."""

    code = "bad_upload"
    remedy = "Name readable files, and --user with a contributor's name."


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """What is known of one file: its newest receipt, or why there is none."""

    path: Path
    receipt: UploadAcknowledged | None
    reason: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more is sent of it: neither a preview's receipt nor one of a quota ends an upload."""
        if self.receipt is None:
            return True
        statuses = {ReceiptStatus.PREVIEWED, ReceiptStatus.PREVIEW_REFUSED}
        return self.receipt.status not in statuses and self.receipt.retry_at is None

    @property
    def is_safe(self) -> bool:
        """Whether the photograph itself lies on the reconstructor's disk."""
        return self.receipt is not None and self.receipt.status in {ReceiptStatus.STORED, ReceiptStatus.DUPLICATE}

    @property
    def sentence(self) -> str | None:
        """What the receipt means, where its status does not say it; without a receipt, why there is none."""
        if self.receipt is None:
            return self.reason
        if self.is_safe:
            return None
        return describe_receipt(self.receipt) if not self.is_over else self.receipt.reason or self.receipt.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """A file under the name that it has on the wire."""

    path: Path
    image_id: ImageId
    sha256: str
    size_bytes: int
    content_type: str

    @classmethod
    def of(cls, path: Path, content: bytes, *, session: str, sequence: int) -> Self:
        """Name a file by its content."""
        digest = hashlib.sha256(content).hexdigest()
        return cls(
            path=path,
            image_id=ImageId.build(session=session, sequence=sequence, sha256=digest),
            sha256=digest,
            size_bytes=len(content),
            content_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        )

    @property
    def user_properties(self) -> tuple[tuple[str, str], ...]:
        """What its messages say of it; for information only."""
        return ((FILE_NAME_PROPERTY, printable(self.path.name)[-LONGEST_NAME:]),)


def read_image(path: Path) -> bytes:
    """A file's bytes; whether they are an image is the reconstructor's to say.

    Raises:
        BadUploadError: it cannot be read, is empty, or is larger than any image may be.
    """
    try:
        size = path.stat().st_size
        if not 0 < size <= IMAGE.max_bytes:
            raise BadUploadError(f"{path} has {size} bytes: an image has 1 to {IMAGE.max_bytes}")
        return path.read_bytes()
    except OSError as exc:
        raise BadUploadError(f"cannot read {path}: {exc.strerror}") from exc

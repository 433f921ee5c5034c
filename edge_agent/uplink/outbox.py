"""What does an uploader send? An outbox of photographs without receipt: the spool, or named files."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from broker.errors import CairnError
from broker.ids import AgentId, ImageId
from broker.images.formats import FORMAT_BY_SUFFIX
from broker.messages import ReceiptStatus, UploadAcknowledged
from edge_agent.photograph import plain_name
from edge_agent.spool.index import SETTLING, SpooledImage, SpoolState
from edge_agent.spool.sessions import upload_session


class NotAPhotographError(CairnError):
    """A file that cannot be sent as an image."""

    code = "not_a_photograph"
    remedy = "Send a JPEG, PNG, WebP or TIFF file."


class PreviewBook(Protocol):
    """The interface of what an outbox knows of previews; it is kept for as long as the photographs are."""

    def waiting(
        self, limit: int, *, store_id: str, larger_than_bytes: float, without: frozenset[ImageId]
    ) -> list[SpooledImage]:
        """The oldest images without receipt that exceed a size, and of which this store has no preview."""

    def note(self, image_id: ImageId, *, store_id: str, image_number: int | None) -> None:
        """Note that a store has the preview; without a number, that it gets none."""


class Outbox(Protocol):
    """The interface of a place where photographs wait. Methods may block; the uploader calls them in threads."""

    @property
    def previews(self) -> PreviewBook:
        """What is known of their previews."""

    def waiting(self, limit: int, *, without: frozenset[ImageId], first: Sequence[ImageId]) -> list[SpooledImage]:
        """Images without receipt: those named in `first`, then the oldest."""

    def read(self, image: SpooledImage) -> bytes:
        """The photograph's bytes; raise a `CairnError` when they are gone, and do not offer it again."""

    def settle(self, receipt: UploadAcknowledged, image_id: ImageId) -> SpooledImage | None:
        """Note a receipt of a photograph, not of its preview; None when the image is not from here."""

    def lacking(self, session: str, sequences: Iterable[int]) -> list[int]:
        """The sequence numbers of a session under which no photograph waits."""

    def meet(self, store_id: str | None) -> None:
        """Note which store answers; `waiting` offers only what waits for it."""


class NamedFiles:
    """Files named on the command line. They stay where they are; the same files get the same ids."""

    def __init__(self, paths: Iterable[Path], agent: AgentId) -> None:
        self._path_by_id: dict[ImageId, Path] = {}
        self.images: dict[ImageId, SpooledImage] = {}
        session = upload_session(agent)
        for sequence, path in enumerate(paths, start=1):
            image = _describe(path, session, sequence)
            self._path_by_id[image.image_id], self.images[image.image_id] = path, image
        self.previews = NamedPreviews(self)

    def waiting(self, limit: int, *, without: frozenset[ImageId], first: Sequence[ImageId] = ()) -> list[SpooledImage]:
        """Files without receipt: those named in `first`, then in order."""
        ids = dict.fromkeys([*(each for each in first if each in self.images), *self.images])
        return [self.images[each] for each in ids if self.is_waiting(each) and each not in without][:limit]

    def read(self, image: SpooledImage) -> bytes:
        """Read a file.

        Raises:
            NotAPhotographError: it is gone, has changed or cannot be read since it was named.
        """
        path = self._path_by_id[image.image_id]
        reason = f"{path} changed while it was uploaded: run the command again"
        try:
            content = path.read_bytes() if path.is_file() else b""
        except OSError as exc:
            content, reason = b"", f"{path} cannot be read any more: {exc.strerror}"
        if sha256(content).hexdigest() != image.sha256:
            self.images[image.image_id] = replace(image, state=SpoolState.LOST, reason=reason)
            raise NotAPhotographError(reason)
        return content

    def settle(self, receipt: UploadAcknowledged, image_id: ImageId) -> SpooledImage | None:
        """Note a receipt."""
        image = self.images.get(image_id)
        if image is None or receipt.status not in SETTLING:
            return image
        is_safe = receipt.status is not ReceiptStatus.REJECTED
        state = SpoolState.STORED if is_safe else SpoolState.REJECTED
        self.images[image_id] = replace(image, state=state, image_number=receipt.image_number, reason=receipt.reason)
        return self.images[image_id]

    def lacking(self, session: str, sequences: Iterable[int]) -> list[int]:
        """The sequence numbers under which no file waits."""
        waiting = {each.image_id.sequence for each in self.images.values() if self.is_waiting(each.image_id)}
        is_ours = any(each.session == session for each in self.images)
        return [each for each in sequences if not is_ours or each not in waiting]

    def meet(self, store_id: str | None) -> None:
        """Do nothing: files that a command names are for the project that it names."""

    def is_waiting(self, image_id: ImageId) -> bool:
        """Whether a file has no receipt yet."""
        return self.images[image_id].state is SpoolState.WAITING


class NamedPreviews:
    """What is known of the previews of named files; the command forgets it when it ends."""

    def __init__(self, files: NamedFiles) -> None:
        self._files = files
        self._store_by_id: dict[ImageId, str] = {}

    def waiting(
        self, limit: int, *, store_id: str, larger_than_bytes: float, without: frozenset[ImageId]
    ) -> list[SpooledImage]:
        """The first files without receipt that exceed a size, and of which this store has no preview."""
        known = {each for each, store in self._store_by_id.items() if store == store_id} | without
        images = self._files.waiting(len(self._files.images), without=frozenset(known))
        return [each for each in images if each.size_bytes > larger_than_bytes][:limit]

    def note(self, image_id: ImageId, *, store_id: str, image_number: int | None) -> None:
        """Note that a store has the preview, or gets none; the number is of no use here."""
        del image_number
        self._store_by_id[image_id] = store_id


def _describe(path: Path, session: str, sequence: int) -> SpooledImage:
    try:
        content, status = path.read_bytes(), path.stat()
    except OSError as exc:
        raise NotAPhotographError(f"cannot read {path}: {exc.strerror}") from exc
    digest = sha256(content).hexdigest()
    image_format = FORMAT_BY_SUFFIX.get(path.suffix.lower())
    return SpooledImage(
        image_id=ImageId.build(session=session, sequence=sequence, sha256=digest),
        sequence=sequence,
        sha256=digest,
        size_bytes=len(content),
        content_type=image_format.content_type if image_format else "application/octet-stream",
        captured_at=datetime.fromtimestamp(status.st_mtime, UTC),
        file_name=plain_name(path.name),
        source=None,
        state=SpoolState.WAITING,
    )

"""Where do a project's cameras stand? The pages that the manifest names, put together from messages in any order."""

from broker.channel import Match
from broker.contract import CAMERA_PAGE, REFERENCE
from broker.envelope import decode
from broker.ids import PageDigest
from broker.manifest import CameraEntry, CameraPage, Manifest, Page, cameras_of, read_page


class CameraBook:
    """Collects the manifest and the pages of cameras; give it all messages of both channels."""

    def __init__(self) -> None:
        self._manifest: Manifest | None = None
        self._pages: dict[PageDigest, Page[CameraPage]] = {}

    def take(self, found: Match, payload: bytes) -> None:
        """Take one message; an empty payload clears.

        Raises:
            BadPageError, BadMessageError, UnknownSchemaError: it is not what its topic promises.
        """
        if found.channel is REFERENCE:
            self._manifest = decode(payload, Manifest) if payload else None
        elif found.channel is CAMERA_PAGE and payload:
            self._pages[found.page] = read_page(payload, found.page, CameraPage)
        elif found.channel is CAMERA_PAGE:
            self._pages.pop(found.page, None)

    def cameras(self) -> tuple[CameraEntry, ...] | None:
        """All cameras of the newest manifest; None while it or one of its pages is not here."""
        if self._manifest is None or not set(self._manifest.camera_pages) <= self._pages.keys():
            return None
        return cameras_of(self._pages[digest] for digest in self._manifest.camera_pages)

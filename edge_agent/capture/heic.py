"""How is a place taken out of a HEIC photograph? Its EXIF and XMP are overwritten in place, so that nothing in it moves.

pillow-heif, where it is installed, says which bytes they are. Without it no camera of ours takes HEIC.
"""

from collections.abc import Iterator
from typing import Any, Final

from broker.images.decoding import UndecodableImageError, translating_decoder_errors
from broker.images.opening import can_read_heic
from edge_agent.capture.exif import EXIF_MARK
from edge_agent.capture.gps import UncleanableError, without_place

_LEAST_EXIF_BYTES: Final = 8


def heic_without_place(content: bytes) -> bytes:
    """Overwrite GPS in every EXIF, an EXIF that does not read, and every other metadata, as XMP, of a HEIC file.

    Raises:
        UncleanableError: the file does not read, or its metadata lie in parts.
    """
    if not can_read_heic():
        raise UncleanableError("HEIC cannot be looked into without pillow-heif: send JPEG, or allow GPS")
    cleaned = content
    for block, is_exif in _metadata(content):
        if block not in content:
            raise UncleanableError("the metadata of this HEIC lie in parts: write it again with another program")
        cleaned = cleaned.replace(block, _cleaned(block) if is_exif else bytes(len(block)))
    return cleaned


def _metadata(content: bytes) -> Iterator[tuple[bytes, bool]]:
    """The blocks of metadata, and whether each is EXIF."""
    import pillow_heif  # noqa: PLC0415 - optional

    try:
        with translating_decoder_errors():
            images = list(pillow_heif.open_heif(content))
    except UndecodableImageError as exc:
        raise UncleanableError(f"this HEIC does not read: {exc.sentence}") from exc
    for image in images:
        info: dict[str, Any] = dict(image.info)
        exif, xmp = info.get("exif"), info.get("xmp")
        if exif and len(exif) >= _LEAST_EXIF_BYTES:
            yield exif.removeprefix(EXIF_MARK), True
        others = (each["data"] for each in info.get("metadata", ()))
        yield from ((block, False) for block in (xmp, *others) if block)


def _cleaned(tiff: bytes) -> bytes:
    try:
        return without_place(tiff)
    except UncleanableError:
        return bytes(len(tiff))

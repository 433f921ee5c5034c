"""What is a photograph's file in the spool called? Its image id and the suffix of its format; so it can be indexed again."""

from hashlib import file_digest
from pathlib import Path

from broker.ids import BadIdError, ImageId
from broker.images.formats import FORMAT_BY_CONTENT_TYPE, FORMAT_BY_SUFFIX
from broker.logs import get_logger
from edge_agent.spool.index import SpooledImage

LOG = get_logger()


def file_name(image: SpooledImage) -> str:
    """What a photograph's file is called in the spool."""
    image_format = FORMAT_BY_CONTENT_TYPE.get(image.content_type)
    return f"{image.image_id}{image_format.suffixes[0] if image_format else '.jpg'}"


def id_of(path: Path) -> ImageId | None:
    """The id in the name of a file; None when it is no name of a spool."""
    try:
        return ImageId(path.stem)
    except BadIdError:
        return None


def sha256_of(path: Path) -> str:
    """The digest of a file, read a little at a time: a rig has little memory. Raises OSError."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def from_file(path: Path, image_id: ImageId) -> SpooledImage | None:
    """Describe a file by its name and bytes; None when it is not a complete photograph. Raises OSError."""
    digest, status = sha256_of(path), path.stat()
    if not digest.startswith(image_id.digest):
        LOG.error("photograph_damaged", image_id=image_id)
        return None
    image_format = FORMAT_BY_SUFFIX.get(path.suffix)
    content_type = image_format.content_type if image_format else "image/jpeg"
    return SpooledImage.from_file(image_id, digest, content_type=content_type, status=status)

"""How do index and files agree again after a crash, or after the rig got another name?"""

from dataclasses import replace
from pathlib import Path

from broker.files import UNFINISHED
from broker.ids import ImageId
from broker.logs import get_logger
from edge_agent.spool.files import file_name, from_file
from edge_agent.spool.index import SpoolIndex, SpoolKey, SpoolState

LOG = get_logger()


def rename_waiting(images: Path, index: SpoolIndex, session: str) -> None:
    """Go on under another name: the reconstructor takes only sessions that begin with the rig's own.

    What waits is renamed first, so that after a crash this is done again. `repair` indexes a file without a row.
    """
    for image in index.waiting_for_all():
        image_id = ImageId.build(session=session, sequence=image.sequence, sha256=image.sha256)
        path = images / file_name(image)
        if path.exists():
            path.replace(images / file_name(replace(image, image_id=image_id)))
        index.rename(image.image_id, image_id)
    index.remember(SpoolKey.SESSION, session)


def repair(images: Path, index: SpoolIndex) -> None:
    """Make index and files agree after a crash."""
    for path in sorted(images.iterdir()):
        if path.name.endswith(UNFINISHED):
            path.unlink()  # `add` never returned for it
            continue
        image = from_file(path)
        known = image and index.find(image.image_id)
        if image is not None and known is None:
            index.insert(replace(image, destination_id=index.destination_id))
            LOG.warning("photograph_indexed", image_id=image.image_id)
        elif known is not None and known.state in {SpoolState.STORED, SpoolState.EVICTED}:
            path.unlink()
    for image in index.waiting_for_all():
        if not (images / file_name(image)).exists():
            index.change_state(image.image_id, SpoolState.LOST, reason="file missing at start")
            LOG.error("photograph_lost", image_id=image.image_id)

"""How do index and files agree again after a crash, or after the rig got another name?"""

from dataclasses import replace
from pathlib import Path

from broker.files import UNFINISHED
from broker.ids import ImageId
from broker.logs import get_logger
from edge_agent.spool.files import file_name, from_file, id_of, sha256_of
from edge_agent.spool.index import SpooledImage, SpoolIndex, SpoolKey, SpoolState

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
    """Make index and files agree after a crash.

    Files with a row are not read, because systemd waits for the start and a spool may hold many gigabytes: `Spool.read`
    checks each one before it is sent.
    """
    names = {path.name for path in images.iterdir()}
    for name in sorted(names):
        try:
            _repair_file(images / name, index)
        except OSError as exc:  # one bad file must not end the start for all others
            reason = f"this file cannot be read or removed: {exc.strerror}; it is passed over until the next start"
            LOG.error("file_passed_over", path=str(images / name), reason=reason)  # noqa: TRY400 - the disk's error
    for image in index.waiting_for_all():
        if file_name(image) not in names:
            index.change_state(image.image_id, SpoolState.LOST, reason="file missing at start")
            LOG.error("photograph_lost", image_id=image.image_id)


def _repair_file(path: Path, index: SpoolIndex) -> None:
    if path.name.endswith(UNFINISHED):
        path.unlink()  # `add` never returned for it
        return
    image_id = id_of(path)
    known = image_id and index.find(image_id)
    if known:
        _repair_known(path, known, index)
    elif image_id is not None and (image := from_file(path, image_id)) is not None:
        index.insert(replace(image, destination_id=index.destination_id))
        LOG.warning("photograph_indexed", image_id=image_id)


def _repair_known(path: Path, known: SpooledImage, index: SpoolIndex) -> None:
    if known.state in {SpoolState.STORED, SpoolState.EVICTED}:
        path.unlink()
    elif known.state is SpoolState.LOST and sha256_of(path) == known.sha256:  # the disk could not be read for a while
        index.change_state(known.image_id, SpoolState.WAITING)
        LOG.warning("photograph_found_again", image_id=known.image_id)

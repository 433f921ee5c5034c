"""How do index and files agree again after a crash, or after the rig got another name?"""

import contextlib
from collections.abc import Iterator
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

    What waits is renamed first, so that after a crash this is done again. `repair` indexes a file without a row. The
    numbers are given again, as photographs of two sessions may have the same.
    """
    for sequence, image in enumerate(index.waiting_for_all(), start=1):
        image_id = ImageId.build(session=session, sequence=sequence, sha256=image.sha256)
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
    names, unknown = {path.name for path in images.iterdir()}, dict[Path, ImageId]()
    for path in (images / name for name in sorted(names)):
        image_id = id_of(path)
        known = image_id and index.find(image_id)
        with _passed_over(path):
            if path.name.endswith(UNFINISHED):
                path.unlink()  # `add` never returned for it
            elif known:
                _repair_known(path, known, index)
            elif image_id is not None:
                unknown[path] = image_id
    began_s = _session_began_s(unknown)
    for path, image_id in sorted(unknown.items(), key=lambda each: (began_s[each[1].session], each[1])):
        with _passed_over(path):
            _index_file(path, image_id, index)
    for image in index.waiting_for_all():
        if file_name(image) not in names:
            index.change_state(image.image_id, SpoolState.LOST, reason="file missing at start")
            LOG.error("photograph_lost", image_id=image.image_id)


def _repair_known(path: Path, known: SpooledImage, index: SpoolIndex) -> None:
    if known.state in {SpoolState.STORED, SpoolState.EVICTED}:
        path.unlink()
    elif known.state is SpoolState.LOST and sha256_of(path) == known.sha256:  # the disk could not be read for a while
        index.change_state(known.image_id, SpoolState.WAITING)
        LOG.warning("photograph_found_again", image_id=known.image_id)


def _index_file(path: Path, image_id: ImageId, index: SpoolIndex) -> None:
    """Give a file its row, at its place in its session; a session without rows comes behind all others."""
    image, newest = from_file(path, image_id), index.newest_of(image_id.session)
    if image is None:
        return
    before = newest.sequence - newest.image_id.sequence if newest else index.next_sequence() - 1
    sequence = before + image_id.sequence
    index.insert(replace(image, sequence=sequence, destination_id=index.destination_id))
    LOG.warning("photograph_indexed", image_id=image_id)


def _session_began_s(images: dict[Path, ImageId]) -> dict[str, float]:
    """When each session began, by its oldest file, in seconds; names do not tell which session came first."""
    began_s: dict[str, float] = {}
    for path, image_id in images.items():
        written_s = float("inf")
        with contextlib.suppress(OSError):
            written_s = path.stat().st_mtime
        began_s[image_id.session] = min(written_s, began_s.get(image_id.session, written_s))
    return began_s


@contextlib.contextmanager
def _passed_over(path: Path) -> Iterator[None]:
    """Pass over one file with which the disk fails: it must not end the start for all others."""
    try:
        yield
    except OSError as exc:
        reason = f"this file cannot be read or removed: {exc.strerror}; it is passed over until the next start"
        LOG.error("file_passed_over", path=str(path), reason=reason)  # noqa: TRY400 - the disk's error

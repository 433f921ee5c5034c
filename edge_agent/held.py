"""What becomes of photographs that wait for another project or broker? The operator lists, exports or redirects them."""

from pathlib import Path
from typing import Final

from broker.errors import CairnError
from broker.files import UNFINISHED, write_durably
from broker.images.formats import FORMAT_BY_CONTENT_TYPE
from edge_agent.config import Settings
from edge_agent.spool.destinations import Destination
from edge_agent.spool.index import SpooledImage
from edge_agent.spool.spool import Spool

MIB: Final = 1024 * 1024
MOST_NAME_BYTES: Final = 240  # most file systems take 255, some with encryption less
_MOST_SUFFIX_BYTES: Final = 16


class NothingHeldError(CairnError):
    """A number under which no photographs are held."""

    code = "nothing_held"
    remedy = "Use a number that `cairn edge spool list` shows."


class ExportError(CairnError):
    """A folder into which held photographs cannot be copied."""

    code = "spool_export_failed"
    remedy = "Name a folder that can be written to, on a disk with room."


def lines(settings: Settings) -> list[str]:
    """What waits for whom, a line each; held photographs have a number."""
    project, _ = settings.named()
    here = Destination.of(project, settings.broker)
    spool = Spool.read_only(settings.spool_dir, here)
    counts = spool.counts()
    found = [f"now  {counts.waiting_count} for {here.words}, {counts.waiting_bytes / MIB:.1f} MiB"]
    for each in spool.held():
        size = f"{each.size_bytes / MIB:.1f} MiB, oldest {each.oldest_at:%Y-%m-%d %H:%M} UTC"
        found.append(f"{each.destination_id:<3}  {each.count} held for {each.words}, {size}")
    return found


def sentences(settings: Settings) -> list[str]:
    """What is held, and what to do about it."""
    project, _ = settings.named()
    return [
        each.sentence for each in Spool.read_only(settings.spool_dir, Destination.of(project, settings.broker)).held()
    ]


def export(settings: Settings, number: int, folder: Path, *, is_removed: bool) -> int:
    """Copy held photographs into a folder; only then, if so asked, delete them from the spool. The number of them.

    Raises:
        NothingHeldError: nothing is held under this number.
        ExportError: the folder cannot be written to, and nothing is deleted; or some photographs cannot be read, which
            stay, and the others are copied.
        SpoolError: the agent runs, and so nothing can be deleted; the photographs are copied.
    """
    project, name = settings.named()
    here = Destination.of(project, settings.broker)
    spool = Spool.read_only(settings.spool_dir, here)
    _check(number, [each.destination_id for each in spool.held()])
    files = spool.files_for(number)
    copied, unread = _copy(files, folder)
    if is_removed:
        with Spool(settings.spool_dir, name, destination=here) as opened:
            opened.destinations.remove(copied)
    if unread:
        raise ExportError(
            f"{len(unread)} of {len(files)} photographs left in the spool, because the disk cannot read them; the others"
            f" are copied. The first is {unread[0]}"
        )
    return len(copied)


def _copy(files: list[tuple[SpooledImage, Path]], folder: Path) -> tuple[list[SpooledImage], list[str]]:
    """Copy photographs; which were copied, and why the others could not be read: one of them must not stop the rest."""
    copied, unread = list[SpooledImage](), list[str]()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for image, path in files:
            try:
                content = path.read_bytes()
            except OSError as exc:
                unread.append(f"{path}: {exc.strerror}")
                continue
            write_durably(folder, {_export_name(image): content})
            copied.append(image)
    except OSError as exc:
        raise ExportError(f"cannot copy {exc.filename or folder}: {exc.strerror}; nothing was deleted") from exc
    return copied, unread


def send_here(settings: Settings, number: int) -> int:
    """Let held photographs wait for the project of the settings; the number of them.

    Raises:
        NothingHeldError: nothing is held under this number.
        SpoolError: the agent runs.
    """
    project, name = settings.named()
    with Spool(settings.spool_dir, name, destination=Destination.of(project, settings.broker)) as spool:
        _check(number, [each.destination_id for each in spool.destinations.held()])
        return spool.destinations.send_here(number)


def _check(number: int, known: list[int]) -> None:
    if number not in known:
        held = f"what is held has the numbers {', '.join(map(str, known))}" if known else "nothing is held"
        raise NothingHeldError(f"nothing is held under {number}: {held}")


def _export_name(image: SpooledImage) -> str:
    """The photographer's name for it behind session and count, which no other photograph has."""
    place = f"{image.image_id.session}-{image.image_id.sequence:06d}"
    known = FORMAT_BY_CONTENT_TYPE.get(image.content_type)
    if not image.file_name:
        return f"{place}{known.suffixes[0] if known else '.jpg'}"
    suffix = Path(image.file_name).suffix
    suffix = suffix if len(suffix.encode()) <= _MOST_SUFFIX_BYTES else ""
    stem = f"{place}-{image.file_name.removesuffix(suffix)}".encode()
    room = MOST_NAME_BYTES - len(suffix.encode()) - len(UNFINISHED)
    return stem[:room].decode(errors="ignore") + suffix  # a letter of several bytes is kept whole or left out

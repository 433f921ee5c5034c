"""Which photographs does a folder hold, and what in it is left out? It descends, as the cards of cameras need it.

Camera, upload, replay and demo take the same files in the same order: by path, numbers by value, img_9 before img_10. Notes and
other files that are no images are passed over without a word; an image or a film that is not taken is named with its reason.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.images.formats import FORMAT_BY_SUFFIX, HEIC
from broker.images.opening import HOW_TO_READ_HEIC, can_read_heic
from broker.images.wholeness import is_whole

_RAW: Final = "a raw file: let the camera write JPEG, too, or convert it"
_HEIC: Final = f"HEIC: set the camera to JPEG, or convert it, {HOW_TO_READ_HEIC}"
_FILM: Final = "a film: photographs are needed"
_OTHER: Final = "not a JPEG, PNG, WebP or TIFF: convert it"
_SUFFIXES_BY_REASON: Final = {
    _RAW: "3fr arw cr2 cr3 crw dcr dng erf fff gpr iiq kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f",
    _HEIC: "heic heif hif",
    _FILM: "avi insv m4v mkv mov mp4 mpg mts webm wmv",
    _OTHER: "avif bmp exr gif hdr jp2 jxl psd",
}
REASON_BY_SUFFIX: Final = {
    f".{suffix}": reason for reason, suffixes in _SUFFIXES_BY_REASON.items() for suffix in suffixes.split()
}
_PASSED_FOLDERS: Final = frozenset({"__MACOSX", "System Volume Information", "$RECYCLE.BIN", "@eaDir"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A file that is not taken, and why."""

    path: Path
    reason: str

    @property
    def sentence(self) -> str:
        """For people."""
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderContents:
    """What a folder and the folders below it hold, in order."""

    photographs: tuple[Path, ...]
    left_out: tuple[LeftOut, ...]


def list_folder(folder: Path) -> FolderContents:
    """List the photographs of a folder and of those below it, by the suffixes of their names; nothing is opened.

    Raises:
        OSError: the folder itself cannot be listed, or nothing in it can be looked at: its disk is gone.
    """
    os.listdir(folder)  # noqa: PTH208 - os.walk is silent when the folder itself cannot be listed
    unreadable: list[LeftOut] = []

    def note(error: OSError) -> None:
        unreadable.append(LeftOut(path=Path(str(error.filename)), reason=f"cannot be listed: {error.strerror}"))

    failures: list[OSError] = []
    files = list(_files(folder, note, failures.append))
    if failures and not files:
        raise failures[0]
    for failure in failures:
        note(failure)
    photographs, left_out = [], unreadable
    for path in sorted(files, key=lambda path: _order(path.relative_to(folder))):
        suffix = path.suffix.lower()
        if suffix in FORMAT_BY_SUFFIX and (can_read_heic() or suffix not in HEIC.suffixes):
            photographs.append(path)
        elif suffix in REASON_BY_SUFFIX:
            left_out.append(LeftOut(path=path, reason=REASON_BY_SUFFIX[suffix]))
    return FolderContents(photographs=tuple(photographs), left_out=tuple(left_out))


def sound_photographs(folder: Path) -> FolderContents:
    """List a folder and read each photograph: those that are empty, cut or unreadable are left out.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    contents = list_folder(folder)
    photographs, left_out = list[Path](), list(contents.left_out)
    for path in contents.photographs:
        try:
            defect = defect_of(path.read_bytes())
        except OSError as exc:
            defect = f"cannot be read: {exc.strerror}"
        if defect is None:
            photographs.append(path)
        else:
            left_out.append(LeftOut(path=path, reason=defect))
    return FolderContents(photographs=tuple(photographs), left_out=tuple(left_out))


def defect_of(content: bytes) -> str | None:
    """Why a file's bytes are not taken, without decoding them; None when nothing speaks against them."""
    if not content:
        return "has no bytes"
    return None if is_whole(content) else "is cut: copy it again, or take the photograph again"


def _files(folder: Path, note: Callable[[OSError], None], fail: Callable[[OSError], None]) -> Iterator[Path]:
    """Yield plain files; `note` gets the error of a folder, `fail` that of a file.

    Links to folders are not followed, because they may lead in a circle.
    """
    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if name[0] not in ".~" and name not in _PASSED_FOLDERS]
        yield from (path for name in names if name[0] not in ".~" and _is_file(path := Path(parent, name), fail))


def _is_file(path: Path, fail: Callable[[OSError], None]) -> bool:
    """Whether a name is that of a plain file; one that the disk or the rights keep from us must not hide the others."""
    try:
        return path.is_file()
    except OSError as exc:
        fail(exc)
        return False


def _order(path: Path) -> list[list[tuple[int, str]]]:
    """Sort 9/IMG_9 before 10/IMG_10."""
    return [_by_number(part) for part in path.parts]


def _by_number(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]

"""How does a folder serve as a camera? By a listing in order of name; each complete file is returned once."""

import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from broker.images.formats import FORMAT_BY_SUFFIX
from edge_agent.cameras.camera import CameraError, CameraExhaustedError, CameraUnusableError
from edge_agent.photograph import Photograph, plain_name

SETTLE_S = 1.0  # a file unchanged for this time is complete


class FolderMissingError(CameraUnusableError):
    """The folder does not exist."""

    code = "folder_missing"
    remedy = "Make the folder, or name another one."


class FolderCamera:
    """The photographs of a folder in order of name, each once, as soon as it is completely written."""

    def __init__(
        self,
        folder: Path,
        *,
        is_watched: bool,
        taken_sources: Iterable[str] = (),
        settle_s: float = SETTLE_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder, self._is_watched, self._settle_s, self._clock = folder, is_watched, settle_s, clock
        self._taken = set(taken_sources)
        if not folder.is_dir():
            raise FolderMissingError(f"{folder} is not a folder; make it, or name another with --photos")

    def capture(self) -> Photograph | None:
        waiting = [path for path in photographs(self._folder) if _source(path) not in self._taken]
        if not waiting:
            if self._is_watched:
                return None
            raise CameraExhaustedError(f"every photograph of {self._folder} has been taken")
        path = waiting[0]
        if not self._is_complete(path):
            return None
        return self._take(path)

    def close(self) -> None:
        """A folder needs no release."""

    def _is_complete(self, path: Path) -> bool:
        """Whether a file is complete, judged by its age: a copy in progress keeps renewing its time."""
        try:
            status = path.stat()
        except FileNotFoundError:
            return False
        is_dated_ahead = status.st_mtime > self._clock() + self._settle_s  # a camera's clock may run ahead of ours
        return status.st_size > 0 and (is_dated_ahead or self._clock() - status.st_ctime >= self._settle_s)

    def _take(self, path: Path) -> Photograph | None:
        source = _source(path)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise CameraError(f"cannot read {path}: {exc.strerror}") from exc
        if _source(path) != source:  # it was written to meanwhile
            return None
        self._taken.add(source)
        return Photograph(
            content=content,
            content_type=FORMAT_BY_SUFFIX[path.suffix.lower()].content_type,
            file_name=plain_name(path.name),
            source=source,
        )


def photographs(folder: Path) -> list[Path]:
    """List a folder's photographs by name, numbers by value: img_9 before img_10."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in FORMAT_BY_SUFFIX and path.name[0] not in ".~")
    return sorted((path for path in found if path.is_file()), key=by_name)


def by_name(path: Path) -> list[tuple[int, str]]:
    """Sort IMG_9 before IMG_10."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _source(path: Path) -> str:
    """Name a file with its size and time: the same name with other content is another photograph."""
    name = plain_name(path.name)
    try:
        status = path.stat()
    except FileNotFoundError:
        return name
    return f"{name}:{status.st_size}:{status.st_mtime_ns}"

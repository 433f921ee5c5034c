"""How does a folder serve as a camera? By a listing in order of path; each complete file is returned once."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from broker.images.folders import LeftOut, defect_of, list_folder
from broker.images.formats import FORMAT_BY_SUFFIX
from broker.images.wholeness import has_end_mark
from edge_agent.cameras.camera import (
    MAX_PHOTOGRAPH_BYTES,
    CameraError,
    CameraExhaustedError,
    CameraUnusableError,
    PhotographTooLargeError,
    check_size,
)
from edge_agent.photograph import Photograph, plain_name

MOST_NAMED = 40  # of the files left out, in one answer of the camera's process
SETTLE_S = 1.0  # a file unchanged for this time is complete
SETTLE_WITH_END_S = 0.1  # and one that ends as its format says, unchanged for this time


class FolderMissingError(CameraUnusableError):
    """The folder does not exist."""

    code = "folder_missing"
    remedy = "Make the folder, or name another one."


class FolderAwayError(CameraError):
    """A folder that was there and is not now: its card was pulled out, or its share is not mounted."""

    code = "folder_away"
    remedy = "Put the card in again, or mount the share; photographs that wait are still sent."


class EmptyFolderError(CameraUnusableError):
    """The folder holds no photograph that can be taken."""

    code = "folder_empty"
    remedy = "Name a folder that holds JPEG, PNG, WebP or TIFF files."


class FolderCamera:
    """The photographs of a folder and of those below it, each once, as soon as it is completely written.

    What is not ready or cannot be taken is passed over, so that one bad file stops nothing.
    """

    def __init__(
        self,
        folder: Path,
        *,
        is_watched: bool,
        taken_sources: Iterable[str] = (),
        settle_s: float = SETTLE_S,
        clock: Callable[[], float] = time.time,
        steady_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._is_watched, self._settle_s = folder, is_watched, settle_s
        self._clock, self._steady_clock = clock, steady_clock
        self._first_seen_s: dict[str, float] = {}  # of files dated ahead
        self._first_waited_s: dict[Path, float] = {}
        self._looked_s = 0.0
        self._taken = set(taken_sources)
        self._left_out: dict[str, LeftOut] = {}
        self._passed: set[str] = set()  # of them, those that are not looked at again
        self._named_count = 0
        try:
            if not folder.is_dir():
                raise FolderMissingError(f"{folder} is not a folder; make it, or name another with --photos")
        except OSError as exc:  # it is there, and its disk or share does not answer
            raise _away(folder, exc) from exc

    def capture(self) -> Photograph | None:
        try:
            contents, self._looked_s = list_folder(self._folder), self._steady_clock()
        except OSError as exc:
            self._passed.clear()  # what could not be read while the card was pulled out may be whole
            raise _away(self._folder, exc) from exc
        for each in contents.left_out:
            self._left_out.setdefault(
                _source(each.path, self._folder), each
            )  # looked at again: its disk may answer later
        is_settling = False
        for path in contents.photographs:
            source = _source(path, self._folder)
            if source in self._taken or source in self._passed:
                continue
            if not self._has_settled(path, source):
                is_settling = True
                if self._is_new(path):
                    return None  # else those behind it would come first
                continue
            photograph = self._take(path, source)
            if photograph is not None:
                return photograph
        if is_settling or self._is_watched or len(self._left_out) > self._named_count + MOST_NAMED:
            return None
        if not self._taken:
            raise EmptyFolderError(f"{self._folder} holds no photograph that can be taken")
        raise CameraExhaustedError(f"every photograph of {self._folder} has been taken")

    def new_left_out(self) -> list[LeftOut]:
        """What was left out since the last call, each file once; at most `MOST_NAMED` at a time."""
        new = list(self._left_out.values())[self._named_count :][:MOST_NAMED]
        self._named_count += len(new)
        return new

    def close(self) -> None:
        """A folder needs no release."""

    def _has_settled(self, path: Path, source: str) -> bool:
        """Whether a file is complete, judged by its age and its end: a copy in progress keeps renewing its time."""
        try:
            rest_s = self._rest_s(path, source)
            if rest_s < SETTLE_WITH_END_S or rest_s >= self._settle_s:
                return rest_s >= self._settle_s
            return path.stat().st_size <= MAX_PHOTOGRAPH_BYTES and has_end_mark(path.read_bytes())
        except OSError:
            return False

    def _is_new(self, path: Path) -> bool:
        """Whether a file was first seen less than the settling time ago; one that grows for longer stops no other."""
        return self._looked_s - self._first_waited_s.setdefault(path, self._looked_s) < self._settle_s

    def _rest_s(self, path: Path, source: str) -> float:
        """How long a file has not changed.

        A file dated ahead, because a camera's or a server's clock is, or ours was set back, is watched from now on.
        """
        status = path.stat()
        age_s = self._clock() - max(status.st_ctime, status.st_mtime)
        if age_s > -self._settle_s:
            return age_s
        return self._looked_s - self._first_seen_s.setdefault(source, self._looked_s)

    def _take(self, path: Path, source: str) -> Photograph | None:
        try:
            check_size(path.stat().st_size)
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except PhotographTooLargeError as exc:
            self._leave_out(source, LeftOut(path=path, reason=exc.sentence))
            return None
        except OSError as exc:
            self._leave_out(source, LeftOut(path=path, reason=f"cannot be read: {exc.strerror}"))
            return None
        if _source(path, self._folder) != source:  # it was written to meanwhile
            return None
        defect = defect_of(content)
        if defect is not None:
            self._leave_out(source, LeftOut(path=path, reason=defect))
            return None
        self._taken.add(source)
        return Photograph(
            content=content,
            content_type=FORMAT_BY_SUFFIX[path.suffix.lower()].content_type,
            file_name=plain_name(path.name),
            source=source,
        )

    def _leave_out(self, source: str, left_out: LeftOut) -> None:
        self._left_out.setdefault(source, left_out)
        self._passed.add(source)


def _away(folder: Path, exc: OSError) -> FolderAwayError:
    return FolderAwayError(
        f"{folder} is not there ({exc.strerror}): put the card in again, or mount the share;"
        " photographs that wait are still sent"
    )


def _source(path: Path, folder: Path) -> str:
    """Name a file by its path in the folder, size and time: the same name with other content is another photograph."""
    name = plain_name(str(path.relative_to(folder)))
    try:
        status = path.stat()
    except OSError:
        return name
    return f"{name}:{status.st_size}:{status.st_mtime_ns}"

"""Where do exported files lie? In one flat folder that the page server reads; the oldest of a project are removed.

A file gets its name only when it is complete. Until then it lies in a folder that is not shown, which a start removes.
New files keep the group of the folder, so that the page's user may read them.
"""

import contextlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from broker.errors import CairnError
from broker.files import sync
from broker.ids import BadIdError, ExportFormat, ExportName, ProjectId

_READABLE: Final = 0o640  # by the folder's group


class ExportFolderError(CairnError):
    """The folder of exported files cannot be written, or its disk is full."""

    code = "export_folder"
    remedy = "Check reconstructor.export_dir: its disk, owner and free space."


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a project's exports stays.

    Attributes:
        count: files.
        size_bytes: bytes in all; the newest file always stays.
        keep_s: seconds since a file was made.
    """

    count: int
    size_bytes: int
    keep_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFolder:
    """The exported files of one project."""

    path: Path
    project: ProjectId

    def clean(self) -> None:
        """Make the folder, and remove what an export left that was ended; raises ExportFolderError."""
        with _translating():
            self.path.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self._part, ignore_errors=True)

    @contextmanager
    def part(self, reserve_bytes: int) -> Iterator[Path]:
        """A folder to make one file in, removed at the end.

        Raises:
            ExportFolderError: it cannot be made, or less than the reserve is free.
        """
        self.clean()
        with _translating():
            if shutil.disk_usage(self.path).free < reserve_bytes:
                raise ExportFolderError(f"less than {reserve_bytes >> 20} MiB are free in {self.path}: free some space")
            self._part.mkdir()
        try:
            yield self._part
        finally:
            shutil.rmtree(self._part, ignore_errors=True)

    def finish(self, made: Path, form: ExportFormat) -> ExportName:
        """Give a complete file its name; raises ExportFolderError."""
        made_at = datetime.now(UTC)
        while (self.path / (name := ExportName.of(self.project, form, made_at))).exists():
            made_at += timedelta(seconds=1)
        with _translating():
            made.chmod(_READABLE)
            sync(made)
            made.replace(self.path / name)
            sync(self.path)
        return name

    def remove_old(self, limits: Limits) -> tuple[ExportName, ...]:
        """Remove what is beyond the limits, the oldest first; return its names. Raises ExportFolderError."""
        removed, count, size_bytes = [], 0, 0
        with _translating():
            for name, made_at, own_bytes in sorted(self._files(), key=lambda each: each[1], reverse=True):
                count, size_bytes = count + 1, size_bytes + own_bytes
                is_too_much = count > limits.count or (count > 1 and size_bytes > limits.size_bytes)
                if is_too_much or time.time() - made_at > limits.keep_s:
                    (self.path / name).unlink(missing_ok=True)
                    removed.append(name)
        return tuple(removed)

    @property
    def _part(self) -> Path:
        return self.path / f".part-{self.project}"

    def _files(self) -> Iterator[tuple[ExportName, float, int]]:
        for path in self.path.iterdir() if self.path.is_dir() else ():
            with contextlib.suppress(BadIdError, FileNotFoundError):
                name, status = ExportName(path.name), path.lstat()
                if name.project == self.project:
                    yield name, status.st_mtime, status.st_size


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise ExportFolderError(f"cannot use the folder of exports: {exc.filename}: {exc.strerror}") from exc

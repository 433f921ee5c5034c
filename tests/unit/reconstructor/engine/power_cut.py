"""What is left on a disk after a power cut? Only files whose bytes were synced, under names that were synced."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class Disk:
    """A folder whose contents count as durable at first; from then on only what `os.fsync` was called for."""

    def __init__(self, folder: Path) -> None:
        everything = [folder, *folder.rglob("*")]
        self._folder = folder
        self._synced = {path.stat().st_ino for path in everything if path.is_file()}
        self._names = {path.stat().st_ino: names(path) for path in everything if path.is_dir()}

    @contextmanager
    def watched(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        fsync = os.fsync

        def noted(descriptor: int) -> None:
            fsync(descriptor)
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            if path.is_dir():
                self._names[path.stat().st_ino] = names(path)
            else:
                self._synced.add(path.stat().st_ino)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", noted)
            yield

    def cut_power(self) -> None:
        """Remove every name that was not synced, and the bytes of every file that was not."""
        self._cut(self._folder)

    def _cut(self, folder: Path) -> None:
        durable = self._names.get(folder.stat().st_ino, set())
        for path in folder.iterdir():
            if path.name not in durable:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            elif path.is_dir():
                self._cut(path)
            elif path.stat().st_ino not in self._synced:
                path.write_bytes(b"")

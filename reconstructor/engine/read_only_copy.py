"""How is an engine's state read while its owner may be working? In a copy made of hard links.

Every file below an engine's folder is written once and renamed, never changed, so hard links are a valid copy.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from reconstructor.engine.features.image_files import store_of
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.restore import EngineStateMissingError

# steps first: the files they refer to are written before them and, except depth, never removed
_FOLDERS: Final = ("steps", "features", "pairs", "pixels", "depth")
_TRIES: Final = 3


@contextmanager
def read_only_copy(folder: Path, settings: EngineSettings) -> Iterator[LiveEngine]:
    """An engine in the state of the newest step in this folder; what it writes is deleted at the end.

    Raises:
        EngineStateMissingError: the folder holds no step that can be read.
    """
    for _ in range(_TRIES):  # its owner may have removed a step while it was copied
        with _copied(folder) as copy:
            engine = LiveEngine(copy, settings, store_of(folder))
            try:
                if engine.has_images:
                    yield engine
                    return
            finally:
                engine.close()
    raise EngineStateMissingError(f"{folder} holds no state of the built-in engine: add photographs first")


@contextmanager
def _copied(folder: Path) -> Iterator[Path]:
    beside = folder.parent if os.access(folder.parent, os.W_OK) else None  # hard links need the same disk
    with tempfile.TemporaryDirectory(prefix=".reopened-", dir=beside) as name:
        for each in _FOLDERS:
            for source in sorted((folder / each).rglob("*")):
                _link(source, Path(name) / source.relative_to(folder))
        yield Path(name)


def _link(source: Path, target: Path) -> None:
    if not source.is_file() or source.suffix == ".tmp":
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):  # the owner removed it meanwhile
        try:
            os.link(source, target)
        except FileNotFoundError:
            raise
        except OSError:  # another disk, another owner, or a file system without links
            shutil.copyfile(source, target)

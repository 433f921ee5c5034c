"""Who may write a project's folder? One program at a time: it holds a lock until its file is closed or it ends."""

import fcntl
from pathlib import Path
from typing import IO

from reconstructor.storage.durable_files import StoreError, translate


class StoreInUseError(StoreError):
    """Another program has this folder."""

    code = "store_in_use"
    remedy = "Stop the other reconstructor, or give this one another folder."


def lock(folder: Path) -> IO[str]:
    """Lock a project's folder against a second program; raises StoreInUseError when it is there already."""
    try:
        file = (folder / "lock").open("a")
    except OSError as exc:
        raise translate(exc) from exc
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        file.close()
        if isinstance(exc, BlockingIOError):
            raise StoreInUseError(
                f"another reconstructor uses {folder}: stop it, or give this one its own data_dir"
            ) from exc
        raise translate(exc) from exc
    return file

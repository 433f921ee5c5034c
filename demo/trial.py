"""Can the black box of a demo be loaded? It is tried once, in a child process, before any program starts."""

import sys
import tempfile
from pathlib import Path

from broker.logs import get_logger
from reconstructor.config import Settings
from reconstructor.executors.local import LocalExecutor


async def try_to_load(black_box: str) -> None:
    """Load a black box as the reconstructor will do.

    Raises:
        CairnError: says why it cannot be loaded.
    """
    sys.path.append(str(Path.cwd()))  # where its author is at work, and where the demo's programs run
    settings = Settings.load(black_box=black_box)
    with tempfile.TemporaryDirectory() as folder:
        executor = LocalExecutor(
            settings.black_box,
            Path(folder),
            memory_limit_bytes=settings.memory_limit_bytes,
            load_timeout_s=settings.load_timeout_s,
            log=get_logger(program="reconstructor"),
        )
        try:
            await executor.start()
        finally:
            await executor.close()

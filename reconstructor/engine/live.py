"""How does a call of the black box reach the engine? One engine a process; its state is in the working directory."""

import sys
from functools import lru_cache
from pathlib import Path
from threading import Lock

from reconstructor.black_box import accepts_previews, concurrent, reads_no_cloud
from reconstructor.engine.device import compute_of
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.priority import EngineClosedError
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.restore import EngineStateMissingError


@lru_cache(maxsize=1)
def _engine_in(folder: Path) -> LiveEngine:
    settings = EngineSettings()
    sys.stderr.write(f"the engine {compute_of(settings).sentence}\n")  # the service logs it
    return LiveEngine(folder, settings)


_choosing = Lock()  # so that two simultaneous calls get the same engine


@accepts_previews
@reads_no_cloud
@concurrent
def black_box(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Add an image to the model in the working directory; returns a folder with `update.json` and, if any, PLYs.

    Without `old_point_cloud` the folder holds the complete cloud; if the image was added before, that of a refetch.

    Raises:
        EngineStateMissingError: there is a cloud, but the working directory does not hold the model it came from.
    """
    while True:
        with _choosing:
            engine = _engine_in(Path.cwd())
        try:
            return str(_answer(engine, Path(input_img_path), new_img_id, is_complete=not old_point_cloud))
        except EngineClosedError:
            continue  # a simultaneous call failed and closed the engine
        except BaseException:
            _give_up(engine)
            raise


def _give_up(engine: LiveEngine) -> None:
    """Close an engine whose memory may be inconsistent; the next call, and a running one, start from the disk."""
    with _choosing:
        engine.close()
        engine.join()
        _engine_in.cache_clear()


def _answer(engine: LiveEngine, path: Path, image_id: str, *, is_complete: bool) -> Path:
    if is_complete and engine.knows(image_id):
        return engine.refetch().folder
    if not is_complete and not engine.has_images:
        raise EngineStateMissingError(
            "the engine's folder is empty though the project has a cloud: add its images again"
        )
    return engine.add_image(path, image_id, wants_complete_cloud=is_complete).folder

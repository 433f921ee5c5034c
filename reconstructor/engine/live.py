"""How does one function call reach the engine? The built-in black box: one engine a process, in the working directory."""

from functools import lru_cache
from pathlib import Path
from threading import Lock

from reconstructor.black_box import concurrent
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.priority import EngineClosedError
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.restore import EngineStateMissingError


@lru_cache(maxsize=1)
def _engine_in(folder: Path) -> LiveEngine:
    return LiveEngine(folder, EngineSettings())


_choosing = Lock()  # two calls at once get one engine


@concurrent
def black_box(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Add an image to the model in the working directory; returns a folder with `update.json` and, if any, PLYs.

    Without `old_point_cloud` the folder holds the complete cloud: of a new solution if the image was added before.

    Raises:
        EngineStateMissingError: there is a cloud, but the working directory does not hold the model it came from.
    """
    while True:
        with _choosing:
            engine = _engine_in(Path.cwd())
        try:
            return str(_answer(engine, Path(input_img_path), new_img_id, is_complete=not old_point_cloud))
        except EngineClosedError:
            continue  # the call beside this one failed
        except BaseException:
            _give_up(engine)
            raise


def _give_up(engine: LiveEngine) -> None:
    """What it holds in memory may be torn: the next call, and one under way, begin with what is on disk."""
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

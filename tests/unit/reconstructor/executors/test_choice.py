"""Does a project's black box learn what the reconstructor takes?"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from broker.ids import ProjectId
from broker.logs import get_logger
from reconstructor.config import Settings
from reconstructor.executors import choice


def test_the_engine_is_given_the_limit_of_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(choice, "LocalExecutor", lambda *_, **options: given.update(options))
    settings = Settings(data_dir=tmp_path, points_limit=1234)
    store: Any = SimpleNamespace(black_box_folder=tmp_path)
    nothing: Any = None
    choice.executor_of(settings, ProjectId("chapel"), store, nothing, get_logger())
    assert given["environment"]["CAIRN_ENGINE_POINTS_LIMIT"] == "1234"

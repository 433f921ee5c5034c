"""The command line's words for a replay."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from broker.config import BadSettingsError
from reconstructor.cli import app
from reconstructor.replay.command import engine_settings
from reconstructor.replay.replayer import NothingToReplayError


def test_intrinsics_are_four_numbers_in_pixels() -> None:
    assert engine_settings("1000,1001.5,600,400").intrinsics == (1000, 1001.5, 600, 400)
    assert engine_settings(None).intrinsics is None


@pytest.mark.parametrize("words", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "-1,2,3,4", "0,1,1,1", "nan,1,1,1"])
def test_anything_else_is_refused_in_words(words: str) -> None:
    with pytest.raises(BadSettingsError, match="fx,fy,cx,cy"):
        engine_settings(words)


def test_what_is_no_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file.txt").touch()
    for name, why in (("nope", "No such file or directory"), ("file.txt", "Not a directory")):
        done = CliRunner().invoke(app, ["replay", str(tmp_path / name), "--out", str(tmp_path / "out")])
        assert isinstance(done.exception, NothingToReplayError)
        assert (
            done.exception.sentence == f"cannot read the folder {tmp_path / name}: {why}: give a folder of photographs"
        )


def test_a_variable_of_the_engine_without_such_a_value_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_ENGINE_DENSE_SOURCES", "many")
    with pytest.raises(BadSettingsError, match=r"^CAIRN_ENGINE_DENSE_SOURCES=many: [^\n]+$"):
        engine_settings(None)

"""The command line's words for a replay."""

import pytest

from broker.config import BadSettingsError
from reconstructor.replay.command import engine_settings


def test_intrinsics_are_four_numbers_in_pixels() -> None:
    assert engine_settings("1000,1001.5,600,400").intrinsics == (1000, 1001.5, 600, 400)
    assert engine_settings(None).intrinsics is None


@pytest.mark.parametrize("words", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "-1,2,3,4", "0,1,1,1", "nan,1,1,1"])
def test_anything_else_is_refused_in_words(words: str) -> None:
    with pytest.raises(BadSettingsError, match="fx,fy,cx,cy"):
        engine_settings(words)

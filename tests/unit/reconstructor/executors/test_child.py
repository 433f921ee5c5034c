"""Does a black box's process get what it is given, unless the operator says otherwise, and nothing about the broker?"""

import pytest

from reconstructor.executors.child import environment


def test_a_given_variable_is_passed_on_unless_ours_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_ENGINE_QUALITY", "high")
    monkeypatch.setenv("CAIRN_RECONSTRUCTOR_BROKER__PASSWORD", "secret")
    found = environment({"CAIRN_ENGINE_QUALITY": "standard", "CAIRN_ENGINE_LEARNED_CAMERAS": "/data/cameras.json"})
    assert found["CAIRN_ENGINE_QUALITY"] == "high"
    assert found["CAIRN_ENGINE_LEARNED_CAMERAS"] == "/data/cameras.json"
    assert "secret" not in found.values()

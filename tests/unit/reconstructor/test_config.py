"""Settings: complete, described, and refused in words."""

from pathlib import Path

import pytest

from broker.config import BadSettingsError
from reconstructor.config import Settings


def test_every_setting_says_what_it_is() -> None:
    assert {name: field.description for name, field in Settings.model_fields.items() if not field.description} == {}


def test_environment_stands_above_the_file_and_flags_above_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cairn.toml"
    path.write_text(
        '[reconstructor]\nprojects = ["chapel"]\nrefetch_every = 7\ntimeout_s = 60\n[reconstructor.broker]\nport = 1884\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("CAIRN_SETTINGS", str(path))
    monkeypatch.setenv("CAIRN_RECONSTRUCTOR_TIMEOUT_S", "61")
    monkeypatch.setenv("CAIRN_RECONSTRUCTOR_BROKER__USERNAME", "reconstructor")
    settings = Settings.load(refetch_every=8)
    assert (settings.projects, settings.refetch_every, settings.timeout_s) == (("chapel",), 8, 61)
    assert (settings.broker.port, settings.broker.username) == (1884, "reconstructor")


@pytest.mark.parametrize(
    "flags",
    [
        {"projects": ["../x"]},
        {"refetch_every": 0},
        {"timeout_s": 0},
        {"memory_limit_bytes": 1},
        {"baseline_senders": ["a", "b", "c"]},
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_name(flags: dict[str, object]) -> None:
    (name,) = flags
    with pytest.raises(BadSettingsError, match=name):
        Settings.load(**flags)


def test_a_baseline_is_a_distance_and_who_keeps_it() -> None:
    assert Settings.load().baseline is None
    baseline = Settings.load(baseline_m=0.25, baseline_senders=["rig-left", "rig-right"]).baseline
    assert baseline is not None
    assert (baseline.metres, baseline.senders) == (0.25, ("rig-left", "rig-right"))


@pytest.mark.parametrize("flags", [{"baseline_m": 0.25}, {"baseline_senders": ["rig-left"]}])
def test_half_a_baseline_is_refused(flags: dict[str, object]) -> None:
    with pytest.raises(BadSettingsError, match="come together"):
        Settings.load(**flags)

"""The example settings are complete, true and loadable."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

import broker.settings
import edge_agent.config
import reconstructor.config
import viewer.config
from broker.config import SETTINGS_VARIABLE, ProgramSettings
from tests.architecture.sources import ROOT

EXAMPLE = ROOT / "deploy" / "cairn.example.toml"
PROGRAMS = (broker.settings.Settings, edge_agent.config.Settings, reconstructor.config.Settings, viewer.config.Settings)
SECRETS = {"password"}  # never in a file that is read by many


def uncommented() -> str:
    """The example with every `# name = value` line taken up."""
    return re.sub(r"(?m)^# (\w+ = )", r"\1", EXAMPLE.read_text(encoding="utf-8"))


def loaded(
    settings: type[ProgramSettings], text: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> ProgramSettings:
    path = folder / "cairn.toml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv(SETTINGS_VARIABLE, str(path))
    return settings.load()


def missing(model: type[BaseModel], table: dict[str, object]) -> set[str]:
    names = {name for name in model.model_fields if name not in SECRETS} - set(table)
    for name, value in table.items():
        inner = model.model_fields[name].annotation
        if isinstance(value, dict) and isinstance(inner, type) and issubclass(inner, BaseModel):
            names |= {f"{name}.{each}" for each in missing(inner, value)}
    return names


@pytest.mark.parametrize("settings", PROGRAMS, ids=lambda settings: settings.table)
def test_example_loads_and_says_the_defaults(
    settings: type[ProgramSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert loaded(settings, EXAMPLE.read_text(encoding="utf-8"), tmp_path, monkeypatch) == settings()


@pytest.mark.parametrize("settings", PROGRAMS, ids=lambda settings: settings.table)
def test_example_names_every_setting_and_its_examples_are_valid(
    settings: type[ProgramSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert missing(settings, tomllib.loads(uncommented())[settings.table]) == set()
    loaded(settings, uncommented(), tmp_path, monkeypatch)


@pytest.mark.parametrize("settings", PROGRAMS, ids=lambda settings: settings.table)
def test_every_setting_says_what_it_is(settings: type[ProgramSettings]) -> None:
    assert [name for name, field in settings.model_fields.items() if not field.description] == []

"""Which wishes of ops does the rig follow? Pure: desired settings in, what runs now and what was refused out."""

from dataclasses import dataclass, replace
from typing import Final

from pydantic import ValidationError

from broker.ids import AgentId, ProjectId
from broker.messages import AgentSettings, DesiredSettings, RefusedField, ReportedSettings

KEPT_WORD: Final = "settings"  # the spool's word for the last good ones
CONFIRM_S: Final = 300.0  # no connection for so long after a change: back to the last good settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What the rig runs with, and the version of the wish that led to it; version 0 is the settings file."""

    version: int
    settings: AgentSettings
    refused: tuple[RefusedField, ...] = ()

    def report(self, project: ProjectId, agent: AgentId) -> ReportedSettings:
        """For `settings/reported`."""
        return ReportedSettings(
            project=project, agent=agent, version=self.version, settings=self.settings, refused=self.refused
        )


def follow(running: Running, desired: DesiredSettings, *, able: frozenset[str]) -> Running:
    """The wish merged into what runs; fields that this camera cannot follow are refused with a reason."""
    if desired.version <= running.version:
        return running
    wishes = desired.settings.model_dump(exclude_none=True)
    refused = tuple(
        RefusedField(field=name, reason="this rig's camera cannot change it") for name in wishes if name not in able
    )
    followed = {name: value for name, value in wishes.items() if name in able}
    return Running(version=desired.version, settings=running.settings.model_copy(update=followed), refused=refused)


def dump(running: Running) -> str:
    """One line that `load` reads."""
    return f"{running.version} {running.settings.model_dump_json(exclude_none=True)}"


def load(line: str | None, default: AgentSettings) -> Running:
    """What was kept over a restart, over the settings file's; anything unreadable counts as nothing."""
    first = Running(version=0, settings=default)
    version, _, text = (line or "").partition(" ")
    try:
        kept = AgentSettings.model_validate_json(text)
        return replace(
            first, version=int(version), settings=default.model_copy(update=kept.model_dump(exclude_none=True))
        )
    except (ValidationError, ValueError):
        return first

"""Which desired settings does the rig adopt? A pure merge into the running settings, with refused fields."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from broker.envelope import BadMessageError, Count, Message, decode
from broker.ids import AgentId, ProjectId
from broker.rig_messages import AgentSettings, DesiredSettings, RefusedField, ReportedSettings

CONFIRM_S: Final = 300.0  # a change that the broker has not confirmed by then is rolled back
ROLLED_BACK: Final = "rolled back: the broker did not take the report of it in time"
MOST_FIELDS: Final = 64

_REFUSED: Final = TypeAdapter(tuple[RefusedField, ...])


class _LooseChange(Message):
    """Desired settings of which single fields may be wrong."""

    message_type: ClassVar[str] = DesiredSettings.message_type

    version: Count
    settings: Annotated[dict[str, JsonValue], Field(max_length=MOST_FIELDS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredChange:
    """Desired settings as far as they can be read, and the fields that cannot."""

    version: int
    settings: AgentSettings
    refused: tuple[RefusedField, ...] = ()

    @classmethod
    def read(cls, payload: bytes) -> Self:
        """Read desired settings; a bad field is refused by name and the others are kept.

        Raises:
            BadMessageError: the payload is no desired settings at all.
        """
        loose = decode(payload, _LooseChange)
        if loose.type != DesiredSettings.message_type:
            raise BadMessageError(f"not a valid {DesiredSettings.message_type} message: type {loose.type[:40]!r}")
        good: dict[str, JsonValue] = {}
        refused = []
        for name, value in loose.settings.items():
            reason = _fault(name, value)
            if reason is None:
                good[name] = value
            else:
                refused.append(RefusedField(field=name[:64], reason=reason))
        return cls(version=loose.version, settings=AgentSettings.model_validate(good), refused=tuple(refused))


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The settings in use, and the version of the change that led to them; version 0 is the settings file."""

    version: int
    settings: AgentSettings
    refused: tuple[RefusedField, ...] = ()

    def report(self, project: ProjectId, agent: AgentId) -> ReportedSettings:
        """The message for `settings/reported`."""
        return ReportedSettings(
            project=project, agent=agent, version=self.version, settings=self.settings, refused=self.refused
        )


def follow(running: Running, change: DesiredChange, *, able: frozenset[str]) -> Running:
    """Merge a change into the running settings; refuse fields that this camera cannot follow, with a reason."""
    if change.version <= running.version:
        return running
    desired = change.settings.model_dump(exclude_none=True)
    unable = _refuse((name for name in desired if name not in able), "this rig's camera cannot change it")
    followed = {name: value for name, value in desired.items() if name in able}
    return Running(
        version=change.version,
        settings=running.settings.model_copy(update=followed),
        refused=(*change.refused, *unable),
    )


def roll_back(good: Running, tried: Running) -> Running:
    """Restore the good settings under the change's version: the broker keeps the change, and it is not tried twice."""
    before, after = good.settings.model_dump(), tried.settings.model_dump()
    undone = _refuse((name for name in after if after[name] != before[name]), ROLLED_BACK)
    return Running(version=tried.version, settings=good.settings, refused=(*tried.refused, *undone))


def resume(kept: str | None, trial: str | None, default: AgentSettings) -> Running:
    """The settings after a start; a change that was on trial when the agent ended is rolled back."""
    good = load(kept, default)
    return roll_back(good, load(trial, default)) if trial else good


def dump(running: Running) -> str:
    """Write settings as two lines that `load` reads."""
    refused = _REFUSED.dump_json(running.refused).decode()
    return f"{running.version} {running.settings.model_dump_json(exclude_none=True)}\n{refused}"


def load(lines: str | None, default: AgentSettings) -> Running:
    """Read what `dump` wrote, with gaps filled from the settings file; unreadable text counts as none."""
    first = Running(version=0, settings=default)
    line, _, refused = (lines or "").partition("\n")
    version, _, text = line.partition(" ")
    try:
        kept = AgentSettings.model_validate_json(text)
        return replace(
            first,
            version=int(version),
            settings=default.model_copy(update=kept.model_dump(exclude_none=True)),
            refused=_REFUSED.validate_json(refused) if refused else (),
        )
    except (ValidationError, ValueError):
        return first


def _refuse(names: Iterable[str], reason: str) -> tuple[RefusedField, ...]:
    return tuple(RefusedField(field=name, reason=reason) for name in names)


def _fault(name: str, value: JsonValue) -> str | None:
    """The reason why a desired value is invalid; None when it is valid."""
    if name not in AgentSettings.model_fields:
        return "this rig's program does not know it"
    try:
        AgentSettings.model_validate({name: value})
    except ValidationError as exc:
        return str(exc.errors(include_url=False, include_input=False)[0]["msg"])[:200]
    return None

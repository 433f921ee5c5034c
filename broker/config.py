"""How does a program learn its settings? Flag > environment > TOML > default, one frozen model per program."""

import os
import tomllib
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from broker.errors import CairnError
from broker.topics import DEFAULT_ROOT, TopicSpace

SETTINGS_VARIABLE: Final = "CAIRN_SETTINGS"
_PLACES: Final = (Path("cairn.toml"), Path("/etc/cairn/cairn.toml"))


class BadSettingsError(CairnError):
    """A setting that does not fit."""

    code = "bad_settings"
    remedy = "Correct the setting that the message names: flag, environment or cairn.toml."


class Connection(BaseModel):
    """How to reach the broker, and as whom."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="The broker's name or address.")
    port: int = Field(default=1883, ge=1, le=65_535, description="Its MQTT port: 1883 plain, 8883 TLS.")
    username: str | None = Field(default=None, description="The broker's user; an agent's is its agent id.")
    password: SecretStr | None = Field(default=None, description="Only by environment; prefer password_file.")
    password_file: Path | None = Field(default=None, description="A file whose first line is the password.")
    ca_file: Path | None = Field(default=None, description="Certificate authority of a TLS broker; set: use TLS.")
    websocket_path: str | None = Field(
        default=None,
        pattern=r"^/[!-~]*$",
        description="Set: follow by WebSocket at this path, for example /mqtt; images always go by TCP.",
    )
    keepalive_s: int = Field(default=30, ge=5, le=3600, description="MQTT keepalive, seconds.")
    root: str = Field(default=DEFAULT_ROOT, description="First levels of every topic.")

    @property
    def transport(self) -> Literal["tcp", "websockets"]:
        """What carries the MQTT bytes."""
        return "tcp" if self.websocket_path is None else "websockets"

    @property
    def space(self) -> TopicSpace:
        """The topics below this root."""
        return TopicSpace(self.root)

    def secret(self) -> str | None:
        """The password, from wherever it is kept.

        Raises:
            BadSettingsError: the password file cannot be read.
        """
        if self.password is not None:
            return self.password.get_secret_value()
        if self.password_file is None:
            return None
        try:
            return self.password_file.read_text(encoding="utf-8").partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError) as exc:
            raise BadSettingsError(f"cannot read the password file {self.password_file}: {exc}") from exc


class ProgramSettings(BaseSettings):
    """Base of every program's settings: its table of the TOML file below, the environment above."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_nested_delimiter="__", nested_model_default_partial_update=True
    )
    table: ClassVar[str]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then the file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _TomlTable(settings_cls, cls.table)

    @classmethod
    def load(cls, **flags: Any) -> Self:
        """Settings from everywhere; flags that are None were not given.

        Raises:
            BadSettingsError: the file is not TOML, or a value does not fit.
        """
        try:
            return cls(**{name: value for name, value in flags.items() if value is not None})
        except ValidationError as exc:
            first = exc.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise BadSettingsError(f"setting {cls.table}.{place}: {first['msg']}") from exc


class _TomlTable(PydanticBaseSettingsSource):
    """One table of the settings file."""

    def __init__(self, settings_cls: type[BaseSettings], table: str) -> None:
        super().__init__(settings_cls)
        self._table = table

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Unused: `__call__` gives the whole table."""
        del field
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        path = settings_file()
        if path is None:
            return {}
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8")).get(self._table, {})
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
            raise BadSettingsError(f"cannot read the settings file {path}: {exc}") from exc
        if not isinstance(table, dict):
            raise BadSettingsError(f"{path}: [{self._table}] must be a table")
        return table


def settings_file() -> Path | None:
    """The settings file in use: the one that `CAIRN_SETTINGS` names, `./cairn.toml`, or `/etc/cairn/cairn.toml`."""
    named = os.environ.get(SETTINGS_VARIABLE)
    if named:
        return Path(named)
    return next((place for place in _PLACES if place.is_file()), None)


def reached_at(host: str) -> str:
    """Where this machine itself reaches a listener that is bound to this address."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound

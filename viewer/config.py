"""How is the viewer set? One frozen `Settings`; table `viewer`, environment `CAIRN_VIEW_…`."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, ClassVar, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PositiveFloat, model_validator
from pydantic_settings import SettingsConfigDict

from broker.config import Connection, ProgramSettings
from broker.ids import ProjectId

MIB: Final = 1024 * 1024
DEFAULT_MQTT_URL: Final = "/mqtt"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def _origin(value: str) -> str:
    """An Origin as browsers send it: scheme, host, and the port unless it is the scheme's own."""
    parts = urlsplit(value.strip().lower())
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"{value!r} is not an origin: write it like 'https://viewer.example.org'")
    is_default_port = parts.port in {None, _DEFAULT_PORTS[parts.scheme]}
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" if is_default_port else f"{parts.scheme}://{host}:{parts.port}"


def _mqtt_url(value: str) -> str:
    """A path on the page server, or the WebSocket address of a broker."""
    parts = urlsplit(value)
    is_path = value.startswith("/") and not value.startswith("//") and not parts.query
    is_address = parts.scheme in {"ws", "wss"} and bool(parts.hostname)
    is_plain = value.isascii() and value.isprintable() and not set(value) & set(" ;,'\"")
    if not is_plain or not (is_path or is_address) or parts.username is not None:
        raise ValueError(f"{value!r} is not a path like '/mqtt' or an address like 'wss://host:9001/mqtt'")
    return value


Origin = Annotated[str, AfterValidator(_origin)]


class Settings(ProgramSettings):
    """Everything that can be set about the page server and the command-line viewer."""

    model_config = SettingsConfigDict(env_prefix="CAIRN_VIEW_")
    table: ClassVar[str] = "viewer"

    broker: Connection = Field(default=Connection(), description="The broker, and the viewer's user on it.")
    projects: tuple[ProjectId, ...] = Field(
        default=(),
        description="Projects to show; empty: every project that the viewer's user may read. "
        "Changes of this list in the file act while the program runs.",
    )
    host: str = Field(
        default="127.0.0.1", description="Address the page server listens on; 0.0.0.0: every network; ::: IPv6, too."
    )
    port: int = Field(default=8080, ge=0, le=65_535, description="Its port; 0: a free one, told in the log.")
    certificate: Path | None = Field(default=None, description="PEM certificate; with a key the page is https and wss.")
    key: Path | None = Field(default=None, description="PEM private key of the certificate.")
    authority: Path | None = Field(
        default=None, description="PEM certificate of our own authority, offered at /trust to phones and browsers."
    )
    hosts: tuple[str, ...] = Field(
        default=(),
        description="Names under which the page is asked for, besides addresses, localhost, *.local and this machine's name.",
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description="Addresses or networks of reverse proxies, whose X-Forwarded-For and X-Forwarded-Proto are believed.",
    )
    mqtt_url: Annotated[str, AfterValidator(_mqtt_url)] = Field(
        default=DEFAULT_MQTT_URL,
        description="Where the page finds MQTT: the relay's path here, or a broker's own WebSocket address.",
    )
    keeper_socket: Path | None = Field(
        default=None,
        description="Socket of the keeper of accounts, for invitations: keeper.sock in the broker's folder.",
    )
    needs_login: bool = Field(
        default=True,
        description="Whether the broker wants name and password; then the page and the project addresses ask for them.",
    )
    allowed_origins: tuple[Origin, ...] = Field(
        default=(),
        description="Origins of other pages that may use this server, by CORS and the relay, besides its own page.",
    )
    connections_per_address: int = Field(
        default=64, ge=1, description="Relayed connections from one address; a proxy that is not trusted counts as one."
    )
    message_bytes_limit: int = Field(
        default=33 * MIB, ge=1024, description="Largest WebSocket message from a browser, bytes."
    )
    photograph_cache_bytes: int = Field(
        default=64 * MIB, ge=0, description="Memory for photographs that people opened last, bytes."
    )
    page_url: str | None = Field(
        default=None,
        description="The page server from which `cairn view pull` gets shards by HTTP; "
        "default: the one whose relay `broker.websocket_path` names, else none.",
    )
    shard_cache_bytes: int = Field(
        default=1024 * MIB, ge=0, description="Disk for the shards that people asked for last by HTTP, bytes."
    )
    shard_cache_folder: Path | None = Field(
        default=None, description="Where those shards are kept while the program runs; default: with temporary files."
    )
    export_dir: Path | None = Field(
        default=None,
        description="Folder of exported files, which the reconstructor writes: the same as reconstructor.export_dir.",
    )
    connect_timeout_s: PositiveFloat = Field(default=5.0, description="Longest wait for the broker, seconds.")

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("give certificate and key together")
        return self

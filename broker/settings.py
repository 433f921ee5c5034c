"""How is our own Mosquitto set? One frozen `Settings`; table `broker`, environment `CAIRN_BROKER_…`."""

from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from broker.config import ProgramSettings
from broker.mosquitto import BrokerPlan
from broker.topics import DEFAULT_ROOT, TopicSpace


class Settings(ProgramSettings):
    """Everything that can be set about the broker."""

    model_config = SettingsConfigDict(env_prefix="CAIRN_BROKER_")
    table: ClassVar[str] = "broker"

    data_dir: Path = Field(
        default=Path("data/broker"), description="Folder of accounts, conf, log and what is retained."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 lets rigs on the network in.")
    port: int = Field(default=1883, ge=1, le=65_535, description="Its MQTT port.")
    tls_host: str = Field(default="0.0.0.0", description="Address of the second listener, which speaks TLS.")  # noqa: S104
    tls_port: int | None = Field(
        default=None,
        ge=1,
        le=65_535,
        description="Its port; without one, a certificate makes the first listener speak TLS.",
    )
    certificate: Path | None = Field(default=None, description="PEM certificate of the listener that speaks TLS.")
    key: Path | None = Field(default=None, description="PEM private key of the certificate.")
    authority: Path | None = Field(
        default=None, description="PEM certificate of the authority that invited rigs pin; cairn init makes one."
    )
    names: tuple[str, ...] = Field(
        default=(), description="Further names and addresses of this machine, for its certificate and in invitations."
    )
    system_folder: Path | None = Field(
        default=None, description="Settings folder of the system's own Mosquitto; set: services use that, not ours."
    )
    websocket_port: int | None = Field(
        default=None, ge=1, le=65_535, description="Port of the native WebSocket listener, on loopback."
    )
    root: str = Field(default=DEFAULT_ROOT, description="First levels of every topic.")

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("give certificate and key together")
        if self.tls_port is not None and self.certificate is None:
            raise ValueError("tls_port needs a certificate and a key")
        return self

    def plan(self) -> BrokerPlan:
        """What Mosquitto is started with."""
        return BrokerPlan(
            data_dir=self.data_dir,
            host=self.host,
            port=self.port,
            tls_host=self.tls_host,
            tls_port=self.tls_port,
            certificate=self.certificate,
            key=self.key,
            websocket_port=self.websocket_port,
            space=TopicSpace(self.root),
        )

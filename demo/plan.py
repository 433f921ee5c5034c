"""What does a demo consist of? Folders, ports, accounts and the settings of each program."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.accounts.access import Credential, User
from broker.accounts.mosquitto_clients import write_client_options
from broker.accounts.passwords import fresh_password, write_password
from broker.channel import Role
from broker.config import Connection
from broker.ids import AgentId, ProjectId
from broker.mosquitto import BrokerPlan

RIG: Final = AgentId("rig-demo")
_ACCOUNTS: Final = {
    "reconstructor": Role.RECONSTRUCTOR,
    RIG: Role.AGENT,
    "page": Role.VIEWER,
    "visitor": Role.CONTRIBUTOR,
    "ops": Role.OPERATOR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    """Everything that is decided before the first program starts."""

    data_dir: Path
    project: ProjectId
    page_port: int
    mqtt_port: int
    interval_s: float
    photos: Path | None = None
    black_box: str | None = None

    @property
    def broker(self) -> BrokerPlan:
        """The demo's own broker."""
        return BrokerPlan(data_dir=self.data_dir / "broker", port=self.mqtt_port)

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.page_port}/"

    def open_accounts(self) -> list[Credential]:
        """One account for each program and person of the demo; passwords stay when a demo goes on."""
        return [self._account(User.build(name, role, [self.project])) for name, role in _ACCOUNTS.items()]

    def _account(self, user: User) -> Credential:
        path = self.password_file(user.name)
        if not path.exists():
            write_password(path, fresh_password())
        return Credential(user=user, password=path.read_text(encoding="utf-8").strip())

    def password_file(self, name: str) -> Path:
        """Where the password of one of the accounts is."""
        return self.data_dir / "secrets" / name

    def connection(self, name: str) -> Connection:
        """How one of the accounts reaches the broker."""
        return Connection(port=self.mqtt_port, username=name, password_file=self.password_file(name))

    def write_watching_options(self) -> Path:
        """Write what `mosquitto_sub` needs to log in as `ops`; returns the folder."""
        folder = self.data_dir / "secrets" / "ops.mosquitto"
        write_client_options(folder, self.connection("ops"))
        return folder

    def join_link(self) -> str:
        """The page's address with the visitor's account in its fragment, which no server ever sees."""
        password = self.connection("visitor").secret()
        word = json.dumps({"user": "visitor", "password": password, "project": self.project})
        return f"{self.address}#join={base64.urlsafe_b64encode(word.encode()).decode().rstrip('=')}"

    def environment(self, prefix: str, name: str, **settings: object) -> Mapping[str, str]:
        """The settings of one program, as the environment variables it reads."""
        connection = self.connection(name)
        values: dict[str, object] = {
            "BROKER__HOST": connection.host,
            "BROKER__PORT": connection.port,
            "BROKER__USERNAME": name,
            "BROKER__PASSWORD_FILE": connection.password_file,
            **settings,
        }
        return {f"{prefix}_{key}": value if isinstance(value, str) else str(value) for key, value in values.items()}

"""What does a demo consist of? Folders, ports, accounts and the settings of each program."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from admin.invite import page_address, reachable_host
from broker.accounts.access import Credential, User
from broker.accounts.invitation_secret import Link
from broker.accounts.invitations import Invitations
from broker.accounts.keeper import Keeper
from broker.accounts.mosquitto_clients import write_client_options
from broker.accounts.passwords import fresh_password, write_password
from broker.accounts.users import UserBook
from broker.channel import Role
from broker.config import Connection
from broker.ids import AgentId, ProjectId
from broker.mosquitto import BrokerPlan

RIG: Final = AgentId("rig-demo")
_GUESTS_STAY: Final = timedelta(days=7)
_MOST_GUESTS: Final = 1000
_ACCOUNTS: Final = {
    "reconstructor": Role.RECONSTRUCTOR,
    RIG: Role.AGENT,
    "page": Role.VIEWER,
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
    page_host: str = "127.0.0.1"
    photos: Path | None = None
    black_box: str | None = None

    @property
    def broker(self) -> BrokerPlan:
        """The demo's own broker."""
        return BrokerPlan(data_dir=self.data_dir / "broker", port=self.mqtt_port)

    @property
    def book(self) -> UserBook:
        """The accounts of the demo's broker."""
        return UserBook(self.broker.data_dir)

    @property
    def keeper(self) -> Keeper:
        """Who lets guests in."""
        return Keeper(data_dir=self.broker.data_dir, root=self.broker.space.root, port=self.mqtt_port)

    def open_accounts(self) -> None:
        """One account for each program and person of the demo; passwords stay when a demo goes on."""
        for name, role in _ACCOUNTS.items():
            self.book.renew(self._credential(User.build(name, role, [self.project])).account)

    def _credential(self, user: User) -> Credential:
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

    def invite(self) -> Link:
        """Invite everybody who gets the link: each who opens it becomes a contributor with an account of their own."""
        visitor = User.build("visitor", Role.CONTRIBUTOR, [self.project])
        secret = Invitations(self.broker.data_dir).add(visitor, lasts=_GUESTS_STAY, uses=_MOST_GUESTS)
        host = reachable_host(self.page_host)
        return Link(page=page_address(host, self.page_port), host=host, secret=secret)

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

"""Where does a system keep its parts, and what is set up? One folder: cairn.toml, and `data` with accounts, keys and images."""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import tomlkit

from admin.certificates import TlsFiles, check_machine_name, machine_names
from broker.accounts.access import User
from broker.accounts.keeper import SOCKET_NAME
from broker.accounts.kept_passwords import SECRETS
from broker.accounts.passwords import write_password
from broker.accounts.users import UserBook
from broker.channel import Role
from broker.config import BadSettingsError
from broker.ids import ProjectId
from broker.projects.project_list import SERVING, ProjectList

MQTT_PORT: Final = 1883
TLS_PORT: Final = 8883
PAGE_PORT: Final = 8080
PROGRAM_ROLES: Final[Mapping[str, Role]] = {
    "reconstructor": Role.RECONSTRUCTOR,
    "page": Role.VIEWER,
    "ops": Role.OPERATOR,  # the person who runs the system
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where a system listens.

    Attributes:
        mqtt: plain MQTT, on loopback, for the programs of this machine.
        tls: MQTT over TLS, on every network, for rigs; None on a system for this machine alone.
        page: the page, on every network, or on loopback for this machine alone.
        is_page_tls: whether the page is https, with the certificate of the system's own authority.
    """

    mqtt: int
    tls: int | None
    page: int
    is_page_tls: bool = False


@dataclass(frozen=True, slots=True)
class System:
    """One system, in one folder."""

    folder: Path

    @property
    def settings_file(self) -> Path:
        """The settings of all its programs."""
        return self.folder / "cairn.toml"

    @property
    def data(self) -> Path:
        """Everything that is not a setting."""
        return self.folder / "data"

    @property
    def book(self) -> UserBook:
        """The accounts of its broker."""
        return UserBook(self.data / "broker")

    @property
    def tls(self) -> TlsFiles:
        """Its authority and certificate."""
        return TlsFiles(self.data / "tls")

    def names(self) -> frozenset[str]:
        """How other machines reach this one; raises BadSettingsError when cairn.toml cannot be read."""
        return machine_names() | frozenset(self.settings().get("broker", {}).get("names", ()))

    def renew_certificate(self) -> bool:
        """Renew our certificate where the settings use it and it ends soon or lacks a name; whether it was renewed."""
        ours = str(self.tls.certificate.resolve())
        settings = self.settings()
        is_used = any(settings.get(name, {}).get("certificate") == ours for name in ("broker", "viewer"))
        return is_used and self.tls.ensure(self.names())

    @property
    def exports(self) -> Path:
        """The folder of exported files: the reconstructor writes it, and the page server reads it."""
        return self.data / "exports"

    @property
    def secrets(self) -> Path:
        """The folder of password files."""
        return self.data / SECRETS

    def password_file(self, name: str) -> Path:
        """Where a program of this machine finds its password."""
        return self.secrets / f"{name}.password"

    def settings(self) -> dict[str, Any]:
        """What cairn.toml says; empty without one. Raises BadSettingsError when it cannot be read."""
        return ProjectList.read(self.settings_file).document.unwrap()

    def check_set_up(self) -> None:
        """Check that cairn.toml is of a system; that of a rig alone is not. Raises BadSettingsError, also when it cannot be read."""
        if self.settings().keys().isdisjoint(("broker", *SERVING)):
            raise BadSettingsError(f"{self.folder} is not set up: run `cairn init PROJECT` first")

    def ports(self, *, is_open: bool) -> Ports:
        """Where it listens as it is set up; a system without settings gets ports that are free now.

        Args:
            is_open: whether a new system lets other machines in.

        Raises:
            BadSettingsError: cairn.toml cannot be read, or too many ports are taken.
        """
        settings = self.settings()
        broker, viewer = settings.get("broker", {}), settings.get("viewer", {})
        has_ports = "port" in broker
        return Ports(
            mqtt=broker["port"] if has_ports else free_port_from(MQTT_PORT),
            tls=broker.get("tls_port") if has_ports or not is_open else free_port_from(TLS_PORT),
            page=viewer["port"] if "port" in viewer else free_port_from(PAGE_PORT),
        )

    def has_project(self, project: ProjectId) -> bool:
        """Whether it serves a project already. Raises BadSettingsError when cairn.toml cannot be read."""
        return ProjectList.read(self.settings_file).has(project)

    def add_project(self, project: ProjectId, ports: Ports, names: Sequence[str] = ()) -> None:
        """Set the system up for a project, or for one more; what people changed in cairn.toml stays.

        Args:
            project: the project.
            ports: where a new system listens.
            names: names and addresses of this machine that it does not know itself.

        Raises:
            BadSettingsError: a name that is none, cairn.toml cannot be read, or the folder cannot be written.
        """
        for name in names:
            check_machine_name(name)
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            with ProjectList.changing(self.settings_file) as served:
                self._add_project(served, project, ports, names)
        except OSError as exc:
            raise BadSettingsError(f"cannot write {exc.filename or self.folder}: {exc.strerror}") from exc

    def _add_project(self, served: ProjectList, project: ProjectId, ports: Ports, names: Sequence[str]) -> None:
        self.exports.mkdir(mode=0o700, exist_ok=True)
        self._open_accounts(project)
        if ports.tls is not None or ports.is_page_tls:
            self.tls.ensure(self.names() | frozenset(names))
        for name, values in self._tables(ports).items():
            table = served.document.setdefault(name, tomlkit.table())
            for key, value in values.items():
                table.setdefault(key, value)
        for table, key in (("broker", "names"), ("viewer", "hosts")) if names else ():
            said = served.document[table].setdefault(key, tomlkit.array())
            said.extend(name for name in names if name not in said)
        served.add(project)

    def _open_accounts(self, project: ProjectId) -> None:
        known = {str(user.name) for user in self.book.users()}
        for name, role in PROGRAM_ROLES.items():
            if name not in known:
                password = self.book.add(User.build(name, role, [project])).password
            elif not self.password_file(name).exists():
                password = self.book.set_password(name).password
            else:
                continue
            write_password(self.password_file(name), password)
        self.book.add_to_project(project, PROGRAM_ROLES)

    def _tables(self, ports: Ports) -> dict[str, dict[str, Any]]:
        data = self.data.resolve()
        broker: dict[str, Any] = {"data_dir": str(data / "broker"), "port": ports.mqtt}
        if ports.tls is not None:
            broker |= {"tls_port": ports.tls, **self._certificate()}
        reconstructor = {"data_dir": str(data / "reconstructor"), "broker": self._connection("reconstructor", ports)}
        exports = {"export_dir": str(self.exports.resolve())}
        host = "127.0.0.1" if ports.tls is None else "0.0.0.0"  # noqa: S104 - a team's page
        viewer: dict[str, Any] = {"host": host, "port": ports.page, "broker": self._connection("page", ports)}
        viewer["keeper_socket"] = str(data / "broker" / SOCKET_NAME)
        if "." in (full_name := socket.getfqdn()):
            viewer["hosts"] = [full_name]
        if ports.is_page_tls:
            viewer |= self._certificate()
        return {"broker": broker, "reconstructor": reconstructor | exports, "viewer": viewer | exports}

    def _certificate(self) -> dict[str, str]:
        files = {"certificate": self.tls.certificate, "key": self.tls.key, "authority": self.tls.authority}
        return {name: str(path.resolve()) for name, path in files.items()}

    def _connection(self, name: str, ports: Ports) -> tomlkit.items.InlineTable:
        table = tomlkit.inline_table()
        password_file = str(self.password_file(name).resolve())
        table.update({"port": ports.mqtt, "username": name, "password_file": password_file})
        return table


def free_port_from(first: int) -> int:
    """The first port from this one on that nothing listens on; raises BadSettingsError when 100 are taken."""
    for port in range(first, min(first + 100, 65_536)):
        if _is_free(port):
            return port
    raise BadSettingsError(f"the ports {first} to {first + 99} are all taken: name one with a flag")


def _is_free(port: int) -> bool:
    for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - tried and closed
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True

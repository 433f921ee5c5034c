"""What do the settings of a system say? The settings of its three programs, and how the operator reaches its broker."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from admin.invite import page_address, reachable_host
from admin.system import System
from broker.config import SETTINGS_VARIABLE, Connection
from broker.ids import ProjectId
from broker.settings import Settings as BrokerSettings
from reconstructor.config import Settings as ReconstructorSettings
from viewer.config import Settings as ViewerSettings
from viewer.endpoint import local_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A system that is set up."""

    system: System
    broker: BrokerSettings
    reconstructor: ReconstructorSettings
    viewer: ViewerSettings
    unit_folder: Path = Path("/etc/systemd/system")

    @classmethod
    def load(cls, system: System) -> Self:
        """Read cairn.toml of a system, and the environment.

        Raises:
            BadSettingsError: nothing is set up in this folder, or a setting does not fit.
        """
        system.check_set_up()
        os.environ[SETTINGS_VARIABLE] = str(system.settings_file.resolve())
        return cls(
            system=system,
            broker=BrokerSettings.load(),
            reconstructor=ReconstructorSettings.load(),
            viewer=ViewerSettings.load(),
        )

    @property
    def projects(self) -> tuple[ProjectId, ...]:
        """The projects that the reconstructor serves."""
        return self.reconstructor.projects

    @property
    def operator(self) -> Connection:
        """The account of the person who runs the system: it sees rigs' figures, too."""
        account = {"username": "ops", "password_file": self.system.password_file("ops"), "password": None}
        return self.viewer.broker.model_copy(update=account)

    @property
    def is_service(self) -> bool:
        """Whether systemd runs this system."""
        try:
            unit = (self.unit_folder / "cairn-broker.service").read_text(encoding="utf-8")
        except OSError:
            return False
        return f"Environment={SETTINGS_VARIABLE}={self.system.settings_file.resolve()}" in unit.splitlines()

    @property
    def start(self) -> str:
        """The command that starts the system, in backquotes."""
        return "`sudo systemctl start cairn-broker cairn-reconstructor cairn-page`" if self.is_service else "`cairn up`"

    @property
    def restart(self) -> str:
        """What a person does so that its programs start again."""
        if self.is_service:
            return "restart the system: `sudo systemctl restart cairn-broker cairn-reconstructor cairn-page`"
        return "end `cairn up` and start it again"

    def log(self, program: str) -> str:
        """The command or file that shows what a program wrote."""
        return (
            f"`journalctl -u cairn-{program}`" if self.is_service else str(self.system.data / "logs" / f"{program}.log")
        )

    @property
    def public_host(self) -> str:
        """Where other machines reach the page; loopback when it is for this machine alone."""
        return reachable_host(self.viewer.host, self.broker.names)

    @property
    def is_page_encrypted(self) -> bool:
        """Whether the page server itself speaks TLS."""
        return self.viewer.certificate is not None

    def page_address(self, host: str | None = None) -> str:
        """The page's address at a name of this machine; by default as this machine reaches it."""
        host = local_name(self.viewer) if host is None else host
        return page_address(host, self.viewer.port, "https" if self.is_page_encrypted else "http")

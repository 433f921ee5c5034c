"""How is a project taken from a running service? It goes off the list in cairn.toml, and the service lets go of its folder."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from admin.system import System
from broker.accounts.audit import Action, AuditLog
from broker.config import SETTINGS_VARIABLE, Connection, settings_file
from broker.errors import CairnError
from broker.ids import ProjectId
from broker.projects.project_list import ProjectList
from reconstructor.config import Settings
from reconstructor.lifecycle.removal import clear_retained, remove_folder, until_free

LET_GO_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where projects are: the reconstructor's settings, with the data folder, and the file that lists what is served."""

    settings: Settings
    list_file: Path | None

    @classmethod
    def of(cls, folder: Path, data: Path | None) -> "Place":
        """The place of the system in this folder, or of a data folder alone; raises BadSettingsError."""
        file = System(folder.resolve()).settings_file
        if file.exists():
            os.environ[SETTINGS_VARIABLE] = str(file.resolve())
        return cls(settings=Settings.load(data_dir=data), list_file=settings_file())

    def folder(self, project: ProjectId) -> Path:
        """The project's own folder."""
        return self.settings.data_dir / project

    @property
    def served(self) -> tuple[ProjectId, ...]:
        """What is listed to be served."""
        return self.settings.projects

    def note(self, action: Action, project: ProjectId, **details: object) -> None:
        """Write a deed into the reconstructor's audit log; who is at the machine is not known."""
        AuditLog(self.settings.data_dir).note(action, account=None, project=project, **details)

    async def stop_serving(self, project: ProjectId) -> None:
        """Take a project off the list and wait until no service has its folder.

        Raises:
            BadSettingsError: it is the only one on the list.
            StoreError: there is no such project, or a service that reads another list has it.
        """
        if self.list_file is not None and project in self.served:
            listed = ProjectList.read(self.list_file)
            listed.remove(project)
            listed.write()
        await until_free(self.folder(project), LET_GO_S)

    async def remove(self, project: ProjectId) -> int | None:
        """Remove a project that nobody serves; returns how many retained messages were cleared, None without a broker."""
        await asyncio.to_thread(remove_folder, self.folder(project))
        return await cleared(self.settings.broker, project)


async def cleared(connection: Connection, project: ProjectId) -> int | None:
    """How many messages were cleared; None when the broker could not be asked."""
    try:
        return await clear_retained(connection, project)
    except CairnError:
        return None

"""Which projects does a system serve? Those that `projects` in cairn.toml lists, for the reconstructor and for the page."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, Final, Self

import tomlkit

from broker.config import BadSettingsError, settings_file
from broker.ids import ProjectId
from broker.projects.settings_document import SettingsDocument

SERVING: Final = ("reconstructor", "viewer")  # the tables of the programs that serve projects
_BROKER_DATA: Final = "data/broker"


class ProjectList(SettingsDocument):
    """One settings file, to change its lists of projects."""

    @classmethod
    def of_broker(cls, data_dir: Path) -> Self | None:
        """The list of the system whose broker keeps its data there; None when the settings in use are of another one."""
        file = settings_file()
        if file is None:
            return None
        found = cls.read(file)
        named = found.document.get("broker", {}).get("data_dir", _BROKER_DATA)
        return found if Path(named).resolve() == data_dir.resolve() else None

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts of the programs that serve."""
        connections = (self.document[name].get("broker", {}) for name in SERVING if name in self.document)
        return tuple(str(each["username"]) for each in connections if "username" in each)

    def has(self, project: ProjectId) -> bool:
        """Whether every program lists a project."""
        lists = [self.document[name].get("projects", []) for name in SERVING if name in self.document]
        return bool(lists) and all(project in each for each in lists)

    def programs_of(self, project: ProjectId) -> tuple[str, ...]:
        """The programs that list a project."""
        return tuple(name for name in SERVING if project in self.document.get(name, {}).get("projects", []))

    def add(self, project: ProjectId, programs: Collection[str] = SERVING) -> None:
        """List a project for every one of these programs that has a table."""
        for projects in self._lists(programs):
            if project not in projects:
                projects.append(str(project))

    def remove(self, project: ProjectId, programs: Collection[str] = SERVING) -> None:
        """Take a project off the lists of these programs; raises BadSettingsError when one would have none left."""
        for projects in self._lists(programs):
            if list(projects) == [project]:
                raise BadSettingsError(f"{project} is the only project in {self.file}: add another one first")
            if project in projects:
                projects.remove(str(project))

    def _lists(self, programs: Collection[str]) -> list[Any]:
        return [
            self.document[name].setdefault("projects", tomlkit.array()) for name in programs if name in self.document
        ]
